"""CAN frames as text: the name of a frame and its fields, for people and for JSON. Pure."""

import dataclasses
from dataclasses import dataclass

from v2h.canframe import Frame
from v2h.chademo import frames as chademo
from v2h.pre import objects as pre

FieldValue = int | float | str | bool

NAMES: dict[type, str] = {
    chademo.X100: "car battery limits",
    chademo.X101: "car times, capacity",
    chademo.X102: "car request, status",
    chademo.X108: "charger available",
    chademo.X109: "charger output, status",
    chademo.X110: "car extended control",
    chademo.X118: "charger extended control",
    chademo.X200: "car discharge limits",
    chademo.X201: "car V2H estimate",
    chademo.X208: "charger discharge side",
    chademo.X209: "charger V2H sequence",
}
QUIET_WHEN_ZERO = ("unused", "rest", "other_bits", "unknown_bits")
"""Parts of the names of fields without a known meaning. These fields are shown to people only if they are not zero."""


@dataclass(frozen=True, slots=True)
class Description:
    """name: what the frame is. fields: field name -> value in the units of the names; raw bytes as hex text.

    about: what a later frame must have in common to replace this one (the id; for the converter also the command byte
    and the object).
    """

    name: str
    fields: dict[str, FieldValue]
    about: tuple[int, ...]


def describe(frame: Frame) -> Description:
    """Decode one frame of either bus, distinguished by id. Raises ValueError (FrameError, SdoError) if it cannot."""
    if frame.can_id == pre.REQUEST_ID:
        return _converter(frame, pre.parse_request(frame.data))
    if frame.can_id == pre.ANSWER_ID:
        return _converter(frame, pre.parse_answer(frame.data))
    decoded = chademo.decode(frame.can_id, frame.data)
    fields = {field.name: getattr(decoded, field.name) for field in dataclasses.fields(decoded)}
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    return Description(NAMES[type(decoded)], shown, (frame.can_id,))


def shown_fields(fields: dict[str, FieldValue]) -> dict[str, FieldValue]:
    """The fields for a reader: flags that are set, values, and fields of unknown meaning only if they are not zero."""
    return {
        name: value
        for name, value in fields.items()
        if value is not False and not (any(part in name for part in QUIET_WHEN_ZERO) and not str(value).strip("0"))
    }


def _converter(frame: Frame, message: pre.Request | pre.Answer) -> Description:
    entry = pre.DICTIONARY.get((message.index, message.sub))
    name = entry.name if entry else f"{message.index:04X}.{message.sub}"
    about = (frame.can_id, frame.data[0], message.index, message.sub)
    if isinstance(message, pre.ReadRequest):
        return Description("converter read", {"object": name}, about)
    if isinstance(message, pre.Written):
        return Description("converter written", {"object": name}, about)
    if isinstance(message, pre.Aborted):
        code, why = f"0x{message.code:08X}", pre.abort_name(message.code)
        return Description("converter abort", {"object": name, "code": code, "why": why}, about)
    verb = "converter write" if isinstance(message, pre.WriteRequest) else "converter answer"
    return Description(verb, _value(entry, name, message.raw), about)


def _value(entry: pre.Entry | None, name: str, raw: bytes) -> dict[str, FieldValue]:
    if entry is None or len(raw) != entry.size:
        return {"object": name, "raw": raw.hex(" ")}
    value = entry.value(raw)
    if entry is pre.STATUS:
        bits = pre.Status(int(value))
        return {"object": name, "value": f"0x{bits:04X}", "bits": bits.name or ""}
    if entry is pre.WARNING:
        return {"object": name, "value": f"0x{value:08X}"}
    return {"object": name, "value": value, **({"unit": entry.unit} if entry.unit else {})}
