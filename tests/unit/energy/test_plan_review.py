"""What the plan saved on a day that is over: measured beside simulated."""

from typing import Any

import pytest

from v2h.energy.losses import usual
from v2h.energy.plan.review import review

BATTERY = {
    "capacity_kwh": 40.0,
    "floor_kwh": 12.0,
    "ceiling_kwh": 36.0,
    "charge_w": 5775.0,
    "discharge_w": 5775.0,
    "wear": 0.05,
    "otherwise": "idle",
}
LOSSES = usual()


def quarter(n: int, dc_w: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A house of 800 W and a car that flows with dc_w, as it is measured; cheap until 6 o'clock."""
    grid_wh = (800.0 + LOSSES.ac_w(dc_w)) / 4
    row = {
        "quarter": n, "measured_s": 900.0, "net_w": 800.0, "sun_w": None, "imported_wh": max(0.0, grid_wh),
        "exported_wh": max(0.0, -grid_wh), "dc_wh": dc_w / 4, "discharged_wh": max(0.0, -dc_w / 4), "soc_pct": None,
        "import_price": 0.08 if n < 24 else 0.30, "export_price": 0.05, "bare_mode": "idle", "bare_until_pct": None,
        "goal_pct": None, "planned": 1,
    }  # fmt: skip
    return row | changes


def covered_day(**changes: Any) -> list[dict[str, Any]]:
    """Charged in the night with 3 kW for four hours, and from 6 to 20 o'clock the house is covered."""
    cover_w = LOSSES.dc_w(-800.0)
    rows, soc_pct = [], 40.0
    for n in range(96):
        dc_w = 3000.0 if 4 <= n < 20 else cover_w if 24 <= n < 80 else 0.0
        soc_pct += dc_w / 4 / 400
        rows.append(quarter(n, dc_w, soc_pct=float(round(soc_pct)), **changes))
    return rows


BEFORE = [quarter(-1, soc_pct=40.0)]


def test_a_covered_day_is_cheaper_than_one_at_rest() -> None:
    found = review(BEFORE, covered_day(), 96, BATTERY, usual())
    assert found is not None and found.quarters == 96
    rests = 0.8 * (6 * 0.08 + 18 * 0.30)
    assert found.cost_without == pytest.approx(rests, abs=0.01)
    gained_kwh = 12.0 + LOSSES.dc_w(-800.0) / 1000 * 14
    value = 0.08 * LOSSES.ac_w(3000) / 3000
    paid = 0.8 * (6 * 0.08 + 4 * 0.30) + LOSSES.ac_w(3000.0) / 1000 * 4 * 0.08
    wear = -LOSSES.dc_w(-800.0) / 1000 * 14 * 0.05
    assert found.cost == pytest.approx(paid + wear - value * gained_kwh, abs=0.02)
    assert found.saved == pytest.approx(found.cost_without - found.cost) and found.saved > 1.5


def test_a_day_as_the_schedule_alone_would_have_had_it_saves_nothing() -> None:
    """V2H all day without a plan is what happened."""
    cover_w, rows, soc_pct = LOSSES.dc_w(-800.0), [], 85.0
    for n in range(96):
        soc_pct += cover_w / 4 / 400
        rows.append(quarter(n, cover_w, soc_pct=float(round(soc_pct)), bare_mode="v2h"))
    found = review([quarter(-1, soc_pct=85.0)], rows, 96, BATTERY, usual())
    assert found is not None and found.saved == pytest.approx(0, abs=0.01)


def test_a_charge_of_the_schedule_ends_where_it_would_have_ended() -> None:
    rows = [quarter(n, soc_pct=40.0, bare_mode="charge" if n < 24 else "idle", bare_until_pct=50.0) for n in range(96)]
    found = review(BEFORE, rows, 96, BATTERY, usual())
    assert found is not None
    charged = [
        review(BEFORE, [{**row, "bare_until_pct": pct} for row in rows], 96, BATTERY, usual()) for pct in (40.0, 80.0)
    ]
    assert charged[0] is not None and charged[1] is not None
    assert abs(charged[0].saved) <= abs(found.saved) <= abs(charged[1].saved) < 0.1, "what is left has its worth"


def test_a_target_is_charged_for_without_a_plan_as_well() -> None:
    rows = covered_day()
    rows[27]["goal_pct"] = 60.0
    found = review(BEFORE, rows, 96, BATTERY, usual())
    without = review(BEFORE, covered_day(), 96, BATTERY, usual())
    assert found is not None and without is not None
    assert found.cost == without.cost and found.cost_without != without.cost_without


def test_a_car_that_was_driven_is_away_in_the_simulation_too() -> None:
    rows = [quarter(n, soc_pct=None if 30 <= n < 70 else 50.0 if n < 30 else 35.0, bare_mode="v2h") for n in range(96)]
    found = review([quarter(-1, soc_pct=50.0)], rows, 96, BATTERY, usual())
    home = review([quarter(-1, soc_pct=50.0)], [{**row, "soc_pct": 50.0} for row in rows], 96, BATTERY, usual())
    assert found is not None and home is not None
    assert found.cost_without > home.cost_without, "it could not cover the house while it was away"


@pytest.mark.parametrize(
    ("rows", "battery"),
    [
        (covered_day(planned=0), BATTERY),
        (covered_day()[:80], BATTERY),
        (covered_day(import_price=None), BATTERY),
        (covered_day(), {}),
        (covered_day(), {**BATTERY, "floor_kwh": 38.0}),
        ([quarter(n, soc_pct=40.0 if n < 50 else 70.0) for n in range(96)], BATTERY),
    ],
    ids=["never planned", "too little measured", "no prices", "no battery", "odd settings", "charged elsewhere"],
)
def test_what_cannot_be_judged_is_not(rows: list[dict[str, Any]], battery: dict[str, Any]) -> None:
    assert review(BEFORE, rows, 96, battery, usual()) is None


def test_without_a_charge_that_is_known_there_is_no_judgement() -> None:
    assert review([], [quarter(n) for n in range(96)], 96, BATTERY, usual()) is None
