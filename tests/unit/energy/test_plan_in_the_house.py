"""A day in the house with the plan: orders, sessions and money, as controller carries them out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.home import Home
from tests.support.moneyplan import EVENINGS, PRICES, TARGET
from v2h.bus.messages import HouseLoad
from v2h.bus.states import Mode
from v2h.energy.plan.making import Known, made
from v2h.energy.schedule import Part, Want
from v2h.energy.steps import result

START = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
HOUSE = HouseLoad(0.0, EVENINGS, [], 40)


class Planned(Home):
    """A home whose plan is made each quarter of an hour. cost: money of the grid. modes: who chose which mode, at each
    change."""

    def __init__(self, document: dict[str, Any], **chosen: Any) -> None:
        super().__init__(START, document, soc_pct=55.0, load_w=lambda hour: EVENINGS[0][int(hour) % 24] * 1.1, **chosen)
        self.step_s = 10.0
        self.cost = 0.0
        self.modes: list[str] = []

    def step(self) -> None:
        if int(self.wall.timestamp()) % 900 < self.step_s and self.controller.settings.plan:
            controller = self.controller
            known = Known(controller.schedule, controller.settings, controller.car(), controller.last_soc_pct, HOUSE)
            controller.use_plan(result(made(known, self.now, self.wall)).parts)
        imported, exported = self.imported_wh, self.exported_wh
        super().step()
        hour = self.local.hour + self.local.minute / 60
        price = next(p for p in PRICES if _hour(p["start"]) <= hour < _hour(p["end"]))
        bought, sold = self.imported_wh - imported, self.exported_wh - exported
        self.cost += (bought * price["import_price"] - sold * price["export_price"]) / 1000
        order = self.controller.order
        if not self.modes or self.modes[-1] != f"{order.by} {order.mode}":
            self.modes.append(f"{order.by} {order.mode}")


def _hour(clock: str) -> float:
    return int(clock[:2]) + int(clock[3:]) / 60


def worth(home: Home) -> float:
    """What the day cost, less what the battery has, at the night's price."""
    return home.cost - home.soc_pct / 100 * 40.0 * 0.075  # type: ignore[attr-defined,no-any-return]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_day_with_the_plan_is_cheaper_and_the_car_is_ready() -> None:
    document = {"version": 1, "prices": PRICES, "ready_by": [TARGET]}
    home = Planned(document, plan=True, time_zone="UTC")
    evening: list[float] = []
    lowest = highest = home.soc_pct
    while home.wall < START + timedelta(hours=24):
        home.step()
        lowest, highest = min(lowest, home.soc_pct), max(highest, home.soc_pct)
        if home.local.hour in (19, 20) and home.wall < START + timedelta(hours=9):
            evening.append(home.grid[-1])
        if f"{home.local:%H:%M}" == "07:00":
            assert home.soc_pct >= 74.0
    bare = Planned(document, time_zone="UTC")
    bare.run(hours=24)
    print(f"\n{worth(home):.2f} with the plan, {worth(bare):.2f} without; sessions {home.sessions}, {home.modes}")
    assert worth(home) < worth(bare) - 1.5
    assert abs(sum(evening) / len(evening)) < 100, "the house is covered in the evening"
    assert lowest >= 29.0 and highest <= 91.0
    assert home.sessions <= 6
    assert {"plan discharge", "plan charge", "plan v2h"} <= set(home.modes)


@pytest.mark.slow
def test_a_target_is_kept_when_the_plan_fails() -> None:
    """A plan that rests all night: the schedule charges when only just enough time is left."""
    home = Planned({"version": 1, "prices": PRICES, "ready_by": [TARGET]}, time_zone="UTC")
    home.controller.use_plan([Part(START, START + timedelta(hours=30), Want(Mode.IDLE), planned=True)])
    home.run_to("07:00")
    assert home.soc_pct >= 74.0
    assert home.modes[0] == "plan idle" and "schedule charge" in home.modes
