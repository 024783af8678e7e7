"""A meter on Modbus TCP, or on Modbus RTU behind a plain TCP gateway (pymodbus, in a thread).

Power is read each time. Voltage, current, frequency and energy follow one block at a time, all of them at most once
every SLOW_S, so that a line of 2400 baud keeps the interval: there one value takes 80 ms and all of them most of a
second.
"""

import logging
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from v2h.bus.sentences import say
from v2h.config.files import config_paths
from v2h.config.meter_kinds import MODBUS_MODELS, Meter, ModbusMeter, Registers, RegisterTable, read_registers
from v2h.config.presets import find
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError, NoMeasurementError
from v2h.meters.asking import Asking
from v2h.meters.phases import combined
from v2h.meters.reading import MOST_W

GUESS_S = 0.3
"""An SDM230 averages its power and reports it about this late."""
TIMEOUT_S = 1.0
SLOW_S = 2.0
NEAR = 8
"""Up to this many registers between two wanted ones are read as well, instead of a second request."""
FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
    "float32": ">f", "float64": ">d",
}  # fmt: skip
WIDTH = {name: struct.calcsize(code) // 2 for name, code in FORMATS.items()}
LEAST_FLOAT = 1e-6
"""A float that is not 0 but less is no measurement in W: two swapped words give such values, or very large ones."""
UNSIGNED_W = 30e3
"""An unsigned power above this whose first four bits are ones is a small export that was read without its sign."""
EXPONENT = 10
"""SunSpec's scale registers hold the exponents -10 to 10."""
REFUSED = {1: say("meter.exception_1"), 2: say("meter.exception_2"), 3: say("meter.exception_3")}
"""Exceptions that come again: the connection is closed and tried again with increasing back-off."""
PASSING = {
    4: say("meter.exception_4"),
    5: say("meter.exception_5"),
    6: say("meter.exception_6"),
    10: say("meter.exception_10"),
    11: say("meter.exception_11"),
}
"""Exceptions that pass: a proper answer, after which the connection stays open."""
QUANTITIES = ("power", "voltage", "current", "frequency", "import_energy", "export_energy")
"""In the order of combined()."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers read with one request."""

    address: int
    count: int


def is_none(raw: float, form: str) -> bool:
    """Whether a meter says by this register content that it has no value: a whole number at an end of the format
    (SunSpec, SMA and Huawei each use some of them), or a float that is not a number."""
    if form.startswith("float"):
        return not isfinite(raw)
    bits = 16 * WIDTH[form]
    if form.startswith("u"):
        return raw == (1 << bits) - 1
    most = 1 << (bits - 1)
    return raw in (-most, 1 - most, most - 1)


def blocks(wanted: Iterable[tuple[int, int]]) -> list[Block]:
    """The fewest requests for values that are (address, width in registers)."""
    found: list[Block] = []
    for address, width in sorted(set(wanted)):
        last = found[-1] if found else None
        if last is not None and address <= last.address + last.count + NEAR:
            found[-1] = Block(last.address, max(last.count, address + width - last.address))
        else:
            found.append(Block(address, width))
    return found


class RegisterCache:
    """Registers as they were last read, and the values computed from them."""

    def __init__(self, table: RegisterTable) -> None:
        self.table = table
        self.wanted: dict[str, Registers] = {
            name: read_registers(words) for name in QUANTITIES if (words := getattr(table, name))
        }
        self.power_blocks = blocks(self._places("power"))
        self.other_blocks = blocks(place for name in self.wanted if name != "power" for place in self._places(name))
        self._words: dict[int, int] = {}

    def put(self, block: Block, words: Sequence[int]) -> None:
        """Store an answer. Raises MeterError when its length is not as requested."""
        if len(words) != block.count:
            raise MeterError(say("meter.modbus_length", count=len(words), requested=block.count))
        for offset, word in enumerate(words):
            self._words[block.address + offset] = word

    def values(self, name: str) -> list[float]:
        """The quantity's values, one a phase; [] when it was not read yet, and where the meter has no value for a
        quantity other than power. Raises NoMeasurementError for a power that is none."""
        registers = self.wanted.get(name)
        if registers is None or not all(
            address + n in self._words for address, w in self._places(name) for n in range(w)
        ):
            return []
        scale = registers.scale * self._power_of_ten(registers.exponent)
        if name == "power":
            for address in (*registers.addresses, *registers.minus):
                self._check(address, scale)
        elif any(is_none(self._value(address), self.table.format) for address in registers.addresses):
            return []
        taken = [self._value(address) * scale for address in registers.addresses]
        given = [self._value(address) * scale for address in registers.minus] or [0.0] * len(taken)
        return [a - b for a, b in zip(taken, given, strict=True)]

    def _places(self, name: str) -> list[tuple[int, int]]:
        """(address, width) of all registers that the quantity needs."""
        registers, width = self.wanted[name], WIDTH[self.table.format]
        scale = [] if registers.exponent is None else [(registers.exponent, 1)]
        return [(address, width) for address in (*registers.addresses, *registers.minus)] + scale

    def _power_of_ten(self, register: int | None) -> float:
        if register is None:
            return 1.0
        (exponent,) = struct.unpack(">h", struct.pack(">H", self._words[register]))
        if abs(exponent) > EXPONENT:
            raise NoMeasurementError(say("meter.modbus_scale", register=register, value=exponent))
        return float(10.0**exponent)

    def _check(self, address: int, scale: float) -> None:
        """Raises NoMeasurementError for the content of a power register that is no power. A value that no house has
        passes, unless another way to read it makes sense: reading.implausible() refuses it."""
        raw, form = self._value(address), self.table.format
        if form.startswith("float") and not isfinite(raw):
            raise NoMeasurementError(say("meter.modbus_no_number", quantity="power", register=address))
        if is_none(raw, form):
            raise NoMeasurementError(say("meter.modbus_none", register=address, value=f"{raw:.0f}"))
        power_w = abs(raw * scale)
        tiny = form.startswith("float") and 0 < power_w < LEAST_FLOAT
        if WIDTH[form] > 1 and (tiny or power_w > MOST_W):
            swapped = self._value(address, swapped=True) * scale
            other = "little" if self.table.words == "big" else "big"
            if tiny or LEAST_FLOAT <= abs(swapped) <= MOST_W:
                raise NoMeasurementError(say("meter.modbus_words", register=address, words=other))
        bits = 16 * WIDTH[form]
        if form.startswith("u") and power_w > UNSIGNED_W and raw >= 15 * 2 ** (bits - 4):
            signed = f"{raw - 2**bits:.0f}"
            text = say("meter.modbus_unsigned", register=address, value=f"{raw:.0f}", signed=signed, form=form[1:])
            raise NoMeasurementError(text)

    def _value(self, address: int, swapped: bool = False) -> float:
        words = [self._words[address + n] for n in range(WIDTH[self.table.format])]
        if (self.table.words == "little") != swapped:
            words.reverse()
        (value,) = struct.unpack(FORMATS[self.table.format], struct.pack(f">{len(words)}H", *words))
        return float(value)

    def measurement(self, t: float) -> Measurement:
        """Everything known, with the power of `t`."""
        return combined(t, *(self.values(name) for name in QUANTITIES))


def table_of(spec: ModbusMeter) -> RegisterTable:
    """The registers of the meter. Raises PresetError."""
    if spec.preset:
        table = find("modbus", spec.preset, config_paths()).registers
        assert table is not None
        return table
    return spec.registers if spec.model == "other" and spec.registers is not None else MODBUS_MODELS[spec.model]


class ModbusConversation:
    """One connection. Raises MeterError. A request without a proper answer ends the connection, so that no late answer
    is taken for the answer to a new request."""

    def __init__(self, spec: ModbusMeter) -> None:
        # Imported here, in the meter's thread: the small board takes seconds for it.
        from pymodbus.client import ModbusTcpClient
        from pymodbus.framer import FramerType

        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._place = f"{spec.host}:{spec.port:g}"
        self._unit = int(spec.unit)
        self._words = RegisterCache(table_of(spec))
        self._other: list[Block] = []
        self._slow_t = float("-inf")
        framer = FramerType.RTU if spec.framing == "rtu" else FramerType.SOCKET
        self._client: ModbusTcpClient = ModbusTcpClient(
            spec.host, port=int(spec.port), framer=framer, timeout=TIMEOUT_S, retries=0
        )
        if not self._client.connect():  # type: ignore[no-untyped-call]
            raise MeterError(say("meter.modbus_no_connection", place=self._place))

    def ask(self) -> Measurement:
        for block in self._words.power_blocks:
            self._words.put(block, self._read(block))
        t = time.monotonic()
        if not self._other and t - self._slow_t >= SLOW_S:
            self._other, self._slow_t = list(self._words.other_blocks), t
        if self._other:
            block = self._other.pop(0)
            self._words.put(block, self._read(block))
        return self._words.measurement(t)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _read(self, block: Block) -> list[int]:
        from pymodbus.exceptions import ModbusException, ModbusIOException

        reading = self._words.table.function
        ask = self._client.read_input_registers if reading == "input" else self._client.read_holding_registers
        try:
            answer = ask(block.address, count=block.count, slave=self._unit)
        except ModbusIOException as error:
            raise MeterError(say("meter.modbus_silent", place=self._place, unit=self._unit)) from error
        except (ModbusException, OSError) as error:
            text = say("meter.modbus_broke_off", place=self._place, unit=self._unit, error=str(error))
            raise MeterError(text) from error
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            meaning = REFUSED.get(code) or PASSING.get(code) or say("meter.exception_other", code=code)
            text = say(
                "meter.modbus_refuses",
                place=self._place,
                unit=self._unit,
                kind=reading,
                first=block.address,
                last=block.address + block.count - 1,
                answer=meaning,
            )
            raise NoMeasurementError(text) if code in PASSING else MeterError(text)
        return answer.registers


def open_source(spec: Meter, hardware: Hardware) -> Asking:
    """Start to ask the meter; the thread opens the connection."""
    assert isinstance(spec, ModbusMeter)
    title = f"modbus {spec.host}:{spec.port:g}"
    return Asking(title, GUESS_S, spec.interval_s, lambda: ModbusConversation(spec))
