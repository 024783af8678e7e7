"""A meter on Modbus TCP, or on Modbus RTU behind a plain TCP gateway (pymodbus, in a thread).

Power is asked for each time; voltage, current, frequency and energy one after the other, one block every SLOW_S, so
that a line of 2400 baud keeps its pace: there one value takes 80 ms and all of them most of a second.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from v2h.config import Hardware
from v2h.meterconfig import MODBUS_MODELS, Meter, ModbusMeter, Registers, RegisterTable, read_registers
from v2h.meters import Measurement, MeterError
from v2h.meters.asking import Asking
from v2h.meters.phases import combined

if TYPE_CHECKING:
    pass

GUESS_S = 0.3
"""An SDM230 averages and tells its power about this late."""
TIMEOUT_S = 1.0
SLOW_S = 2.0
NEAR = 8
"""Registers between two wanted ones that are read along rather than asked for separately."""
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


class Words:
    """Registers as they were last read, and values out of them."""

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
        """An answer. Raises MeterError when it is shorter than asked for."""
        if len(words) != block.count:
            raise MeterError(f"{len(words)} registers came where {block.count} were asked for")
        for offset, word in enumerate(words):
            self._words[block.address + offset] = word

    def values(self, name: str) -> list[float]:
        """The quantity's values, one a phase; [] when it was not read yet. Raises MeterError for what is no number."""
        registers = self.wanted.get(name)
        if registers is None or registers.addresses[0] not in self._words:
            return []
        values = [self._value(address) * registers.scale for address in registers.addresses]
        if not all(isfinite(value) for value in values):
            raise MeterError(f"its {name} at register {registers.addresses[0]:#04x} is not a number")
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
    """One connection. Raises MeterError; a request that fails ends it, so that no late answer meets a new request."""

    def __init__(self, spec: ModbusMeter) -> None:
        # Here, in the meter's thread: the small board takes seconds for this import.
        from pymodbus.client import ModbusTcpClient
        from pymodbus.framer import FramerType

        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._place = f"{spec.host}:{spec.port:g}"
        self._unit = int(spec.unit)
        table = spec.registers if spec.model == "other" and spec.registers is not None else MODBUS_MODELS[spec.model]
        self._words = Words(table)
        self._other: list[Block] = []
        self._slow_t = float("-inf")
        framer = FramerType.RTU if spec.framing == "rtu" else FramerType.SOCKET
        self._client: ModbusTcpClient = ModbusTcpClient(
            spec.host, port=int(spec.port), framer=framer, timeout=TIMEOUT_S, retries=0
        )
        if not self._client.connect():  # type: ignore[no-untyped-call]
            raise MeterError(f"no connection to {self._place}: is the address right, is it switched on?")

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
            raise MeterError(f"{self._place}, unit {self._unit} does not answer") from error
        except (ModbusException, OSError) as error:
            raise MeterError(f"{self._place}, unit {self._unit} broke off: {error}") from error
        if answer.isError():
            what = f"{reading} registers {block.address:#04x} to {block.address + block.count - 1:#04x}"
            raise MeterError(f"{self._place}, unit {self._unit} refuses {what}: {answer}")
        return answer.registers


def open_source(spec: Meter, hardware: Hardware) -> Asking:
    """Begin asking; the connection is made in the thread."""
    assert isinstance(spec, ModbusMeter)
    title = f"modbus {spec.host}:{spec.port:g}"
    return Asking(title, GUESS_S, spec.interval_s, lambda: ModbusConversation(spec))
