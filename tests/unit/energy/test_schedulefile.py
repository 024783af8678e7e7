"""schedule.json and the predecessor's events.json: what is read, and how a bad file is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.config.site import Limits
from v2h.energy.planning import timeline
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Want
from v2h.energy.schedulefile import ScheduleError, read_schedule, without_past

NIGHT = {"start": "23:30", "end": "05:30", "mode": "charge"}


def read(document: Any) -> Any:
    return read_schedule(document, Limits(), "Europe/London")


def test_a_target_with_a_date_and_a_trip_are_charged_for_once_and_dropped_afterwards() -> None:
    document = {
        "version": 1,
        "ready_by": [{"date": "2026-12-24", "time": "06:00", "soc_pct": 80}, {"time": "07:30", "soc_pct": 50}],
        "trips": [{"at": "2026-12-26T06:00:00+01:00", "soc_pct": 90}],
    }
    schedule, car = read(document), CarNow(soc_pct=60.0, capacity_kwh=40.0)
    week = timeline(schedule, datetime(2026, 12, 22, tzinfo=UTC), datetime(2026, 12, 29, tzinfo=UTC), car)
    ends = [datetime(2026, 12, 24, 6, tzinfo=UTC), datetime(2026, 12, 26, 5, tzinfo=UTC)]
    assert [part.end for part in week if part.want.mode == "charge"] == ends
    left = without_past(document, datetime(2026, 12, 24, 7, tzinfo=UTC), "Europe/London")
    assert left == {**document, "ready_by": document["ready_by"][1:]}  # type: ignore[index]
    assert without_past(document, datetime(2026, 12, 27, tzinfo=UTC), "UTC")["trips"] == []  # type: ignore[index]


def test_a_whole_document() -> None:
    document = {
        "version": 1,
        "zone": "America/New_York",
        "otherwise": "v2h",
        "weekly": [{"name": "cheap", "days": "weekends", **NIGHT, "amps": 10, "soc_limit_pct": 80}],
        "ready_by": [{"days": ["mon"], "time": "07:30", "soc_pct": 80, "amps": 8}],
        "overrides": [{"start": "2026-12-24T18:00", "end": "2026-12-25T02:00+00:00", "mode": "idle"}],
        "prices": [{"start": "00:00", "end": "24:00", "import_price": 0.3}],
    }
    schedule = read(json.loads(json.dumps(document)))
    (window,) = schedule.weekly
    assert (window.days, window.start_s, window.end_s) == ({5, 6}, 84600, 86400 + 19800)
    assert window.want == Want("charge", 10.0, 80.0)
    (ready,) = schedule.ready_by
    assert (ready.days, ready.time_s, ready.soc_pct, ready.amps) == ({0}, 27000, 80.0, 8.0)
    (once,) = schedule.overrides
    assert (once.start, once.end) == (
        datetime(2026, 12, 24, 23, tzinfo=UTC),
        datetime(2026, 12, 25, 2, tzinfo=UTC),
    )
    assert (schedule.prices[0].start_s, schedule.prices[0].end_s) == (0, 86400)
    assert (schedule.otherwise, str(schedule.zone), schedule.document) == (Want("v2h"), "America/New_York", document)
    assert read({"version": 1}).empty


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "the schedule is empty, not an object with a version"),
        ("x", "the schedule is a text"),
        ({}, "version = None is not 1"),
        ({"version": 2}, "version = 2 is not 1"),
        ({"version": True}, "version = True is not 1"),
        ({"version": 1, "weakly": []}, "unknown field 'weakly'; did you mean weekly?"),
        ({"version": 1, "zone": "Mars"}, "zone = 'Mars' is not a time zone such as Europe/London"),
        ({"version": 1, "otherwise": "charge"}, "otherwise = 'charge' is not one of idle, v2h, solar"),
        ({"version": 1, "weekly": {}}, "weekly = {} is not a list of entries"),
        ({"version": 1, "weekly": [NIGHT] * 51}, "weekly has 51 entries; at most 50"),
        ({"version": 1, "weekly": [5]}, "weekly entry 1: 5 is not an object with start, end, mode"),
        ({"version": 1, "weekly": [{"mode": "v2h"}]}, "weekly entry 1: start, end is missing"),
        (
            {"version": 1, "weekly": [NIGHT, {**NIGHT, "name": "b", "end": "25:00"}]},
            "weekly entry 2 “b”: end = '25:00' is not a time from 00:00 to 24:00",
        ),
        *(
            ({"version": 1, "weekly": [{**NIGHT, "name": bad}]}, f"weekly entry 1: name = {bad!r} is not a text of")
            for bad in ("\ud800x", "a\0", "a\nb", "\u202ea")
        ),
        ({"version": 1, "weekly": [{**NIGHT, "start": "24:00"}]}, "start = '24:00' is not a time from 00:00 to 23:59"),
        (
            {"version": 1, "weekly": [{**NIGHT, "start": "7:30"}]},
            "start = '7:30' is not a time from 00:00 to 23:59; write 07:30",
        ),
        (
            {"version": 1, "prices": [{"start": "00:00", "end": "24:00", "import_price": 24.5}]},
            "import_price = 24.5 is not a number from -10 to 10 (per kWh in your currency, 24.5 p is 0.245)",
        ),
        ({"version": 1, "weekly": [{**NIGHT, "start": "²³:00"}]}, "start = '²³:00' is not a time"),
        (
            {"version": 1, "weekly": [{**NIGHT, "end": "23:30"}]},
            "is the same as start; for a whole day write 00:00 to 24",
        ),
        (
            {"version": 1, "weekly": [{**NIGHT, "mode": "eco"}]},
            "mode = 'eco' is not one of idle, v2h, solar, cover, charge",
        ),
        ({"version": 1, "weekly": [{**NIGHT, "days": "mondays"}]}, "days = 'mondays' is not one of daily, weekdays"),
        ({"version": 1, "weekly": [{**NIGHT, "days": []}]}, "days = [] is not one of"),
        ({"version": 1, "weekly": [{**NIGHT, "days": ["mon", 5]}]}, "or a list of mon, tue, wed, thu, fri, sat, sun"),
        ({"version": 1, "weekly": [{**NIGHT, "amps": 20}]}, "amps = 20 is not a number from 1 to 15 A"),
        ({"version": 1, "weekly": [{**NIGHT, "soc_limit_pct": 95}]}, "is not a number from 30 to 90 %"),
        (
            {"version": 1, "weekly": [{**NIGHT, "soc_limit": 80}]},
            "unknown field 'soc_limit'; did you mean soc_limit_pct?",
        ),
        ({"version": 1, "weekly": [{**NIGHT, "mode": "v2h", "amps": 5}]}, "amps = 5 does not fit mode v2h"),
        ({"version": 1, "weekly": [{**NIGHT, "name": "x" * 41}]}, "is not a text of at most 40 printable letters"),
        (
            {"version": 1, "ready_by": [{"time": "07:30", "soc_pct": "80"}]},
            "soc_pct = '80' is not a number from 30 to 90",
        ),
        (
            {"version": 1, "ready_by": [{"date": "24.12.", "time": "07:30", "soc_pct": 80}]},
            "ready_by entry 1: date = '24.12.' is not a date such as 2026-12-24, of the years 2000 to 2099",
        ),
        (
            {"version": 1, "ready_by": [{"date": "2026-12-24", "days": "daily", "time": "07:30", "soc_pct": 80}]},
            "days = 'daily' does not fit date: a date is one day",
        ),
        (
            {"version": 1, "weekly": [{**NIGHT, "mode": "discharge", "max_price": 0.1}]},
            "max_price = 0.1 does not fit mode discharge; only charge",
        ),
        ({"version": 1, "weekly": [{**NIGHT, "max_price": 15}]}, "max_price = 15 is not a number from -10 to 10"),
        (
            {"version": 1, "weekly": [{**NIGHT, "max_price": 0.1}] * 11},
            "11 entries of weekly and overrides have max_price; at most 10 are allowed",
        ),
        ({"version": 1, "trips": [{"at": "07:30", "soc_pct": 80}]}, "trips entry 1: at = '07:30' is not a date and"),
        ({"version": 1, "prices": [{"start": "00:00", "end": "24:00", "import_price": None}]}, "import_price = None"),
        (
            {"version": 1, "overrides": [{"start": "2026-12-24T18:00", "end": "soon", "mode": "idle"}]},
            "overrides entry 1: end = 'soon' is not a date and time such as",
        ),
        (
            {"version": 1, "overrides": [{"start": "2026-12-24T18:00", "end": "2026-12-24T17:00", "mode": "idle"}]},
            "is not after start and within 31 days of it",
        ),
        *(
            (
                {"version": 1, "overrides": [{"start": start, "end": end, "mode": "idle"}]},
                f"overrides entry 1: start = '{start}' is not in the years 2000 to 2099",
            )
            for start, end in (
                ("9999-12-31T00:00", "9999-12-31T23:59:59.999999"),
                ("9999-12-02T00:00+00:00", "9999-12-03T00:00+00:00"),
                ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.5-14:00"),
                ("0001-01-01T00:00", "0001-01-01T01:00"),
                ("1999-12-31T00:00", "1999-12-31T01:00"),
            )
        ),
    ],
)
def test_refusals_name_entry_field_and_what_is_allowed(document: Any, words: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(document)
    assert any(words in text for text in caught.value.errors), caught.value.errors


def test_what_follows_from_an_error_is_no_second_one() -> None:
    with pytest.raises(ScheduleError) as caught:
        read({"version": 1, "weekly": [{**NIGHT, "mode": "chrage", "amps": 10, "soc_limit_pct": 80}]})
    (error,) = caught.value.errors
    assert "mode = 'chrage' is not one of idle, v2h" in error
    with pytest.raises(ScheduleError) as caught:
        read({"version": 1, "overrides": [{"start": "9999-12-31T00:00", "end": "2026-12-24T18:00", "mode": "idle"}]})
    assert len(caught.value.errors) == 1


def test_all_errors_are_found_at_once() -> None:
    with pytest.raises(ScheduleError) as caught:
        read({"version": 3, "weekly": [{**NIGHT, "mode": "eco", "end": "x"}], "ready_by": 5})
    assert len(caught.value.errors) == 4
    assert str(caught.value).endswith("(and 3 more)")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6) | st.sampled_from(["23:30", "v2h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(JSON, st.sampled_from(["weekly", "overrides", "ready_by", "prices", "zone", "otherwise", "cmd"]))
def test_nothing_but_a_schedule_error_comes_of_any_document(value: Any, key: str) -> None:
    keys = ("name", "days", "start", "end", "mode", "amps", "soc_limit_pct", "time", "soc_pct", "import_price")
    for document in (value, {"version": 1, key: value}, {"version": 1, key: [dict.fromkeys(keys, value)]}):
        try:
            read(document)
        except ScheduleError as error:
            assert error.errors


# The predecessor's file

EVENTS = [
    {"time": "23:30:00", "action": "Charge", "params": {"amps": 10, "eco": False, "soc_limit": 80}},
    {"time": "05:30:00", "action": "V2h"},
    {"time": "10:00:30", "action": "Charge", "params": {"amps": None, "eco": True, "soc_limit": None}},
    {"time": "16:00:00", "action": "Discharge", "params": None},
    {"time": "19:00:00", "action": "Sleep"},
]


@pytest.mark.parametrize("document", [EVENTS, {"cmd": {"SetEvents": EVENTS}}])
def test_each_event_of_the_predecessor_holds_until_the_next(document: Any) -> None:
    schedule = read(document)
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    parts = timeline(schedule, midnight, midnight + timedelta(days=1), CarNow())
    assert [(f"{part.start:%H:%M:%S}", part.want) for part in parts] == [
        ("00:00:00", Want("charge", 10.0, 80.0)),
        ("05:30:00", Want("v2h")),
        ("10:00:30", Want("solar")),
        ("16:00:00", Want("discharge")),
        ("19:00:00", Want("idle")),
        ("23:30:00", Want("charge", 10.0, 80.0)),
    ]
    assert schedule.document["version"] == 1


def test_one_event_holds_for_ever_and_none_is_an_empty_schedule() -> None:
    schedule = read([{"time": "01:02:03", "action": "V2h"}])
    assert [(w.start_s, w.end_s, w.want) for w in schedule.weekly] == [
        (3723, 86400, Want("v2h")),
        (0, 3723, Want("v2h")),
    ]
    assert read([]).empty


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([{"time": "1", "action": "Sleep"}], "start = '1' is not a time"),
        ([{"time": 5, "action": "Sleep"}], "events.json entry 1: time = 5 is not a time of day such as 23:30:00"),
        ([{"time": "01:00:00", "action": "Nap"}], "action = 'Nap' is not one of Charge, Discharge, Sleep, V2h, Eco"),
        ([{"time": "01:00:00", "action": ["Nap"]}], "is not one of"),
        ([{"time": "01:00:00", "action": "V2h", "day": 1}], "unknown field 'day'"),
        (
            [{"time": "01:00:00", "action": "Charge", "params": {"amp": 1}}],
            "unknown field params.amp; known there: amps",
        ),
        (
            [{"time": "01:00:00", "action": "Charge", "params": {"amps": 90}}],
            "amps = 90 is not a number from 1 to 15 A",
        ),
        ([{"time": "01:00:00", "action": "Charge", "params": 5}], "params = 5 is not an object"),
        ([EVENTS[1], EVENTS[1]], "time = '05:30:00' stands in more than one event"),
        ([5], "events.json entry 1: 5 is not an object"),
        ({"cmd": {}}, "holds no list SetEvents"),
    ],
)
def test_a_bad_event_is_named(document: Any, words: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(document)
    assert any(words in text for text in caught.value.errors), caught.value.errors
