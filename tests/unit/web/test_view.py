"""What the page shows in each situation, above all with missing and old data."""

import json
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.messages import charger, manager
from v2h.bus.messages import (
    Alive,
    ChargerState,
    Event,
    LogState,
    ManagerPrices,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterStatus,
)
from v2h.bus.sentences import say
from v2h.bus.states import STATE_EVENT, State
from v2h.safety.outputs import Output, line_name
from v2h.web.state import LiveState, health
from v2h.web.view import labels
from v2h.web.view.document import view
from v2h.web.view.figures import NONE, unit, watts
from v2h.web.view.snapshot import Snapshot


def seen(c: ChargerState | None, m: ManagerState | None, **changes: Any) -> Snapshot:
    base = Snapshot(time.monotonic(), c, m, {}, (), True, (), "Garage")
    return base._replace(**changes)


def test_every_session_state_has_words_and_a_place() -> None:
    named = labels.STEP_OF_STATE.keys() | labels.AT_REST.keys() | {"make-safe"}
    assert {state.value for state in State} == named


def test_every_output_has_words() -> None:
    assert list(labels.OUTPUTS) == [line_name(output) for output in Output]


@pytest.mark.parametrize("state", [s.value for s in State] + ["never heard of"])
def test_every_state_renders(state: str) -> None:
    shown = view(seen(charger(state=state), manager()))
    assert shown["headline"]
    assert NONE not in shown["headline"]
    running = [row["name"] for row in shown["steps"] if row["state"] == "now"]
    assert len(running) == (1 if state in labels.STEP_OF_STATE else 0)


def test_steps_before_the_running_one_are_done() -> None:
    shown = view(seen(charger(state="insulation test"), manager()))
    assert [row["state"] for row in shown["steps"]] == ["done"] * 3 + ["now"] + ["todo"] * 6


def test_nothing_known_renders_and_says_so() -> None:
    shown = view(seen(None, None, bus_up=False))
    assert shown["tone"] == "old"
    assert shown["headline"] == "No connection to the charger’s programs"
    assert shown["why"] == "The manager has not reported yet."
    assert {shown[key] for key in ("soc", "volts", "amps", "power", "grid")} == {NONE}
    assert {row["text"] for row in shown["outputs"]} == {"unknown"}
    assert {row["state"] for row in shown["programs"]} == {"unknown"}
    assert all(row["old"] for row in shown["ages"])
    json.dumps(shown)


@pytest.mark.parametrize(("age_s", "old"), [(2.5, False), (3.5, True)])
def test_state_older_than_three_seconds_is_no_data(age_s: float, old: bool) -> None:
    now = time.monotonic()
    shown = view(seen(charger(t=now - age_s), manager(t=now), now=now))
    assert shown["old"] is old
    assert (shown["power"] == NONE) is old
    assert (shown["headline"] == "No news from the charger for 4 s") is old
    assert shown["ages"][0]["old"] is old


def test_old_manager_is_named_and_its_numbers_go() -> None:
    now = time.monotonic()
    shown = view(seen(charger(t=now), manager(t=now - 90), now=now))
    assert shown["why"].startswith("The manager has been silent for 2 min")
    assert shown["grid"] == NONE
    assert shown["flow"]["house"]["power"] == NONE


def test_with_a_bad_configuration_the_charger_blames_no_key_that_is_right() -> None:
    resting = charger(state="idle", reason="not started: calibrate [cable] in v2h.toml")
    manages = manager(mode="idle", why="Idle until the configuration is put right.", config_errors=["v2h.toml: x"])
    assert view(seen(resting, manages))["why"] == "Idle until the configuration is put right."
    assert "calibrate" in view(seen(resting, manager(mode="idle", why="Idle.")))["why"]
    broken = charger(state="fault", reason="guard is silent", faults=["guard-lost"])
    assert "Guard is silent" in view(seen(broken, manages))["why"]


