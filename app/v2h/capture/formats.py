"""CAN captures in files: text of any kind in lines.py, what python-can reads (others.py), and frames -> CSV.

A line that cannot be used (broken, not 8 bytes, unknown id) is reported with its number and reason; the rest is used.
What had to be assumed about the file as a whole is one remark each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from v2h.canframe import Frame
from v2h.capture import others
from v2h.capture.lines import Format, Raw, format_of
from v2h.capture.timeline import in_order
from v2h.chademo import frames as chademo
from v2h.pre import objects as pre

HEADER = "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8"
READS = "SavvyCAN/GVRET CSV, candump, crtd; by python-can also ASC, BLF, TRC"
LONGEST_ID = 0x7FF
HEAD_BYTES = 4096

CHECKS: dict[int, Callable[[bytes], object]] = {
    **{can_id: partial(chademo.decode, can_id) for can_id in chademo.FRAME_TYPE},
    pre.REQUEST_ID: pre.parse_request,
    pre.ANSWER_ID: pre.parse_answer,
}
"""Known id -> the function that raises ValueError for bytes that cannot be used."""


class CaptureError(ValueError):
    """A file that is not a capture, or has no usable frame."""


class Skipped(NamedTuple):
    """The number (from 1) of a line that was not used, and why; of a frame where the file has no lines."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Capture:
    """frames: in order of time, t in seconds since the first. skipped: in order of lines. remarks: one sentence for
    each thing that was assumed about the whole file."""

    frames: list[Frame]
    skipped: list[Skipped]
    remarks: list[str] = field(default_factory=list)


def parse(lines: Iterable[str]) -> Capture:
    """Read the lines of a capture in any text form. Raises CaptureError when there is no usable frame."""
    kind: Format | None = None
    raws: list[Raw] = []
    skipped: list[Skipped] = []
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        if not line:
            continue
        if kind is None and (kind := format_of(line)) is None:
            skipped.append(Skipped(number, "neither a CSV header nor a candump line"))
            continue
        try:
            raw = kind.read(line)
            if raw is not None:
                _check(raw)
                raws.append(raw)
        except ValueError as error:
            skipped.append(Skipped(number, str(error)))
    remarks = []
    if kind is not None and not kind.header:
        remarks.append(
            "the CSV has no header line: its columns were taken as a GVRET's SD file has them (time, id, extended, bus,"
            " length, bytes)"
        )
    return _capture(raws, skipped, remarks, unit_known=kind is None or kind.unit_known)


def read_capture(path: Path) -> Capture:
    """Read a file. Raises OSError when it cannot be read, CaptureError when it is not a capture."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    encoding = _encoding(head)
    refused = others.refused(head)
    if refused:
        raise CaptureError(f"{refused}. Formats that can be read: {READS}")
    reader = others.reader_of(head.decode(encoding, errors="replace"))
    if reader is not None:
        return _from_python_can(path, reader)
    with path.open(encoding=encoding, errors="replace") as lines:
        return parse(lines)


def to_csv(frames: Iterable[Frame]) -> Iterator[str]:
    """Lines of the CSV that parse() reads, each with its line end. Times to the microsecond."""
    yield f"{HEADER}\n"
    for frame in frames:
        data = "".join(f"{byte:02X}," for byte in frame.data)
        yield f"{round(frame.t * 1e6)},{frame.can_id:08X},false,Rx,{frame.bus},{len(frame.data)},{data}\n"


def write_capture(path: Path, frames: Iterable[Frame]) -> None:
    """Write a SavvyCAN/GVRET CSV."""
    with path.open("w", encoding="ascii") as out:
        out.writelines(to_csv(frames))


def _encoding(head: bytes) -> str:
    """UTF-16 where PowerShell's ">" or a spreadsheet wrote it: half of its bytes are 0."""
    if b"\0" not in head[:64]:
        return "utf-8-sig"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be" if head[:1] == b"\0" else "utf-8-sig"


def _from_python_can(path: Path, reader: str) -> Capture:
    raws: list[Raw] = []
    skipped: list[Skipped] = []
    remarks: list[str] = []
    try:
        for number, raw in enumerate(others.raws(path, reader), start=1):
            try:
                if isinstance(raw, str):
                    raise ValueError(raw)
                _check(raw)
                raws.append(raw)
            except ValueError as error:
                skipped.append(Skipped(number, str(error)))
    except others.ReaderError as error:
        if not raws:
            raise CaptureError(str(error)) from error
        remarks.append(f"the file was read only up to frame {len(raws) + len(skipped)}: {error}")
    return _capture(raws, skipped, remarks)


def _capture(raws: Sequence[Raw], skipped: list[Skipped], remarks: list[str], *, unit_known: bool = True) -> Capture:
    if not raws:
        first = f"; line {skipped[0].line}: {skipped[0].why}" if skipped else ""
        raise CaptureError(f"no usable CAN frame in it (read are: {READS}){first}")
    marked = sum(raw.extended for raw in raws)
    if marked:
        remarks.append(
            f"{marked} of {len(raws)} frames are marked as extended although their ids have 11 bits: they were used"
        )
    frames, about_times = in_order(raws, unit_known=unit_known)
    return Capture(frames, skipped, remarks + about_times)


def _check(raw: Raw) -> None:
    if raw.can_id > LONGEST_ID:
        raise ValueError(f"id {raw.can_id:X}: not an 11-bit id")
    if raw.can_id not in CHECKS:
        raise ValueError(f"0x{raw.can_id:03X}: unknown id")
    CHECKS[raw.can_id](raw.data)
