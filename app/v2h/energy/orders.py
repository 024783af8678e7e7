"""Checks what a person, neighbour or schedule may order: a mode with its values; pure.

Every refusal names the key, the value and what is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from v2h.bus.sentences import say
from v2h.bus.states import MODES, Mode
from v2h.checks import Range, one_of, shown
from v2h.config.bounds import POWER
from v2h.config.site import Limits

LONGEST = timedelta(days=7)
LIFETIME = Range(1, LONGEST.total_seconds(), "s")
LONGEST_NAME = 32
"""Letters in the name of another controller."""
ENDS = ("until", "lifetime_s", "by")
"""The end of an order, by the clock or from now on; and the name of the controller that gives it."""
KEYS = {
    "idle": ("by",),
    "v2h": ENDS,
    "solar": ENDS,
    "cover": ENDS,
    "charge": ("amps", "soc_limit_pct", *ENDS),
    "discharge": ("amps", "soc_limit_pct", *ENDS),
}
"""Which values a mode takes."""


class ModeRequestError(ValueError):
    """The order is refused. The text is one sentence with key, value and allowed range."""


@dataclass(frozen=True, slots=True)
class ModeRequest:
    """A mode in force. amps: DC, positive in both directions, None: all that is allowed. soc_limit_pct: where charge
    or discharge ends, None: the configured window. until_t: monotonic s; until: the same in the form in which it was
    given; until_said: the same for people, in local time. by: who chose it, "owner", "setpoint", "slot", "schedule",
    "plan" or "nobody". because: the reason as text, "" when the owner chose it. keep_soc_pct: the car is not discharged
    below it, for a ready-by target. hold: the car is not discharged at all, while other consumers draw power;
    held_by: the controller that asks for this. power_w: the most power of a charge or discharge, at the battery and
    positive in both directions; None: all that is allowed. target_w: what a mode that follows the house holds the
    grid at, + is import; None: the owner's grid_target_w. whose: the controller that gave the order, "" for the
    owner at the page, the panel or the command line. low_w, high_w: the plan's bounds of the power at the battery,
    + charging."""

    mode: str = "idle"
    amps: float | None = None
    soc_limit_pct: float | None = None
    until_t: float | None = None
    until: str | None = None
    by: str = "owner"
    because: str = ""
    keep_soc_pct: float | None = None
    hold: bool = False
    until_said: str = ""
    power_w: float | None = None
    target_w: float | None = None
    whose: str = ""
    held_by: str = ""
    low_w: float = -inf
    high_w: float = inf

    @property
    def rests(self) -> bool:
        """The plan keeps the session, and nothing flows."""
        return self.low_w == self.high_w == 0

    @property
    def is_lent(self) -> bool:
        """Whether another controller gave it for a time: then the owner's hand overrules it. Without an end it is the
        hand of the owner, who used that controller."""
        return self.by == "owner" and bool(self.whose) and self.until_t is not None

    @property
    def ends_when_done(self) -> bool:
        """A charge or discharge that the owner ordered ends at its limit; one from the schedule waits there."""
        return self.by == "owner"

    def applied(self) -> dict[str, Any]:
        """The values in the form for a reply."""
        values = {"mode": self.mode, "amps": self.amps, "soc_limit_pct": self.soc_limit_pct, "until": self.until}
        return {key: value for key, value in values.items() if value is not None}


def read_order(values: Mapping[str, Any], limits: Limits, now: float, wall: datetime) -> ModeRequest:
    """Check the values of a "mode" command. `wall`: the aware time of day at `now`. Raises ModeRequestError."""
    mode = values.get("mode")
    if not isinstance(mode, str) or mode not in MODES:
        raise ModeRequestError(f"mode = {shown(mode)} is not {one_of(MODES)}")
    allowed = KEYS[mode]
    for key in values:
        if key != "mode" and key not in allowed:
            raise ModeRequestError(
                f"{key} = {values[key]!r} does not fit mode {mode}; it takes {', '.join(allowed) or 'nothing'}"
            )
    most_a = limits.max_discharge_a if mode == Mode.DISCHARGE else limits.max_charge_a
    end, until = _end(values, wall)
    whose = read_name(values)
    return ModeRequest(
        mode,
        _number("amps", values.get("amps"), Range(0, most_a, "A")),
        _number("soc_limit_pct", values.get("soc_limit_pct"), Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
        None if end is None else now + ahead_s(end, wall),
        until,
        because=say("order.asked_by", by=whose) if whose else "",
        until_said="" if end is None else time_for_people(end, wall),
        whose=whose,
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that a tariff or an automation announces; see SLOTS. power_w: of "discharge" the most at the battery, of
    "export" what the grid is to get; positive. soc_limit_pct: where a charge ends, or the floor of the others. by: the
    controller that announced it, "" without a name. kind "none" ends the slot of that controller; all of them without a
    name."""

    kind: str
    until_t: float
    until: str
    amps: float | None = None
    soc_limit_pct: float | None = None
    power_w: float | None = None
    by: str = ""

    def applied(self) -> dict[str, Any]:
        values = {"slot": self.kind, "amps": self.amps, "power_w": self.power_w, "soc_limit_pct": self.soc_limit_pct}
        values["until"] = self.until or None
        return {key: value for key, value in values.items() if value is not None}


