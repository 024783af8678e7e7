"""Events of one session folded into one line: how long it lasted, why it ended, and what went into and out of the car.

A session begins with the state "wake" and ends with a state of rest. What the programs that take part said in between
belongs to it. A wrong password or a full card does not: such an event stays a line of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from v2h.bus.sentences import Sentence, fault_words, from_json, say
from v2h.bus.states import ENDING, RESTING, STATE_EVENT, State
from v2h.web.view import labels
from v2h.web.view.figures import span

Row = Mapping[str, Any]
"""An event: {"code", "text", "level", "values", "source", "boot" (may be missing), "t" or "at"}."""


PARTS = ("charger", "guard", "manager", "meter")
"""Programs that take part in a session."""


class Group(NamedTuple):
    """Events, newest first. session: they are one session, else it is one event. ended: the session's end is here."""

    rows: tuple[Row, ...]
    session: bool = False
    ended: bool = False


def state_of(row: Row) -> str:
    """The session's state that an event reports; "" for any other event."""
    return str((row.get("values") or {}).get("state", "")) if row.get("code") == STATE_EVENT else ""


def fold(rows: Iterable[Row]) -> list[Group]:
    """The events (newest first) in groups, newest first, by their first event. A session whose beginning is missing is
    a group, too."""
    groups: list[Group] = []
    held: list[Row] = []
    beside: list[Group] = []
    before = ""  # the session's state
    for row in reversed(list(rows)):
        state = state_of(row)
        if held and (state == State.WAKE != before or row.get("boot") != held[0].get("boot")):
            groups += _closed(held, ended=False) + beside
            held, beside = [], []
        before = state or before
        if held and row.get("source") not in PARTS:
            beside.append(Group((row,)))
            continue
        if not held and state in ("", *RESTING):
            groups.append(Group((row,)))
            continue
        held.append(row)
        if state in RESTING:
            groups += _closed(held, ended=True) + beside
            held, beside = [], []
    groups += _closed(held, ended=False) + beside
    return groups[::-1]


def _closed(held: Sequence[Row], *, ended: bool) -> list[Group]:
    """One group; or single events, for one event alone and for what `guard` made safe without a session."""
    if len(held) > 1 and state_of(held[0]) != State.SAFE:
        return [Group(tuple(reversed(held)), True, ended)]
    return [Group((row,)) for row in held]


def has_start(group: Group) -> bool:
    """Whether the session's first event is here. Without it, its length is not known."""
    return state_of(group.rows[-1]) == State.WAKE


def whole(groups: Sequence[Group], *, more: bool) -> Sequence[Group]:
    """The groups without an oldest session that begins further back, and without the events within its time: the next
    page shows them all. more: there are older events."""
    oldest = groups[-1] if groups else Group(())
    if not more or not oldest.session or has_start(oldest):
        return groups
    newest_id = oldest.rows[0].get("id") or 0
    return [group for group in groups[:-1] if (group.rows[-1].get("id") or 0) > newest_id] or groups


def why_ended(group: Group) -> str:
    """The fault, or the reason that the first state of the end gives."""
    for row in reversed(group.rows):
        fault = (row.get("values") or {}).get("fault")
        if fault is not None:
            words = fault_words(str(fault))
            return words[0] if words else labels.plain(str(fault))
        if state_of(row) in (*ENDING, *RESTING):
            return said(row)
    return ""


def said(row: Row) -> str:
    """What an event says: a sentence of the bus, or of the log, which keeps it beside its text; or a plain text."""
    text, kept = row.get("text"), (row.get("values") or {}).get("said")
    if isinstance(text, Sentence) or not isinstance(kept, dict):
        return text if isinstance(text, Sentence) else str(text)
    made = from_json(kept)
    return made if isinstance(made, Sentence) else str(text)


def tone(group: Group) -> str:
    """The gravest level in it."""
    levels = {row.get("level") for row in group.rows}
    return "bad" if "fault" in levels else "warn" if "warning" in levels else "dim"


def lasted_s(group: Group) -> float:
    """Seconds between its first and its last event, by the monotonic clock of their boot."""
    return float(group.rows[0].get("t") or 0.0) - float(group.rows[-1].get("t") or 0.0)


def times(group: Group) -> tuple[float, float] | None:
    """(from, to) in s since 1970; None when the log does not know them."""
    try:
        first, last = (datetime.fromisoformat(str(group.rows[i].get("at"))).timestamp() for i in (-1, 0))
    except ValueError:
        return None
    return first, last


def line(group: Group, energy_wh: tuple[float, float] | None, began: str, *, runs: bool) -> Sentence:
    """The session in one line. energy_wh: into the car, out of it. began: its start as text. runs: it goes on."""
    energy = say("page.session_energy_unknown")
    if energy_wh is not None:
        energy = say("page.session_energy", charged_kwh=energy_wh[0] / 1000, discharged_kwh=energy_wh[1] / 1000)
    if runs:
        return say("page.session_runs" if has_start(group) else "page.session_runs_on", began=began, energy=energy)
    lasted = span(lasted_s(group))
    if not has_start(group):
        return say("page.session_no_start", lasted=lasted, why=why_ended(group), energy=energy)
    if not group.ended:
        return say("page.session_cut", lasted=lasted, energy=energy)
    return say("page.session_ended", lasted=lasted, why=why_ended(group), energy=energy)
