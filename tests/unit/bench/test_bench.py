"""Two days of the month and of the year of plans that `make bench` runs."""

import pytest

from tests.bench import ccs, ccs_board, honest, plan, planner
from tests.bench.estimated import CONVERTER, estimated
from tests.bench.month import month
from v2h.energy.loss_learning import ENOUGH


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_two_days_balance() -> None:
    seen = month(2, step_s=10)
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("case", honest.CASES, ids=lambda case: case.name)
def test_in_a_quiet_hour_it_follows_nearly_as_well_as_can_be_with_the_faults_of_real_parts(case: honest.Case) -> None:
    trace = honest.hours()["own day, quietest hour"]
    rows = honest.judged(case.name, honest.scored(trace, case))
    assert honest.beyond(case, rows) == []


def test_the_quietest_and_the_busiest_hour_are_those_in_which_the_load_travels_least_and_most() -> None:
    trace = [
        (float(t), 100.0 * (t // 60 % 2) * (t >= 3600) + 900.0 * (t // 60 % 2) * (t >= 7200)) for t in range(10_800)
    ]
    assert [honest.hour(trace, choose)[0][0] for choose in (min, max)] == [0.0, 6600.0]


def test_a_figure_beyond_its_goal_is_named() -> None:
    case = honest.Case("one", honest.METERS["slow"], honest.FLICKER, 1.1, None, 1.2)
    rows = [{"ratio": ratio, "name": name} for name, ratio in (("oracle", 1.11), ("other", 9.0), ("travel", 1.2))]
    assert honest.beyond(case, rows) == ["beyond 1.1: 1.110, oracle"]


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
