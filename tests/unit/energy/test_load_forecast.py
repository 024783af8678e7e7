"""The forecast of the house's load from its own log."""

from datetime import datetime, timedelta
from math import inf, nan

import pytest

from v2h.energy.plan.forecast import USUAL_W, learned

MONDAY = datetime(2026, 6, 1)


def weeks(count: int) -> list[tuple[datetime, float]]:
    """Minutes of a house that needs 300 W, from 18 to 19 o'clock 2000 W, on Saturdays 5000 W then."""
    minutes = [MONDAY + timedelta(minutes=n) for n in range(count * 7 * 1440)]
    return [(at, 300.0 if at.hour != 18 else 5000.0 if at.weekday() == 5 else 2000.0) for at in minutes]


def test_a_house_of_which_nothing_is_known_needs_the_usual() -> None:
    profile = learned([])
    assert {profile.at_w(MONDAY + timedelta(hours=n)) for n in range(168)} == {USUAL_W}
    assert profile.days == 0


def test_after_eight_weeks_each_weekday_has_its_hours() -> None:
    profile = learned(weeks(8))
    assert profile.days == 56
    assert profile.at_w(MONDAY.replace(hour=3)) == pytest.approx(300, rel=0.01)
    assert profile.at_w(MONDAY.replace(hour=18)) == pytest.approx(2000, rel=0.03)
    assert profile.at_w(MONDAY.replace(hour=18) + timedelta(days=5)) == pytest.approx(5000, rel=0.07)


def test_after_two_days_the_other_weekdays_have_the_hours_of_these() -> None:
    profile = learned(weeks(1)[: 2 * 1440])
    sunday = MONDAY + timedelta(days=6)
    assert profile.at_w(sunday.replace(hour=18)) == pytest.approx((2 * 2000 + 371) / 3, rel=0.01)
    assert 300 < profile.at_w(sunday.replace(hour=3)) < 330


def test_an_hour_counts_once_however_often_it_was_read() -> None:
    often = [(MONDAY + timedelta(seconds=n), 1000.0) for n in range(3600)]
    once = [(MONDAY, 1000.0)]
    assert learned(often).at_w(MONDAY) == pytest.approx(learned(once).at_w(MONDAY))


def test_what_is_not_finite_does_not_count() -> None:
    rows = weeks(1)
    assert learned([*rows, (MONDAY, nan), (MONDAY, inf), (MONDAY, -inf)]) == learned(rows)
