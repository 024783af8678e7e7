"""The PRE 6 kW converter on its CAN bus: object dictionary, status bits, and the bytes of expedited SDO.

Source: vendor capture CAP1 (2676 answers of a "VG6 ", hardware 4.00, software 3.02); command bytes and abort
codes from CiA 301. The converter is node 0x30; only expedited SDO was ever seen, no heartbeat, NMT or PDO.
A message is [command, index lo, index hi, sub, d0..d3]. Amps: + charges the car, - discharges it.
"""

import math
from dataclasses import dataclass
from enum import IntFlag
from functools import cache, lru_cache

NODE = 0x30
REQUEST_ID = 0x600 + NODE
ANSWER_ID = 0x580 + NODE
LENGTH = 8
"""Every SDO message has eight data bytes."""

READ = 0x40
WRITE_2 = 0x2B
READ_ANSWER = {0x43: 4, 0x47: 3, 0x4B: 2, 0x4F: 1}
"""Command byte of an expedited read answer -> number of data bytes that count."""
WRITE_REQUEST = {0x23: 4, 0x27: 3, 0x2B: 2, 0x2F: 1}
"""Command byte of an expedited write request -> number of data bytes that count."""
WRITTEN = 0x60
ABORT = 0x80

Value = float | int | str


class SdoError(ValueError):
    """Bytes that are not an SDO message of this converter, or a value that must not be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object. value = raw / per_unit in `unit`; text objects have per_unit 0. seen: values in CAP1.

    low, high: the range for a write. least, most: the range for a reading; a reading outside is an error and not used.
    """

    index: int
    sub: int
    name: str
    unit: str
    per_unit: int
    signed: bool
    size: int
    writable: bool
    seen: str
    low: float = 0.0
    high: float = 0.0
    least: float = -math.inf
    most: float = math.inf

    def value(self, raw: bytes) -> Value:
        """Scale the data bytes of an answer. Raises SdoError when their number is not the object's size."""
        if len(raw) != self.size:
            raise SdoError(f"{self.name} {self.index:04X}.{self.sub}: {len(raw)} bytes instead of {self.size}")
        if self.per_unit == 0:
            return raw.decode("ascii", "replace").strip("\0 ")
        whole = int.from_bytes(raw, "little", signed=self.signed)
        return whole if self.per_unit == 1 else whole / self.per_unit

    def whole(self, value: float) -> int:
        """Round a value to the object's steps. Raises SdoError outside low to high, for NaN or a read-only object."""
        if not self.writable:
            raise SdoError(f"{self.name} {self.index:04X}.{self.sub} cannot be written")
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise SdoError(f"{self.name} {value} {self.unit}: allowed {self.low:g} to {self.high:g} {self.unit}")
        return round(value * self.per_unit)  # an int: -0.0 becomes 0


DEVICE_NAME = Entry(0x1008, 4, "device_name", "", 0, False, 4, False, '"VG6 "')
HARDWARE = Entry(0x1009, 4, "hardware_version", "", 0, False, 4, False, '"4.00"')
SOFTWARE = Entry(0x100A, 4, "software_version", "", 0, False, 4, False, '"3.02"')
ENABLE = Entry(0x2100, 0, "enable", "", 1, False, 2, True, "0, 1", 0, 1)
STATUS = Entry(0x2101, 0, "status", "", 1, False, 2, False, "0902 0800 0000 0001 0401")
TEMPERATURE = Entry(0x2104, 0, "temperature", "degC", 10, True, 2, False, "47.2..47.5", least=-50.0, most=150.0)
AC_VOLTS = Entry(0x2105, 0, "ac_volts", "V", 10, False, 2, False, "never polled")
AC_AMPS = Entry(0x2106, 0, "ac_amps", "A", 10, True, 2, False, "never polled")
VOLTS = Entry(
    0x2107, 0, "volts", "V", 10, False, 2, False, "never polled: the vendor has its own ADC", least=0.0, most=600.0
)
AMPS = Entry(0x2108, 0, "amps", "A", 10, True, 2, False, "-0.2..14.1", least=-30.0, most=30.0)
SET_VOLTS = Entry(0x2109, 0, "set_volts", "V", 10, False, 2, True, "0, 500.0, 381.0..392.0, 410.0", 0, 500)
SET_AMPS = Entry(0x210A, 0, "set_amps", "A", 10, True, 2, True, "0, 1.0, 10..14, -0.2", -16, 16)
BUS_VOLTS = Entry(0x210D, 0, "bus_volts", "V", 10, False, 2, False, "never polled")
RAMPED_AMPS = Entry(0x214A, 0, "ramped_amps", "A", 10, True, 2, False, "1.0, 13.9; meaning inferred")
WARNING = Entry(0x2150, 0, "warning_word", "", 1, False, 4, False, "0; meaning unknown, logged raw")

