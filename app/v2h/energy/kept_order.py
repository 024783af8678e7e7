"""A charge by hand that survives a restart: what is written down, and what becomes of it afterwards; pure.

Only a charge by hand is written down. A discharge, V2H or solar mode is never resumed by itself.

| what is found after the restart                                 | what becomes of the order                       |
| --------------------------------------------------------------- | ----------------------------------------------- |
| the owner's stop, written down or received by `charger` alone   | it is erased: the caller does not ask           |
| same boot, no end, or an end that is still ahead                | GOES_ON, by the monotonic clock: none is needed |
| same boot, the end has passed                                   | OVER: the schedule decides                      |
| same boot, ordered more than LONGEST ago, or in the future      | LOST: idle until a person chooses               |
| other boot, no end                                              | LOST                                            |
| other boot, an end, the time of day is not known                | WAITS: idle until it is known                   |
| other boot, the end is ahead, by a trusted clock                | GOES_ON                                         |
| other boot, the end has passed                                  | OVER                                            |
| other boot, the end is more than LONGEST ahead                  | LOST                                            |
| a file that cannot be read                                      | LOST, by the caller                             |

An order without an end does not survive a new boot: nobody knows how long the power was off, and where the car is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.checks import Range, shown
from v2h.config.bounds import AMPS, SOC
from v2h.config.site import Limits
from v2h.energy.orders import LONGEST, ModeRequest, ahead_s, time_for_people

LONGEST_S = LONGEST.total_seconds()
CHARGE_AMPS = Range(0, AMPS.high, "A")
MONOTONIC = Range(0, 1e10, "s")
"""300 years after the boot; a number that a file may hold."""


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """A charge by hand. boot: the boot in which `t` (when it was ordered) and `until_t` (when it ends) count monotonic
    s. until: the same end as an aware time of day, for another boot. None without an end. amps, soc_limit_pct: see
    ModeRequest. after_stop: it lifted the owner's stop, which holds again if there is nothing to charge."""

    boot: str
    t: float
    amps: float | None = None
    soc_limit_pct: float | None = None
    until_t: float | None = None
    until: datetime | None = None
    after_stop: bool = False

    def as_json(self) -> dict[str, Any]:
        until = None if self.until is None else self.until.isoformat()
        return {
            "mode": str(Mode.CHARGE), "boot": self.boot, "t": self.t, "amps": self.amps,
            "soc_limit_pct": self.soc_limit_pct, "until_t": self.until_t, "until": until,
            "after_stop": self.after_stop,
        }  # fmt: skip


def kept_order(
    order: ModeRequest, boot: str, now: float, wall: datetime, *, after_stop: bool = False
) -> KeptOrder | None:
    """What to write down about an order that a person gave at `now`, or None. wall: the aware time of day."""
    if order.mode != Mode.CHARGE:
        return None
    until = None
    if order.until_t is not None:  # to the second that the person gave, in spite of a float's rounding
        until = (wall.astimezone(UTC) + timedelta(seconds=order.until_t - now + 0.5)).replace(microsecond=0)
    return KeptOrder(boot, now, order.amps, order.soc_limit_pct, order.until_t, until, after_stop)


def read_kept_order(values: Mapping[str, Any]) -> KeptOrder:
    """The order in a file. Raises ValueError, whose text names key, value and what is allowed."""
    if values.get("mode") != Mode.CHARGE:
        raise ValueError(f"mode = {shown(values.get('mode'))} is not charge")
    boot, until = values.get("boot"), values.get("until")
    if not isinstance(boot, str):
        raise ValueError(f"boot = {shown(boot)} is not a text")
    order = KeptOrder(
        boot,
        _number("t", values.get("t"), MONOTONIC),
        None if values.get("amps") is None else _number("amps", values["amps"], CHARGE_AMPS),
        None if values.get("soc_limit_pct") is None else _number("soc_limit_pct", values["soc_limit_pct"], SOC),
        None if until is None else _number("until_t", values.get("until_t"), MONOTONIC),
        None if until is None else _moment(until),
        values.get("after_stop") is True,
    )
    if until is None and values.get("until_t") is not None:
        raise ValueError("until is missing beside until_t")
    return order


class Fate(Enum):
    """What becomes of the order; see the table above."""

    GOES_ON = auto()
    WAITS = auto()
    OVER = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment after the restart. now: monotonic s in this boot; wall: aware; trusted: the time of day is known."""

    boot: str
    now: float
    wall: datetime
    trusted: bool


def fate(order: KeptOrder, at: Moment) -> tuple[Fate, str]:
    """What becomes of the order, and for LOST the reason as the end of a sentence."""
    same_boot = order.boot == at.boot
    if same_boot and not 0.0 <= at.now - order.t <= LONGEST_S:
        return Fate.LOST, say("order.too_old")
    if order.until is None:
        return (Fate.GOES_ON, "") if same_boot else (Fate.LOST, say("order.no_end"))
    if not (same_boot or at.trusted):
        return Fate.WAITS, ""
    left_s = _left_s(order, at)
    if left_s > LONGEST_S:
        return Fate.LOST, say("order.odd_end")
    return (Fate.GOES_ON if left_s > 0.0 else Fate.OVER), ""


def resumed(order: KeptOrder, at: Moment, limits: Limits) -> ModeRequest:
    """The order as it goes on, within the present limits. The zone of `at.wall` is the one in which people read it."""
    amps = None if order.amps is None else min(order.amps, limits.max_charge_a)
    soc_limit_pct = None if order.soc_limit_pct is None else min(order.soc_limit_pct, limits.soc_max_pct)
    if order.until is None:
        return ModeRequest(Mode.CHARGE, amps, soc_limit_pct)
    end, until_t = order.until.astimezone(at.wall.tzinfo), at.now + _left_s(order, at)
    said = time_for_people(end, at.wall)
    return ModeRequest(Mode.CHARGE, amps, soc_limit_pct, until_t, end.isoformat(timespec="seconds"), until_said=said)


def _left_s(order: KeptOrder, at: Moment) -> float:
    """Time until the end, by the monotonic clock where it still counts the same boot."""
    assert order.until is not None and order.until_t is not None
    return order.until_t - at.now if order.boot == at.boot else ahead_s(order.until, at.wall)


def _number(key: str, value: Any, allowed: Range) -> float:
    if not allowed.fits(value):
        raise ValueError(f"{key} = {shown(value)} is not {allowed}")
    return float(value)


def _moment(until: object) -> datetime:
    try:
        end = datetime.fromisoformat(until)  # type: ignore[arg-type]
        if end.tzinfo is not None:
            return end.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"until = {shown(until)} is not an ISO time with offset")
