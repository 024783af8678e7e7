"""The schedule: what is active and why, across every change of the clocks, and a preview that always agrees."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clockchanges import ZONES, changes, first_shown
from v2h.config.site import Limits
from v2h.config.zones import ZoneError, zone
from v2h.energy.planning import active, next_entry, plan, timeline
from v2h.energy.readyby import CarNow, cheapest, need_s
from v2h.energy.schedule import Part, Schedule
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result
from v2h.energy.walltime import DAYS, at_second, instant

CHANGES = [(name, change) for name in ZONES for change in changes(name)]
WEEK = timedelta(days=7)
FULL = CarNow(soc_pct=100.0)
MINUTES = st.integers(0, 24 * 60 - 1)


def hhmm(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def made(**document: Any) -> Schedule:
    return read_schedule({"version": 1, **document}, Limits(), "Europe/London")


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(MINUTES)
    end = draw(MINUTES.filter(lambda minute: minute != start))
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
    return {"start": hhmm(start), "end": hhmm(end), "days": days, "mode": draw(st.sampled_from(["v2h", "solar"]))}


def test_each_zone_changes_its_clocks_twice_a_year() -> None:
    assert {name: len(changes(name)) for name in ZONES} == dict.fromkeys(ZONES, 10)


@given(st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60))
def test_a_wall_time_is_the_first_moment_the_wall_shows_it_or_later(change: tuple[str, datetime], minutes: int) -> None:
    tz = ZoneInfo(change[0])
    local = (change[1].astimezone(tz) + timedelta(minutes=minutes)).replace(tzinfo=None, fold=0)
    assert instant(local, tz) == first_shown(local, tz)


def test_both_kinds_of_change_are_among_them() -> None:
    london = ZoneInfo("Europe/London")
    missing, twice = datetime(2026, 3, 29, 1, 30), datetime(2026, 10, 25, 1, 30)
    assert instant(missing, london) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert instant(twice, london) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    half = ZoneInfo("Australia/Lord_Howe")
    assert instant(datetime(2026, 10, 4, 2, 15), half) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    assert at_second(date(2026, 3, 29), 86400, london) == datetime(2026, 3, 29, 23, 0, tzinfo=UTC)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.sampled_from(CHANGES), st.lists(windows(), min_size=1, max_size=4), st.integers(0, 71 * 60))
def test_windows_hold_exactly_while_the_wall_says_so(
    change: tuple[str, datetime], weekly: list[dict[str, Any]], minutes: int
) -> None:
    """Compare the schedule with a simple rule on the wall clock, at any minute of the three days around a change."""
    name, tz = change[0], ZoneInfo(change[0])
    now = change[1] - timedelta(hours=36) + timedelta(minutes=minutes)
    schedule = read_schedule({"version": 1, "zone": name, "weekly": weekly}, Limits(), "UTC")
    part = active(schedule, now, FULL)[0]
    winner = ""
    today = now.astimezone(tz).date()
    for n, window in enumerate(weekly):
        for day in (today - timedelta(days=1), today):
            midnight = datetime(day.year, day.month, day.day)
            start, end = (
                midnight + timedelta(hours=int(window[key][:2]), minutes=int(window[key][3:]))
                for key in ("start", "end")
            )
            end += timedelta(days=1) if end <= start else timedelta(0)
            if DAYS[day.weekday()] in window["days"] and first_shown(start, tz) <= now < first_shown(end, tz):
                winner = winner or f"weekly {n}"
    assert part.key.startswith(winner) if winner else part.key == ""
    assert part.want.mode == (weekly[int(winner[-1])]["mode"] if winner else "idle")


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.sampled_from(CHANGES),
    st.lists(windows(), max_size=5),
    st.integers(0, 8 * 24 * 3600 - 1),
    st.floats(0, 0.999_999),
)
def test_preview_and_now_never_disagree(
    change: tuple[str, datetime], weekly: list[dict[str, Any]], before_s: int, share: float
) -> None:
    name, begin = change[0], change[1] - timedelta(seconds=before_s)
    one_off = {
        "start": (change[1] - timedelta(hours=3)).isoformat(),
        "end": (change[1] + timedelta(hours=2)).isoformat(),
        "mode": "charge",
    }
    document = {"version": 1, "zone": name, "weekly": weekly, "overrides": [one_off], "otherwise": "solar"}
    schedule = read_schedule(document, Limits(), "UTC")
    preview = timeline(schedule, begin, begin + WEEK, FULL)
    assert preview[0].start == begin
    assert preview[-1].end == begin + WEEK
    assert all(a.end == b.start and (a.want, a.key) != (b.want, b.key) for a, b in pairwise(preview))
    at = begin + WEEK * share
    seen = next(part for part in preview if part.start <= at < part.end)
    now, *following = active(schedule, at, FULL)
    assert (now.want, now.key, now.why) == (seen.want, seen.key, seen.why)
    assert now.end == seen.end or seen.end == begin + WEEK
    if following and seen is not preview[-1]:
        assert following[0].key == preview[preview.index(seen) + 1].key


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.sampled_from(CHANGES),
    st.integers(-30 * 60, 30 * 60),
    st.floats(0, 100),
    st.lists(windows(), max_size=3),
    st.booleans(),
)
def test_with_a_target_now_is_the_first_part_of_the_preview(
    change: tuple[str, datetime], minutes: int, soc_pct: float, weekly: list[dict[str, Any]], priced: bool
) -> None:
    prices = [{"start": "23:30", "end": "05:30", "import_price": 0.07}] if priced else []
    document = {
        "version": 1,
        "zone": change[0],
        "weekly": weekly,
        "ready_by": [{"time": "07:30", "soc_pct": 80}],
        "prices": prices,
    }
    schedule = read_schedule(document, Limits(), "UTC")
    now, car = change[1] + timedelta(minutes=minutes), CarNow(soc_pct, 40.0)
    part = active(schedule, now, car)[0]
    preview = timeline(schedule, now, now + WEEK, car)
    assert (part.want, part.key, part.keep_soc_pct) == (preview[0].want, preview[0].key, preview[0].keep_soc_pct)
    assert any(p.entry == "ready by" for p in preview) == (soc_pct < 80)


@pytest.mark.slow
@pytest.mark.parametrize("priced", [False, True])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]}-{change[1]:%Y-%m}")
def test_a_car_that_does_what_the_schedule_says_is_ready_in_time(change: tuple[str, datetime], priced: bool) -> None:
    """Two nights around each change: the car is plugged in with 30 % in the evening and charges when the schedule says
    charge."""
    tz = ZoneInfo(change[0])
    prices = [{"start": "00:30", "end": "04:30", "import_price": 0.07}] if priced else []
    document = {"version": 1, "zone": change[0], "ready_by": [{"time": "07:30", "soc_pct": 80}], "prices": prices}
    schedule = read_schedule(document, Limits(), "UTC")
    evening = (change[1].astimezone(tz) - timedelta(days=1)).date()
    for day in (evening, evening + timedelta(days=1)):
        now, deadline = at_second(day, 19 * 3600, tz), at_second(day + timedelta(days=1), 27000, tz)
        assert deadline.astimezone(tz).strftime("%H:%M") == "07:30"
        soc_pct, starts, busy_until, began = 30.0, 0, None, None
        while now < deadline:
            car = CarNow(soc_pct, 40.0, 15.0, busy_until)
            part = active(schedule, now, car)[0]
            charging = part.want.mode == "charge" and soc_pct < 80
            starts += charging and busy_until is None
            began = began or (now if charging else None)
            busy_until = deadline if charging else None
            soc_pct += 15 * 385 * 0.9 / 12 / 40000 * 100 if charging else 0
            now += timedelta(minutes=5)
        assert 80 <= soc_pct < 81.5
        assert starts == 1
        assert began is not None
        if priced:
            assert f"{began.astimezone(tz):%H:%M}" >= "00:30"


def test_the_strongest_and_then_the_first_listed_wins() -> None:
    schedule = made(
        weekly=[
            {"name": "first", "start": "10:00", "end": "12:00", "mode": "v2h"},
            {"name": "second", "start": "09:00", "end": "13:00", "mode": "solar"},
        ],
        ready_by=[{"time": "11:30", "soc_pct": 60}],
        overrides=[{"start": "2026-06-01T10:30", "end": "2026-06-01T10:45", "mode": "discharge", "amps": 5}],
    )
    car = CarNow(55.0, 40.0)
    parts = timeline(schedule, datetime(2026, 6, 1, 7, tzinfo=UTC), datetime(2026, 6, 1, 13, tzinfo=UTC), car)
    local = [(f"{p.start.astimezone(schedule.zone):%H:%M}", p.want.mode, p.entry) for p in parts]
    charge_from = datetime(2026, 6, 1, 11, 30) - timedelta(seconds=need_s(car, 60, None))
    assert "10:45" < f"{charge_from:%H:%M}" < "11:00"
    assert local == [
        ("08:00", "idle", ""),
        ("09:00", "solar", "window “second”"),
        ("10:00", "v2h", "window “first”"),
        ("10:30", "discharge", "one-off"),
        ("10:45", "v2h", "window “first”"),
        (f"{charge_from:%H:%M}", "charge", "ready by"),
        ("11:30", "v2h", "window “first”"),
        ("12:00", "solar", "window “second”"),
        ("13:00", "idle", ""),
    ]
    assert [part.keep_soc_pct for part in parts[4:7]] == [None, 60, None]
    assert parts[2].why == "window “first” until Mon 12:00"


def test_what_comes_next_is_the_next_entry() -> None:
    schedule = made(weekly=[{"start": "10:00", "end": "11:00", "mode": "v2h"}])
    now = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    parts = timeline(schedule, now, now + WEEK, FULL)
    following = next_entry(parts)
    assert isinstance(following, Part)
    assert following.start == datetime(2026, 1, 6, 10, tzinfo=UTC)
    (part,) = active(made(), now, FULL)
    assert (part.want.mode, part.why) == ("idle", "nothing is scheduled")
    once_a_week = made(weekly=[{"days": ["sun"], "start": "10:00", "end": "11:00", "mode": "v2h"}])
    assert active(once_a_week, now, FULL)[1].entry == "window"


def test_a_window_within_the_missing_hour_is_skipped_and_an_adjoining_pair_leaves_no_gap() -> None:
    schedule = made(
        weekly=[
            {"name": "a", "start": "01:10", "end": "01:50", "mode": "v2h"},
            {"name": "b", "start": "01:50", "end": "03:00", "mode": "solar"},
        ]
    )
    spring = datetime(2026, 3, 29, 0, tzinfo=UTC)
    parts = timeline(schedule, spring, spring + timedelta(hours=5), FULL)
    assert [(p.start.hour, p.end.hour, p.want.mode) for p in parts] == [(0, 1, "idle"), (1, 2, "solar"), (2, 5, "idle")]
    autumn = datetime(2026, 10, 25, 0, tzinfo=UTC)
    parts = timeline(schedule, autumn, autumn + timedelta(hours=5), FULL)
    assert [p.want.mode for p in parts] == ["idle", "v2h", "solar", "idle"]
    assert parts[2].end == datetime(2026, 10, 25, 3, tzinfo=UTC)


def test_charging_takes_the_cheapest_and_then_the_latest_hours() -> None:
    t = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(9)]
    spans = [(t[0], t[2], 0.3), (t[2], t[5], 0.1), (t[5], t[8], 0.3)]
    hours = [timedelta(hours=n) for n in range(12)]
    assert cheapest(spans, hours[0], False) == []
    assert cheapest(spans, hours[2], False) == [(t[3], t[5])]
    assert cheapest(spans, hours[4], False) == [(t[2], t[5]), (t[7], t[8])]
    assert cheapest(spans, hours[7], False) == [(t[1], t[8])]
    assert cheapest(spans, hours[11], False) == [(t[0], t[8])]
    assert cheapest(spans[1:], hours[1], True) == [(t[2], t[3]), (t[4], t[5])]
    assert cheapest(spans, hours[1], True) == [(t[4], t[5])]


def test_a_car_of_unknown_charge_is_taken_for_empty() -> None:
    assert (
        need_s(CarNow(), 80, None) > need_s(CarNow(30.0, 40.0), 80, None) > need_s(CarNow(79.0, 40.0), 80, None) > 600
    )
    assert need_s(CarNow(80.0), 80, None) == 0
    assert need_s(CarNow(30.0, 40.0), 80, 7.5) == pytest.approx(2 * need_s(CarNow(30.0, 40.0), 80, None) - 600)
    assert need_s(CarNow(30.0, 40.0, 0.0), 80, None) == 0


def test_prices_cover_the_time_without_gaps() -> None:
    schedule = made(prices=[{"start": "23:30", "end": "05:30", "import_price": 0.07, "export_price": 0.15}])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    spans = result(plan(schedule, start, start, FULL)).prices
    (night,) = schedule.prices
    assert (night.import_price, night.export_price) == (0.07, 0.15)
    assert [(f"{a:%H:%M}", f"{b:%H:%M}", price) for a, b, price in spans] == [
        ("00:00", "05:30", (0.07, 0.15)),
        ("05:30", "23:30", None),
        ("23:30", "00:00", (0.07, 0.15)),
    ]


def test_targets_are_listed_in_order_with_their_charging() -> None:
    schedule = made(ready_by=[{"name": "work", "days": "weekdays", "time": "07:30", "soc_pct": 80}])
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)  # a Friday
    found = result(plan(schedule, now, now + timedelta(days=6), CarNow(50.0, 40.0))).targets
    assert [f"{target.at:%a %H:%M}" for target in found] == [f"{d} 07:30" for d in ("Mon", "Tue", "Wed", "Thu", "Fri")]
    assert all(target.charge[-1][1] == target.at for target in found)


def test_a_zone_that_is_none_is_named_with_a_similar_one() -> None:
    for name in ("", None, "Europe", "../etc/passwd", "Europe/Nowhere", 5):
        with pytest.raises(ZoneError, match="is not a time zone"):
            zone(name)
    with pytest.raises(ZoneError, match="did you mean Europe/London"):
        zone("Europe/Londn")
