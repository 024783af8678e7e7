"""Checks what a person, neighbour or schedule may order: a mode with its values; pure.

Every refusal names the key, the value and what is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from v2h.bus.states import MODES, Mode
from v2h.checks import Range, one_of, shown
from v2h.config.site import Limits

LONGEST = timedelta(days=7)
KEYS = {
    "idle": (),
    "v2h": ("until",),
    "solar": ("until",),
    "charge": ("amps", "soc_limit_pct", "until"),
    "discharge": ("amps", "soc_limit_pct", "until"),
}
"""Which values a mode takes."""


class ModeRequestError(ValueError):
    """The order is refused. The text is one sentence with key, value and allowed range."""


@dataclass(frozen=True, slots=True)
class ModeRequest:
    """A mode in force. amps: DC, positive in both directions, None: all that is allowed. soc_limit_pct: where charge
    or discharge ends, None: the configured window. until_t: monotonic s; until: the same in the form in which it was
    given; until_said: the same for people, in local time. by: who chose it, "owner", "setpoint", "slot", "schedule" or
    "nobody". because: the reason as text, "" when the owner chose it. keep_soc_pct: the car is not discharged below it,
    for a ready-by target. hold: the car is not discharged at all, while other consumers draw power. power_w: the most
    power of a charge or discharge, at the battery and positive in both directions; None: all that is allowed."""

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
    until = values.get("until")
    end = None if until is None else _moment(until, wall)
    return ModeRequest(
        mode,
        _number("amps", values.get("amps"), Range(0, most_a, "A")),
        _number("soc_limit_pct", values.get("soc_limit_pct"), Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
        None if end is None else now + ahead_s(end, wall),
        None if end is None else str(until),
        until_said="" if end is None else time_for_people(end, wall),
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A tariff's cheap slot ("charge"), or a time in which other consumers draw power and the car must not feed them
    ("hold")."""

    kind: str
    until_t: float
    until: str
    amps: float | None = None
    soc_limit_pct: float | None = None

    def applied(self) -> dict[str, Any]:
        values = {"slot": self.kind, "amps": self.amps, "soc_limit_pct": self.soc_limit_pct, "until": self.until}
        return {key: value for key, value in values.items() if value is not None}


SLOTS = {"charge": ("until", "amps", "soc_limit_pct"), "hold": ("until",), "none": ()}


def read_slot(values: Mapping[str, Any], limits: Limits, now: float, wall: datetime) -> Slot | None:
    """Check the values of a "slot" command; None ends the present one. Raises ModeRequestError."""
    kind = values.get("slot")
    if not isinstance(kind, str) or kind not in SLOTS:
        raise ModeRequestError(f"slot = {shown(kind)} is not {one_of(SLOTS)}")
    for key in values:
        if key != "slot" and key not in SLOTS[kind]:
            allowed = ", ".join(SLOTS[kind]) or "nothing"
            raise ModeRequestError(f"{key} = {values[key]!r} does not fit slot {kind}; it takes {allowed}")
    if kind == "none":
        return None
    until = values.get("until")
    if until is None:
        raise ModeRequestError("until is missing: a slot must end by itself")
    return Slot(
        kind,
        now + ahead_s(_moment(until, wall), wall),
        str(until),
        _number("amps", values.get("amps"), Range(0, limits.max_charge_a, "A")),
        _number("soc_limit_pct", values.get("soc_limit_pct"), Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
    )


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
