"""Builds the sentence that reports what the appliance does, why, and what comes next; pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.clock_trust import Trust
from v2h.energy.orders import ModeRequest
from v2h.energy.policy import Decision
from v2h.energy.schedule import Part, local_iso


def sentence(decision: Decision, order: ModeRequest, waiting: str, following: str | None) -> str:
    """waiting: why no session runs although the mode wants one, "" when it does. following: see next_words."""
    said = say("waits", mode=order.mode, why=waiting) if waiting else decision.why
    runs = decision.mode != Mode.IDLE
    more = [order.because] if order.because and runs else []
    if order.by == "owner" and order.until_said and runs:
        more.append(say("until", until=order.until_said))
    if following is not None:
        more.append(say("next", what=following))
    return say("with_more", said=said, more=more) if more else said


def next_words(part: Part | None, zone: ZoneInfo) -> str | None:
    """A coming part of the schedule as text: "charge from Mon 23:30 (window “night”)"; None without a part."""
    if part is None:
        return None
    time = f"{part.start.astimezone(zone):%a %H:%M}"
    entry = say("entry.plan") if part.planned else part.entry
    return say("next.entry", mode=part.want.mode, time=time, entry=entry)


def clock_json(trust: Trust, wall: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The clock as the page shows it."""
    return {
        "trusted": trust.trusted,
        "source": trust.source,
        "age_s": None if trust.age_s is None else round(trust.age_s),
        "zone": str(zone),
        "local": local_iso(wall, zone),
    }