DICTIONARY: dict[tuple[int, int], Entry] = {
    (entry.index, entry.sub): entry
    for entry in (
        DEVICE_NAME, HARDWARE, SOFTWARE, ENABLE, STATUS, TEMPERATURE, AC_VOLTS, AC_AMPS, VOLTS, AMPS,
        SET_VOLTS, SET_AMPS, BUS_VOLTS, RAMPED_AMPS, WARNING,
    )
}  # fmt: skip
"""(index, sub) -> object."""


class Status(IntFlag):
    """Bits of the status word 2101, inferred from CAP1. 0x0000 means ready: it may be enabled."""

    RUNNING = 0x0001
    STARTING_1 = 0x0002  # with bit 8 for 5 s after AC on; the names of these three are ours
    STARTING_8 = 0x0100
    SINKING = 0x0400  # the setpoint is negative: towards the grid
    STARTING_11 = 0x0800  # alone for the last 1.5 s before ready


EXPECTED_STATUS = Status.RUNNING | Status.SINKING
"""The only bits that may be set once the converter runs."""


def unexpected_status(word: int) -> int:
    """The bits of a status word that a ready or running converter does not set; 0 if there are none."""
    return word & ~int(EXPECTED_STATUS)


ABORT_CODES = {
    0x05030000: "toggle bit not alternated",
    0x05040000: "SDO protocol timed out",
    0x05040001: "unknown command specifier",
    0x05040002: "invalid block size",
    0x05040003: "invalid sequence number",
    0x05040004: "CRC error",
    0x05040005: "out of memory",
    0x06010000: "unsupported access to an object",
    0x06010001: "read of a write-only object",
    0x06010002: "write to a read-only object",
    0x06020000: "object does not exist",
    0x06040041: "object cannot be mapped to the PDO",
    0x06040042: "mapped objects exceed the PDO length",
    0x06040043: "general parameter incompatibility",
    0x06040047: "general internal incompatibility",
    0x06060000: "access failed: hardware error",
    0x06070010: "wrong data length",
    0x06070012: "data too long",
    0x06070013: "data too short",
    0x06090011: "sub-index does not exist",
    0x06090030: "value outside its range",
    0x06090031: "value too high",
    0x06090032: "value too low",
    0x06090036: "maximum below minimum",
    0x060A0023: "resource not available",
    0x08000000: "general error",
    0x08000020: "data cannot be stored",
    0x08000021: "data cannot be stored: local control",
    0x08000022: "data cannot be stored: device state",
    0x08000023: "no object dictionary",
    0x08000024: "no data available",
}
"""SDO abort codes of CiA 301, in our words."""


def abort_name(code: int) -> str:
    """Name of an abort code, for people."""
    return ABORT_CODES.get(code, f"unknown abort code 0x{code:08X}")


# What a client sends.


@cache
def read_request(entry: Entry) -> bytes:
    """Bytes of a read."""
    return _message(READ, entry, b"")


def write_request(entry: Entry, value: float) -> bytes:
    """Bytes of a write, sign-extended to four bytes as by the vendor. Raises SdoError outside the range."""
    return _message(WRITE_2, entry, entry.whole(value).to_bytes(4, "little", signed=True))


