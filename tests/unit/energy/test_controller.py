"""The controller over days of virtual time: schedule, owner, slots, limits, a dead meter, a car that leaves."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.support.home import TRUSTED, Home
from tests.support.messages import charger
from v2h.config.site import Limits
from v2h.energy.clock_trust import Trust
from v2h.energy.orders import ModeRequest, Slot, read_order
from v2h.energy.owner_settings import check
from v2h.energy.readyby import need_s
from v2h.energy.schedulefile import read_schedule

EVENING = datetime(2026, 3, 28, 18, tzinfo=UTC)  # the clocks go forward in this night
NIGHT = {"name": "night", "start": "23:30", "end": "05:30", "mode": "charge", "amps": 10, "soc_limit_pct": 80}
DAYS: dict[str, Any] = {"version": 1, "otherwise": "v2h", "weekly": [NIGHT]}
NONE: dict[str, Any] = {"version": 1}


def house(hour: float) -> float:
    """A cooking evening, a quiet night, sun from ten to four."""
    if 10 <= hour < 16:
        return -2000.0
    return 1500.0 if 18 <= hour < 22 else 400.0


@pytest.mark.slow
def test_a_night_and_a_day_over_the_change_of_the_clocks() -> None:
    home = Home(EVENING, DAYS, soc_pct=45.0, load_w=house, reserve_soc_pct=40, soc_max_pct=85)
    home.run(hours=1)
    assert home.state == "energy"
    assert home.why.startswith(
        "Covering the house: 1.5 kW from the car; the schedule’s mode when nothing else applies; "
        "next: charge from Sat 23:30"
    )
    assert abs(home.grid[-1]) < 50
    home.run_to("22:00")
    assert home.soc_pct == pytest.approx(40, abs=0.6)
    assert "The car has 40 % and keeps 40 %" in home.why or "nothing useful" in home.why
    home.run_to("23:29")
    assert home.state == "idle"
    assert home.why.startswith(
        "V2H waits: there is nothing useful to do; the schedule’s mode when nothing else applies; next: charge from Sat"
    )
    home.run_to("23:40")
    assert home.own_w == pytest.approx(3850, abs=1)
    assert home.why == (
        "Charging: 3.9 kW into the car, until 80 %; window “night” until Sun 05:30; next: V2H from Sun 05:30."
    )
    home.run_to("05:29")  # this night is an hour shorter: 5 h at 3.85 kW are 48 %, the limit comes first
    assert home.soc_pct == pytest.approx(80, abs=0.6)
    home.run_to("09:59")
    assert home.setpoint.power_w == pytest.approx(-400, abs=40)
    home.run_to("11:00")
    assert home.setpoint.power_w == pytest.approx(2000, abs=40)
    home.run_to("15:59")
    assert home.soc_pct == pytest.approx(85, abs=1.6)
    home.run_to("17:59")
    # One session each in the evening, in the night, in the morning and when the sun goes. Two more check, three hours
    # after the last data from the car, whether it was driven meanwhile.
    assert home.sessions <= 6
    assert home.local.utcoffset() != EVENING.astimezone(home.controller.schedule.zone).utcoffset()
    assert home.controller.state(home.now, home.wall).tracking["mean_w"] < 60


@pytest.mark.slow
def test_ready_by_charges_in_the_cheap_hours_and_keeps_it_until_then() -> None:
    document = {
        "version": 1,
        "otherwise": "v2h",
        "ready_by": [{"name": "work", "time": "07:30", "soc_pct": 75}],
        "prices": [{"start": "00:30", "end": "04:30", "import_price": 0.07}],
    }
    home = Home(EVENING, document, soc_pct=50.0, load_w=house)
    home.run_to("00:20")
    assert home.own_w < 0
    home.run_to("04:25")
    assert home.soc_pct >= 74
    assert home.imported_wh > 9000
    home.run_to("07:30")
    assert home.soc_pct >= 73.5
    assert home.sessions <= 3


@pytest.mark.parametrize(("told_kwh", "kwh"), [(0.3, None), (0.0, None), (3276.7, None), (5.0, 5.0), (62.0, 62.0)])
def test_a_capacity_that_no_car_has_counts_as_unknown(told_kwh: float, kwh: float | None) -> None:
    controller = Home(EVENING, {"version": 1}).controller
    controller.on_charger(1000.0, charger(soc_pct=50.0, capacity_kwh=told_kwh))
    assert controller.car().capacity_kwh == kwh
    hours = need_s(controller.car(), 80.0, None) / 3600
    assert kwh is not None or 2 < hours < 4, "as for a mid-sized battery"


def test_without_a_trusted_clock_the_schedule_idles_and_begins_when_it_is() -> None:
    home = Home(EVENING, DAYS)
    home.trust = Trust(False, "none", None)
    home.run(hours=1)
    assert home.sessions == 0
    assert "the time of day is not known" in home.why
    home.trust = TRUSTED
    home.run(seconds=10)
    assert home.state == "energy"


@pytest.mark.parametrize(
    ("until", "follows"),
    [
        ("2026-03-29T06:30:00+01:00", "next: V2H from Sun 06:30"),
        ("2026-03-29T02:00:00+00:00", "next: charge from Sun 03:00 (window “night”)"),
        ("2026-03-28T22:00", "next: V2H from Sat 22:00"),
    ],
)
def test_what_is_next_is_what_follows_the_end_of_the_order(until: str, follows: str) -> None:
    """In the night the clocks go forward. The entry at 23:30 begins while the mode by hand holds."""
    home = Home(EVENING, DAYS)
    home.step()
    limits = home.controller.settings.limits()
    home.controller.take(home.now, read_order({"mode": "v2h", "until": until}, limits, home.now, home.local))
    home.run(seconds=20)
    assert follows in home.why and home.why.count("next:") == 1
    assert follows == f"next: {home.controller.state(home.now, home.wall).next_entry}"
    home.controller.resume(home.now)
    home.step()
    assert "next: charge from Sat 23:30" in home.why, "the order is gone"


@pytest.mark.parametrize(
    ("mode", "limit_pct", "says"),
    [
        ("charge", 35.0, "the car has 76 % already, 35 % are asked for"),
        ("discharge", 80.0, "the car has only 76 %, 80 % are asked for"),
        ("charge", 80.0, ""),
        ("discharge", 40.0, ""),
    ],
)
def test_an_order_that_has_nothing_to_do_ends_before_a_contactor_closes(mode: str, limit_pct: float, says: str) -> None:
    home = Home(EVENING, NONE, stopped=True)
    home.step()
    controller = home.controller
    controller.take(home.now, ModeRequest(mode, soc_limit_pct=limit_pct))
    for state, soc_pct, wanted in (("wake", None, True), ("handshake", 0.0, True), ("handshake", 99.0, True),
                                   ("converter", 76.0, not says), ("lock", 76.0, not says)):  # fmt: skip
        home.now += 0.2
        controller.on_charger(home.now, charger(t=home.now, state=state, soc_pct=soc_pct))
        assert controller.decide(home.now).wanted is wanted, state
    assert home.events == ([f"mode-ended: Nothing to do: {says}."] if says else [])
    assert controller.stopped is bool(says), "what was nothing leaves the stop"


@pytest.mark.slow
def test_a_mode_chosen_by_hand_holds_to_the_next_entry() -> None:
    home = Home(EVENING, DAYS)
    home.run(seconds=60)
    home.controller.take(home.now, ModeRequest("solar"))
    home.run_to("23:29")
    assert home.controller.order.mode == "solar"
    home.run_to("23:31")
    assert home.controller.order.mode == "charge"
    assert "mode-ended: solar was chosen until the schedule's next entry: window “night”" in home.events
    home.controller.take(home.now, ModeRequest("v2h"))
    home.run_to("05:40")  # the end of a window is not an entry
    assert (home.controller.order.mode, home.controller.order.by) == ("v2h", "owner")
    home.run_to("23:31")
    assert home.controller.order.by == "schedule"


@pytest.mark.slow
def test_a_mode_with_until_holds_over_the_entries_between() -> None:
    home = Home(EVENING, DAYS, soc_pct=50.0)
    home.run(seconds=60)
    until = {"until_t": home.now + 8 * 3600, "until": "2026-03-29T03:01+01:00", "until_said": "03:01"}
    home.controller.take(home.now, ModeRequest("solar", **until))
    home.run(hours=7)
    assert home.controller.order.mode == "solar"
    assert "; until 03:01; " in home.why
    home.run(hours=1.1)
    assert (home.controller.order.mode, home.controller.order.by) == ("charge", "schedule")


@pytest.mark.slow
def test_a_stop_suspends_until_the_owner_resumes_or_starts_something() -> None:
    home = Home(EVENING, DAYS)
    home.run(seconds=60)
    assert home.state == "energy"
    home.controller.stop(home.now)
    home.run(hours=30)
    assert (home.state, home.sessions) == ("idle", 1)
    assert home.why.startswith("Stopped by you.")
    home.controller.take_slot(home.now, Slot("charge", home.now + 3600, home.time_after(3600)))
    home.controller.take(home.now, ModeRequest("idle"))
    home.run(seconds=60)
    assert home.state == "idle"
    assert home.controller.stopped
    home.controller.resume(home.now)
    home.run(seconds=10)
    assert (home.state, home.controller.stopped) == ("energy", False)
    again = Home(EVENING, DAYS, stopped=True)
    again.run(hours=6)
    assert again.sessions == 0
    again.controller.take(again.now, ModeRequest("v2h"))
    again.run(seconds=10)
    assert (again.state, again.controller.stopped) == ("energy", False)


def test_a_charge_by_hand_ends_at_its_limit_and_the_schedule_goes_on() -> None:
    home = Home(EVENING, NONE, soc_pct=78.0)
    home.controller.take(home.now, ModeRequest("charge", soc_limit_pct=80.0))
    home.run(hours=1)
    assert (home.state, home.why) == ("idle", "Charged to 80 %: done.")
    scheduled = Home(EVENING, DAYS, soc_pct=78.0)
    scheduled.run(seconds=10)
    scheduled.controller.take(scheduled.now, ModeRequest("charge", soc_limit_pct=80.0))
    scheduled.run(hours=1)
    assert scheduled.controller.order.mode == "v2h"


@pytest.mark.parametrize("stopped", [True, False])
def test_a_charge_to_less_than_the_car_has_leaves_a_stop_as_it_was(stopped: bool) -> None:
    home = Home(EVENING, DAYS, soc_pct=85.0, stopped=stopped, load_w=lambda hour: 0.0)
    home.run(seconds=4)
    home.controller.take(home.now, ModeRequest("charge", soc_limit_pct=80.0))
    home.run(seconds=60)
    assert home.events == ["mode-ended: Nothing to do: the car has 85 % already, 80 % are asked for."]
    assert home.controller.stopped is stopped
    assert home.controller.order.mode == ("idle" if stopped else "v2h")
    home.controller.take(home.now, ModeRequest("charge", soc_limit_pct=86.0))
    home.run(hours=1)
    assert home.events[-1] == "mode-ended: Charged to 86 %: done." and not home.controller.stopped


def test_a_meter_that_falls_silent_means_0_w_in_time_and_comes_back_by_itself() -> None:
    home = Home(EVENING, DAYS, load_w=lambda hour: 1500.0)
    home.run(seconds=60)
    assert home.own_w < -1400
    home.meter_works = False
    home.run(seconds=8)  # three intervals of 2 s, one second, and the controller's own step
    assert home.own_w == 0
    assert "no reading from the grid meter for" in home.why
    home.run(seconds=600)
    assert (home.state, home.own_w) == ("energy", 0)
    home.meter_works = True
    home.run(seconds=10)
    assert home.own_w < -1400
    home.meter_works = False
    home.run(hours=0.6)
    assert home.state == "idle", "with no meter for half an hour the car may sleep"
    home.meter_works = True
    home.run(seconds=90)
    assert home.state == "energy"


@pytest.mark.slow
def test_no_car_is_woken_for_a_meter_that_does_not_speak() -> None:
    home = Home(EVENING, {"version": 1})
    home.meter_works = False
    home.controller.take(home.now, ModeRequest("v2h"))
    home.run(seconds=120)
    assert (home.sessions, home.setpoint.wanted) == (0, False)
    assert home.why == "Waiting: the grid meter has not sent a value yet. It starts when the meter does."
    home.meter_works = True
    home.run(seconds=20)
    assert (home.sessions, home.state) == (1, "energy")
    home.car_works = False  # it ends the session, while the meter falls silent
    home.meter_works = False
    home.run(seconds=120)
    assert home.sessions == 1 and home.why.startswith("Waiting: no reading from the grid meter for 1")
    home.car_works = home.meter_works = True
    home.run(seconds=120)
    assert (home.sessions, home.state) == (2, "energy")


def test_a_restarted_manager_ends_no_session_before_its_meter_speaks() -> None:
    home = Home(EVENING, {"version": 1})
    home.meter_works, home.state = False, "energy"
    home.controller.take(home.now, ModeRequest("v2h"))
    home.run(seconds=20)
    assert (home.state, home.setpoint.wanted, home.setpoint.power_w) == ("energy", True, 0.0)


@pytest.mark.slow
def test_sun_wakes_the_car_and_the_evening_lets_it_sleep() -> None:
    home = Home(EVENING, {"version": 1, "otherwise": "solar"}, load_w=house)
    home.run_to("09:59")
    assert home.sessions == 0, "no sun, no session"
    home.run_to("10:02")
    assert home.state == "energy"
    home.run_to("15:59")
    assert home.own_w > 1900 or home.soc_pct > 89
    home.run_to("17:00")
    assert (home.state, home.sessions) == ("idle", 1)


def test_a_cheap_slot_charges_and_goes_back_to_what_was_before() -> None:
    home = Home(EVENING, NONE)
    home.controller.take(home.now, ModeRequest("v2h"))
    home.run(seconds=60)
    home.controller.take_slot(home.now, Slot("charge", home.now + 1800, home.time_after(1800), amps=8.0))
    home.run(seconds=120)
    assert home.own_w == pytest.approx(8 * 385, abs=1)
    assert "a cheap slot was announced" in home.why
    home.run(hours=0.6)
    assert (home.controller.order.mode, home.controller.order.by, home.sessions) == ("v2h", "owner", 1)
    assert home.own_w < 0


def test_another_car_in_the_house_is_not_fed() -> None:
    home = Home(EVENING, DAYS, evcharge_protect_w=5000)
    home.run(seconds=60)
    assert home.own_w < -300
    home.load_w = lambda hour: 7400.0
    home.run(seconds=10)
    assert home.own_w < -5000
    home.run(seconds=30)
    assert home.own_w == 0
    assert "Not discharging, while others draw" in home.why
    home.load_w = lambda hour: 400.0
    home.run(seconds=70)
    assert home.own_w < -300
    home.controller.take_slot(home.now, Slot("hold", home.now + 600, home.time_after(600)))
    home.run(seconds=4)
    assert home.own_w == 0


def test_a_discharge_exports_no_more_than_is_allowed() -> None:
    for limit_w, expected_w in ((None, -15 * 385.0), (0.0, -1500.0), (1000.0, -2500.0)):
        home = Home(EVENING, NONE, load_w=lambda hour: 1500.0, export_limit_w=limit_w)
        home.controller.take(home.now, ModeRequest("discharge"))
        home.run(seconds=60)
        assert home.own_w == pytest.approx(expected_w, abs=40)
        assert limit_w is None or min(home.grid) >= -limit_w - 40
    home.meter_works = False
    home.run(seconds=10)
    assert home.own_w == 0, "what is exported is not known"


def test_charging_keeps_the_main_fuse() -> None:
    home = Home(EVENING, NONE, load_w=lambda hour: 2500.0, fuse_a=25, soft_start_s=0)
    home.controller.take(home.now, ModeRequest("charge"))
    home.run(seconds=20)
    assert home.grid[-1] == pytest.approx(25 * 230 * 0.95, abs=40)
    home.load_w = lambda hour: 4500.0
    home.run(seconds=6)
    assert home.grid[-1] <= 25 * 230


def test_charging_keeps_the_main_fuse_of_its_own_phase() -> None:
    """25 A carry 5460 W permanently. The sum of the phases does not show this: here it is small because of the sun."""
    home = Home(EVENING, NONE, load_w=lambda hour: 2500.0, fuse_a=25, soft_start_s=0)
    home.others_w = (-5000.0, 1000.0)
    home.controller.take(home.now, ModeRequest("charge"))
    home.run(seconds=40)
    assert home.phase_w == pytest.approx(25 * 230 * 0.95, abs=40)
    home.others_w = (-2000.0, 4000.0)  # another phase carries more than ours did but has room; ours keeps its limit
    home.run(seconds=40)
    assert home.phase_w == pytest.approx(25 * 230 * 0.95, abs=40)
    home.others_w = (0.0, 6000.0)  # a phase is over its fuse, and it may be the charger's: nothing reports which
    home.run(seconds=60)
    assert home.own_w == 0


def test_a_discharge_keeps_the_main_fuse_of_its_own_phase() -> None:
    home = Home(EVENING, NONE, load_w=lambda hour: -1000.0, fuse_a=20, soft_start_s=0)
    home.others_w = (3000.0, 3000.0)
    home.controller.take(home.now, ModeRequest("discharge"))
    home.run(seconds=40)
    assert home.phase_w == pytest.approx(-20 * 230 * 0.95, abs=40)


def test_charging_begins_softly_and_ends_at_once() -> None:
    home = Home(EVENING, NONE, soft_start_s=20)
    home.controller.take(home.now, ModeRequest("charge"))
    powers, words = [], []
    for _ in range(16):
        home.step()
        powers.append(home.own_w)
        words.append(home.why)
    rises = [b - a for a, b in pairwise(powers)]
    assert max(rises) == pytest.approx(15 * 385 / 10, abs=40)
    assert words[5].startswith(f"Charging: 5.8 kW into the car, until 90 %, now {powers[5] / 1000:.1f} kW"), words[5]
    assert "now" not in words[-1]
    assert powers[-1] == 15 * 385
    home.controller.stop(home.now)
    home.step()
    assert home.own_w == 0


def test_a_car_that_ends_sessions_by_itself_is_started_again_within_bounds() -> None:
    home = Home(EVENING, DAYS)
    home.run(seconds=60)
    home.car_works = False
    home.run(seconds=10)
    assert home.state == "idle"
    assert home.why.startswith("V2H waits: the session ended by itself (as the car wishes)")
    home.car_works = True
    home.run(seconds=70)
    assert (home.state, home.sessions) == ("energy", 2)
    home.car_works = False
    home.run(hours=5)
    assert home.sessions == 5
    assert "the car ended 3 starts in a row" in home.why


def test_a_fault_ends_what_the_owner_chose_and_the_schedule_goes_on_when_it_is_cleared() -> None:
    home = Home(EVENING, DAYS)
    home.controller.take(home.now, ModeRequest("v2h"))
    home.run(seconds=60)
    home.faults, home.state = ["k-lost"], "fault"
    home.run(hours=1)
    assert "Stopped by a fault: as the car wishes" in home.why
    assert not home.setpoint.wanted
    home.faults, home.state = [], "idle"
    home.controller.fault_cleared(home.now)
    home.run(seconds=70)
    assert (home.state, home.controller.order.by) == ("energy", "schedule")


def test_new_settings_and_schedules_hold_at_once() -> None:
    home = Home(EVENING, NONE)
    home.run(seconds=60)
    assert home.sessions == 0
    home.controller.use(home.now, home.controller.settings, read_schedule(DAYS, Limits(), "Europe/London"))
    home.run(seconds=10)
    assert home.state == "energy"
    home.controller.use(home.now, check({"grid_target_w": 200}, Limits(), "UTC"), home.controller.schedule)
    home.run(seconds=10)
    assert home.grid[-1] == pytest.approx(200, abs=40)


def test_a_dead_meters_last_word_is_no_data_and_its_age_is_told() -> None:
    home = Home(EVENING, DAYS)
    home.run(seconds=60)
    assert home.controller.state(home.now, home.wall).grid_w == home.grid[-1]
    home.meter_works = False
    home.run(seconds=6)
    assert home.controller.state(home.now, home.wall).grid_w is not None, "three of its intervals and a second"
    home.run(seconds=600)
    state = home.controller.state(home.now, home.wall)
    assert (state.grid_w, state.grid_age_s) == (None, 606)
    home.meter_works = True
    home.run(seconds=2)
    assert home.controller.state(home.now, home.wall).grid_w == home.grid[-1]


def test_the_state_tells_everything_the_page_shows() -> None:
    home = Home(EVENING, DAYS)
    home.run_to("23:35")
    state = home.controller.state(home.now, home.wall)
    assert (state.mode, state.chosen_by, state.starts, state.stopped_by_owner) == ("charge", "schedule", 0, False)
    assert state.until == "2026-03-29T05:30:00+01:00"
    assert state.next_entry == "V2H from Sun 05:30"
    assert state.clock == {
        "trusted": True,
        "source": "ntp",
        "age_s": 1,
        "zone": "Europe/London",
        "local": home.local.isoformat(timespec="seconds"),
    }
    assert state.limits["reserve_soc_pct"] == 30
