"""The parts of the view one by one: flow, battery, next entries, energy, meter, clock, the week, the forms."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support import lived_in
from tests.support.messages import charger, manager
from v2h.bus.messages import Alive, ConverterLosses, ManagerSchedule, ManagerState, MeterReading, MeterStatus
from v2h.bus.sentences import in_language, say
from v2h.energy.clock_trust import Trust
from v2h.energy.explain import clock_json
from v2h.web.forms import schedule_form, settings_form
from v2h.web.german.language import GERMAN
from v2h.web.view import health, labels, money, today
from v2h.web.view.document import view
from v2h.web.view.figures import NONE, kwh, moment
from v2h.web.view.flow import flow
from v2h.web.view.logrows import stored
from v2h.web.view.sessions import Group
from v2h.web.view.snapshot import Snapshot
from v2h.web.view.week import week

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=LONDON)


def seen(**changes: Any) -> Snapshot:
    now = time.monotonic()
    return Snapshot(now, None, None, {}, (), True, (), "Garage", wall_s=NOON.timestamp())._replace(**changes)


@pytest.mark.parametrize(
    ("grid_w", "car_w", "solar_w", "house", "sun", "sun_way"),
    [
        (500.0, -1000.0, None, "1.50 kW", NONE, "none"),
        (-1200.0, 300.0, None, NONE, "1.50 kW", "down"),
        (-1200.0, 300.0, 2000.0, "500 W", "2.00 kW", "down"),
        (100.0, 0.0, 0.0, "100 W", "0 W", "none"),
        (None, 0.0, None, NONE, NONE, "none"),
        (None, 0.0, 2000.0, NONE, "2.00 kW", "down"),
    ],
)
def test_the_picture_with_and_without_a_meter_at_the_sun(
    grid_w: float | None, car_w: float, solar_w: float | None, house: str, sun: str, sun_way: str
) -> None:
    drawn = flow(charger(power_w=car_w), grid_w, solar_w)
    assert (drawn["house"]["power"], drawn["sun"]["power"], drawn["sun"]["way"]) == (house, sun, sun_way)


@pytest.mark.parametrize(
    ("grid_w", "car_w", "solar_w", "text"),
    [
        (
            -1200.0, 300.0, 2000.0,
            "From the sun 2.00 kW; to the grid 1.20 kW; house uses, about 500 W; into the car 300 W.",
        ),
        (-1200.0, 300.0, None, "Sun, at least 1.50 kW; to the grid 1.20 kW; house: not known; into the car 300 W."),
        (5.0, 0.0, None, "Sun: not metered; grid balanced 5 W; house uses, about 5 W; car: no flow 0 W."),
        (None, None, None, "Sun: not metered; grid: not known; house: not known; car: not known."),
    ],
)  # fmt: skip
def test_the_pictures_sentence_says_what_the_picture_shows(
    grid_w: float | None, car_w: float | None, solar_w: float | None, text: str
) -> None:
    drawn = flow(charger(power_w=car_w), grid_w, solar_w)
    assert drawn["text"] == text
    for node in ("sun", "grid", "house", "car"):
        assert drawn[node]["label"] in text.lower()
        assert drawn[node]["power"] in (NONE, *re.findall(r"[\d.]+ k?W", text))


def test_an_old_reading_of_the_sun_is_no_reading() -> None:
    now = time.monotonic()
    assert seen(now=now, solar=MeterReading(now - 2, -3.0, 1.0, 0.5, "x")).solar_w() == 0.0
    assert seen(now=now, solar=MeterReading(now - 60, 900.0, 1.0, 0.5, "x")).solar_w() is None
    assert seen(now=now, solar=MeterReading(now - 60, 900.0, 30.0, 0.5, "x")).solar_w() == 900.0


@pytest.mark.parametrize(
    ("grid_age_s", "manager_age_s", "interval_s", "known"),
    [
        (0.1, 0.2, 0.1, True),
        (2.0, 1.5, 0.1, False),  # each age alone may be shown, their sum may not
        (900.0, 0.2, 0.1, False),
        (25.0, 0.2, 10.0, True),  # a slow meter that works well
        (32.0, 0.2, 10.0, False),
        (25.0, 0.2, None, False),
        (None, 0.2, 0.1, False),
    ],
)
def test_an_old_reading_of_the_grid_is_no_reading(
    grid_age_s: float | None, manager_age_s: float, interval_s: float | None, known: bool
) -> None:
    now = time.monotonic()
    said = manager(t=now - manager_age_s, grid_w=500.0, grid_age_s=grid_age_s)
    meters = {} if interval_s is None else {"grid": MeterStatus(now, "slow", "", "P1", interval_s, 1.0, True)}
    shown = view(seen(now=now, manager=said, charger=charger(t=now, power_w=-1000.0), meters=meters))
    drawn, row = shown["flow"], next(row for row in shown["ages"] if row["label"] == "Grid power")
    if known:
        assert (drawn["grid"]["way"], drawn["house"]["power"], shown["grid"]) == ("right", "1.50 kW", "500 W")
    else:
        assert (drawn["grid"]["way"], drawn["house"]["power"], shown["grid"]) == ("none", NONE, NONE)
        assert (drawn["grid"]["label"], drawn["house"]["label"]) == ("grid: not known", "house: not known")
    assert row["old"] is not known
    age_s = None if grid_age_s is None else grid_age_s + manager_age_s
    assert shown["grid_age"] == ("unknown" if age_s is None else f"{age_s:.1f} s old" if age_s < 60 else "15 min old")


def test_battery_and_window_known_and_unknown() -> None:
    assert today.battery(None, None, {}) == {
        "soc": 0, "ring": "0 100", "low": 0, "width": 0, "text": "The window in use is not known yet.",
    }  # fmt: skip
    full = today.battery(charger(), None, {"soc_min_pct": 30.0, "soc_max_pct": 90.0, "reserve_soc_pct": 45.0})
    assert (full["soc"], full["low"], full["width"]) == (62.0, 30.0, 60.0)
    assert full["text"] == "Used between 30 % and 90 %; V2H leaves 45 % for driving."
    limits = {"soc_min_pct": 20.0, "soc_max_pct": 80.0}
    assert today.battery(None, manager(limits=limits), {})["text"] == "Used between 20 % and 80 %."


def test_next_entries_leave_out_what_is_over_and_what_cannot_be_read() -> None:
    def part(hours: float, mode: str) -> dict[str, Any]:
        start = NOON + timedelta(hours=hours)
        return {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "mode": mode}

    preview = [part(-3, "v2h"), part(-0.5, "solar"), {"start": "soon"}, part(1, "idle"), part(30, "charge")]
    rows = today.next_rows(seen(plan=ManagerSchedule(0.0, {}, preview)), None)
    assert [(row["label"], row["text"], row["tone"]) for row in rows] == [
        ("Solar", "11:30–12:30", "on"),
        ("Charge", "Mon 18:00–19:00", "dim"),
    ]
    by_hand = today.next_rows(seen(plan=ManagerSchedule(0.0, {}, preview)), manager(chosen_by="owner"))
    assert {row["tone"] for row in by_hand} == {"dim"}, "what a hand chose is not what the schedule wants now"
    stopped = manager(chosen_by="nobody", stopped_by_owner=True)
    note, *rows = today.next_rows(seen(plan=ManagerSchedule(0.0, {}, preview)), stopped)
    assert note["label"] == "The schedule waits after your stop. Without it:"
    assert [(row["label"], row["tone"]) for row in rows] == [("Solar", "dim"), ("Charge", "dim")]
    lasting = manager(chosen_by="owner", until=(NOON + timedelta(hours=20)).isoformat())
    note, *rows = today.next_rows(seen(plan=ManagerSchedule(0.0, {}, preview)), lasting)
    assert note["label"] == "The schedule waits until Mon 08:00. Then:"
    assert [row["label"] for row in rows] == ["Charge"], "the other one is over by then"


def test_next_falls_back_to_managers_words_and_tells_a_bad_schedule() -> None:
    assert today.next_rows(seen(), None)[0]["label"] == "Nothing planned"
    assert today.next_rows(seen(), manager(next_entry="Charge at 00:30"))[0]["label"] == "Charge at 00:30"
    (row,) = today.next_rows(seen(plan=ManagerSchedule(0.0, {}, error="weekly 2: end is missing")), manager())
    assert (row["tone"], "weekly 2: end is missing" in row["label"]) == ("warn", True)


def test_energy_of_today_and_nothing_counted() -> None:
    rows = {
        row["label"]: row["text"] for row in today.energy({"charged_wh": 1250.0, "saved": -0.5}, {"currency": "GBP"})
    }
    assert (rows["Into the car"], rows["Out of the car"], rows["Saved"]) == ("1.2 kWh", NONE, "−0.50 GBP")
    assert {row["text"] for row in today.energy(None, {})} == {NONE}


def test_what_is_estimated_is_marked_and_the_efficiency_needs_some_energy() -> None:
    day = {"charged_wh": 5000.0, "battery_in_wh": 4650.0, "discharged_wh": 910.0, "battery_out_wh": 1000.0}
    assert money.efficiency(day) == "93 % in, 91 % out"
    assert money.efficiency({**day, "battery_out_wh": 50.0}) == "93 % in, – out"
    assert money.efficiency({"charged_wh": 50.0, "battery_in_wh": 45.0}) == NONE
    rows = {row["name"]: row["text"] for row in today.energy({**day, "estimated_s": 5.0, "imported_wh": 1.0}, {})}
    assert rows["efficiency"] == "≈ 93 % in, 91 % out"
    assert (rows["charged_wh"], rows["imported_wh"], rows["saved"]) == ("≈ 5.0 kWh", "0.0 kWh", NONE)


def test_what_an_estimate_rests_on_is_said_and_in_the_api() -> None:
    usual = ConverterLosses(0.0, 40.0, 0.03, 0.03, 0, 94.5)
    assert money.estimate(None) == money.estimate(usual) == say("page.estimated_usual")
    text = money.estimate(ConverterLosses(0.0, 61.2, 0.05, 0.02, 23, 92.6))
    assert "learned from 23 steps of the grid meter: 61 W while it is on, and 92.6 % efficiency" in text


def test_only_the_counters_of_this_day_are_todays() -> None:
    days = [{"day": "2026-11-21", "charged_wh": 1.0}, {"day": "2026-11-22", "charged_wh": 2.0}]
    assert today.of_today(days, LONDON, NOON.timestamp()) == days[1]
    assert today.of_today(days[:1], LONDON, NOON.timestamp()) is None
    assert today.of_today(days, LONDON, (NOON + timedelta(hours=13)).timestamp()) is None


def meter_rows(said: ManagerState | None, meters: dict[str, MeterStatus], **changes: Any) -> list[dict[str, str]]:
    now = time.monotonic()
    told = {role: replace(status, t=now + status.t) for role, status in meters.items()}
    return health.meter(seen(now=now, meters=told, **changes), said)


@pytest.mark.parametrize(
    ("age_s", "bus_up", "text", "tone"),
    [(29.0, True, "0.10 s", "dim"), (45.0, True, "no news for 45 s", "bad"), (1.0, False, "unknown", "dim")],
)
def test_an_old_word_of_a_meter_is_told_as_old(age_s: float, bus_up: bool, text: str, tone: str) -> None:
    first, *more = meter_rows(None, {"grid": MeterStatus(-age_s, "good", "", "P1", 0.1, 0.06, True)}, bus_up=bus_up)
    assert (first["name"], first["text"], first["tone"]) == ("grid", text, tone)
    assert len(more) == (1 if text == "0.10 s" else 0), "what it said of its lag is old too"


def test_without_the_bus_nobody_is_said_to_run() -> None:
    alive = {name: Alive(True, 1, "0") for name in labels.PROGRAMS}
    for bus_up, state, tone in ((True, "running", "good"), (False, "unknown", "dim")):
        rows = health.programs(seen(programs=alive, bus_up=bus_up))
        assert {(row["state"], row["tone"]) for row in rows} == {(state, tone)}


def test_a_slow_meter_is_told_in_words() -> None:
    assert meter_rows(None, {}) == []
    good = MeterStatus(0.0, "good", "fine", "the chip", 0.1, 0.06, True)
    rows = meter_rows(manager(tracking={"mean_w": 26.4, "over_s": 60}), {"solar": good, "grid": good})
    assert [(row["name"], row["text"], row["tone"]) for row in rows] == [
        ("grid", "0.10 s", "dim"),
        ("grid-lag", "0.06 s", "dim"),
        ("solar", "0.10 s", "dim"),
        ("solar-lag", "0.06 s", "dim"),
        ("mean_w", "26 W", "good"),
    ]
    rows = meter_rows(manager(tracking={"lag_s": 0.8}), {"grid": good})
    assert rows[1]["text"] == "0.06 s as told, but 0.80 s by what it shows of the car's power; followed as the latter"
    assert rows[1]["tone"] == "warn"
    slow = MeterStatus(0.0, "slow", "sends a new value only every 10 s", "P1", 10.0, 1.0, False)
    rows = meter_rows(manager(tracking={"mean_w": 180.0}), {"grid": slow})
    assert [(row["text"], row["tone"]) for row in rows] == [
        ("10.00 s", "warn"),
        ("1.00 s, assumed", "dim"),
        ("", "warn"),
        ("180 W", "warn"),
    ]
    assert rows[2]["label"] == slow.text
    frozen = MeterStatus(0.0, "frozen", "seems not to measure", "P1", 1.0, 1.0, True)
    assert meter_rows(None, {"grid": frozen})[0]["tone"] == "bad"


@pytest.mark.parametrize(
    ("said", "tone", "part"),
    [
        ({}, "dim", "has not said"),
        ({"trusted": True, "source": "ntp", "age_s": 1200.0}, "good", "from the network (NTP), set 20 min ago"),
        ({"trusted": False, "source": "none", "age_s": None}, "warn", "the schedule waits"),
    ],
)
def test_the_clock_says_whether_it_is_trusted(said: dict[str, Any], tone: str, part: str) -> None:
    shown = health.clock(manager(clock=said))
    assert shown["tone"] == tone
    assert part in shown["text"]


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Kolkata", "UTC"])
def test_the_clock_shows_the_time_there(zone: str) -> None:
    """The time as manager reports it, with a UTC offset at its end."""
    said = clock_json(Trust(True, "ntp", 3.0), NOON, ZoneInfo(zone))
    shown = {"Europe/London": "12:00", "Asia/Kolkata": "17:30", "UTC": "12:00"}[zone]
    assert health.clock(manager(clock=said))["local"] == f"Sun 22 Nov, {shown} in {zone}"


@pytest.mark.parametrize("local", [None, "", "noon", 12])
def test_a_clock_that_cannot_be_read_is_not_known(local: object) -> None:
    assert health.clock(manager(clock={"trusted": True, "zone": "UTC", "local": local}))["local"] == NONE


def test_a_week_is_cut_at_each_midnight() -> None:
    days = week(lived_in.plan(0.0, NOON).preview)
    assert [day["day"] for day in days] == [
        "Sun 22 Nov", "Mon 23 Nov", "Tue 24 Nov", "Wed 25 Nov", "Thu 26 Nov", "Fri 27 Nov", "Sat 28 Nov",
    ]  # fmt: skip
    monday = days[1]["parts"]
    assert [(part["mode"], part["x"], part["x"] + part["width"]) for part in monday] == [
        ("v2h", 0, 1800),
        ("charge", 1800, 19800),
        ("v2h", 19800, 86400),
    ]
    assert monday[1]["text"] == "00:30 to 05:30 Charge with 10 A to 80 %"
    assert week([{"start": "x"}, {}]) == []


def test_a_part_over_midnight_is_listed_once_with_its_own_times() -> None:
    start, end = datetime(2026, 11, 30, 23, 30, tzinfo=LONDON), datetime(2026, 12, 1, 5, 30, tzinfo=LONDON)
    preview = [{"start": start.isoformat(), "end": end.isoformat(), "mode": "charge"}]
    first, second = (day["parts"] for day in week(preview))
    assert [(part["text"], part["whole"]) for part in first] == [
        ("23:30 to 24:00 Charge", "23:30 to Tue 05:30 Charge"),
    ]
    assert [(part["text"], part["whole"]) for part in second] == [("00:00 to 05:30 Charge", "")]
    assert in_language(first[0]["whole"], GERMAN) == "23:30 bis Di 05:30 Laden"


def test_a_part_over_the_end_of_summer_time_keeps_the_wall_clock() -> None:
    start, end = datetime(2026, 10, 25, 0, 30, tzinfo=LONDON), datetime(2026, 10, 25, 4, 0, tzinfo=LONDON)
    (day,) = week([{"start": start.isoformat(), "end": end.isoformat(), "mode": "charge"}])
    assert [(part["x"], part["width"]) for part in day["parts"]] == [(1800, 12600)]


def test_the_schedules_form_holds_what_the_document_says() -> None:
    form = schedule_form(lived_in.DOCUMENT, LONDON)
    assert form["otherwise"] == "v2h"
    kinds = {kind["kind"]: kind for kind in form["kinds"]}
    first = {field["key"]: field["value"] for field in kinds["weekly"]["entries"][0]}
    assert (first["start"], first["amps"], first["name"]) == ("00:30", 10, "cheap night")
    assert [day["on"] for day in first["days"]] == [True] * 7
    second = {field["key"]: field["value"] for field in kinds["weekly"]["entries"][1]}
    assert [day["key"] for day in second["days"] if day["on"]] == ["sat", "sun"]
    assert [mode["key"] for mode in second["mode"] if mode["on"]] == ["solar"]
    assert kinds["overrides"]["entries"] == []
    assert schedule_form({"weekly": "nonsense", "overrides": [3]}, UTC)["kinds"][0]["entries"] == []


def test_the_end_of_a_day_and_an_instant_fit_their_fields() -> None:
    document = {
        "weekly": [{"start": "18:00", "end": "24:00", "mode": "v2h"}],
        "overrides": [{"start": "2026-07-24T18:00", "end": "2026-07-25T02:00:00+00:00", "mode": "idle"}, {"start": 5}],
    }
    for zone, end in (("", "2026-07-25T03:00"), ("Asia/Kolkata", "2026-07-25T07:30"), ("Nowhere", "2026-07-25T03:00")):
        kinds = {kind["kind"]: kind["entries"] for kind in schedule_form(document | {"zone": zone}, LONDON)["kinds"]}
        once, odd = ({field["key"]: field for field in entry} for entry in kinds["overrides"])
        assert (once["start"]["value"], once["end"]["value"], odd["start"]["value"]) == ("2026-07-24T18:00", end, "")
        assert once["end"]["attributes"]["data-kept"] == "2026-07-25T02:00:00+00:00", "untouched, it is sent as it was"
        assert "data-kept" not in once["start"]["attributes"]
    assert {field["key"]: field["value"] for field in kinds["weekly"][0]}["end"] == "00:00"


def test_settings_are_grouped_and_an_unknown_one_is_not_lost() -> None:
    message = lived_in.settings(0.0)
    message.settings["new_thing_w"] = 5
    message.bounds["new_thing_w"] = {"low": 0, "high": 9, "unit": "W"}
    groups = settings_form(message)
    assert [group["title"] for group in groups] == ["Battery", "Currents", "Grid", "Session", "Region", "More"]
    assert {field["key"] for group in groups for field in group["fields"]} == set(message.settings)
    assert groups[-1]["fields"][0]["label"] == "New thing w"
    assert settings_form(None) == []


def test_stored_events_in_local_time_and_without_a_clock() -> None:
    row = {"at": "2026-07-01T11:00:00.000Z", "synchronised": 0, "level": "fault", "code": "x", "text": "bad-name"}
    (shown,) = stored([Group((row | {"source": "guard"},))], LONDON, {}, runs=False)
    assert shown["at"] == "1 Jul 12:00:00 (clock not set)"
    assert (shown["tone"], shown["label"]) == ("bad", "Bad name")
    unknown = Group(({**row, "at": None, "source": "x"},))
    assert stored([unknown], UTC, {}, runs=False)[0]["at"].startswith("time unknown")


@pytest.mark.parametrize(
    ("hours", "text"),
    [(3, "15:00"), (24, "Mon 12:00"), (24 * 6, "Sat 12:00"), (24 * 7, "29 Nov 12:00"), (-24, "21 Nov 12:00")],
)
def test_moments(hours: float, text: str) -> None:
    assert moment(NOON + timedelta(hours=hours), NOON) == text


def test_kilowatt_hours() -> None:
    assert (kwh(None), kwh(0.0), kwh(12345.0)) == (NONE, "0.0 kWh", "12.3 kWh")