SLOTS = {
    "charge": ("amps", "soc_limit_pct", *ENDS),
    "discharge": ("amps", "soc_limit_pct", "power_w", *ENDS),
    "export": ("soc_limit_pct", "power_w", *ENDS),
    "cover": ENDS,
    "hold": ENDS,
    "none": ("by",),
}
"""Kind of slot -> its values. charge: a cheap time. discharge: with a power at the battery. export: the car covers the
house, and the grid gets power_w on top. cover: the surplus is not stored. hold: no discharge, while others draw power.
none: ends the present slot."""
SLOT_POWER = Range(100, POWER.high, "W")


def read_slot(values: Mapping[str, Any], limits: Limits, now: float, wall: datetime) -> Slot:
    """Check the values of a "slot" command. Raises ModeRequestError."""
    kind = values.get("slot")
    if not isinstance(kind, str) or kind not in SLOTS:
        raise ModeRequestError(f"slot = {shown(kind)} is not {one_of(SLOTS)}")
    for key in values:
        if key != "slot" and key not in SLOTS[kind]:
            allowed = ", ".join(SLOTS[kind]) or "nothing"
            raise ModeRequestError(f"{key} = {values[key]!r} does not fit slot {kind}; it takes {allowed}")
    by = read_name(values)
    if kind == "none":
        return Slot(kind, now, "", by=by)
    end, until = _end(values, wall)
    if end is None or until is None:
        raise ModeRequestError("until is missing: a slot must end by itself")
    if kind == "export" and values.get("power_w") is None:
        raise ModeRequestError(f"power_w is missing: what the grid is to get; it is {SLOT_POWER}")
    most_a = limits.max_discharge_a if kind == "discharge" else limits.max_charge_a
    return Slot(
        kind,
        now + ahead_s(end, wall),
        until,
        _number("amps", values.get("amps"), Range(0, most_a, "A")),
        _number("soc_limit_pct", values.get("soc_limit_pct"), Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
        _number("power_w", values.get("power_w"), SLOT_POWER),
        by,
    )


def _end(values: Mapping[str, Any], wall: datetime) -> tuple[datetime | None, str | None]:
    """The end that `until` or `lifetime_s` gives, and the text for it; (None, None) without one. A lifetime needs no
    clock that is right. Raises ModeRequestError."""
    until, life_s = values.get("until"), _number("lifetime_s", values.get("lifetime_s"), LIFETIME)
    if until is not None and life_s is not None:
        raise ModeRequestError("until and lifetime_s are both given; one of them is enough")
    if life_s is not None:
        end = (wall.astimezone(UTC) + timedelta(seconds=life_s)).astimezone(wall.tzinfo)
        return end, end.isoformat(timespec="seconds")
    return (None, None) if until is None else (_moment(until, wall), str(until))


def read_name(values: Mapping[str, Any]) -> str:
    """The name of the controller that gives the order. Raises ModeRequestError."""
    by = values.get("by", "")
    if not isinstance(by, str) or len(by) > LONGEST_NAME or not by.isprintable():
        raise ModeRequestError(f"by = {shown(by)} is not a name of at most {LONGEST_NAME} printable letters")
    return by.strip()


def _number(key: str, value: Any, allowed: Range) -> float | None:
    if value is None:
        return None
    if not allowed.fits(value):
        raise ModeRequestError(f"{key} = {shown(value)} is not {allowed}")
    return float(value)


def _moment(until: object, wall: datetime) -> datetime:
    """`until` in the zone of `wall`, after it and not too far. Raises ModeRequestError."""
    try:
        time = datetime.fromisoformat(until)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ModeRequestError(f"until = {until!r} is not an ISO time such as {wall:%Y-%m-%dT%H:%M%z}") from None
    try:
        end = time.replace(tzinfo=wall.tzinfo) if time.tzinfo is None else time.astimezone(wall.tzinfo)
        good = 0 < ahead_s(end, wall) <= LONGEST.total_seconds()
    except OverflowError:  # in the calendar's first or last hours
        good = False
    if not good:
        raise ModeRequestError(f"until = {until!r} is not between now ({wall:%Y-%m-%dT%H:%M%z}) and 7 days from now")
    return end


def time_for_people(end: datetime, wall: datetime) -> str:
    """The time of day of `end`, with its weekday unless it is the day of `wall`. Both are in the zone of the people."""
    return f"{end:%H:%M}" if end.date() == wall.date() else f"{end:%a %H:%M}"


def ahead_s(end: datetime, wall: datetime) -> float:
    """Time from `wall` to `end`, s."""
    # In UTC: Python subtracts two times of one zone as wall-clock times, an hour wrong across a change of the clocks.
    return (end.astimezone(UTC) - wall.astimezone(UTC)).total_seconds()