def test_that_nothing_was_started_yet_adds_nothing() -> None:
    why = "Idle: nothing is ordered."
    resting = charger(state="idle", reason=say("session.not_started"))
    assert view(seen(resting, manager(mode="idle", why=why)))["why"] == why


def test_the_meters_own_words_stand_beside_what_waits_for_it() -> None:
    now, says = time.monotonic(), "The grid meter (http) has not sent a value yet: connection refused."
    waits = manager(mode="v2h", why="Waiting: the grid meter has not sent a value yet.", grid_w=None, grid_age_s=None)
    meters = {"grid": MeterStatus(now, "waiting", says, "http", 1.0, 0.5, False)}
    known = seen(charger(state="idle"), waits, meters=meters, now=now)
    assert view(known)["why"] == f"{waits.why} {says}"
    rows = {row["name"]: (row["label"], row["text"]) for row in view(known)["meter"]}
    assert rows == {"grid": ("The grid meter", "waiting"), "grid-text": (says, "")}, "no interval that nobody measured"
    for other in ({"meters": {}}, {"now": now + 31}):  # nothing is known of it, or not any more
        assert says not in view(known._replace(**other))["why"]
    assert says not in view(known._replace(manager=manager(mode="idle", why="Idle.", grid_w=None)))["why"]


def test_a_silent_meter_is_named_and_its_numbers_go() -> None:
    shown = view(seen(charger(), manager(t=time.monotonic(), grid_w=None, grid_age_s=400.0)))
    assert (shown["grid"], shown["grid_age"]) == (NONE, "7 min old")
    assert (shown["flow"]["grid"]["label"], shown["flow"]["house"]["label"]) == ("grid: not known", "house: not known")
    assert ("7 min", True) in [(row["text"], row["old"]) for row in shown["ages"] if row["name"] == "Grid power"]


@pytest.mark.parametrize(
    ("power_w", "headline", "way"),
    [
        (3807.0, "Charging the car with 3.81 kW", "right"),
        (-1523.0, "The car supplies 1.52 kW", "left"),
        (5.0, "Connected, no energy flows", "none"),
    ],
)
def test_energy_in_both_directions(power_w: float, headline: str, way: str) -> None:
    shown = view(seen(charger(power_w=power_w), manager(mode="v2h", grid_w=100.0)))
    assert (shown["headline"], shown["flow"]["car"]["way"]) == (headline, way)
    where = "sun" if power_w > 100.0 else "house"  # power beyond what the grid gives must come from the sun
    assert shown["flow"][where]["power"] == watts(abs(100.0 - power_w))
    assert not any(character.isdigit() for character in shown["spoken"])


def test_faults_in_words_known_and_unknown() -> None:
    shown = view(
        seen(
            charger(state="fault", faults=["late_bleed", "brand_new", "-0.2 A for 3 s; is it in?"], reason="12 V left"),
            manager(),
        )
    )
    texts = [row["text"] for row in shown["faults"]]
    assert texts == [
        "The cable does not empty after the insulation test. "
        "Do not pull the plug: wait two minutes, then clear the fault.",
        "Brand new.",
        "-0.2 A for 3 s; is it in?",
    ]
    assert shown["tone"] == "fault"
    assert "12 V left" in shown["why"]


def test_events_of_the_session_speak_of_the_state_and_faults_of_the_reason_too() -> None:
    now = time.monotonic()
    events = (
        Event(now, "info", STATE_EVENT, "starting", "charger", {"state": "insulation test"}),
        Event(now - 120, "fault", STATE_EVENT, "guard is silent", "charger", {"state": "make-safe"}),
        Event(now - 7200, "warning", "meter-dead", "no answer", "meter"),
    )
    rows = [
        (row["label"], row["text"], row["tone"]) for row in view(seen(None, None, events=events, now=now))["events"]
    ]
    assert rows == [
        ("Testing the cable’s insulation", "now", "dim"),
        ("Making safe: guard is silent", "2 min ago", "bad"),
        ("No answer", "2 h ago", "warn"),
    ]


