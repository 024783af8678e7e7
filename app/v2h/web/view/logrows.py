"""Events as rows: what happened, when, and at which level."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from v2h.bus.messages import Event
from v2h.bus.states import STATE_EVENT
from v2h.web.view import labels
from v2h.web.view.figures import ago

TONES = {"info": "dim", "warning": "warn", "fault": "bad"}


def event_words(code: str, level: str, text: str, values: Mapping[str, Any]) -> str:
    """The sentence of an event. An event of the session's state shows the state, and the reason above level info."""
    state = (labels.DOING | labels.AT_REST).get(str(values.get("state"))) if code == STATE_EVENT else None
    if state is None:
        return labels.plain(text)
    return state if level == "info" else f"{state}: {text}"


def recent(events: Iterable[Event], now: float) -> list[dict[str, str]]:
    """The newest events with their ages by the monotonic clock."""
    return [
        {
            "name": f"{event.t:.3f}{event.code}",
            "label": event_words(event.code, event.level, event.text, event.values),
            "text": ago(now - event.t),
            "tone": TONES.get(event.level, "dim"),
        }
        for event in events
    ]


def stored(rows: Iterable[Mapping[str, Any]], zone: Any) -> list[dict[str, str]]:
    """Rows of the log on the disk (at: ISO UTC, synchronised, level, code, text, source), with times in `zone`."""
    return [
        {
            "at": _local(row.get("at"), zone) + ("" if row.get("synchronised") else " (clock not set)"),
            "label": event_words(
                str(row.get("code")), str(row.get("level")), str(row.get("text")), row.get("values") or {}
            ),
            "source": labels.plain(str(row.get("source"))),
            "level": str(row.get("level")),
            "tone": TONES.get(str(row.get("level")), "dim"),
        }
        for row in rows
    ]


def _local(at: object, zone: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return "time unknown"
    return moment.astimezone(zone).strftime("%-d %b %H:%M:%S")
