"""The part of `v2h decode` for recordings of the power line between a CCS car and its charger (pcap, pcapng)."""

import json
from collections.abc import Iterator

from v2h.capture.v2g import Conversation, V2gFrame

Value = int | str


def text_lines(found: Conversation, changes: bool) -> Iterator[str]:
    """One line per message: seconds, who sends it, its name, its fields."""
    for frame, shown in _shown(found, changes):
        session = f"session={frame.session} " if frame.session and not changes else ""
        words = " ".join(f"{name}={value}" for name, value in shown.items())
        remark = f" ({frame.remark})" if frame.remark else ""
        yield f"{frame.t:11.6f} {frame.sender:8}{frame.name:30} {session}{words}{remark}".rstrip()


def json_lines(found: Conversation, changes: bool) -> Iterator[str]:
    """One JSON object, one message per line. "fields" are as in `v2h exi`, or with `changes` flat and only those that
    changed."""
    yield f'{{"frames_in": {len(found.frames)}, "frames": ['
    comma = ""
    for frame, shown in _shown(found, changes):
        row = {
            "t": round(frame.t, 6),
            "from": frame.sender,
            "name": frame.name,
            "ns": frame.namespace,
            "session": frame.session,
            "hex": frame.data.hex(),
            "fields": shown if changes else frame.fields,
            "remark": frame.remark,
        }
        yield comma + json.dumps(row)
        comma = ","
    skipped = [{"line": line, "why": why} for line, why in found.skipped]
    yield f'], "skipped": {json.dumps(skipped)}, "remarks": {json.dumps(found.remarks)}}}'


def flat(fields: object, where: str = "") -> Iterator[tuple[str, Value]]:
    """The fields with their paths, "DC_EVStatus.EVRESSSOC". A physical value is one text, "12.5 A"."""
    if isinstance(fields, dict):
        if "Multiplier" in fields and "Value" in fields:
            yield where, _physical(fields)
            return
        for name, value in fields.items():
            yield from flat(value, f"{where}.{name}" if where else name)
    elif isinstance(fields, list):
        for number, value in enumerate(fields):
            yield from flat(value, f"{where}[{number}]" if len(fields) > 1 else where)
    elif isinstance(fields, bool):
        yield where, str(fields).lower()
    elif isinstance(fields, int | str):
        yield where, fields


def _physical(fields: dict[str, object]) -> str:
    multiplier, value = fields["Multiplier"], fields["Value"]
    assert isinstance(multiplier, int) and isinstance(value, int)
    number = f"{value * 10**multiplier}" if multiplier >= 0 else f"{value / 10**-multiplier:.{-multiplier}f}"
    return f"{number} {fields.get('Unit', '')}".rstrip()


def _shown(found: Conversation, changes: bool) -> Iterator[tuple[V2gFrame, dict[str, Value]]]:
    """Each message with its flat fields; with `changes` only those that differ from the last message with its name, and
    no message without a change."""
    last: dict[str, dict[str, Value]] = {}
    for frame in found.frames:
        fields = dict(flat(frame.fields))
        before = last.get(frame.name) if changes else None
        last[frame.name] = fields
        if before is None:
            yield frame, fields
        elif differing := {name: value for name, value in fields.items() if before.get(name) != value}:
            yield frame, differing
