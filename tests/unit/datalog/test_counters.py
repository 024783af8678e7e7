"""Energy counters: their sums, what they leave out, money, storage."""

import json
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.datalog.counters import KEEP_DAYS, LONGEST_S, Counters, CountersError, Day

TODAY = "2026-11-22"


def counted(*readings: tuple[float, float | None, float | None], **prices: float) -> Day:
    counters = Counters()
    for t, grid_w, charger_w in readings:
        counters.add(t, TODAY, grid_w, charger_w, **prices)
    return counters.days[TODAY]


def test_an_hour_at_steady_power() -> None:
    day = counted(*((float(t), 500.0, -2000.0) for t in range(0, 3601, 10)))
    assert (day.imported_wh, day.exported_wh) == (pytest.approx(500), 0)
    assert (day.charged_wh, day.discharged_wh) == (0, pytest.approx(2000))
    assert (day.grid_missed_s, day.charger_missed_s, day.saved) == (0, 0, None)


def test_between_two_readings_power_is_a_straight_line() -> None:
    assert counted((0, 0, 0), (36, 1000, 2000)).imported_wh == pytest.approx(5)
    assert counted((0, 0, 0), (36, 1000, 2000)).charged_wh == pytest.approx(10)


def test_a_line_through_zero_counts_on_both_sides() -> None:
    day = counted((0, 3000, -1000), (40, -1000, 3000))
    assert (day.imported_wh, day.exported_wh) == (pytest.approx(3000 * 30 / 2 / 3600), pytest.approx(1000 / 2 / 360))
    assert (day.discharged_wh, day.charged_wh) == (pytest.approx(1000 / 2 / 360), pytest.approx(3000 * 30 / 2 / 3600))


def test_what_was_not_measured_is_missed_and_not_invented() -> None:
    day = counted((0, 1000, 1000), (10, None, 1000), (20, 1000, 1000), (30, 1000, None))
    assert day.imported_wh == pytest.approx(1000 * 10 / 3600)
    assert day.charged_wh == pytest.approx(1000 * 20 / 3600)
    assert (day.grid_missed_s, day.charger_missed_s) == (20, 10)


def test_a_long_gap_is_an_outage() -> None:
    day = counted((0, 1000, 1000), (LONGEST_S, 1000, 1000), (2 * LONGEST_S + 1, 1000, 1000))
    assert day.imported_wh == day.charged_wh == pytest.approx(1000 * LONGEST_S / 3600)
    assert (day.grid_missed_s, day.charger_missed_s) == (LONGEST_S + 1, LONGEST_S + 1)


def test_time_that_does_not_advance_adds_nothing() -> None:
    assert counted((10, 1000, 1000), (10, 9000, 9000), (5, 1000, 1000)) == Day()


def test_an_interval_belongs_to_the_day_of_its_end() -> None:
    counters = Counters()
    for t, day in ((0, "2026-11-21"), (10, "2026-11-21"), (20, "2026-11-22"), (30, "2026-11-22")):
        counters.add(t, day, 3600.0, 0.0)
    assert counters.days["2026-11-21"].imported_wh == pytest.approx(10)
    assert counters.days["2026-11-22"].imported_wh == pytest.approx(20)


PRICES = {"import_price": 0.30, "export_price": 0.10}


@pytest.mark.parametrize(
    ("grid_w", "charger_w", "saved"),
    [
        pytest.param(0, -1000, 0.30, id="the house runs from the car"),
        pytest.param(-1000, -1000, 0.10, id="the car feeds the grid"),
        pytest.param(-500, -1000, 0.5 * 0.30 + 0.5 * 0.10, id="half house, half grid"),
        pytest.param(1000, 1000, -0.30, id="charging from the grid is paid now"),
        pytest.param(0, 1000, -0.10, id="charging from surplus costs what it would have earned"),
        pytest.param(700, 0, 0.0, id="nothing flows, nothing is saved"),
    ],
)
def test_saved_is_the_bill_without_the_charger_less_the_bill(grid_w: float, charger_w: float, saved: float) -> None:
    day = counted(*((float(t), grid_w, charger_w) for t in range(0, 3601, 60)), **PRICES)
    assert day.saved == pytest.approx(saved)


