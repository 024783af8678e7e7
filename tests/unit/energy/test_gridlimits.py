"""Export limit, main fuse, drain guard and the tracking score."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.energy.drain import DrainGuard
from v2h.energy.gridlimits import GridLimits, House, own_bounds
from v2h.energy.tracking import Tracking

INF = float("inf")


def test_without_a_limit_there_is_none() -> None:
    assert own_bounds(House(500.0), GridLimits()) == (-INF, INF)
    assert not GridLimits().any
    assert GridLimits(export_limit_w=0.0).any


@pytest.mark.parametrize(
    ("house_w", "export_w", "fuse_a", "bounds"),
    [
        (500.0, 0.0, None, (-500.0, INF)),
        (500.0, 1000.0, None, (-1500.0, INF)),
        (-300.0, 0.0, None, (0.0, INF)),  # the sun alone exports: the car must not add to it
        (500.0, None, 20.0, (-4870.0, 3870.0)),
        (5000.0, None, 20.0, (-9370.0, 0.0)),
        (500.0, 0.0, 20.0, (-500.0, 3870.0)),
    ],
)
def test_bounds(house_w: float, export_w: float | None, fuse_a: float | None, bounds: tuple[float, float]) -> None:
    assert own_bounds(House(house_w), GridLimits(export_w, fuse_a)) == pytest.approx(bounds)


def test_every_phase_has_its_fuse() -> None:
    limits = GridLimits(fuse_a=20.0)
    assert own_bounds(House(0.0, (-4000.0, 1000.0, 3000.0)), limits) == pytest.approx((-370.0, 1370.0))
    assert own_bounds(House(0.0, (-4000.0, 1000.0, 3000.0)), GridLimits(0.0)) == (0.0, INF), "exported is the sum"


@given(st.floats(-2e4, 2e4), st.floats(0, 2e4), st.floats(10, 100), st.floats(-6000, 6000))
def test_what_is_within_the_bounds_breaks_no_limit_that_the_house_alone_keeps(
    house_w: float, export_w: float, fuse_a: float, wish_w: float
) -> None:
    low_w, high_w = own_bounds(House(house_w), GridLimits(export_w, fuse_a))
    assert low_w <= 0 <= high_w
    grid_w = house_w + min(high_w, max(low_w, wish_w))
    assert grid_w >= min(house_w, -export_w) - 1e-6
    assert abs(grid_w) <= max(abs(house_w), fuse_a * 230.0)


def test_a_long_heavy_load_stops_the_feeding_and_a_kettle_does_not() -> None:
    guard, t = DrainGuard(), 0.0

    def hours(load_w: float, seconds: int) -> list[bool]:
        nonlocal guard, t
        seen = []
        for _ in range(seconds):
            t += 1.0
            guard = guard.update(t, load_w, 3000.0)
            seen.append(guard.protecting)
        return seen

    assert not any(hours(3300.0, 25) + hours(500.0, 5) + hours(3300.0, 25))
    assert hours(7200.0, 40)[-1]
    assert all(hours(2900.0, 120))  # less than a tenth below the limit it still protects
    assert all(hours(500.0, 50))
    assert hours(500.0, 20)[-1] is False
    assert DrainGuard(True).update(t, 9000.0, None) == DrainGuard()


def test_the_tracking_score_is_a_mean_over_time_and_leaves_gaps_out() -> None:
    score = Tracking()
    assert score.as_json() == {}
    for t in range(101):
        score = score.update(float(t), 100.0 if t <= 50 else 20.0)
    assert score.as_json() == {"mean_w": 60.0, "over_s": 100}
    assert score.update(1000.0, 5000.0).mean_w == score.mean_w
