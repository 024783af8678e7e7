"""The mean of a value that rests, the measure of its noise, and that a movement is never averaged away."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.energy.steady import Steady


def fed(values: list[float], gap_s: float = 0.1, over_s: float = 2.0, enough: float = 0.0) -> Steady:
    steady = Steady(over_s, enough)
    for position, value in enumerate(values):
        steady.add(position * gap_s, value)
    return steady


def noisy(count: int, deviation: float, level: float = 500.0) -> list[float]:
    rng = random.Random(5)
    return [level + rng.gauss(0, deviation) for _ in range(count)]


def test_measures_the_noise_and_averages_it_away() -> None:
    steady = fed(noisy(1000, 30.0))
    assert steady.noise == pytest.approx(30, rel=0.25)
    assert steady.count == pytest.approx(21, abs=1)
    assert steady.mean == pytest.approx(500, abs=20)
    assert steady.error == pytest.approx(steady.noise / 21**0.5, rel=0.05)


def test_averages_no_more_than_is_enough() -> None:
    steady = fed(noisy(1000, 12.0), enough=6.0)
    assert 2 <= steady.count <= 6


def test_a_value_without_noise_is_never_averaged() -> None:
    steady = fed([500.0 + 100 * (n // 40 % 2) for n in range(400)])
    assert steady.noise == 0
    assert steady.add(40.0, 501.0) == 501.0


def test_a_drift_is_no_noise() -> None:
    """Clouds move a house by 50 W a second for some seconds: such a value must not be averaged."""
    values, watts, goal, rng = [], 0.0, 0.0, random.Random(1)
    for _ in range(600):
        goal = rng.uniform(0, 3000) if rng.random() < 0.05 else goal
        watts += (goal - watts) * 0.25
        values.append(watts)
    assert fed(values, gap_s=0.5).noise < 10


def test_a_step_counts_at_once() -> None:
    steady = fed(noisy(1000, 30.0))
    assert steady.add(100.0, 800.0) == 800.0
    assert steady.count == 1


def test_after_a_restart_the_noise_is_still_known() -> None:
    steady = fed(noisy(1000, 30.0))
    noise = steady.noise
    steady.restart()
    assert (steady.count, steady.noise, steady.error) == (0, noise, noise)
    assert steady.add(100.0, 700.0) == 700.0
    assert not fed([1.0]).fits(2.0, 3.0)
    assert steady.fits(700.0 + 4 * noise, 2000.0)
    assert not steady.fits(700.0 + 5 * noise, 2000.0)


@given(st.lists(st.floats(-20_000, 20_000), min_size=1, max_size=300))
def test_the_mean_lies_among_the_samples(values: list[float]) -> None:
    steady = fed(values)
    assert min(values) - 1e-6 <= steady.mean <= max(values) + 1e-6
    assert steady.noise >= 0
