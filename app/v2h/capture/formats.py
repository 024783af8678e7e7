"""CAN captures in files: SavvyCAN/GVRET CSV and candump -L logs -> frames, and frames -> CSV.

CSV: microseconds, lines not always in order where two buses interleave, a Bus column, a trailing comma (as in vendor
capture CAP1). candump: `(seconds.micros) can1 102#0200...`; the number at the end of the interface's name is the bus.
A line that cannot be used (broken, not 8 bytes, unknown id) is reported with its number and reason; the rest is used.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from v2h.canframe import Frame
from v2h.chademo import frames as chademo
from v2h.pre import objects as pre

HEADER = "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8"
COLUMNS = ("time stamp", "id", "extended", "bus", "len", "d1")
"""Columns that a CSV must have, in any order, but with the data columns last."""
CANDUMP = re.compile(r"\((\d+)\.(\d{6})\)\s+\S*?(\d*)\s+([0-9A-Fa-f]+)#(\S*)(?:\s+[RT])?")

CHECKS: dict[int, Callable[[bytes], object]] = {
    **{can_id: partial(chademo.decode, can_id) for can_id in chademo.FRAME_TYPE},
    pre.REQUEST_ID: pre.parse_request,
    pre.ANSWER_ID: pre.parse_answer,
}
"""Known id -> the function that raises ValueError for bytes that cannot be used."""


class CaptureError(ValueError):
    """A file that is not a capture, or has no usable frame."""


class Skipped(NamedTuple):
    """The number (from 1) of a line that was not used, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Capture:
    """frames: in order of time, t in seconds since the first. skipped: in order of lines."""

    frames: list[Frame]
    skipped: list[Skipped]


class _Raw(NamedTuple):
    micros: int
    can_id: int
    data: bytes
    bus: int


def parse(lines: Iterable[str]) -> Capture:
    """Read the lines of a capture in either format. Raises CaptureError when there is no usable frame."""
    reader: Callable[[str], _Raw | None] | None = None
    raws: list[_Raw] = []
    skipped: list[Skipped] = []
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        if not line:
            continue
        if reader is None and (reader := _reader_for(line)) is None:
            skipped.append(Skipped(number, "neither a CSV header nor a candump line"))
            continue
        try:
            raw = reader(line)
            if raw is not None:
                _check(raw)
                raws.append(raw)
        except ValueError as error:
            skipped.append(Skipped(number, str(error)))
    if not raws:
        first = f"; line {skipped[0].line}: {skipped[0].why}" if skipped else ""
        raise CaptureError(f"no usable CAN frame in it (a SavvyCAN/GVRET CSV or a candump -L log is needed){first}")
    raws.sort(key=lambda raw: raw.micros)
    start = raws[0].micros
    return Capture([Frame((raw.micros - start) / 1e6, raw.can_id, raw.data, raw.bus) for raw in raws], skipped)


def to_csv(frames: Iterable[Frame]) -> Iterator[str]:
    """Lines of the CSV that parse() reads, each with its line end. Times to the microsecond."""
    yield f"{HEADER}\n"
    for frame in frames:
        data = "".join(f"{byte:02X}," for byte in frame.data)
        yield f"{round(frame.t * 1e6)},{frame.can_id:08X},false,Rx,{frame.bus},{len(frame.data)},{data}\n"


def read_capture(path: Path) -> Capture:
    """Read a file. Raises OSError when it cannot be read, CaptureError when it is not a capture."""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        return parse(lines)


def write_capture(path: Path, frames: Iterable[Frame]) -> None:
    """Write a SavvyCAN/GVRET CSV."""
    with path.open("w", encoding="ascii") as out:
        out.writelines(to_csv(frames))


def _reader_for(line: str) -> Callable[[str], _Raw | None] | None:
    """The function that reads the lines of a file, chosen by its first usable line; None if this line is not usable."""
    names = [name.strip().lower() for name in line.rstrip(",").split(",")]
    if all(name in names for name in COLUMNS):
        places = {name: names.index(name) for name in COLUMNS}
        return lambda text: None if text == line else _csv_line(text, places)
    return _candump_line if CANDUMP.fullmatch(line) else None


def _check(raw: _Raw) -> None:
    if raw.can_id not in CHECKS:
        raise ValueError(f"0x{raw.can_id:03X}: unknown id")
    CHECKS[raw.can_id](raw.data)


def _csv_line(line: str, places: dict[str, int]) -> _Raw:
    cells = [cell.strip() for cell in line.rstrip(",").split(",")]
    if len(cells) < places["d1"]:
        raise ValueError(f"{len(cells)} columns, at least {places['d1']} are needed")
    micros, can_id, extended, bus, length = (cells[places[name]] for name in COLUMNS[:5])
    if extended.lower() != "false":
        raise ValueError(f"id {can_id}: not an 11-bit id (Extended is {extended!r})")
    data_cells = cells[places["d1"] :]
    data = _hex(" ".join(data_cells))
    if not _number("LEN", length) == len(data) == len(data_cells):
        raise ValueError(f"LEN says {length} data bytes, the line has {len(data_cells)}")
    return _Raw(_number("Time Stamp", micros), _number("ID", can_id, 16), data, _number("Bus", bus))


def _candump_line(line: str) -> _Raw:
    match = CANDUMP.fullmatch(line)
    if match is None:
        raise ValueError("not a candump -L line: (seconds.micros) interface id#data")
    seconds, micros, bus, can_id, data = match.groups()
    if len(can_id) > 3:
        raise ValueError(f"id {can_id}: not an 11-bit id")
    return _Raw(int(seconds) * 1_000_000 + int(micros), int(can_id, 16), _hex(data), int(bus or 0))


def _number(column: str, text: str, base: int = 10) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ValueError(f"{column} {text!r} is not a whole number") from None


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"data {text!r} is not pairs of hexadecimal digits") from None
