"""One line of a capture in text form -> a raw frame. One pattern for each kind of file; a CSV is read by its columns.

candump -L:      `(seconds.fraction) can1 102#0200...`, with three to nine digits of fraction
candump:         `(time)  can1  102   [8]  02 9A ...`, with -ta, -td, -tz, -tA (date) or no time, with -a, -x or colours
crtd (OVMS):     `seconds.fraction 1R11 102 02 9a ...`
GVRET's console: `count - 102 S 1 8 2 9A ...`, as a terminal program saves it
CANDue:          `Rcvd msgID: 0x102; 02; 9A; ...  00:01:34.652`, from EVTV's own program for that board
CSV:             SavvyCAN's with its header line, as a spreadsheet has saved it, or a GVRET's SD file without header

The number at the end of an interface's name is the bus.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

COLUMNS = ("time stamp", "id", "extended", "bus", "len", "d1")
"""Columns that a CSV must have, in any order, but with the data columns last."""
SEPARATORS = ",;\t"
TRUE = ("true", "1")
"""A CSV's words for an id of 29 bits."""
LONGEST_US = 10**17
"""3000 years: a larger time is not a time."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""What `candump -c` writes around a frame."""


class Raw(NamedTuple):
    """A frame as the file has it. micros: time in us, or in the file's own unit (Format.unit_known); None: no time.

    extended: the file says that the id has 29 bits, whatever the id is.
    """

    micros: int | None
    can_id: int
    data: bytes
    bus: int
    extended: bool = False


class Format(NamedTuple):
    """A kind of file. read(line) raises ValueError for a line that cannot be used; None: a line without a frame."""

    name: str
    read: Callable[[str], Raw | None]
    header: bool = True
    """False: a CSV without its header line."""
    unit_known: bool = True
    """False: the times may be milliseconds or microseconds."""


_HEX = r"[0-9A-Fa-f]"
PATTERNS = {
    "candump -L": rf"\((?P<time>[^)]+)\)\s+(?P<port>\S+)\s+(?P<id>{_HEX}+)#(?P<joined>\S*)(?:\s+[RT])?",
    "candump": rf"(?:\((?P<time>[^)]+)\)\s+)?(?P<port>\S+)\s+(?:[RT]X\s+\S+\s+\S+\s+)?(?P<id>{_HEX}{{3,8}})"
    r"\s+\[(?P<length>\d+)\](?P<data>[^']*)(?:'.*)?",
    "crtd": rf"(?P<time>\d+\.\d+) (?:C[A-Z]{{2}}\b.*|(?P<port>\d?)[RT](?:11|29) (?P<id>{_HEX}+)"
    rf"(?P<data>(?: {_HEX}+)*))",
    "GVRET console": rf"(?:(?P<count>\d+) - )?(?P<id>{_HEX}+) [SX] (?P<port>\d+) (?P<length>\d)(?P<data>(?: {_HEX}+)*)",
    "CANDue": rf"\w+ msgID: 0x(?P<id>{_HEX}+)(?P<data>(?:; {_HEX}+)*)\s+(?P<time>\d+:\d\d:\d\d\.\d+)",
}
"""Kind of file -> the pattern of a whole line. joined, data: the bytes without and with something between them."""
BARE_CSV = re.compile(
    rf"\d+([{SEPARATORS}]){_HEX}{{1,8}}\1(?:0|1|true|false)\1((?:rx|tx)\1)?\d+\1[0-8](?:\1{_HEX}{{1,2}})*\1*", re.I
)
"""The line of a CSV without header: time, id, extended, (direction,) bus, length, bytes."""


def format_of(line: str) -> Format | None:
    """The kind of file of which this is the first line; None: of no kind that is known here."""
    for separator in SEPARATORS:
        if places := _places(line, separator):
            return Format("CSV", partial(_csv_line, header=line, separator=separator, places=places))
    if bare := BARE_CSV.fullmatch(line):
        first = 4 if bare[2] else 3
        places = [0, 1, 2, first, first + 1, first + 2]
        read = partial(_csv_line, header="", separator=bare[1], places=places)
        return Format("CSV", read, header=False, unit_known=False)
    for name, pattern in PATTERNS.items():
        if re.fullmatch(pattern, _plain(line)):
            return Format(name, partial(_pattern_line, name=name), unit_known="?P<count>" not in pattern)
    return None