def test_reason_is_not_said_twice() -> None:
    shown = view(seen(charger(state="wake", reason="starting"), manager(why="Starting V2H.")))
    assert shown["why"] == "Starting V2H."


def test_configuration_errors_of_both_sides_once() -> None:
    errors = seen(None, manager(config_errors=["a", "b"]), config_errors=("a",)).all_config_errors()
    assert errors == ("a", "b")


def test_open_contactors_and_unlocked_plug_are_named() -> None:
    shown = {row["name"]: row["text"] for row in view(seen(charger(outputs=["master"]), manager()))["outputs"]}
    assert (shown["c1"], shown["c2"], shown["plug-lock"], shown["master"]) == ("open", "open", "unlocked", "on")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (watts(None), NONE),
        (watts(-0.3), "0 W"),
        (watts(999.6), "1.00 kW"),
        (watts(-1520), "−1.52 kW"),
        (watts(-1e300), "−1.0e+300 W"),
        (unit(4.2e296, "kWh", 1), "4.2e+296 kWh"),
        (unit(-0.04, "A", 1), "0.0 A"),
        (unit(-4.04, "A", 1), "−4.0 A"),
    ],
)
def test_numbers(shown: str, expected: str) -> None:
    assert shown == expected


def test_document_is_made_once_a_change_and_at_most_four_times_a_second() -> None:
    state = LiveState()
    start = time.monotonic()
    state.put_charger(charger(soc_pct=50.0))
    first = state.document(start)[1]
    state.put_charger(charger(soc_pct=51.0))
    assert state.document(start + 0.1)[1] is first
    second, payload = state.document(start + 0.26)
    assert second["charger"]["soc_pct"] == 51.0
    assert state.document(start + 0.9)[1] is payload
    assert state.document(start + 1.3)[1] is not payload


def test_states_that_passed_between_two_looks_are_kept() -> None:
    state = LiveState()
    for name in ("lock", "lock", "test done", "car contactors"):
        state.put_charger(charger(state=name))
    assert [row["state"] for row in state.document()[0]["states"]] == ["lock", "test done", "car contactors"]


@pytest.mark.slow
def test_stream_wakes_on_change_and_ends_on_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.web.state.SLOWEST_S", 60.0)
    state = LiveState()
    first = state.next_json(None)
    state.put_event(Event(time.monotonic(), "info", "x", "hello", "test"))
    began = time.monotonic()
    second = state.next_json(first)
    assert second is not None
    assert b"Hello" in second
    assert 0.2 < time.monotonic() - began < 30.0
    later = Event(time.monotonic(), "info", "x", "while asleep", "test")
    threading.Timer(0.4, state.put_event, [later]).start()
    third = state.next_json(second)
    assert third is not None
    assert b"While asleep" in third
    assert time.monotonic() - began < 30.0
    state.close()
    assert state.next_json(third) is None


def test_health_names_each_problem() -> None:
    state = LiveState(config_errors=("web.port: unknown",))
    state.put_bus(True)
    for name in labels.PROGRAMS:
        state.put_alive(name, Alive(name != "pulse", 1, "0"))
    state.put_charger(charger())
    state.put_manager(manager())
    found = health(state.document()[0])
    assert (found["ok"], found["problems"]) == (False, ["pulse: stopped", "web.port: unknown"])


def test_on_a_new_connection_to_the_bus_no_program_counts_as_running_until_it_is_seen_again() -> None:
    """The broker that comes back knows nobody, and a program may stay away."""
    state, now = LiveState(), time.monotonic()
    state.put_bus(True)
    state.put_connection(1)
    for name in labels.PROGRAMS:
        state.put_alive(name, Alive(True, 1, "0"))
    state.put_connection(1)
    assert set(health(state.document(now)[0])["programs"].values()) == {"running"}
    state.put_connection(2)
    state.put_alive("guard", Alive(True, 1, "0"))
    expected = dict.fromkeys(labels.PROGRAMS, "not seen") | {"guard": "running"}
    assert health(state.document(now + 1)[0])["programs"] == expected


