"""`v2h decode CAPTURE`: prints every frame of a CAN capture as text, of both buses.

Of a recording of the power line to a CCS car (pcap), it prints every message (decode_v2g.py).
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from v2h.canframe import Frame
from v2h.capture.describe import Description, FieldValue, describe, shown_fields
from v2h.capture.formats import READS, Capture, CaptureError, Skipped, read_capture
from v2h.capture.pcap import is_pcap
from v2h.capture.v2g import Conversation, read_conversation
from v2h.commands import decode_v2g

CAUSES_SHOWN = 20
"""How many causes of unusable lines are listed on stderr; --json lists every line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h decode`."""
    parser.add_argument("capture", type=Path, help=f"the file: {READS}; pcap and pcapng of a CCS car")
    parser.add_argument("--changes", action="store_true", help="only what differs from the last frame of its kind")
    parser.add_argument("--json", action="store_true", help="one JSON object: frames_in, frames, skipped, remarks")
    parser.epilog = "example: v2h decode leaf-v2g-charge.csv --changes | less"


def run(args: argparse.Namespace) -> int:
    """Print the capture. Returns 0, or 2 when the file cannot be read or has no usable frame."""
    try:
        capture = _read(args.capture)
    except OSError as error:
        print(f"v2h decode: {args.capture}: {error.strerror}", file=sys.stderr)
        return 2
    except CaptureError as error:
        print(f"v2h decode: {args.capture}: {error}", file=sys.stderr)
        return 2
    for line in _lines(capture, args.json, args.changes):
        print(line)
    if not args.json:
        unit = "packet" if isinstance(capture, Conversation) else "line"
        for line in (*capture.remarks, *skipped_lines(capture.skipped, unit)):
            print(f"v2h decode: {args.capture}: {line}", file=sys.stderr)
        print(f"{len(capture.frames)} frames decoded, {len(capture.skipped)} {unit}s skipped", file=sys.stderr)
    return 0


def _read(path: Path) -> Capture | Conversation:
    with path.open("rb") as file:
        of_power_line = is_pcap(file.read(4))
    return read_conversation(path) if of_power_line else read_capture(path)


def _lines(capture: Capture | Conversation, as_json: bool, changes: bool) -> Iterator[str]:
    if isinstance(capture, Conversation):
        return (decode_v2g.json_lines if as_json else decode_v2g.text_lines)(capture, changes)
    return (json_lines if as_json else text_lines)(capture, changes)


def described(capture: Capture, changes: bool) -> Iterator[tuple[Frame, Description, dict[str, FieldValue]]]:
    """Frames with their description and the fields to show: all, or those that changed since the last of its kind.

    With `changes`, a frame without any change is left out. A flag that went off is shown as False.
    """
    last: dict[tuple[int, ...], dict[str, FieldValue]] = {}
    for frame in capture.frames:
        words = describe(frame)
        if not changes or words.about not in last:
            yield frame, words, shown_fields(words.fields)
        else:
            before = last[words.about]
            differing = {name: value for name, value in words.fields.items() if before.get(name) != value}
            if differing:
                yield frame, words, _with_object(words, differing)
        last[words.about] = words.fields


def text_lines(capture: Capture, changes: bool) -> Iterator[str]:
    """One line per frame: seconds, bus, id, bytes, name, fields."""
    for frame, words, fields in described(capture, changes):
        yield (
            f"{frame.t:11.6f} {frame.bus} {frame.can_id:03X}  {frame.data.hex(' ').upper()}  "
            f"{words.name:24} {' '.join(_field(name, value) for name, value in fields.items())}"
        ).rstrip()


def json_lines(capture: Capture, changes: bool) -> Iterator[str]:
    """One JSON object, one frame per line. "fields" has every field, or with `changes` only those that changed."""
    yield f'{{"frames_in": {len(capture.frames)}, "frames": ['
    comma = ""
    for frame, words, shown in described(capture, changes):
        row = {
            "t": round(frame.t, 6),
            "bus": frame.bus,
            "id": f"{frame.can_id:03X}",
            "data": frame.data.hex().upper(),
            "name": words.name,
            "fields": shown if changes else words.fields,
        }
        yield comma + json.dumps(row)
        comma = ","
    skipped = [{"line": line, "why": why} for line, why in capture.skipped]
    yield f'], "skipped": {json.dumps(skipped)}, "remarks": {json.dumps(capture.remarks)}}}'


def skipped_lines(skipped: list[Skipped], unit: str = "line") -> Iterator[str]:
    """One line of text for each cause of unusable lines: its first line and reason, and how many more lines have it.

    unit: what is counted, lines of a text or packets. Lines have the same cause if their reasons differ only in numbers
    and quoted values.
    """
    causes: dict[str, list[Skipped]] = {}
    for entry in skipped:
        causes.setdefault(
            re.sub(r"0x[0-9A-F]+|id [0-9A-F]+|^[0-9a-f]{2,}: |'[^']*'|[0-9]+", "#", entry.why), []
        ).append(entry)
    for entries in list(causes.values())[:CAUSES_SHOWN]:
        first, last = entries[0], entries[-1]
        more = f" (and {len(entries) - 1} more like it, up to {unit} {last.line})" if last is not first else ""
        yield f"{unit} {first.line}: {first.why}{more}"
    if len(causes) > CAUSES_SHOWN:
        yield f"and {len(causes) - CAUSES_SHOWN} more causes (--json names every line)"


def _with_object(words: Description, fields: dict[str, FieldValue]) -> dict[str, FieldValue]:
    """The fields with the object's name and unit, because a converter's message has no meaning without them."""
    context = {name: words.fields[name] for name in ("object", "unit") if name in words.fields}
    return {name: value for name, value in words.fields.items() if name in context or name in fields}


def _field(name: str, value: FieldValue) -> str:
    if name in ("object", "value", "unit", "bits", "why"):
        return str(value)
    return {True: name, False: f"!{name}"}[value] if isinstance(value, bool) else f"{name}={value}"
