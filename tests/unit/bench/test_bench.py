"""Two days of the month and of the year of plans that `make bench` runs."""

import pytest

from tests.bench import ccs, ccs_board, plan, planner
from tests.bench.estimated import CONVERTER, estimated
from tests.bench.month import month
from v2h.energy.loss_learning import ENOUGH


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_two_days_balance() -> None:
    seen = month(2, step_s=5)
    assert seen.grid_off <= 0.001
    assert seen.car_off <= 0.001
    assert len(seen.counters.days) == 2
    for total in seen.counters.days.values():
        assert min(total.charged_wh, total.discharged_wh, total.imported_wh) > 500
        assert total.grid_missed_s == total.charger_missed_s == 0
    assert 1 <= seen.sessions <= 2 * 12


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_without_a_charger_meter_two_days_teach_the_losses_of_the_converter() -> None:
    seen = estimated(2)
    learned, real = seen.learned, CONVERTER
    assert learned.steps >= ENOUGH
    for dc_w in (-4000.0, -1500.0, -400.0, 1500.0, 3850.0):
        assert learned.mains_w(dc_w, on=True) == pytest.approx(real.mains_w(dc_w, on=True), rel=0.03)
    assert max(abs(seen.off_pct[name]) for name in ("charged_wh", "cost")) < 3


def test_the_plan_that_the_board_makes_is_small() -> None:
    seen = planner.run()
    assert seen["slots"] == 192
    assert 0 < seen["peak_mb"] <= planner.MOST_MB


@pytest.mark.slow
def test_two_days_of_the_year_of_plans_save_most_of_what_can_be_saved() -> None:
    said: list[str] = []
    beside_idle, beside_v2h = plan.measure(said.append, days=2)
    assert beside_idle["against"] > 0.5
    assert 0.6 < beside_idle["ratio"] <= 1.01
    assert beside_v2h["against"] < beside_idle["against"]
    assert "targets lack 0.0, 0.0, 0.0, 0.0 kWh" in said[-1]


def test_the_answers_to_a_ccs_car_are_compared_with_an_echo() -> None:
    times = {"demand_ms": [float(ms) for ms in range(1, 101)], "echo_ms": [2.0] * 100}
    late, middle = ccs.rows_of("DIN SPEC 70121", times)
    assert (late["value"], late["against"], late["ratio"]) == (95.05, 2.0, 47.525)
    assert (middle["value"], middle["unit"], middle["ratio"]) == (50.5, "ms", 25.25)


def test_the_processors_time_for_a_ccs_car_is_scaled_to_ten_questions_a_second() -> None:
    idle = {"cpu_pct": 0.5, "pss_mb": 20.0}
    asked_ms = [125.0 * n for n in range(101)]  # 8 Hz
    answers_ms = [float(ms) for ms in range(1, 102)]
    charging = {"cpu_pct": 8.0, "pss_mb": 21.0, "asked_ms": asked_ms, "answers_ms": answers_ms, "car_ms": [80.0] * 200}
    said: list[str] = []
    rows = ccs_board.rows_of(idle, charging, said.append)
    assert [row["value"] for row in rows] == [0.5, 21.0, 10.0, 96.0, 80.0]
    assert [row["against"] for row in rows] == [1.0, 25.0, 20.0, 50.0, 250.0]
    assert "8.00 Hz" in said[0]
