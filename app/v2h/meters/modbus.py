"""A meter on Modbus TCP, or on Modbus RTU behind a plain TCP gateway (pymodbus, in a thread).

Power is read each time. Voltage, current, frequency and energy follow one block at a time, all of them at most once
every SLOW_S, so that a line of 2400 baud keeps the interval: there one value takes 80 ms and all of them most of a
second.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from v2h.bus.sentences import say
from v2h.config.meter_kinds import MODBUS_MODELS, Meter, ModbusMeter, Registers, RegisterTable, read_registers
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError
from v2h.meters.asking import Asking
from v2h.meters.phases import combined

if TYPE_CHECKING:
    pass

GUESS_S = 0.3
"""An SDM230 averages its power and reports it about this late."""
TIMEOUT_S = 1.0
SLOW_S = 2.0
NEAR = 8
"""Up to this many registers between two wanted ones are read as well, instead of a second request."""
WIDTH = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4}
QUANTITIES = ("power", "voltage", "current", "frequency", "import_energy", "export_energy")
"""In the order of combined()."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers read with one request."""

    address: int
    count: int


def blocks(addresses: Sequence[int], width: int) -> list[Block]:
    """The fewest requests for values of `width` registers at these addresses."""
    found: list[Block] = []
    for address in sorted(set(addresses)):
        last = found[-1] if found else None
        if last is not None and address <= last.address + last.count + NEAR:
            found[-1] = Block(last.address, address + width - last.address)
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
        self.power_blocks = blocks(self.wanted["power"].addresses, WIDTH[table.format])
        rest = [a for name, registers in self.wanted.items() if name != "power" for a in registers.addresses]
        self.other_blocks = blocks(rest, WIDTH[table.format])
        self._words: dict[int, int] = {}

    def put(self, block: Block, words: Sequence[int]) -> None:
        """Store an answer. Raises MeterError when its length is not as requested."""
        if len(words) != block.count:
            raise MeterError(say("meter.modbus_length", count=len(words), requested=block.count))
        for offset, word in enumerate(words):
            self._words[block.address + offset] = word

    def values(self, name: str) -> list[float]:
        """The quantity's values, one a phase; [] when it was not read yet. Raises MeterError for a value that is no
        number."""
        registers = self.wanted.get(name)
        if registers is None or registers.addresses[0] not in self._words:
            return []
        values = [self._value(address) * registers.scale for address in registers.addresses]
        if not all(isfinite(value) for value in values):
            raise MeterError(say("meter.modbus_no_number", quantity=name, register=registers.addresses[0]))
        return values

    def _value(self, address: int) -> float:
        from pymodbus.client import ModbusTcpClient

        width = WIDTH[self.table.format]
        words = [self._words[address + n] for n in range(width)]
        kind = ModbusTcpClient.DATATYPE[self.table.format.upper()]
        order: Any = self.table.words
        return float(ModbusTcpClient.convert_from_registers(words, kind, word_order=order))  # type: ignore[arg-type]

    def measurement(self, t: float) -> Measurement:
        """Everything known, with the power of `t`."""
        return combined(t, *(self.values(name) for name in QUANTITIES))


class ModbusConversation:
    """One connection. Raises MeterError. A failed request ends the connection, so that no late answer is taken for the
    answer to a new request."""

    def __init__(self, spec: ModbusMeter) -> None:
        # Imported here, in the meter's thread: the small board takes seconds for it.
        from pymodbus.client import ModbusTcpClient
        from pymodbus.framer import FramerType

        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._place = f"{spec.host}:{spec.port:g}"
        self._unit = int(spec.unit)
        table = spec.registers if spec.model == "other" and spec.registers is not None else MODBUS_MODELS[spec.model]
        self._words = RegisterCache(table)
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
            text = say(
                "meter.modbus_refuses",
                place=self._place,
                unit=self._unit,
                kind=reading,
                first=block.address,
                last=block.address + block.count - 1,
                answer=str(answer),
            )
            raise MeterError(text)
        return answer.registers


def open_source(spec: Meter, hardware: Hardware) -> Asking:
    """Start to ask the meter; the thread opens the connection."""
    assert isinstance(spec, ModbusMeter)
    title = f"modbus {spec.host}:{spec.port:g}"
    return Asking(title, GUESS_S, spec.interval_s, lambda: ModbusConversation(spec))
