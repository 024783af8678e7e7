"""A power that another program asks for, with a lifetime: an energy manager, Predbat, a script; pure.

It acts in the place of the schedule and is bounded by every limit of the owner. A mode chosen by hand, the owner's stop
and a charge for a ready-by target are stronger. It ends by the monotonic clock, so it needs no time of day; then the
schedule, or a slot, applies again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from v2h.bus.sentences import Sentence, say
from v2h.bus.states import Mode
from v2h.checks import shown
from v2h.config.bounds import POWER, SETPOINT_LIFE
from v2h.energy.orders import ModeRequest, ModeRequestError, read_name, time_for_people


@dataclass(frozen=True, slots=True)
class External:
    """power_w: at the battery, + charging. until_t: monotonic s. by: who asked. until: the end as ISO time of day,
    until_said: the same for people; both "" while the time of day is not known."""

    power_w: float
    until_t: float
    by: str
    until: str = ""
    until_said: str = ""

    def order(self, keep_soc_pct: float | None, *, hold: bool) -> ModeRequest:
        """The order that it is. keep_soc_pct, hold: as in ModeRequest."""
        return ModeRequest(
            Mode.CHARGE if self.power_w >= 0 else Mode.DISCHARGE,
            until=self.until or None,
            by="setpoint",
            because=self.said(),
            keep_soc_pct=keep_soc_pct,
            hold=hold,
            whose=self.by,
            power_w=abs(self.power_w),
        )

    def said(self) -> Sentence:
        """'held at 1500 W by Predbat until 14:05'"""
        if self.until_said:
            return say("order.held_until", power_w=abs(self.power_w), by=self.by, until=self.until_said)
        return say("order.held", power_w=abs(self.power_w), by=self.by)

    def applied(self) -> dict[str, Any]:
        """The values in the form for a reply."""
        return {"power_w": self.power_w, "by": self.by} | ({"until": self.until} if self.until else {})


def read_external(
    values: Mapping[str, Any], source: str, now: float, wall: datetime, *, trusted: bool
) -> External | None:
    """Check the values of a "setpoint" command; None: power_w is null, the present one ends.

    source: the name of one that gives none. wall: the aware time of day at `now`, used only if it is trusted. Raises
    ModeRequestError.
    """
    for key in values:
        if key not in ("power_w", "lifetime_s", "by"):
            raise ModeRequestError(f"{key} = {shown(values[key])} does not fit a setpoint: power_w, lifetime_s, by")
    if "power_w" not in values:
        raise ModeRequestError("power_w is missing: the power at the battery in W, + charging, null to end it")
    by = read_name(values) or source
    power_w, life_s = values["power_w"], values.get("lifetime_s")
    if power_w is None:
        return None
    if not POWER.fits(power_w):
        raise ModeRequestError(f"power_w = {shown(power_w)} is not {POWER}")
    if life_s is None:
        raise ModeRequestError(f"lifetime_s is missing: a setpoint must end by itself; it is {SETPOINT_LIFE}")
    if not SETPOINT_LIFE.fits(life_s):
        raise ModeRequestError(f"lifetime_s = {shown(life_s)} is not {SETPOINT_LIFE}")
    if not trusted:
        return External(float(power_w), now + life_s, by)
    end = (wall.astimezone(UTC) + timedelta(seconds=life_s)).astimezone(wall.tzinfo)
    return External(float(power_w), now + life_s, by, end.isoformat(timespec="seconds"), time_for_people(end, wall))
