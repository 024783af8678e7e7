"""The setpoint of another program: what is refused, what bounds it, what is stronger, and what comes after it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.home import Home
from v2h.energy.clock_trust import Trust
from v2h.energy.external import External, read_external
from v2h.energy.orders import ModeRequest, ModeRequestError, Slot
from v2h.energy.start_limiter import USEFUL_S

EVENING = datetime(2026, 11, 24, 18, tzinfo=UTC)
V2H: dict[str, Any] = {"version": 1, "otherwise": "v2h"}


def given(home: Home, power_w: float, lifetime_s: float = 600.0) -> External:
    values = {"power_w": power_w, "lifetime_s": lifetime_s, "by": "Predbat"}
    external = read_external(values, "api", home.now, home.local, trusted=home.trust.trusted)
    assert external is not None
    home.controller.take_external(home.now, external)
    return external


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "power_w is missing: the power at the battery in W, + charging, null to end it"),
        ({"power_w": 1500}, "lifetime_s is missing: a setpoint must end by itself; it is a number from 5 to 86400 s"),
        ({"power_w": 30_000, "lifetime_s": 60}, "power_w = 30000 is not a number from -20000 to 20000 W"),
        ({"power_w": float("nan"), "lifetime_s": 60}, "power_w = nan is not a number"),
        ({"power_w": True, "lifetime_s": 60}, "power_w = True is not a number"),
        ({"power_w": 1500, "lifetime_s": 1}, "lifetime_s = 1 is not a number from 5 to 86400 s"),
        ({"power_w": 1500, "lifetime_s": 60, "by": "a\nb"}, "is not a name of at most 32 printable letters"),
        ({"power_w": 1500, "lifetime_s": 60, "amps": 3}, "amps = 3 does not fit a setpoint: power_w, lifetime_s, by"),
    ],
)
def test_a_bad_setpoint_is_refused_with_key_value_and_what_is_allowed(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ModeRequestError) as caught:
        read_external(values, "api", 10.0, EVENING, trusted=True)
    assert says in str(caught.value)


def test_null_ends_it_and_a_caller_without_a_name_has_that_of_its_source() -> None:
    assert read_external({"power_w": None}, "api", 10.0, EVENING, trusted=True) is None
    external = read_external({"power_w": 5, "lifetime_s": 60}, "api", 10.0, EVENING, trusted=True)
    assert external == External(5.0, 70.0, "api", "2026-11-24T18:01:00+00:00", "18:01")


def test_it_holds_the_power_says_who_and_until_when_and_what_was_before_returns() -> None:
    home = Home(EVENING, V2H, load_w=lambda hour: 800.0)
    home.run(seconds=60)
    assert home.own_w == pytest.approx(-800, abs=40)
    given(home, 1500.0)
    home.run(seconds=60)
    assert home.own_w == pytest.approx(1500, abs=40)
    assert home.why.startswith("Charging: 1.5 kW into the car, until 90 %; held at 1500 W by Predbat until 18:11")
    state = home.controller.state(home.now, home.wall)
    assert state.chosen_by == "setpoint"
    assert state.until is not None and state.until.startswith("2026-11-24T18:11:")
    assert state.external == {"power_w": 1500.0, "by": "Predbat", "until": state.until, "in_force": True}
    home.run(seconds=600)
    assert home.own_w == pytest.approx(-800, abs=40)
    assert "setpoint-over: Idle: the setpoint of Predbat has ended." in home.events
    assert home.controller.state(home.now, home.wall).external == {}


def test_what_is_next_follows_its_end_and_a_charge_for_a_target_comes_before() -> None:
    night = {"name": "night", "start": "18:05", "end": "20:00", "mode": "charge"}
    home = Home(EVENING, {**V2H, "weekly": [night]})
    home.step()
    given(home, 1500.0)
    home.step()
    assert "next: charge from Tue 18:10" in home.why
    ready = {"name": "work", "time": "07:30", "soc_pct": 75}
    prices = [{"start": "00:30", "end": "06:30", "import_price": 0.07}]
    home = Home(EVENING, {**V2H, "ready_by": [ready], "prices": prices})
    home.step()
    given(home, 1500.0, 10 * 3600.0)
    home.run(seconds=2)
    assert "until Wed 04:0" in home.why and "next: charge from Wed 00:3" in home.why


def test_it_lapses_by_the_monotonic_clock_to_the_tick_though_the_time_of_day_is_unknown() -> None:
    home = Home(EVENING, {"version": 1})
    home.trust = Trust(False, "none", None)
    home.step()
    external = given(home, -2000.0, 60.0)
    assert external.until == ""
    home.run(seconds=58)
    assert home.own_w == pytest.approx(-2000, abs=40)
    assert "held at 2000 W by Predbat" in home.why
    assert home.controller.decide(external.until_t - 0.01).power_w < -1900
    assert home.controller.decide(external.until_t).power_w == 0.0
    assert home.controller.order.by == "nobody"


@pytest.mark.parametrize(
    ("power_w", "chosen", "held_w"),
    [
        (6000.0, {"max_charge_a": 5}, 5 * 385),
        (-6000.0, {"max_discharge_a": 4}, -4 * 385),
        (-3000.0, {"export_limit_w": 500}, -900),
        (-3000.0, {"export_limit_w": 0}, -400),
        (5000.0, {"fuse_a": 10}, 10 * 230 * 0.95 - 400),
        (3000.0, {"soc_max_pct": 60}, 0),
        (-3000.0, {"soc_min_pct": 60, "reserve_soc_pct": 60}, 0),
        (-3000.0, {"reserve_soc_pct": 70}, 0),
        (0.0, {}, 0),
    ],
)
def test_each_limit_of_the_owner_bounds_it(power_w: float, chosen: dict[str, Any], held_w: float) -> None:
    home = Home(EVENING, V2H, **chosen)
    home.run(seconds=30)
    given(home, power_w)
    home.run(seconds=60)
    assert home.state == "energy"
    assert home.own_w == pytest.approx(held_w, abs=40)


def test_another_car_that_charges_is_not_fed_by_it() -> None:
    home = Home(EVENING, V2H, load_w=lambda hour: 7000.0, evcharge_protect_w=5000)
    home.run(seconds=60)
    given(home, -3000.0)
    home.run(seconds=60)
    assert home.own_w == 0.0


def test_a_silent_meter_with_a_limit_ends_in_0_w() -> None:
    home = Home(EVENING, V2H, export_limit_w=500)
    home.run(seconds=30)
    given(home, -3000.0)
    home.run(seconds=30)
    assert home.own_w < -800
    home.meter_works = False
    home.run(seconds=20)
    assert home.own_w == 0.0


@pytest.mark.parametrize("hand", ["idle", "v2h", "solar", "charge", "discharge"])
def test_a_mode_chosen_by_hand_is_stronger_and_ends_it(hand: str) -> None:
    home = Home(EVENING, V2H)
    home.run(seconds=30)
    given(home, 1500.0)
    home.controller.take(home.now, ModeRequest(hand))
    assert (home.controller.order.mode, home.controller.order.by) == (hand, "owner")
    assert home.controller.external is None
    assert home.controller.owners_hand == ModeRequest(hand)


def test_a_stop_ends_it_and_nothing_but_the_owner_starts_again() -> None:
    home = Home(EVENING, V2H)
    home.run(seconds=30)
    given(home, 1500.0)
    home.controller.stop(home.now)
    home.run(seconds=30)
    assert (home.own_w, home.controller.external) == (0.0, None)
    assert home.controller.owners_hand is None
    given(home, 1500.0)  # even if a caller did not ask
    home.run(seconds=30)
    assert home.state == "idle"
    home.controller.resume(home.now)
    assert home.state == "idle"


def test_a_charge_for_a_ready_by_target_is_stronger_and_its_floor_holds() -> None:
    document = {"version": 1, "ready_by": [{"time": "19:00", "soc_pct": 80}]}
    home = Home(EVENING, document, soc_pct=70.0)
    home.run(seconds=30)
    given(home, -2000.0, 4 * 3600)
    home.run(seconds=60)
    assert (home.controller.order.by, home.controller.order.mode) == ("schedule", "charge")
    assert home.controller.state(home.now, home.wall).external["in_force"] is False
    home.run_to("18:58")
    assert home.soc_pct > 78
    home.run_to("19:05")
    assert home.own_w == pytest.approx(-2000, abs=40)


def test_it_replaces_a_slot_but_a_hold_still_forbids_to_discharge() -> None:
    home = Home(EVENING, V2H)
    home.run(seconds=30)
    home.controller.take_slot(home.now, Slot("charge", home.now + 600, home.time_after(600)))
    given(home, -1000.0)
    assert home.controller.order.mode == "discharge"
    home.controller.take_slot(home.now, Slot("hold", home.now + 600, home.time_after(600)))
    home.run(seconds=60)
    assert home.own_w == 0.0
    assert home.controller.order.by == "setpoint"


def test_zero_starts_no_session_and_a_power_does() -> None:
    home = Home(EVENING, {"version": 1})
    home.run(seconds=10)
    given(home, 0.0, 7200)
    home.run(seconds=3600)
    assert home.sessions == 0
    given(home, 1000.0)
    home.run(seconds=USEFUL_S + 30)
    assert home.own_w == pytest.approx(1000, abs=40)
