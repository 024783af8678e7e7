"""Events as rows: what happened, when, and at which level."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from v2h.bus.messages import Event
from v2h.bus.sentences import say
from v2h.bus.states import STATE_EVENT
from v2h.web.view import labels
from v2h.web.view.figures import ago, span
from v2h.web.view.sessions import Group, fold, has_start, lasted_s, line, said, times, tone, why_ended

TONES = {"info": "dim", "warning": "warn", "fault": "bad"}
LEVEL_OF_TONE = {tone: level for level, tone in TONES.items()}
LATELY = 20
"""Lines of Now's list."""


def event_words(code: str, level: str, text: str, values: Mapping[str, Any]) -> str:
    """The sentence of an event. An event of the session's state shows the state, and the reason above level info."""
    state = (labels.DOING | labels.AT_REST).get(str(values.get("state"))) if code == STATE_EVENT else None
    if state is None:
        return labels.plain(text)
    return state if level == "info" else say("page.state_because", state=state, why=text)


def recent(events: Iterable[Event], now: float) -> list[dict[str, str]]:
    """The newest events with their ages by the monotonic clock. Of a session that has ended, one line and its warnings
    and faults are left; of one that runs, the newest state."""
    rows = [
        {"t": e.t, "level": e.level, "code": e.code, "text": e.text, "values": e.values, "source": e.source}
        for e in events
    ]
    return [_live(row, now) for group in fold(rows) for row in _left(group)][:LATELY]


def _left(group: Group) -> Iterable[Mapping[str, Any]]:
    if not group.session:
        yield from group.rows
        return
    newest = group.rows[0]
    if group.ended:
        if has_start(group):
            text = say("page.lately_ended", lasted=span(lasted_s(group)), why=why_ended(group))
        else:
            text = say("page.lately_no_start", why=why_ended(group))
        yield {**newest, "code": "session", "level": LEVEL_OF_TONE[tone(group)], "text": text}
    else:
        yield newest
    yield from (row for row in group.rows if row["level"] != "info" and row is not newest)


def _live(row: Mapping[str, Any], now: float) -> dict[str, str]:
    return {
        "name": f"{row['t']:.3f}{row['code']}",
        "label": event_words(row["code"], row["level"], row["text"], row["values"]),
        "text": ago(now - row["t"]),
        "tone": TONES.get(row["level"], "dim"),
    }


def stored(
    groups: Sequence[Group],
    zone: Any,
    energies: Mapping[tuple[float, float], tuple[float, float] | None],
    *,
    runs: bool,
) -> list[dict[str, Any]]:
    """Rows of the log on the disk (at: ISO UTC, synchronised, level, code, text, source), with times in `zone`.

    A session is one row with its events in "rows". energies: Wh into and out of the car by the session's times. runs:
    a session runs now.
    """
    shown = []
    for group in groups:
        if not group.session:
            shown.append(_stored(group.rows[0], zone))
            continue
        began, spent = _at(group.rows[-1], zone), times(group)
        goes_on = runs and group is groups[0] and not group.ended
        told = line(group, energies.get(spent) if spent else None, began, runs=goes_on)
        rows = [_stored(row, zone) for row in group.rows]
        shown.append(
            {**rows[-1], "label": told, "level": LEVEL_OF_TONE[tone(group)], "tone": tone(group), "rows": rows}
        )
    return shown


def _stored(row: Mapping[str, Any], zone: Any) -> dict[str, Any]:
    level = str(row.get("level"))
    return {
        "at": _at(row, zone),
        "label": event_words(str(row.get("code")), level, said(row), row.get("values") or {}),
        "source": labels.plain(str(row.get("source"))),
        "level": level,
        "tone": TONES.get(level, "dim"),
    }


def _at(row: Mapping[str, Any], zone: Any) -> str:
    when = _local(row.get("at"), zone)
    return when if row.get("synchronised") else say("page.clock_not_set", when=when)


def _local(at: object, zone: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return say("page.time_unknown")
    return say("page.when", when=moment.astimezone(zone).strftime("%-d %b %H:%M:%S"))
