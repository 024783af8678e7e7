"""Events as rows: what happened, when, how grave."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from v2h.bus import Event
from v2h.web import words
from v2h.web.view.figures import ago

TONES = {"info": "dim", "warning": "warn", "fault": "bad"}


def event_words(code: str, level: str, text: str) -> str:
    """The sentence of an event: the session's own events speak of the state, and of the reason when it is grave."""
    if code in words.SESSION_EVENTS:
        session = words.SESSION_EVENTS[code]
        return session if level == "info" else f"{session}: {text}"
    return words.plain(text)


def recent(events: Iterable[Event], now: float) -> list[dict[str, str]]:
    """The newest events, aged by the monotonic clock."""
    return [
        {
            "name": f"{event.t:.3f}{event.code}",
            "label": event_words(event.code, event.level, event.text),
            "text": ago(now - event.t),
            "tone": TONES.get(event.level, "dim"),
        }
        for event in events
    ]


def stored(rows: Iterable[Mapping[str, Any]], zone: Any) -> list[dict[str, str]]:
    """Rows of the log as it is on the disk (at: ISO UTC, synchronised, level, code, text, source), told in `zone`."""
    return [
        {
            "at": _local(row.get("at"), zone) + ("" if row.get("synchronised") else " (clock not set)"),
            "label": event_words(str(row.get("code")), str(row.get("level")), str(row.get("text"))),
            "source": words.plain(str(row.get("source"))),
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