def test_no_price_no_saving_and_a_later_price_counts_from_then() -> None:
    counters = Counters()
    counters.add(0, TODAY, 0.0, -3600.0)
    counters.add(10, TODAY, 0.0, -3600.0)
    assert counters.days[TODAY].saved is None
    counters.add(20, TODAY, 0.0, -3600.0, import_price=1.0)
    assert counters.days[TODAY].saved == pytest.approx(0.01)


@given(st.lists(st.tuples(st.floats(0.01, 60), st.floats(-2e4, 2e4), st.floats(-6e3, 6e3)), min_size=2, max_size=40))
def test_counters_balance(steps: list[tuple[float, float, float]]) -> None:
    """Import minus export equals what load and charger took together, in all cases."""
    counters, load = Counters(), Counters()
    t = 0.0
    for gap_s, load_w, charger_w in steps:
        t += gap_s
        counters.add(t, TODAY, load_w + charger_w, charger_w)
        load.add(t, TODAY, load_w, None)
    day, house = counters.days[TODAY], load.days[TODAY]
    grid_wh = day.imported_wh - day.exported_wh
    assert grid_wh == pytest.approx(
        house.imported_wh - house.exported_wh + day.charged_wh - day.discharged_wh, abs=1e-6
    )


def test_goes_on_after_a_restart() -> None:
    before = Counters()
    before.add(0, TODAY, 1800.0, -3600.0, import_price=0.3)
    before.add(10, TODAY, 1800.0, -3600.0, import_price=0.3)
    after = Counters.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after.days == before.days
    after.add(5000, TODAY, 1800.0, -3600.0)  # another monotonic clock: the time in between is not known
    after.add(5010, TODAY, 1800.0, -3600.0)
    assert after.days[TODAY].discharged_wh == pytest.approx(20)
    assert after.days[TODAY].grid_missed_s == 0


@pytest.mark.parametrize(
    ("stored", "named"),
    [
        ({TODAY: {"charged_wh": -1}}, f"{TODAY}.charged_wh = -1"),
        ({TODAY: {"exported_wh": nan}}, f"{TODAY}.exported_wh = nan"),
        ({TODAY: {"imported_wh": "7"}}, f"{TODAY}.imported_wh = '7'"),
        ({TODAY: {"discharged_wh": True}}, f"{TODAY}.discharged_wh = True"),
        ({TODAY: {"imported_wh": None}}, f"{TODAY}.imported_wh = None"),
        ({TODAY: {"saved": inf}}, f"{TODAY}.saved = inf"),
        ({TODAY: {"imported_wh": 10**400}}, f"{TODAY}.imported_wh = 1000"),
        ({TODAY: {"charged": 3}}, f"{TODAY}.charged: unknown"),
        ({TODAY: 3}, f"{TODAY}: 3"),
    ],
)
def test_a_bad_store_is_refused_by_name(stored: dict[str, Any], named: str) -> None:
    with pytest.raises(CountersError, match=named.replace(".", r"\.")):
        Counters.from_dict(stored)


@pytest.mark.parametrize("field", ["grid_w", "charger_w", "import_price", "export_price"])
def test_a_number_that_is_none_is_refused(field: str) -> None:
    values = {"grid_w": 0.0, "charger_w": 0.0, field: nan}
    with pytest.raises(ValueError, match=f"{field} = nan"):
        Counters().add(0, TODAY, **values)


def test_keeps_the_newest_days_only() -> None:
    counters = Counters()
    for number in range(KEEP_DAYS + 5):
        counters.add(number, f"2026-{1 + number // 28:02}-{1 + number % 28:02}", 0.0, 0.0)
    assert len(counters.days) == KEEP_DAYS
    assert min(counters.days) == "2026-01-06"
