"""Prices with dates: each accepted shape, days when the clocks change, gaps, overlapping pushes, hostile numbers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.bus.messages import ManagerPrices
from v2h.config.site import Limits
from v2h.datalog.summaries import prices_at
from v2h.energy.planning import plan
from v2h.energy.price_shapes import PriceError, read, read_kept, rows_of_csv
from v2h.energy.prices import KEPT, Prices, merged
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Schedule
from v2h.energy.schedule_json import schedule_parts
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result

NOW = datetime(2026, 10, 24, 16, 30, tzinfo=UTC)
"""The afternoon before the day with 25 hours."""


def at(hour: float, day: int = 24) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC) + timedelta(hours=hour)


def rates(begins: datetime, prices: list[Any], minutes: int = 30, **names: str) -> list[dict[str, Any]]:
    step = timedelta(minutes=minutes)
    begin, end, value = names.get("start", "start"), names.get("end", "end"), names.get("value", "value")
    return [
        {begin: (begins + n * step).isoformat(), end: (begins + (n + 1) * step).isoformat(), value: price}
        for n, price in enumerate(prices)
    ]


def pushed(document: Mapping[str, Any], direction: str = "import") -> Prices:
    return read(document, NOW)[direction]


@pytest.mark.parametrize(
    "document",
    [
        {"import": {"start": "2026-10-24T18:00+01:00", "step_min": 30, "values": [0.1, -0.02, 0.3]}},
        {"start": "2026-10-24T17:00Z", "step_min": 30, "values": [0.1, -0.02, 0.3]},
        {"rates": rates(at(17), [0.1, -0.02, 0.3])},
        {"result": {"rates": rates(at(17), [0.1, -0.02, 0.3], value="price")}},
        {"import": rates(at(17), [10, -2, 30]), "unit": "minor"},
        {"results": rates(at(17), [10.0, -2.0, 30.0], start="valid_from", end="valid_to", value="value_inc_vat")[::-1]},
        {"rates": rates(at(17), [0.1, -0.02, 0.3], value="value_inc_vat")},
        rows_of_csv(f"start,end,import\n{at(17)},{at(17.5)},0.1\n{at(17.5)},{at(18)},-.02\n{at(18)},{at(18.5)},3e-1"),
    ],
    ids=["ours", "ours bare", "evcc", "evcc before", "cents", "octopus", "octopus by Home Assistant", "csv"],
)  # fmt: skip
def test_each_shape_gives_the_same_prices(document: Mapping[str, Any]) -> None:
    prices = pushed(document)
    assert (prices.start, prices.step_s, prices.values) == (at(17), 1800, (0.1, -0.02, 0.3))
    assert [prices.at(at(hour)) for hour in (16.99, 17, 17.49, 17.5, 18.49, 18.5)] == [None, 0.1, 0.1, -0.02, 0.3, None]


def test_a_direction_may_be_named_and_both_may_come_together() -> None:
    assert set(read({"rates": rates(at(17), [0.15]), "direction": "export"}, NOW)) == {"export"}
    both = read(rows_of_csv(f"export,start,end,import\n0.15,{at(17)},{at(18)},\n,{at(18)},{at(19)},0.3\n"), NOW)
    assert [(name, prices.values) for name, prices in both.items()] == [("import", (0.3,)), ("export", (0.15,))]


def test_the_repeated_hour_of_the_day_with_25_hours_has_prices_of_its_own() -> None:
    london = [
        f"2026-10-25T0{hour}:{minute}+0{offset}:00" for offset in (1, 0) for hour in (0, 1) for minute in ("00", "30")
    ]
    starts = sorted({datetime.fromisoformat(text) for text in london})
    prices = pushed({"rates": [row for n, start in enumerate(starts) for row in rates(start, [n / 10])]})
    first, second = (datetime.fromisoformat(f"2026-10-25T01:30+0{offset}:00") for offset in (1, 0))
    assert second - first == timedelta(hours=1)
    assert (prices.at(first), prices.at(second)) == (0.3, 0.5)
    assert len(prices.values) == 6


def test_14_days_of_quarter_hours_fit_into_a_message_and_come_back() -> None:
    values = [round(0.1 + n % 96 / 999, 5) for n in range(14 * 96)]
    document = {"import": {"start": at(0, 25).isoformat(), "step_min": 15, "values": values}}
    prices = pushed(document)
    assert (prices.step_s, list(prices.values)) == (900, values)
    message = ManagerPrices(1.0, **prices.as_json())
    assert len(message.to_json()) < 16_000
    again = ManagerPrices.from_json(message.to_json())
    moment = at(5.3, 30)
    assert again.at(moment.timestamp()) == prices.at(moment) == values[5 * 96 + 21]
    assert again.end_s == prices.end.timestamp()
    assert read_kept("import", json.loads(json.dumps(prices.as_json()))) == prices


def test_a_push_replaces_its_range_with_the_gaps_in_it_and_nothing_else() -> None:
    before = pushed({"rates": rates(at(17), [0.1] * 8)})
    push = pushed({"rates": [*rates(at(18), [0.2]), *rates(at(19), [0.3])]})
    after = merged(before, push, NOW)
    hours = [16.5, 17, 17.5, 18, 18.5, 19, 19.5, 20.5, 21]
    assert [after.at(at(hour)) for hour in hours] == [None, 0.1, 0.1, 0.2, None, 0.3, 0.1, 0.1, None]
    cleared = merged(after, pushed({"start": at(17).isoformat(), "step_min": 60, "values": [None] * 4}), NOW)
    assert {cleared.at(at(hour)) for hour in hours} == {None}


def test_a_finer_push_keeps_the_coarser_prices_around_it() -> None:
    hours = pushed({"rates": rates(at(17), [0.1, 0.2], minutes=60)})
    after = merged(hours, pushed({"rates": rates(at(17.5), [0.5], minutes=15)}), NOW)
    assert (hours.step_s, after.step_s) == (3600, 900)
    assert after.values == (0.1, 0.1, 0.5, 0.1, 0.2, 0.2, 0.2, 0.2)


def test_what_is_long_over_is_dropped_and_what_is_over_is_no_error_beside_the_rest() -> None:
    old = {"rates": [*rates(NOW - KEPT - timedelta(hours=1), [0.9]), *rates(at(17), [0.1])]}
    assert pushed(old).values == (0.1,)
    later = NOW + timedelta(days=3)
    after = merged(pushed(old), read({"rates": rates(later, [0.2])}, later)["import"], later)
    assert (after.start, after.values) == (later, (0.2,))


def test_a_tariff_without_an_end_holds_as_far_as_prices_may_go() -> None:
    answer = {"results": [{"valid_from": "2024-01-01T00:00:00Z", "valid_to": None, "value_inc_vat": 24.5}]}
    prices = pushed(answer)
    assert (prices.at(NOW), prices.at(NOW + timedelta(days=14)), prices.at(NOW + timedelta(days=16))) == (
        0.245,
        0.245,
        None,
    )
    assert prices.start <= NOW - KEPT + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "there are no prices"),
        ({"rates": "0.1"}, "there are no prices"),
        ({"rates": []}, "the time of every price is over"),
        ({"rates": rates(at(17, 1), [0.1])}, "the time of every price is over"),
        ({"rates": [3]}, "entry 1: 3 is not an object"),
        ({"rates": [{"start": at(17).isoformat()}]}, "import entry 1 needs start, end and value"),
        ({"rates": rates(at(17), [24.5])}, "entry 1: 24.5 is not a number from -10 to 10 .*send unit: minor"),
        ({"rates": rates(at(17), [2450]), "unit": "minor"}, "entry 1: 2450 is not a number"),
        ({"rates": rates(at(17), [10**400])}, "is not a number from -10"),
        ({"rates": rates(at(17), [float("nan")])}, "entry 1: nan is not a number"),
        ({"rates": rates(at(17), [float("inf")])}, "inf is not a number"),
        ({"rates": rates(at(17), [True])}, "entry 1: True is not a number"),
        ({"rates": rates(at(17), ["0.1"])}, "is not a number"),
        ({"rates": [{"start": "2026-10-24T17:00", "end": "2026-10-24T18:00", "value": 1}]}, "with its offset"),
        ({"rates": [{"start": 5, "end": None, "value": 1}]}, "start = 5 is not a date and time"),
        ({"rates": [{"start": "0001-01-01T00:00+14:00", "end": "x", "value": 1}]}, "is not a date and time"),
        ({"rates": [{"start": "9999-12-31T23:00Z", "end": "9999-12-31T23:30Z", "value": 1}]}, "taken for 14 days"),
        ({"start": "9999-12-31T23:00Z", "step_min": 60, "values": [1, 1]}, "taken for 14 days ahead"),
        ({"rates": rates(at(17), [0.1, 0.2], minutes=10)}, "entry 1: 2026-10-24T17:10.* quarter of an hour"),
        ({"rates": rates(at(17), [0.1], minutes=-30)}, "its end is not after its start"),
        ({"rates": [*rates(at(17), [0.1, 0.2]), *rates(at(17.25), [0.3])]}, "entry 3 overlaps entry 1"),
        ({"rates": rates(at(17), [0.1] * 3001)}, "3001 prices; at most 3000"),
        ({"rates": rates(at(17), [0.1]), "unit": "pence"}, "unit = 'pence' is not one of major, minor"),
        ({"rates": rates(at(17), [0.1]), "unit": []}, "unit = .* is not one of"),
        ({"rates": rates(at(17), [0.1]), "direction": "both"}, "direction = 'both' is not one of import, export"),
        ({"import": {"start": at(17).isoformat(), "step_min": 20, "values": [1]}}, "step_min = 20 is not one of 15"),
        ({"import": {"start": at(17).isoformat(), "step_min": 30, "values": 1}}, "values = 1 is not a list"),
        ({"import": rates(at(17), [0.1]), "exprt": []}, "unknown field 'exprt'"),
    ],
)  # fmt: skip
def test_a_push_that_cannot_be_used_says_what_is_wrong_and_where(document: Mapping[str, Any], says: str) -> None:
    with pytest.raises(PriceError, match=says):
        read(document, NOW)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the names of the columns are needed: start,end,import,export"),
        ("start,end\n", "line 1"),
        ("start,end,import,import\n", "line 1"),
        ("start,end,import\n1,2\n", "line 2 has 2 cells; 3 are needed"),
        ("start,end,import\n\n1,2,dear\n", "line 3: 'dear' is not a number"),
    ],
)
def test_a_csv_that_cannot_be_used_names_the_line(text: str, says: str) -> None:
    with pytest.raises(PriceError, match=says):
        rows_of_csv(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("2026-10-24T18:00Z"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["rates", "start", "end", "value", "values", "step_min", "result"]), inner),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.slow
@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    try:
        found = read(document if isinstance(document, dict) else {"import": document}, NOW)
    except PriceError as error:
        assert str(error)
    else:
        assert all(abs(v) <= 10 for prices in found.values() for v in prices.values if v is not None)


# What the prices are for.

WEEKLY = {"days": "daily", "start": "00:00", "end": "24:00", "import_price": 0.3, "export_price": 0.15}


def scheduled(dated: Mapping[str, Prices], **lists: Any) -> Schedule:
    document = {"version": 1, "prices": [WEEKLY], **lists}
    schedule = read_schedule(document, Limits(), "Europe/London")
    return Schedule(schedule.zone, ready_by=schedule.ready_by, prices=schedule.prices, dated=dated)


def test_a_dated_price_counts_before_the_weekly_one_in_its_direction_alone() -> None:
    prices = pushed({"rates": rates(at(18), [0.1, None, 0.2])})
    rows = result(schedule_parts(scheduled({"import": prices}), NOW, CarNow()))["prices"]
    here = [prices_at(rows, at(hour).timestamp()) for hour in (17, 18, 18.5, 19, 19.5)]
    assert here == [(0.3, 0.15), (0.1, 0.15), (0.3, 0.15), (0.2, 0.15), (0.3, 0.15)]


def test_a_price_for_one_direction_without_a_weekly_one_leaves_the_other_unknown() -> None:
    schedule = Schedule(scheduled({}).zone, dated=read({"rates": rates(at(17), [0.15]), "direction": "export"}, NOW))
    rows = result(schedule_parts(schedule, NOW, CarNow()))["prices"]
    assert [prices_at(rows, at(hour).timestamp()) for hour in (17, 18)] == [(None, 0.15), (None, None)]


def test_the_car_is_charged_for_a_target_in_the_cheapest_dated_hours() -> None:
    night = [0.3] * 14 + [0.01, -0.05, 0.02] + [0.3] * 12
    target = {"time": "08:00", "soc_pct": 80}
    schedule = scheduled({"import": pushed({"rates": rates(at(17), night)})}, ready_by=[target])
    (first, *_) = result(plan(schedule, NOW, NOW + timedelta(days=1), CarNow(70.0, 24.0, 15.0))).targets
    assert at(0, 25) <= first.charge[0][0] < first.charge[-1][1] <= at(1.5, 25)
    assert sum((b - a for a, b in first.charge), timedelta()) > timedelta(minutes=30)


def test_14_days_of_quarter_hours_are_shown_for_the_nearest_days() -> None:
    values = [round(0.1 + n % 96 / 999, 5) for n in range(14 * 96)]
    prices = pushed({"start": at(0, 25).isoformat(), "step_min": 15, "values": values})
    rows = result(schedule_parts(scheduled({"import": prices}), NOW, CarNow()))["prices"]
    assert rows[0]["import_price"] == 0.3
    assert prices_at(rows, at(60, 25).timestamp()) == (values[240], 0.15)
    assert len(json.dumps(rows)) < 64_000


def test_a_forecast_of_the_sun_has_the_same_shapes_in_watts() -> None:
    watts = read({"sun": {"start": at(17).isoformat(), "step_min": 60, "values": [0, 4200.04, None]}}, NOW)["sun"]
    assert watts.values == (0, 4200.0, None)
    assert read({"rates": rates(at(17), [350]), "direction": "sun", "unit": "minor"}, NOW)["sun"].values == (350,)
    assert rows_of_csv(f"start,end,sun\n{at(17)},{at(18)},350")["sun"][0]["value"] == 350
    for wrong in (-1, 100_001, True, "350"):
        with pytest.raises(PriceError, match=r"sun entry 1: .* is not a number from 0 to 100000 W"):
            read({"sun": rates(at(17), [wrong])}, NOW)