def test_health_tells_what_is_wrong_although_every_program_runs() -> None:
    state, now = LiveState(), time.monotonic()
    state.put_bus(True)
    for name in labels.PROGRAMS:
        state.put_alive(name, Alive(True, 1, "0"))
    state.put_charger(charger())
    state.put_manager(manager())
    state.put_log(LogState(now, "", 0.0, 3 * 2**30))
    assert (health(state.document(now + 1)[0])["problems"], state.document()[0]["view"]["log"]) == (
        [],
        {"written": "yes", "free": "3072 MiB"},
    )
    state.put_log(LogState(now, "The log cannot be written (disk full)", 130.0, 0))
    state.put_settings(ManagerSettings(now, {}, error="settings.json: fuse_a = 5 is not a number"))
    state.put_plan(ManagerSchedule(now, {"version": 1, "otherwise": "v2h"}, error="schedule.json: bad"))
    state.put_manager(manager(clock={"trusted": False, "source": "none", "zone": "UTC", "local": "x"}))
    shown = state.document(now + 2)[0]
    assert health(shown) == {"ok": False, "problems": [row["text"] for row in shown["view"]["troubles"]]} | {
        "programs": dict.fromkeys(labels.PROGRAMS, "running")
    }
    assert [text.partition(":")[0].partition("(")[0].strip() for text in health(shown)["problems"]] == [
        "The log cannot be written",
        "Some of your settings are not used",
        "The schedule is not used",
        "The clock is not known to be right. Until it is, the schedule waits.",
    ]
    assert shown["view"]["log"] == {"written": "not for 2 min", "free": "0 MiB"}


def test_a_log_of_which_nobody_speaks_is_not_in_order() -> None:
    now = time.monotonic()
    old = seen(charger(), manager(), log=LogState(now - 200, "", 0.0, 2**30), now=now)
    assert [row["text"] for row in view(old)["troubles"]] == ["There has been no news of the log for 3 min."]
    assert view(old)["log"] == {"written": "unknown", "free": NONE}


WALL_S = 1_795_368_600.0
WALL = "2026-11-22T17:30:00+00:00"
WEEKLY = {"start": "2026-11-22T00:00+00:00", "end": "2026-11-23T00:00+00:00", "import_price": 0.3, "export_price": None}


@pytest.mark.parametrize(
    ("values", "age_h", "weekly", "says"),
    [
        (None, 0, [], ""),
        (None, 0, [WEEKLY], "Price now: import 0.3 GBP a kWh. From the schedule."),
        ([0.1, 0.245], 3, [WEEKLY], "Price now: import 0.245 GBP a kWh. Pushed 3 h ago."),
        ([0.1, -0.02], 3, [], "Price now: import -0.02 GBP a kWh. Pushed 3 h ago."),
        ([0.1, 0.2], 40, [], "Price now: import 0.2 GBP a kWh. Pushed 40 h ago: does the program"),
        (
            [0.1],
            30,
            [WEEKLY],
            "Price now: import 0.3 GBP a kWh. The prices that were pushed 30 h ago do not cover this time, and those",
        ),
        ([0.1, None], 0.5, [], "No price is known for now. The prices that were pushed 30 min ago do not"),
    ],
)  # fmt: skip
def test_the_present_price_and_where_it_is_from(
    values: list[float | None] | None, age_h: float, weekly: list[dict[str, Any]], says: str
) -> None:
    at = datetime.fromisoformat(WALL)
    assert at.timestamp() == WALL_S
    pushed = (at - timedelta(hours=age_h)).isoformat()
    prices = {} if values is None else {"import": ManagerPrices(1.0, "2026-11-22T16:30+00:00", 60, values, pushed)}
    plan, settings = ManagerSchedule(1.0, {}, prices=weekly), ManagerSettings(1.0, {"currency": "GBP"})
    line = view(seen(None, None, prices=prices, plan=plan, settings=settings, wall_s=WALL_S))["price"]
    assert line == says or (len(says) > 60 and line.startswith(says))
