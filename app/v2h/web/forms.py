"""The forms of settings and schedule as data: the fields, their values and what is allowed.

The bounds of the settings come from `manager` with the settings themselves; this module has only the labels and their
order. A form field cannot show every time as the schedule document has it. The original is then kept beside the field,
and the page sends it unchanged unless a person edits the field.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from v2h.bus.messages import ManagerSettings
from v2h.bus.states import MODES
from v2h.config.bounds import AMPS, SOC
from v2h.config.zones import ZoneError, zone
from v2h.energy.owner_settings import TABLE, Setting
from v2h.energy.schedule_json import revision
from v2h.energy.walltime import DAY_WORDS, DAYS
from v2h.web.view import labels

AMPS_FIELD: dict[str, Any] = {"min": AMPS.low, "max": AMPS.high, "step": "any"}
SOC_FIELD: dict[str, Any] = {"min": SOC.low, "max": SOC.high, "step": 1}
ENTRIES: dict[str, tuple[tuple[str, str, str, dict[str, Any]], ...]] = {
    "weekly": (
        ("days", "Days", "days", {}),
        ("start", "From", "time", {"required": True}),
        ("end", "To", "time", {"required": True}),
        ("mode", "Mode", "mode", {}),
        ("amps", "Amps", "number", AMPS_FIELD),
        ("soc_limit_pct", "To %", "number", SOC_FIELD),
        ("max_price", "Price at most", "number", {"step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "ready_by": (
        ("days", "Days", "days", {}),
        ("date", "Or once, on", "date", {}),
        ("time", "Ready by", "time", {"required": True}),
        ("soc_pct", "With %", "number", SOC_FIELD | {"required": True}),
        ("amps", "Amps", "number", AMPS_FIELD),
        ("max_price", "Price at most", "number", {"step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "trips": (
        ("at", "Ready by", "datetime-local", {"required": True}),
        ("soc_pct", "With %", "number", SOC_FIELD | {"required": True}),
        ("amps", "Amps", "number", AMPS_FIELD),
        ("max_price", "Price at most", "number", {"step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "overrides": (
        ("start", "From", "datetime-local", {"required": True}),
        ("end", "To", "datetime-local", {"required": True}),
        ("mode", "Mode", "mode", {}),
        ("amps", "Amps", "number", AMPS_FIELD),
        ("soc_limit_pct", "To %", "number", SOC_FIELD),
        ("max_price", "Price at most", "number", {"step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "prices": (
        ("days", "Days", "days", {}),
        ("start", "From", "time", {"required": True}),
        ("end", "To", "time", {"required": True}),
        ("import_price", "Import, a kWh", "number", {"step": "any", "required": True}),
        ("export_price", "Export, a kWh", "number", {"step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
}
"""Kind of entry -> (key, label, kind of field, attributes); kinds and keys are those of the schedule document."""


def schedule_form(document: Mapping[str, Any], owners: tzinfo) -> dict[str, Any]:
    """The whole schedule for the editor: {"revision", "zone", "otherwise", "kinds": [{"kind", "title", "about", "add",
    "blank", "entries"}]}; each entry is a list of fields. owners: the zone of a document that names none."""
    kinds, there = [], _zone(document, owners)
    for kind, fields in ENTRIES.items():
        title, about, add = labels.ENTRIES[kind]
        found = document.get(kind)
        entries = found if isinstance(found, Sequence) else ()
        kinds.append(
            {
                "kind": kind,
                "title": title,
                "about": about,
                "add": add,
                "blank": _entry(fields, {}, there),
                "entries": [_entry(fields, entry, there) for entry in entries if isinstance(entry, Mapping)],
            }
        )
    known = {"revision": revision(document), "zone": document.get("zone", "")}
    return {**known, "otherwise": document.get("otherwise", "idle"), "kinds": kinds}


def _zone(document: Mapping[str, Any], owners: tzinfo) -> tzinfo:
    try:
        return zone(document.get("zone"))
    except ZoneError:
        return owners


def _entry(
    fields: Sequence[tuple[str, str, str, dict[str, Any]]], entry: Mapping[str, Any], there: tzinfo
) -> list[dict[str, Any]]:
    made = []
    for key, label, kind, attributes in fields:
        said = entry.get(key)
        value = _value(kind, said, there)
        kept = {"data-kept": said} if kind in ("time", "datetime-local") and value not in ("", said) else {}
        made.append({"key": key, "label": label, "kind": kind, "attributes": attributes | kept, "value": value})
    return made


def _value(kind: str, value: Any, there: tzinfo) -> Any:
    """The value as a form field of this kind takes it."""
    if kind == "days":
        days = value if isinstance(value, list) else DAY_WORDS.get(value or "daily", DAYS)
        return [{"key": day, "label": day.capitalize(), "on": day in days} for day in DAYS]
    if kind == "mode":
        return [{"key": mode, "label": labels.MODES[mode], "on": mode == value} for mode in MODES]
    if value is None:
        return ""
    if kind == "time":
        return "00:00" if value == "24:00" else str(value)
    if kind == "datetime-local":
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo is None else moment.astimezone(there)).strftime("%Y-%m-%dT%H:%M")
        except (TypeError, ValueError, OverflowError):
            return ""
    return value


GROUPS = ("Battery", "Currents", "Grid", "Session", "Plan", "Region", "More")
"""Groups of settings, in this order. The last one takes the settings that this version does not know."""


def settings_form(message: ManagerSettings | None) -> list[dict[str, Any]]:
    """Groups of fields in the order of the table: {"title", "fields": [{"key", "label", "help", "kind", "value",
    "unit", "low", "high", "allowed", "null"}]}; empty while `manager` has not published its settings."""
    if message is None:
        return []
    groups: dict[str, list[dict[str, Any]]] = {title: [] for title in GROUPS}
    known = [key for key in TABLE if key in message.settings]
    for key in [*known, *(key for key in message.settings if key not in TABLE)]:
        value, bounds = message.settings[key], message.bounds.get(key, {})
        row = TABLE.get(key, Setting(GROUPS[-1], labels.plain(key), ""))
        kind = "select" if "allowed" in bounds else "number" if "low" in bounds else "text"
        if isinstance(value, bool):
            kind = "checkbox"
        if kind == "number" and value is not None:
            value = f"{value:g}"
        field = {"key": key, "label": row.label, "help": row.about, "kind": kind, "value": value}
        groups[row.group].append(field | bounds)
    return [{"title": title, "fields": fields} for title, fields in groups.items() if fields]