def write_amps(amps_a: float) -> bytes:
    """Bytes that set the current: + charges, - discharges, +-16 A."""
    return write_request(SET_AMPS, amps_a)


def write_volts(volts_v: float) -> bytes:
    """Bytes that set the voltage, 0 to 500 V."""
    return write_request(SET_VOLTS, volts_v)


def write_enable(on: bool) -> bytes:
    """Bytes that switch the converter's output stage on or off."""
    return write_request(ENABLE, int(on))


def read_amps_setpoint() -> bytes:
    """Bytes that read back the current setpoint: the only proof that write_amps() has arrived."""
    return read_request(SET_AMPS)


def read_amps() -> bytes:
    """Bytes that read the measured current."""
    return read_request(AMPS)


# What a converter answers (also the one of the rig).


def read_answer(entry: Entry, raw: bytes) -> bytes:
    """Answer to a read. raw: the bytes of the object, 2 or 4."""
    return _message(next(cmd for cmd, size in READ_ANSWER.items() if size == len(raw)), entry, raw)


def written_answer(index: int, sub: int) -> bytes:
    """Answer that acknowledges a write."""
    return bytes((WRITTEN, index & 0xFF, index >> 8, sub, 0, 0, 0, 0))


def abort_answer(index: int, sub: int, code: int) -> bytes:
    """Answer to a request that was refused."""
    return bytes((ABORT, index & 0xFF, index >> 8, sub)) + code.to_bytes(4, "little")


def _message(command: int, entry: Entry, data: bytes) -> bytes:
    return bytes((command, entry.index & 0xFF, entry.index >> 8, entry.sub)) + data.ljust(4, b"\0")


# Parsing messages.


@dataclass(frozen=True, slots=True)
class ReadRequest:
    index: int
    sub: int


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """raw: the data bytes that count."""

    index: int
    sub: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """raw: the data bytes that count."""

    index: int
    sub: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Written:
    index: int
    sub: int


@dataclass(frozen=True, slots=True)
class Aborted:
    """The sender has aborted the request. code: see ABORT_CODES. Both sides may send it."""

    index: int
    sub: int
    code: int

    def __str__(self) -> str:
        """'the converter refuses set_amps (210A.0): value too high'"""
        entry = DICTIONARY.get((self.index, self.sub))
        name = f"{entry.name} ({self.index:04X}.{self.sub})" if entry else f"{self.index:04X}.{self.sub}"
        return f"the converter refuses {name}: {abort_name(self.code)}"


Request = ReadRequest | WriteRequest | Aborted
Answer = ReadAnswer | Written | Aborted


def _head(data: bytes) -> tuple[int, int, int]:
    if len(data) != LENGTH:
        raise SdoError(f"{len(data)} data bytes instead of {LENGTH}")
    return data[0], data[1] | data[2] << 8, data[3]


@lru_cache(maxsize=32)
def parse_request(data: bytes) -> Request:
    """Parse a client's message. Raises SdoError on another length or command byte."""
    command, index, sub = _head(data)
    if command == READ:
        return ReadRequest(index, sub)
    if command in WRITE_REQUEST:
        return WriteRequest(index, sub, data[4 : 4 + WRITE_REQUEST[command]])
    if command == ABORT:
        return Aborted(index, sub, int.from_bytes(data[4:], "little"))
    raise SdoError(f"command byte 0x{command:02X} is no expedited request")


def parse_answer(data: bytes) -> Answer:
    """Parse a converter's message. Raises SdoError on another length or command byte."""
    command, index, sub = _head(data)
    if command in READ_ANSWER:
        return ReadAnswer(index, sub, data[4 : 4 + READ_ANSWER[command]])
    if command == WRITTEN:
        return Written(index, sub)
    if command == ABORT:
        return Aborted(index, sub, int.from_bytes(data[4:], "little"))
    raise SdoError(f"command byte 0x{command:02X} is no expedited answer")
