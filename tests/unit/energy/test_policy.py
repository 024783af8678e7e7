"""Policy: every mode, the SoC window, silence, faults, and the sentence that goes with each."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.charging import CAR
from v2h.bus.messages import ChargerState, MeterReading
from v2h.bus.sentences import say
from v2h.config.site import Limits
from v2h.energy.gridlimits import GridLimits, House
from v2h.energy.orders import ModeRequest
from v2h.energy.policy import (
    NO_LIMITS,
    Bounds,
    Code,
    Decision,
    Situation,
    Window,
    decide,
    floor_pct,
    meter_stale,
    soft_w,
    window_after,
)

LIMITS = Limits()
METER = MeterReading(t=100.0, power_w=0.0, interval_s=0.1, lag_s=0.05, source="test")


def decided(
    order: ModeRequest, charger: ChargerState | None = CAR, meter: MeterReading | None = METER, **more: Any
) -> Decision:
    now = more.pop("now", 100.0)
    heard_t = now - more.pop("charger_age_s", 0.1)
    return decide(Situation(now, order, LIMITS, charger=charger, charger_t=heard_t, meter=meter, **more))


def bounds(
    order: ModeRequest,
    charger: ChargerState | None,
    window: Window,
    grid: GridLimits = NO_LIMITS,
    house: House | None = None,
) -> Bounds:
    return Situation(100.0, order, LIMITS, window, charger, grid=grid, house=house).bounds()


def test_idle_wants_nothing_and_says_why() -> None:
    assert decided(ModeRequest()) == Decision(False, 0.0, "Idle: nothing is ordered.", "idle", Code.IDLE)
    assert decided(ModeRequest(), idle_reason="Stopped by you.").why == "Stopped by you."


@pytest.mark.parametrize("mode", ["idle", "v2h", "solar", "charge", "discharge"])
def test_a_bad_configuration_is_always_idle_and_named(mode: str) -> None:
    errors = ("v2h.toml: limits.max_charge_a = 99 is not a number from 0 to 16 (A)", "v2h.toml: unknown key lmits")
    decision = decided(ModeRequest(mode), config_errors=errors)
    assert (decision.wanted, decision.power_w, decision.mode) == (False, 0.0, "idle")
    assert "limits.max_charge_a = 99" in decision.why
    assert "and 1 more" in decision.why


@pytest.mark.parametrize("mode", ["idle", "v2h", "charge"])
def test_a_fault_is_named_with_the_way_out(mode: str) -> None:
    decision = decided(ModeRequest(mode), replace(CAR, state="fault", faults=["cable-voltage"]))
    assert (decision.wanted, decision.mode, decision.code) == (False, "idle", Code.FAULT)
    assert "cable-voltage" in decision.why
    assert "Press “Clear the fault”, then start again" in decision.why
    scheduled = decided(ModeRequest(mode, by="schedule"), replace(CAR, state="fault", faults=["cable-voltage"]))
    assert ("V2H then starts by itself" in scheduled.why) is (mode == "v2h")


@pytest.mark.parametrize(("charger", "age_s"), [(None, float("inf")), (CAR, 3.5)])
def test_a_silent_charger_stays_wanted_at_0_w(charger: ChargerState | None, age_s: float) -> None:
    decision = decided(ModeRequest("v2h"), charger, charger_age_s=age_s, matched_w=-900.0)
    assert (decision.wanted, decision.power_w, decision.mode) == (True, 0.0, "v2h")
    assert "does not answer" in decision.why


def test_starting_tells_the_chargers_own_state_and_reason() -> None:
    decision = decided(ModeRequest("charge"), replace(CAR, state="wake", reason="waiting for the car", soc_pct=None))
    assert (decision.wanted, decision.power_w) == (True, 0.0)
    assert decision.why == "Starting charge, step “wake” (waiting for the car)."


@pytest.mark.parametrize(
    ("state", "reason", "why"),
    [
        ("idle", say("session.not_started"), "Starting V2H: the charger has been asked."),
        ("idle", "the plug is not in", "Starting V2H: the charger has been asked (the plug is not in)."),
        ("d2 off", "", "V2H begins when the last session has ended, step “d2 off”."),
    ],
)
def test_what_stands_before_a_session_is_told_as_it_is(state: str, reason: str, why: str) -> None:
    assert decided(ModeRequest("v2h"), replace(CAR, state=state, reason=reason)).why == why


def test_the_floor_that_holds_is_named() -> None:
    order, limits = ModeRequest("v2h", keep_soc_pct=70.0), LIMITS
    assert (floor_pct(order, limits, 45.0), floor_pct(ModeRequest("v2h"), limits, 45.0)) == (70.0, 45.0)
    assert floor_pct(ModeRequest("discharge", soc_limit_pct=20.0), limits, 45.0) == 20.0
    empty = decided(
        ModeRequest("v2h"),
        replace(CAR, soc_pct=20.0),
        replace(METER, power_w=900.0),
        window=Window(empty=True),
        reserve_pct=45.0,
    )
    assert empty.why == "The car has 20 % and keeps 45 %: the house draws from the grid."


@pytest.mark.parametrize("mode", ["v2h", "solar", "charge", "discharge"])
@pytest.mark.parametrize("window", [Window(full=True), Window(empty=True), Window()])
def test_a_car_at_rest_that_does_not_tell_its_charge_breaks_nothing(mode: str, window: Window) -> None:
    for by in ("owner", "schedule"):
        for state in ("idle", "energy"):
            decision = decided(ModeRequest(mode, by=by), replace(CAR, state=state, soc_pct=None), window=window)
            assert (decision.wanted, decision.power_w) == (True, 0.0)


@pytest.mark.parametrize(
    ("order", "window", "house_w", "expected"),
    [
        (ModeRequest("charge"), Window(), None, True),
        (ModeRequest("charge"), Window(full=True), None, False),
        (ModeRequest("discharge"), Window(), None, True),
        (ModeRequest("discharge"), Window(empty=True), None, False),
        (ModeRequest("discharge", hold=True), Window(), None, False),
        (ModeRequest("v2h"), Window(), None, False),
        (ModeRequest("v2h"), Window(), 100.0, False),
        (ModeRequest("v2h"), Window(), 300.0, True),
        (ModeRequest("v2h"), Window(empty=True), 300.0, False),
        (ModeRequest("v2h", hold=True), Window(), 300.0, False),
        (ModeRequest("v2h"), Window(full=True), -300.0, False),
        (ModeRequest("solar"), Window(), 300.0, False),
        (ModeRequest("solar"), Window(), -300.0, True),
    ],
)
def test_when_there_is_something_useful_to_do(
    order: ModeRequest, window: Window, house_w: float | None, expected: bool
) -> None:
    assert (
        Situation(100.0, order, LIMITS, window, house=None if house_w is None else House(house_w)).useful() is expected
    )


def test_a_fixed_power_is_approached_softly_and_left_at_once() -> None:
    assert soft_w(0.0, 5000.0, 6000.0, 1.0, 10.0) == 600.0
    assert soft_w(4800.0, 5000.0, 6000.0, 1.0, 10.0) == 5000.0
    assert soft_w(5000.0, 300.0, 6000.0, 1.0, 10.0) == 300.0
    assert soft_w(5000.0, -5000.0, 6000.0, 1.0, 10.0) == -600.0
    assert soft_w(-600.0, -5000.0, 6000.0, 1.0, 10.0) == -1200.0
    assert soft_w(0.0, 5000.0, 6000.0, 1.0, 0.0) == 5000.0


def test_the_reserve_holds_for_matching_and_the_floor_for_all() -> None:
    car = replace(CAR, soc_pct=45.0)
    assert window_after(Window(), ModeRequest("v2h"), car, LIMITS, 50.0).empty
    assert not window_after(Window(), ModeRequest("discharge"), car, LIMITS, 50.0).empty
    assert window_after(Window(), ModeRequest("discharge", keep_soc_pct=50.0), car, LIMITS).empty
    assert window_after(Window(), ModeRequest("discharge"), replace(CAR, soc_pct=30.0), LIMITS).empty


def test_a_limit_of_the_grid_without_its_meter_means_0_w() -> None:
    grid = GridLimits(export_limit_w=0.0)
    assert bounds(ModeRequest("charge"), CAR, Window(), grid).high_w == 0
    assert bounds(ModeRequest("discharge"), CAR, Window(), grid, House(700.0)).low_w == -700
    blind = decided(ModeRequest("charge"), now=104.0, grid=grid)
    assert (blind.power_w, blind.code, blind.useful) == (0.0, Code.NO_METER, False)


@pytest.mark.parametrize(
    ("mode", "matched_w", "grid_w", "window", "code", "words"),
    [
        ("v2h", -1230.0, 5.0, Window(), Code.MATCHING, "Covering the house: 1.2 kW from the car."),
        ("v2h", 800.0, 5.0, Window(), Code.MATCHING, "Storing surplus: 0.8 kW into the car."),
        ("v2h", 0.0, 5.0, Window(), Code.MATCHING, "Balanced"),
        ("v2h", -5700.0, 900.0, Window(), Code.AT_LIMIT, "at the limit: 5.7 kW from the car, 0.9 kW from the grid."),
        ("v2h", 5320.0, -900.0, Window(), Code.AT_LIMIT, "at the limit: 5.3 kW into the car, 0.9 kW goes to the grid."),
        ("v2h", 0.0, 900.0, Window(empty=True), Code.CAR_EMPTY, "The car has 60 % and keeps 30 %"),
        ("v2h", 0.0, -900.0, Window(full=True), Code.CAR_FULL, "full enough (60 %)"),
        ("solar", 700.0, 0.0, Window(), Code.MATCHING, "Storing surplus: 0.7 kW"),
        ("solar", 0.0, 900.0, Window(), Code.MATCHING, "Waiting for surplus"),
    ],
)
def test_matching_in_words(mode: str, matched_w: float, grid_w: float, window: Window, code: Code, words: str) -> None:
    decision = decided(ModeRequest(mode), meter=replace(METER, power_w=grid_w), matched_w=matched_w, window=window)
    assert (decision.wanted, decision.power_w, decision.code) == (True, matched_w, code)
    assert words in decision.why


def test_a_stale_meter_means_0_w_until_it_answers() -> None:
    assert not meter_stale(101.29, METER)
    decision = decided(ModeRequest("v2h"), now=104.0, matched_w=-900.0)
    assert (decision.wanted, decision.power_w, decision.mode, decision.code) == (True, 0.0, "v2h", Code.NO_METER)
    assert "no reading from the grid meter for 4 s" in decision.why
    assert decided(ModeRequest("v2h"), meter=None, matched_w=-900.0).power_w == 0.0
    assert decided(ModeRequest("v2h"), meter=replace(METER, t=104.0), now=104.0, matched_w=-900.0).power_w == -900.0


def test_staleness_counts_the_measured_interval() -> None:
    slow = replace(METER, interval_s=10.0)
    assert not meter_stale(130.9, slow)
    assert meter_stale(131.1, slow)


@pytest.mark.parametrize(
    ("order", "power_w", "words"),
    [
        (ModeRequest("charge"), 14.0 * 380, "Charging: 5.3 kW into the car, until 90 %."),
        (ModeRequest("charge", amps=10.0, soc_limit_pct=80.0), 3800.0, "Charging: 3.8 kW into the car, until 80 %."),
        (ModeRequest("discharge", amps=5.0), -1900.0, "Discharging: 1.9 kW out of the car, until 30 %."),
        (ModeRequest("discharge"), -15.0 * 380, "Discharging: 5.7 kW"),
    ],
)
def test_fixed_current_both_ways(order: ModeRequest, power_w: float, words: str) -> None:
    decision = decided(order)
    assert (decision.wanted, decision.power_w) == (True, power_w)
    assert words in decision.why


@pytest.mark.parametrize(
    ("mode", "soc_pct", "words"), [("charge", 80.0, "Charged to 80 %"), ("discharge", 40.0, "Discharged to 40 %")]
)
def test_a_reached_limit_ends_the_order(mode: str, soc_pct: float, words: str) -> None:
    order, car = ModeRequest(mode, soc_limit_pct=soc_pct), replace(CAR, soc_pct=soc_pct)
    decision = decided(order, car, window=window_after(Window(), order, car, LIMITS))
    assert (decision.wanted, decision.power_w, decision.mode, decision.code) == (False, 0.0, "idle", Code.ENDED)
    assert words in decision.why


def test_until_ends_the_order() -> None:
    order = ModeRequest("v2h", until_t=100.0, until="2026-11-22T18:00+00:00")
    assert decided(order, now=99.9).mode == "v2h"
    decision = decided(order)
    assert (decision.wanted, decision.mode) == (False, "idle")
    assert "2026-11-22T18:00" in decision.why


def test_the_window_has_hysteresis_of_one_percent() -> None:
    window = Window()
    seen = []
    for soc_pct in (89.0, 90.0, 89.5, 89.0, 89.5, 31.0, 30.0, 30.5, 31.0):
        window = window.update(soc_pct, 30.0, 90.0)
        seen.append((window.full, window.empty))
    free = (False, False)
    assert seen == [free, (True, False), (True, False), free, free, free, (False, True), (False, True), free]


def test_bounds_are_the_narrowest_of_all_limits() -> None:
    limit = bounds(ModeRequest("v2h"), CAR, Window())
    assert (limit.low_w, limit.high_w) == (-15 * 380, 14 * 380)
    assert bounds(ModeRequest("solar"), CAR, Window()).low_w == 0
    assert bounds(ModeRequest("v2h"), CAR, Window(full=True)).high_w == 0
    assert bounds(ModeRequest("v2h"), CAR, Window(empty=True)).low_w == 0
    for unknown in (None, replace(CAR, soc_pct=None)):
        nothing = bounds(ModeRequest("v2h"), unknown, Window())
        assert (nothing.low_w, nothing.high_w) == (0, 0)


def test_unknown_soc_in_energy_flow_is_0_w() -> None:
    assert decided(ModeRequest("charge"), replace(CAR, soc_pct=None)).power_w == 0.0


@given(
    st.sampled_from(["idle", "v2h", "solar", "charge", "discharge"]),
    st.one_of(st.none(), st.floats(0, 100)),
    st.sampled_from(["idle", "wake", "energy", "stop", "fault"]),
    st.floats(-20, 20),
    st.floats(-20, 20),
    st.floats(0, 10),
    st.floats(-10_000, 10_000),
)
def test_no_decision_leaves_the_bounds(
    mode: str, soc_pct: float | None, state: str, charge_a: float, discharge_a: float, age_s: float, wish_w: float
) -> None:
    order, car = (
        ModeRequest(mode),
        replace(CAR, soc_pct=soc_pct, state=state, max_charge_a=charge_a, max_discharge_a=discharge_a),
    )
    window = window_after(Window(), order, car, LIMITS)
    limit = bounds(order, car, window)
    matched_w = min(limit.high_w, max(limit.low_w, wish_w))  # as the matcher does
    decision = decided(order, car, now=100 + age_s, charger_age_s=age_s, matched_w=matched_w, window=window)
    assert limit.low_w <= decision.power_w <= limit.high_w
    assert decision.why.endswith(".")
    assert decision.wanted or decision.power_w == 0
    waits = decision.code is Code.NO_METER and state == "idle"  # no car is woken for a meter that does not speak
    assert decision.wanted is (decision.mode != "idle" and not waits)
