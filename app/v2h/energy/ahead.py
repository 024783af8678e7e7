"""What the schedule wants from now on, with the plan's orders where the schedule leaves time open; pure.

It is evaluated with the car's present charge when a part ends, at least once in PLAN_EVERY_S, and when the car is no
longer the one that was planned for.
"""

from collections.abc import Sequence
from datetime import datetime

from v2h.energy.filling import filled
from v2h.energy.planning import active, after, next_entry
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Part, Schedule

PLAN_EVERY_S = 60.0
"""How often the schedule is evaluated with the car's present SoC; the end of a part is checked once a second anyway."""


class Ahead:
    """part: what is wanted now, None while the time of day is not known."""

    def __init__(self) -> None:
        self.part: Part | None = None
        self._parts: list[Part] = []
        self._planned: Sequence[Part] = ()
        self._planned_for = CarNow()
        self._evaluated_t = float("-inf")

    def evaluate(
        self, now: float, wall: datetime, schedule: Schedule, car: CarNow, until: datetime | None, *, trusted: bool
    ) -> bool:
        """Call once a second. until: when the order in force ends, None when it has no such end. Returns whether the
        car is no longer the one that was planned for."""
        part = self.part
        moved = bool(schedule.ready_by) and trusted and car.moved(self._planned_for)
        due = part is None or not part.start <= wall < part.end or now - self._evaluated_t >= PLAN_EVERY_S
        if not trusted:
            self.forget()
        elif due or moved:
            self._evaluated_t = now
            self._planned_for = car if moved else self._planned_for
            self._parts = filled(active(schedule, wall, car, until), self._planned, car)
            self.part = self._parts[0]
        return moved

    def forget(self) -> None:
        """Nothing is known until the next evaluation."""
        self.part, self._parts = None, []

    def again(self) -> None:
        """Evaluate at the next call, whatever the time."""
        self._evaluated_t = float("-inf")

    def use_plan(self, parts: Sequence[Part]) -> None:
        """The plan's orders from now on, in order; () without a plan."""
        self._planned = parts
        self.again()

    def following(self) -> Part | None:
        """The part that follows the present one."""
        return next(iter(self._parts[1:]), None)

    def next_entry(self) -> Part | None:
        """The part with which the next entry of the schedule begins: a mode chosen by hand without an end holds until
        then."""
        return next_entry(self._parts)

    def after(self, until: datetime, *, targets_win: bool) -> Part | None:
        """The part after an order that ends at `until`: what the schedule wants before that end does not happen.
        targets_win: a charge for a ready-by target ends this order."""
        targets = (part for part in self._parts[1:] if part.target and part.start < until)
        return (next(targets, None) if targets_win else None) or after(self._parts, until)
