"""The predecessor's events.json: a list of times of day at which the mode changes, read as a schedule; pure.

    [{"time": "23:30:00", "action": "Charge", "params": {"amps": 10, "eco": false, "soc_limit": 80}}, ...]

or the same wrapped in the command that set it, {"cmd": {"SetEvents": [...]}}. An event holds until the next one; the
last one of a day holds until the first one of the next day. That is what the predecessor intended (its program only
ever ran one of them, and a scheduled Discharge charged). Sleep is read as idle; Eco, and Charge with eco, as solar.
"""

from collections.abc import Mapping
from typing import Any

from v2h.bus.states import Mode

MODES = {"Charge": "charge", "Discharge": "discharge", "Sleep": "idle", "V2h": "v2h", "Eco": "solar"}
KEYS = ("time", "action", "params")
PARAMS = ("amps", "eco", "soc_limit")


def is_events(document: object) -> bool:
    """Whether the document is that file and not a schedule.json."""
    return isinstance(document, list) or (isinstance(document, Mapping) and "cmd" in document)


def as_object(document: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """The file in the form that the API accepts, which takes only objects."""
    return document if isinstance(document, dict) else {"cmd": {"SetEvents": document}}


def to_schedule(document: object) -> tuple[dict[str, Any], list[str]]:
    """The same as a schedule.json document, and the errors, each of which names entry and field. The reader of
    schedule.json checks the values that both formats have."""
    command = document.get("cmd") if isinstance(document, Mapping) else None
    events = command.get("SetEvents") if isinstance(command, Mapping) else document
    if not isinstance(events, list):
        return {}, ["events.json: cmd holds no list SetEvents"]
    errors: list[str] = []
    read = [_event(n, event, errors) for n, event in enumerate(events, 1)]
    if errors:
        return {}, errors
    read.sort(key=lambda event: str(event["start"]))
    for event, following in zip(read, read[1:] + read[:1], strict=True):
        event["end"] = following["start"]
    times = [event["start"] for event in read]
    twice = sorted({time for time in times if times.count(time) > 1})
    if twice:
        return {}, [f"events.json: time = {twice[0]!r} stands in more than one event"]
    if len(read) == 1:  # it always holds, but a window must end before it begins again
        read = [{**read[0], "end": "24:00"}, {**read[0], "start": "00:00"}]
    return {"version": 1, "weekly": read}, []


def _event(n: int, event: object, errors: list[str]) -> dict[str, Any]:
    where = f"events.json entry {n}: "
    if not isinstance(event, Mapping):
        errors.append(f"{where}{event!r} is not an object with time and action")
        return {}
    params = event.get("params") or {}
    if not isinstance(params, Mapping):
        errors.append(f"{where}params = {params!r} is not an object with {', '.join(PARAMS)}")
        params = {}
    errors += [f"{where}unknown field {key!r}; known here: {', '.join(KEYS)}" for key in event if key not in KEYS]
    errors += [
        f"{where}unknown field params.{key}; known there: {', '.join(PARAMS)}" for key in params if key not in PARAMS
    ]
    action = event.get("action")
    if not isinstance(action, str) or action not in MODES:
        errors.append(f"{where}action = {action!r} is not one of {', '.join(MODES)}")
        return {}
    if not isinstance(event.get("time"), str):
        errors.append(f"{where}time = {event.get('time')!r} is not a time of day such as 23:30:00")
        return {}
    mode = "solar" if action == "Charge" and params.get("eco") is True else MODES[action]
    window: dict[str, Any] = {"name": action, "start": event["time"], "mode": mode}
    if mode in (Mode.CHARGE, Mode.DISCHARGE):
        window["amps"], window["soc_limit_pct"] = params.get("amps"), params.get("soc_limit")
    return {key: value for key, value in window.items() if value is not None}
