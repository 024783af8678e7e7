"""A plan that counts with a forecast that is wrong: room for more sun, and orders that follow what really comes."""

from dataclasses import replace
from math import hypot

import pytest

from tests.support.executed import executed
from v2h.energy.plan.doubt import added, doubts_kwh
from v2h.energy.plan.making import DOUBT
from v2h.energy.plan.moves import Order, order
from v2h.energy.plan.optimum import cheapest
from v2h.energy.plan.problem import Act, Battery, Goal, Problem, Trip
from v2h.energy.steps import result

BATTERY = Battery(12.0, 24.0, 7.0, 21.0, 5775.0, 5775.0)


def sunny(peak_w: float = 1500.0, **changes: object) -> Problem:
    """A day at a flat price with little paid for export: a calm night, eight hours of sun, a busy evening."""
    hours = [(600.0, 0.0)] * 8 + [(300.0, peak_w)] * 8 + [(900.0, 0.0)] * 8
    load_w, sun = ([hour[n] for hour in hours for _ in range(4)] for n in (0, 1))
    given = Problem(900.0, [0.39] * 96, [0.05] * 96, load_w, sun, BATTERY, 0.40)
    return replace(given, **changes)  # type: ignore[arg-type]


def test_the_error_of_a_day_is_the_share_of_its_load_and_of_its_sun() -> None:
    day = sunny(doubt=0.2)
    squares = sum(kwh**2 for kwh in doubts_kwh(day))
    load_kwh, sun_kwh = sum(day.load_w) / 4000, sum(day.sun_w) / 4000
    assert squares**0.5 == pytest.approx(0.2 * hypot(load_kwh, sun_kwh))


def test_nothing_is_doubtful_while_the_car_is_away_before_a_target_or_in_a_certain_problem() -> None:
    day = sunny(doubt=0.2, trips=(Trip(40, 50, 3.0),), goals=(Goal(90, 15.0),))
    found = doubts_kwh(day)
    assert {n for n, kwh in enumerate(found) if kwh == 0} == {39, *range(40, 50), 89}
    assert set(doubts_kwh(sunny())) == {0.0}


def test_doubt_adds_to_a_charge_near_full_or_empty_and_to_no_other() -> None:
    """A kWh is worth 0.3 between full and empty; what has no room brings 0.05, and what is missing costs 0.4."""
    row = [-0.3 * n for n in range(21)]
    more = added(row, 18, 2.5, 0.4, 0.05)
    assert more[5:15] == pytest.approx([0.0] * 10, abs=1e-12)
    assert more[18] == pytest.approx(2.5 * (0.3 - 0.05) / 2)
    assert more[17] == pytest.approx(1.5 * (0.3 - 0.05) / 2)
    assert more[0] == pytest.approx(2.5 * (0.4 - 0.3) / 2)
    assert more[19:] == [0.0, 0.0], "the battery does not come above its ceiling"
    assert added(row, 18, 2.5, 0.4, None)[16:] == pytest.approx([0.0] * 5, abs=1e-12), "without sun nothing needs room"


def test_a_plan_with_doubt_keeps_room_for_more_sun_than_forecast() -> None:
    sure, doubtful = (result(cheapest(sunny(doubt=doubt))) for doubt in (0.0, DOUBT))
    full = sunny().battery.ceiling_kwh
    assert max(slot.soc_kwh for slot in sure) == pytest.approx(full, abs=0.3)
    assert doubtful[31].soc_kwh < sure[31].soc_kwh - 0.5, "at 8 o'clock"


@pytest.mark.slow
def test_when_more_sun_comes_it_has_room_and_when_it_does_not_little_is_lost() -> None:
    forecast = sunny()
    for peak_w, least, most in ((1950.0, 0.8, 1.1), (1725.0, 0.3, 0.5), (1500.0, -0.2, 0.0), (1050.0, -0.2, 0.0)):
        day = sunny(peak_w)
        worth = [executed(day, forecast, 4, doubt).worth(day) for doubt in (0.0, DOUBT)]
        assert least <= worth[0] - worth[1] <= most


def test_orders_follow_what_may_come() -> None:
    """In the first half of the day the sun is 20 W short of a surplus; in the second it is as much above the load."""
    near = {"load_w": [400.0] * 96, "sun_w": [380.0] * 48 + [420.0] * 48}
    for doubt, little, lots in ((0.0, Act.IDLE, Act.IDLE), (DOUBT, Act.SOLAR, Act.V2H)):
        day = sunny(**near, doubt=doubt)
        assert order(day, 0, 0.0, 0.3).act is little
        assert order(day, 60, 0.0, 0.1).act is lots
    assert order(sunny(**near, doubt=DOUBT), 0, 0.0, 0.01).act is Act.IDLE, "storing does not pay"


def test_before_a_target_a_battery_with_enough_follows_the_house_and_another_does_not() -> None:
    day = sunny(doubt=DOUBT, goals=(Goal(90, 15.0),))
    assert order(day, 88, -600.0, 0.1, slack_kwh=1.0).act is Act.V2H
    assert order(day, 88, -600.0, 0.1, slack_kwh=0.1) == Order(Act.COVER, -600.0)
    assert order(replace(day, doubt=0.0), 88, -600.0, 0.1, slack_kwh=1.0) == Order(Act.COVER, -600.0)
