"""The CCS session at the charger: each way to stop in each state, the deadlines, and what holds whatever happens."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.ccsbench import STEP_S, CcsBench
from tests.support.ccscharges import (
    AT,
    STOPS,
    box_silent,
    car,
    charge,
    guard_killed,
    imd,
    imd_silent,
    owner,
    silence,
    tcp_loss,
)
from v2h.bus.states import State
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.power_states import TABLE
from v2h.ccs.record import Isolation, Phase
from v2h.safety.outputs import CONTACTORS


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
@pytest.mark.parametrize("state", AT, ids=lambda state: state.name)
def test_each_stop_in_each_state_ends_safe(stop: Callable[[CcsBench], None], state: State) -> None:
    if stop.__name__ == "pilot_B" and not TABLE[state].k:
        return  # a car is in B until the cable check
    bench = charge().until(state)
    bench.run(1.0 if state is State.ENERGY else STEP_S)
    stop(bench)
    at_t = bench.now
    small_t = None
    for _ in range(round(120 / STEP_S)):
        bench.run(STEP_S)
        if small_t is None and bench.actions.pre_amps_a <= 0.0 and bench.amps_a <= 5.0:
            small_t = bench.now
        if bench.session.state in (State.IDLE, State.FAULT):
            break
    assert bench.session.state in (State.IDLE, State.FAULT), bench.history
    assert not bench.guard.outputs & CONTACTORS
    if state in (State.READY, State.ENERGY) and stop not in (owner, car):
        assert small_t is not None
        assert small_t - at_t <= (1.3 if stop is silence else 0.45)
    bench.run(0.0 if bench.cable_v < 60.0 else 10.0)
    assert bench.cable_v < 60.0
    assert bench.told is not None
    assert bench.told.cut or not bench.told.wanted
    assert bench.amps_a == 0.0


def test_a_stop_is_answered_only_when_no_current_rises_any_more() -> None:
    """The converter follows the orders of before for 0.2 s (capture): it shows 0.5 A, and 4.8 A a moment later."""
    bench = charge().until(State.ENERGY).run(0.3)
    seen: list[tuple[float, bool]] = []

    def rises(bench: CcsBench) -> None:
        since_s = bench.now - bench.session.zero_t
        if bench.session.state is State.STOP_CURRENT:
            bench.pre.amps_a = 0.5 if since_s < 0.12 else 4.8 if since_s < 0.27 else 0.0
            seen.append((bench.pre.amps_a, bench.told is not None and bench.told.done))

    bench.meddle = rises
    bench.car.stops = True
    bench.until(State.WELDING)
    assert 4.8 in [amps_a for amps_a, _ in seen] and not any(done for amps_a, done in seen if amps_a)


def test_k_falling_orders_0_a_in_the_same_step() -> None:
    bench = charge().energy()
    bench.estop = True
    bench.run(STEP_S)
    assert bench.actions.pre_amps_a == 0.0
    assert bench.session.state is not State.ENERGY


def test_a_silent_guard_ends_the_flow_at_once() -> None:
    bench = charge().energy()
    bench.guard_dead = True
    bench.run(STEP_S)
    assert (bench.actions.pre_amps_a, bench.session.fault and bench.session.fault.name) == (0.0, "guard_lost")


def test_a_trip_of_guard_leads_to_safe_and_a_fault_and_can_be_cleared() -> None:
    bench = charge().energy()
    bench.guard.trip()
    bench.until(State.FAULT)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "guard_tripped"
    bench.car.contactors = False
    bench.run(30.0)
    bench.clear_fault = True
    bench.until(State.IDLE, 10.0)


def test_ccs_that_is_silent_for_300_ms_is_lost() -> None:
    bench = charge().energy()
    bench.ccs_dead = True
    bench.run(0.25)
    assert bench.session.state is State.ENERGY
    bench.run(0.15)
    assert bench.actions.pre_amps_a == 0.0
    assert bench.session.fault is not None
    assert bench.session.fault.name == "ccs_lost"


def test_1_s_without_a_current_demand_is_loss() -> None:
    bench = charge().energy()
    bench.car.mute = True
    bench.run(0.95)
    assert bench.session.state is State.ENERGY
    bench.run(0.15)
    assert bench.actions.pre_amps_a == 0.0
    assert bench.session.fault is not None
    assert bench.session.fault.name == "car_lost"


def test_a_polite_stop_waits_for_the_car_but_not_longer_than_10_s() -> None:
    bench = charge().energy()
    bench.car._go_on = lambda status, inlet_v: None  # it asks for current for ever
    bench.wanted = False
    bench.run(9.0)
    assert bench.session.state is State.STOP_CURRENT
    assert bench.told is not None
    assert (bench.told.stop, bench.told.cut, bench.actions.pre_amps_a) == (True, False, 0.0)
    bench.until(State.WELDING, 2.0).run(STEP_S)
    assert bench.told.cut
    assert bench.session.fault is None


def test_a_current_that_does_not_fall_is_made_safe_by_guard_after_800_ms() -> None:
    bench = charge().energy()
    bench.meddle = lambda bench: setattr(bench.pre, "amps_a", 11.0)
    bench.wanted = False
    bench.until(State.SAFE, 1.0)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_stop"


def test_the_contactors_are_open_before_welding_detection_is_answered() -> None:
    bench = charge().energy()
    open_at_answer = []

    def look(bench: CcsBench) -> None:
        if bench.car.answers[-1].name == "WeldingDetectionRes":
            open_at_answer.append(not bench.guard.outputs & CONTACTORS)

    bench.watch = look
    bench.wanted = False
    bench.until(State.IDLE)
    assert open_at_answer
    assert all(open_at_answer)


@pytest.mark.parametrize(("phase", "done"), [(Phase.WELDING, False), (Phase.END, False), (Phase.STOP, False)])
def test_nothing_of_the_end_is_done_while_the_contactors_are_closed_and_current_flows(phase: Phase, done: bool) -> None:
    bench = charge().energy()
    inputs = bench.inputs()
    assert inputs.ccs is not None
    later = replace(inputs, ccs=replace(inputs.ccs, phase=phase))
    assert bench.session.record(bench.now, later, 1).done == done


@pytest.mark.parametrize("emergency", [imd, imd_silent, silence, box_silent, tcp_loss])
def test_an_emergency_with_current_switches_the_pilot_off_at_once(emergency: Callable[[CcsBench], None]) -> None:
    bench = charge().energy()
    emergency(bench)
    bench.run(1.2 if emergency is silence else 0.15)
    assert bench.session.fault is not None
    assert bench.told is not None
    assert bench.told.cut


def test_the_isolation_is_not_told_before_it_was_measured_at_the_test_voltage_but_a_fault_is() -> None:
    resting = charge()
    resting.isolation = Isolation.FAULT
    resting.run(STEP_S)
    assert resting.told is not None
    assert (resting.session.state, resting.told.isolation) == (State.IDLE, Isolation.FAULT)
    for state in (State.HANDSHAKE, State.LOCK, State.INSULATION):
        bench = charge().until(state).run(STEP_S)
        assert bench.told is not None
        assert bench.told.isolation is Isolation.INVALID
        bench.isolation = Isolation.FAULT
        bench.run(STEP_S)
        assert bench.told.isolation is Isolation.FAULT


@pytest.mark.parametrize(("amps_a", "ends"), [(-0.5, False), (-3.0, True)])
def test_a_current_out_of_the_car_ends_the_session(amps_a: float, ends: bool) -> None:
    bench = charge(wants_a=0.0).energy()
    bench.meddle = lambda bench: setattr(bench.pre, "amps_a", amps_a)
    bench.run(1.0)
    assert (bench.session.state is not State.ENERGY) == ends


def test_a_cable_above_the_cars_limit_ends_the_session_after_400_ms() -> None:
    bench = charge().energy()
    bench.car.battery_v = 424.0
    bench.run(0.3)
    assert bench.session.state is State.ENERGY
    bench.run(0.3)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "over_voltage"


@pytest.mark.parametrize("state", [State.INSULATION, State.MATCH])
def test_a_sensor_that_shows_an_empty_cable_while_the_converter_raises_it_is_doubted(state: State) -> None:
    """Else it would unlock the plug on a live cable, whatever ends the session."""
    bench = charge().until(state)
    bench.meddle = lambda bench: setattr(bench, "cable_v", 0.0)
    bench.run(2.0)
    assert bench.session.fault is not None and bench.session.fault.name == "cable_against_converter"
    assert bench.session.adc_doubted


def test_an_error_of_the_car_ends_the_session() -> None:
    bench = charge().energy()
    assert bench.secc is not None
    bench.secc._car = replace(bench.secc._car, car_error=4)
    bench.car.next_request = lambda: None
    bench.run(0.1)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "car_fault"
    assert "EVRESSMalfunction" in bench.session.reason


def test_a_renegotiation_stands_at_0_a_and_goes_on() -> None:
    bench = charge(ISO2).energy()
    bench.car._go_on = lambda status, inlet_v: setattr(bench.car, "ask", None)

    def ask(ask: Ask, wants: str = "") -> None:
        bench.car.ask, bench.car.wants = ask, wants
        bench.run(0.5)
        assert bench.car.answers[-1].fields["ResponseCode"] == "OK"
        assert (bench.session.state, bench.actions.pre_amps_a) == (State.ENERGY, 0.0)

    ask(Ask.POWER, "Renegotiate")
    ask(Ask.PARAMETERS)
    ask(Ask.POWER, "Start")
    del bench.car._go_on
    bench.car.ask = Ask.DEMAND
    bench.run(2.0)
    assert bench.amps_a == pytest.approx(12.0)


EVENTS = st.sampled_from(
    [*STOPS, guard_killed]
    + [lambda bench, w=w: setattr(bench, "setpoint_w", w) for w in (-6000.0, 0.0, 900.0, 9000.0)]
    + [lambda bench, a=a: setattr(bench.car, "wants_a", a) for a in (0.0, 4.0, 300.0)]
    + [lambda bench: setattr(bench, "max_charge_a", 5.0), lambda bench: bench.guard.trip()]
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    dialect=st.sampled_from([DIN, ISO2]),
    battery_v=st.integers(160, 480),
    events=st.lists(st.tuples(st.floats(0.0, 20.0), EVENTS), min_size=1, max_size=4),
)
def test_whatever_happens_the_invariants_hold(
    dialect: Dialect, battery_v: int, events: list[tuple[float, Callable[[CcsBench], None]]]
) -> None:
    bench = charge(dialect, battery_v=float(battery_v), max_v=battery_v + 18.0)
    for after_s, event in events:
        bench.run(after_s)
        event(bench)
    bench.wanted = False
    bench.guard_dead = False
    bench.run(2.0)
    for _ in range(90):
        if bench.session.state in (State.IDLE, State.FAULT):
            break
        bench.run(1.0)
    assert bench.session.state in (State.IDLE, State.FAULT), bench.history
    assert not bench.guard.outputs & CONTACTORS
    assert bench.told is not None
    assert bench.told.cut or not bench.told.wanted
