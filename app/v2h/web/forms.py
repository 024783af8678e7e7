"""The forms of settings and schedule as data: which fields there are, what they hold, what is allowed.

The bounds of the settings come from manager with the settings themselves; here are only words and order. A time that a
field cannot show as the document has it is kept beside the field, and sent as it was while nobody touches it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from v2h.bus import MODES, ManagerSettings
from v2h.energy.walltime import ZoneError, zone
from v2h.web import words

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_WORDS = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}

ENTRIES: dict[str, tuple[tuple[str, str, str, dict[str, Any]], ...]] = {
    "weekly": (
        ("days", "Days", "days", {}),
        ("start", "From", "time", {"required": True}),
        ("end", "To", "time", {"required": True}),
        ("mode", "Mode", "mode", {}),
        ("amps", "Amps", "number", {"min": 1, "max": 16, "step": "any"}),
        ("soc_limit_pct", "To %", "number", {"min": 5, "max": 100, "step": 1}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "ready_by": (
        ("days", "Days", "days", {}),
        ("time", "Ready by", "time", {"required": True}),
        ("soc_pct", "With %", "number", {"min": 5, "max": 100, "step": 1, "required": True}),
        ("amps", "Amps", "number", {"min": 1, "max": 16, "step": "any"}),
        ("name", "Name", "text", {"maxlength": 40}),
    ),
    "overrides": (
        ("start", "From", "datetime-local", {"required": True}),
        ("end", "To", "datetime-local", {"required": True}),
        ("mode", "Mode", "mode", {}),
        ("amps", "Amps", "number", {"min": 1, "max": 16, "step": "any"}),
        ("soc_limit_pct", "To %", "number", {"min": 5, "max": 100, "step": 1}),
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
"""Kind of entry -> (key, label, kind of field, attributes), as the schedule's own document has them."""


def schedule_form(document: Mapping[str, Any], owners: tzinfo) -> dict[str, Any]:
    """The whole schedule for the editor: {"zone", "otherwise", "kinds": [{"kind", "title", "about", "add", "blank",
    "entries"}]}; each entry is a list of fields. owners: the zone of a document that names none."""
    kinds, there = [], _zone(document, owners)
    for kind, fields in ENTRIES.items():
        title, about, add = words.ENTRIES[kind]
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
    return {"zone": document.get("zone", ""), "otherwise": document.get("otherwise", "idle"), "kinds": kinds}


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
    """As the field of a form takes it."""
    if kind == "days":
        days = value if isinstance(value, list) else DAY_WORDS.get(value or "daily", DAYS)
        return [{"key": day, "label": day.capitalize(), "on": day in days} for day in DAYS]
    if kind == "mode":
        return [{"key": mode, "label": words.MODES[mode], "on": mode == value} for mode in MODES]
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


def settings_form(message: ManagerSettings | None) -> list[dict[str, Any]]:
    """Groups of fields in the order of words.SETTINGS: {"title", "fields": [{"key", "label", "help", "kind", "value",
    "unit", "low", "high", "allowed", "null"}]}; empty when manager has not told its settings."""
    if message is None:
        return []
    groups: dict[str, list[dict[str, Any]]] = {title: [] for title in words.SETTING_GROUPS}
    known = [key for key in words.SETTINGS if key in message.settings]
    for key in [*known, *(key for key in message.settings if key not in words.SETTINGS)]:
        value, bounds = message.settings[key], message.bounds.get(key, {})
        group, label, about = words.SETTINGS.get(key, (words.SETTING_GROUPS[-1], words.plain(key), ""))
        kind = "select" if "allowed" in bounds else "number" if "low" in bounds else "text"
        if isinstance(value, bool):
            kind = "checkbox"
        if kind == "number" and value is not None:
            value = f"{value:g}"
        groups[group].append({"key": key, "label": label, "help": about, "kind": kind, "value": value, **bounds})
    return [{"title": title, "fields": fields} for title, fields in groups.items() if fields]
