"""A meter of unknown lag: what is learned, and how well the law follows the house during and after learning."""

import os
import random
from collections import deque
from dataclasses import replace

import pytest

from tests.support.houses import HOUSES
from v2h.energy.bench.laws import LAWS, Ours
from v2h.energy.bench.metering import METERS, STEP_S, MeterModel
from v2h.energy.bench.plant import Plant, Trace, run, settle_s
from v2h.energy.bench.scoring import step_test
from v2h.energy.lag import LADDER_S, LagLearner

SEEDS = [1, 7][: int(os.environ.get("HOUSE_SEEDS", "1"))]
"""Each seed draws another day of each house; `make long` (HOUSE_SEEDS=2) has both."""
PLANTS = {
    "stated": Plant(),
    "dead time 0.1 s": replace(Plant(), dead_time_s=0.1),
    "dead time 0.3 s": replace(Plant(), dead_time_s=0.3),
    "half the ramp": Plant().scaled(0.5),
    "half as much ramp again": Plant().scaled(1.5),
}


@pytest.mark.slow
@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_ratios_hold_on_houses_not_tuned_on(house: str, meter: str, seed: int) -> None:
    trace, model = HOUSES[house](random.Random(seed)), METERS[meter]
    best = run(trace, LAWS["oracle"](trace, model), model, Plant())
    ours = run(trace, Ours(), model, Plant())
    assert ours.mean_w <= (1.05 if meter == "stpm3x" else 1.02) * best.mean_w
    assert ours.travel_w_h <= 1.2 * ours.load_travel_w_h
    for name in ("ancestor", "pi", "deadbeat10", "deadbeat30"):
        assert ours.mean_w <= 1.01 * run(trace, LAWS[name](trace, model), model, Plant()).mean_w, name


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("meter", ["stpm3x", "sdm230", "1hz"])
def test_follows_as_well_without_being_told_the_lag(meter: str, plant: str) -> None:
    model, worse = METERS[meter], PLANTS[plant]
    trace = HOUSES["kettles"](random.Random(11))
    best = run(trace, LAWS["oracle"](trace, model), model, worse, skip_s=600)
    ours = run(trace, Ours(), model, worse, skip_s=600, lag_told=False)
    assert ours.mean_w <= 1.12 * best.mean_w
    warm_up = [row for row in trace if row[0] <= 600]
    knowing = step_test(LAWS["oracle"], model, worse)
    step = step_test(LAWS["ours"], model, worse, warm_up=warm_up, lag_told=False)
    assert step.settle_s is not None
    assert knowing.settle_s is not None
    assert step.settle_s <= 1.25 * knowing.settle_s
    assert step.overshoot_pct <= 5


@pytest.mark.slow
@pytest.mark.parametrize("lag_s", [0.1, 0.4, 0.8, 1.6, 2.4])
def test_finds_the_lag(lag_s: float) -> None:
    trace: Trace = HOUSES["kettles"](random.Random(3))
    ours = Ours()
    run(trace, ours, MeterModel(0.3, lag_s), Plant(), lag_told=False)
    lag = ours.matcher.lag.learned
    assert lag.least_s - 0.021 <= lag_s <= lag.most_s + 0.021
    assert lag.best_s == pytest.approx(lag_s, abs=0.15)
    assert lag.most_s - lag.least_s < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("interval_s", [0.05, 0.1, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0])
@pytest.mark.parametrize("lag_s", [0.05, 0.5, 2.0])
def test_does_not_hunt_while_it_still_learns(interval_s: float, lag_s: float) -> None:
    """The first three load steps, through zero: own power travels as far as the load and then rests."""
    trace: Trace = [(0.0, 1000.0), (60.0, -2000.0), (120.0, 1500.0), (180.0, 1500.0)]
    score = run(trace, Ours(), MeterModel(interval_s, lag_s), Plant(), lag_told=False, keep=True)
    assert score.travel_w_h * 180 / 3600 <= (1000 + 3000 + 3500) * 1.05
    assert max(abs(w) for w in score.grid_w[-round(10 / STEP_S) :]) <= 25


def test_nothing_moved_nothing_learned() -> None:
    lag, own = LagLearner(0.5), deque[tuple[float, float]]()
    for step in range(100):
        own.append((step * 0.1, -500.0))
        lag.meter(step * 0.1, 100.0 * (step % 7), own)
    assert lag.learned == (0.5, LADDER_S[0], LADDER_S[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("meter", "told_s"), [("stpm3x", 0.05), ("sdm230", 0.3), ("1hz", 0.5)])
@pytest.mark.parametrize("age_s", [0.0, 0.2, 0.4, 0.7, 1.0, 1.5])
def test_does_not_hunt_by_a_lag_that_was_told_wrong(meter: str, told_s: float, age_s: float) -> None:
    """If the law used the wrong lag for ever, every second of these cases would oscillate, by up to 8 kW."""

    class ToldWrong(Ours):
        def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
            return super().meter(now, told_s, grid_w)

    trace: Trace = [(0.0, 300.0), (20.0, 2300.0), (60.0, 300.0), (100.0, 300.0)]
    model = MeterModel(METERS[meter].interval_s, age_s)
    grid_w = run(trace, ToldWrong(), model, Plant(), keep=True).grid_w
    for step_s in (20.0, 60.0):
        settled_s = settle_s(grid_w, step_s)
        assert settled_s is not None
        assert settled_s <= 6.0