def _plain(line: str) -> str:
    return COLOUR.sub("", line).strip()


def _pattern_line(line: str, *, name: str) -> Raw | None:
    match = re.fullmatch(PATTERNS[name], _plain(line))
    if match is None:
        raise ValueError(f"not a line of {name}")
    parts = match.groupdict()
    if parts["id"] is None:
        return None  # a comment
    data = _joined(parts["joined"]) if "joined" in parts else _bytes(parts["data"].replace(";", " ").split())
    if parts.get("length") is not None and int(parts["length"]) != len(data):
        raise ValueError(f"[{parts['length']}] data bytes are promised, the line has {len(data)}")
    digits = re.search(r"\d{1,4}$", parts.get("port") or "")
    return Raw(_pattern_time(parts), int(parts["id"], 16), data, int(digits[0]) if digits else 0, len(parts["id"]) > 3)


def _pattern_time(parts: dict[str, str | None]) -> int | None:
    count, text = parts.get("count"), parts.get("time")
    if count is not None:
        return _bounded(int(count), count)
    return None if text is None else _micros(text)


def _micros(text: str) -> int:
    """`seconds.fraction`, `hours:minutes:seconds.fraction` or that after `year-month-day`, in us, cut after the sixth
    digit of the fraction."""
    clock = re.fullmatch(r"(?:(\d+):(\d+):)?(\d+)(?:\.(\d+))?", text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups()[:3])
        fraction = int((clock[4] or "").ljust(6, "0")[:6])
        return _bounded((hours * 3600 + minutes * 60 + seconds) * 1_000_000 + fraction, text)
    try:
        when = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"time {text!r} is neither seconds nor a date") from None
    return (when - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _places(header: str, separator: str) -> list[int]:
    """Where COLUMNS are; empty if this is not a header with this separator."""
    names = [name.lower() for name in _cells(header, separator)]
    return [names.index(name) for name in COLUMNS] if set(COLUMNS) <= set(names) else []


def _csv_line(line: str, *, header: str, separator: str, places: list[int]) -> Raw | None:
    if line == header:
        return None
    cells = _cells(line, separator)
    first = places[-1]
    if len(cells) < first:
        raise ValueError(f"{len(cells)} columns, at least {first} are needed")
    time, can_id, extended, bus, length = (cells[place] for place in places[:-1])
    data_cells = cells[first:]
    promised = _number("LEN", length)
    if 0 <= promised < len(data_cells) and not any(cell.strip("0") for cell in data_cells[promised:]):
        data_cells = data_cells[:promised]  # SavvyCAN fills the line up to eight
    if promised != len(data_cells):
        raise ValueError(f"LEN says {length} data bytes, the line has {len(data_cells)}")
    return Raw(
        _count("Time Stamp", time),
        _number("ID", can_id, 16),
        _bytes(data_cells),
        _bounded(_number("Bus", bus), bus),
        extended.lower() in TRUE,
    )


def _cells(line: str, separator: str) -> list[str]:
    """The cells without quotes and without the empty ones at the end of the line."""
    cells = [cell.strip().strip('"') for cell in line.split(separator)]
    while cells and not cells[-1]:
        del cells[-1]
    return cells


def _count(column: str, text: str) -> int:
    """A whole number; or what a spreadsheet makes of a long one: `1,7E+15`."""
    try:
        return _bounded(int(text), text)
    except ValueError:
        pass
    try:
        return _bounded(int(float(text.replace(",", "."))), text)
    except (ValueError, OverflowError):
        raise ValueError(f"{column} {text!r} is not a whole number") from None


def _number(column: str, text: str, base: int = 10) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ValueError(f"{column} {text!r} is not a whole number") from None


def _bounded(value: int, text: str) -> int:
    if not 0 <= value < LONGEST_US:
        raise ValueError(f"{text!r} is outside 0 to {LONGEST_US:.0e}")
    return value


def _joined(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"data {text!r} is not pairs of hexadecimal digits") from None


def _bytes(cells: list[str]) -> bytes:
    """Bytes of one or two hexadecimal digits each."""
    if not all(re.fullmatch(r"[0-9A-Fa-f]{1,2}", cell) for cell in cells):
        raise ValueError(f"data {' '.join(cells)!r} is not bytes of one or two hexadecimal digits")
    return bytes(int(cell, 16) for cell in cells)
