"""Several readings that agree: how far they reach back, how many they are, and how close together they are. Each limit
is tested from both sides."""

import pytest

from v2h.safety.readings import Readings


def filled(*times_s: float, value: float = 3.0) -> Readings:
    readings = Readings()
    for t in times_s:
        readings.add(value, t)
    return readings


@pytest.mark.parametrize(
    ("times_s", "now", "known"),
    [
        ((0.0, 0.25, 0.5, 0.75, 1.0), 1.0, True),
        ((0.0, 0.3, 0.6, 0.9), 1.0, False),  # four are too few
        ((0.0, 0.25, 0.5, 0.75, 0.9), 0.99, False),  # less than a second
        ((0.0, 0.5, 0.6, 0.7, 1.0), 1.0, True),  # a gap of exactly 0.5 s
        ((0.0, 0.51, 0.6, 0.7, 0.8, 1.0), 1.0, False),  # a longer gap
        ((0.0, 0.51, 0.6, 0.7, 0.8, 1.0, 1.25, 1.51), 1.51, True),  # a second after that gap
        ((0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1.1, True),  # the last is 0.4 s old
        ((0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1.2, True),
        ((0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1.21, False),  # the last is too old
        ((), 5.0, False),
    ],
)
def test_readings_agree_after_a_second_without_a_gap(times_s: tuple[float, ...], now: float, known: bool) -> None:
    assert (filled(*times_s).largest(now) == 3.0) is known


def test_the_last_reading_may_be_half_a_second_old() -> None:
    readings = filled(0.0, 0.25, 0.5, 0.75, 1.0)
    assert readings.largest(1.25) is None, "four within the second"
    for t in (1.125, 1.25, 1.375, 1.5):
        readings.add(3.0, t)
    assert readings.largest(2.0) == 3.0
    assert readings.largest(2.01) is None


def test_the_largest_magnitude_of_the_last_second_counts() -> None:
    readings = Readings()
    for tenth in range(26):
        readings.add({5: 90.0, 15: -40.0}.get(tenth, 3.0), tenth / 10)
    assert readings.largest(2.5) == 40.0, "its edge counts"
    assert readings.largest(2.51) == 3.0


def test_readings_before_a_moment_do_not_count() -> None:
    readings = filled(*(tenth / 10 for tenth in range(31)))
    assert readings.largest(3.0, since_t=2.0) == 3.0
    assert readings.largest(3.0, since_t=2.01) is None


def test_cleared_they_begin_again() -> None:
    readings = filled(*(tenth / 10 for tenth in range(11)))
    readings.clear()
    assert readings.largest(1.0) is None
    for tenth in range(11, 22):
        readings.add(4.0, tenth / 10)
        assert readings.largest(tenth / 10) == (4.0 if tenth == 21 else None)


def test_a_reading_of_the_very_moment_of_clearing_is_gone_too() -> None:
    readings = Readings(least=1)
    readings.add(90.0, 1.0)
    readings.clear()
    for t in (1.0, 1.5, 2.0):
        readings.add(3.0, t)
    assert (readings.largest(2.0), readings.spread(2.0, 1.0)) == (3.0, 0.0)


@pytest.mark.parametrize(
    ("times_s", "now", "over_s", "known"),
    [
        ((0.0, 0.1, 0.2), 0.2, 0.2, True),
        ((0.0, 0.1, 0.2), 0.2, 0.21, False),  # they do not reach back so far
        ((0.0, 0.2), 0.2, 0.2, False),  # two are too few
        ((0.0, 0.1, 0.2), 0.25, 0.2, False),
        ((0.0, 0.05, 0.1, 0.15, 0.2), 0.25, 0.15, True),
    ],
)
def test_the_spread_needs_three_readings_that_reach_back(
    times_s: tuple[float, ...], now: float, over_s: float, known: bool
) -> None:
    assert (filled(*times_s).spread(now, over_s) == 0.0) is known


def test_the_spread_is_largest_less_smallest_of_the_time_asked_for() -> None:
    readings = Readings()
    for t, value in ((0.0, 50.0), (0.1, -2.0), (0.2, 4.0), (0.3, 1.0)):
        readings.add(value, t)
    assert readings.spread(0.3, 0.3) == 52.0
    assert readings.spread(0.3, 0.2) == 6.0


def test_what_is_older_than_the_window_is_not_kept() -> None:
    readings = filled(*(tenth / 10 for tenth in range(1000)))
    assert readings.spread(99.9, 5.0) == 0.0 and len(readings._kept) <= 12


def test_window_and_number_can_be_others() -> None:
    readings = Readings(0.5, 2)
    readings.add(1.0, 0.0)
    readings.add(2.0, 0.4)
    assert readings.largest(0.5) == 2.0 and readings.largest(0.49) is None
