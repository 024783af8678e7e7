"""When manager makes the plan in money, and how long one counts.

A plan is made in small slices between the setpoints (energy/plan/making): at each quarter of an hour while the owner
has it on, at once when something that it was made from has changed, and when somebody asks what it would do. A plan
that could not be made again for OLD_S is not used any more: then the schedule decides alone.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from v2h.bus.coding import MessageError
from v2h.bus.messages import ConverterLosses, HouseLoad, ManagerPlan
from v2h.energy.controller import EnergyController
from v2h.energy.losses import usual
from v2h.energy.plan.making import Known, made
from v2h.energy.prices import quarter
from v2h.energy.steps import Steps, sliced
from v2h.manager.owner_files import OwnerStore

OLD_S = 45 * 60.0
"""Three quarters of an hour."""
SPACING_S = 5.0
"""Least time between two plans: an automation that pushes prices again and again must not keep manager busy."""


class Planner:
    """publish(message): to the bus. slice: how much of the work is done at once (energy/steps)."""

    def __init__(
        self, controller: EnergyController, store: OwnerStore, publish: Callable[[ManagerPlan], object], most: int
    ) -> None:
        self._controller, self._store, self._publish, self._slice = controller, store, publish, most
        self._house: HouseLoad | None = None
        self._losses = usual()
        self._quarter = -1
        self._begun_t = self._made_t = float("-inf")
        self._due, self._asked, self._was_on = True, False, False
        self._plugged = False
        self._steps: Iterator[int] = iter(())
        self._answers: list[Callable[[], None]] = []

    def on_house(self, topic: str, payload: bytes) -> None:
        """The log's summary of what the house draws."""
        try:
            self._house = HouseLoad.from_json(payload)
        except MessageError:
            return
        self._due = True

    def on_losses(self, topic: str, payload: bytes) -> None:
        """What the converter loses, as far as the log has learned it. The next plan takes it."""
        with contextlib.suppress(MessageError):
            told = ConverterLosses.from_json(payload)
            self._losses = usual(told.own_w, told.share, told.full_share)

    def changed(self) -> None:
        """Settings, schedule or prices have changed."""
        self._due = True

    def ask(self, answer: Callable[[], None]) -> None:
        """Somebody wants to see a plan of now, whether it is on or off. answer() is called when it is published."""
        self._asked = self._due = True
        self._answers.append(answer)

    def look(self, now: float, wall: datetime) -> bool:
        """Call once a second. True: a plan has been begun, and turn() has work to do."""
        on = self._store.settings.plan
        known = self._controller.car().soc_pct is not None
        self._due = self._due or quarter(wall) != self._quarter or (known and not self._plugged)
        self._plugged = known
        if not on and self._was_on:
            self._controller.use_plan(())
            self._publish(ManagerPlan(now, False))
        self._was_on = on
        if now - self._made_t > OLD_S:
            self._controller.use_plan(())
        wanted = (on or self._asked) and self._controller.trust.trusted
        if not wanted or not self._due or now - self._begun_t < SPACING_S:
            return False
        self._due, self._quarter, self._begun_t = False, quarter(wall), now
        self._steps = sliced(self._made(now, wall), self._slice)
        return True

    def turn(self) -> bool:
        """Do a slice of the work. False: there is no more."""
        return next(self._steps, None) is not None

    def _made(self, now: float, wall: datetime) -> Steps[None]:
        controller, store = self._controller, self._store
        known = Known(
            store.schedule, store.settings, controller.car(), controller.last_soc_pct, self._house, self._losses
        )
        plan = yield from made(known, now, wall)
        yield self._slice  # the message is a slice of its own
        self._made_t = now
        controller.use_plan(plan.parts)
        self._publish(plan.message)
        self._asked, answers, self._answers = False, self._answers, []
        for answer in answers:
            answer()
