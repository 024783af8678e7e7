"""What the appliance says of itself: one sentence of what it does, why, and what comes next; pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from v2h.clock import Trust
from v2h.energy.orders import Order
from v2h.energy.policy import Decision
from v2h.energy.schedule import Part, local_iso


def sentence(decision: Decision, order: Order, waiting: str, following: str | None) -> str:
    """waiting: why no session runs although the mode wants one, "" when it does. following: see next_words."""
    said = f"{order.mode} waits: {waiting}." if waiting else decision.why
    runs = decision.mode != "idle"
    more = [order.because] if order.because and runs else []
    if order.by == "owner" and order.until_said and runs:
        more.append(f"until {order.until_said}")
    if following is not None:
        more.append(f"next: {following}")
    return f"{said.removesuffix('.')}; {'; '.join(more)}." if more else said


def next_words(part: Part | None, zone: ZoneInfo) -> str | None:
    """A part of the schedule that comes: "charge from Mon 23:30 (window “night”)"; None without one."""
    if part is None:
        return None
    entry = f" ({part.entry})" if part.entry else ""
    return f"{part.want.mode} from {part.start.astimezone(zone):%a %H:%M}{entry}"


def clock_json(trust: Trust, wall: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The clock as the page shows it."""
    return {
        "trusted": trust.trusted,
        "source": trust.source,
        "age_s": None if trust.age_s is None else round(trust.age_s),
        "zone": str(zone),
        "local": local_iso(wall, zone),
    }
