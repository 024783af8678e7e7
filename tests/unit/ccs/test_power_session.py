"""The CCS session at the charger: whole charges, each state's row, each way to stop, and what holds in all of them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.ccsbench import STEP_S, CcsBench
from v2h.bus.states import State
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.power_states import TABLE
from v2h.ccs.record import Isolation, Phase, Pilot
from v2h.safety.outputs import CONTACTORS, Output

CHARGE = [
    *(State.WAKE, State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN),
    *(State.MATCH, State.READY, State.ENERGY),
]
END = [State.STOP_CURRENT, State.WELDING, State.UNLOCK, State.FAREWELL, State.IDLE]


def holds(bench: CcsBench) -> None:
    """The invariants that hold at every step of every session."""
    act, car, told = bench.actions, bench.car, bench.told
    assert told is not None
    state = bench.session.state
    assert act.pre_amps_a >= 0.0 or (state is State.BLEED and act.pre_amps_a == -0.2 and not car.contactors), state
    if act.pre_amps_a > 0.0:
        assert state in (State.INSULATION, State.MATCH, State.ENERGY)
        assert bench.pilot in (Pilot.C, Pilot.D) or bench.session.state is not State.ENERGY
        assert act.pre_volts_v <= 500.0
    if state in (State.INSULATION, State.MATCH):
        assert act.pre_amps_a <= 2.0
    if state is State.ENERGY:
        volts_v = max(bench.cable_v, bench.pre.volts_v or 0.0)
        assert act.pre_amps_a <= max(0.0, min(car.wants_a, 200.0, bench.max_charge_a, 15.0))
        assert act.pre_amps_a * volts_v <= max(0.0, min(6000.0, bench.setpoint_w)) + 0.1 * volts_v
        assert act.pre_volts_v <= car.max_v
    assert bench.guard.refused == []
    assert all(abs(one - other) <= 20.0 for one, other in bench.closed), bench.closed
    assert told.isolation is not Isolation.VALID or bench.isolation is Isolation.VALID
    assert Output.D2 not in act.outputs


def charge(dialect: Dialect = DIN, **car: object) -> CcsBench:
    bench = CcsBench(dialect, **car)
    bench.watch = holds
    return bench


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_a_whole_charge_ended_by_the_owner(dialect: Dialect) -> None:
    bench = charge(dialect).energy()
    assert bench.history == CHARGE
    assert bench.amps_a == pytest.approx(12.0)
    bench.wanted = False
    bench.until(State.IDLE)
    assert bench.history[len(CHARGE) :] == END
    assert (bench.session.ended_by, bench.session.fault) == ("us", None)
    assert all(answer.fields["ResponseCode"].startswith("OK") for answer in bench.car.answers)
    assert bench.car.ask is None, "the car has ended its session in order"
    assert bench.guard.outputs == Output(0)


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_a_whole_charge_ended_by_the_car(dialect: Dialect) -> None:
    bench = charge(dialect).energy()
    bench.car.stops = True
    bench.until(State.IDLE)
    assert (bench.session.ended_by, bench.session.fault) == ("car", None)
    bench.run(10.0)
    assert bench.session.state is State.IDLE, "the same order does not start again"


def test_the_limits_each_count() -> None:
    bench = charge(wants_a=100.0).energy()
    assert bench.actions.pre_amps_a == pytest.approx(15.0), "the converter"
    for change, amps_a in (
        ({"max_charge_a": 9.0}, 9.0),
        ({"setpoint_w": 2000.0}, 5.0),
        ({"setpoint_w": 0.0}, 0.0),
        ({"setpoint_w": -4000.0}, 0.0),
    ):
        before = {key: getattr(bench, key) for key in change}
        for key, value in change.items():
            setattr(bench, key, value)
        bench.run(2.0)
        assert bench.actions.pre_amps_a == pytest.approx(amps_a, abs=0.1), change
        for key, value in before.items():
            setattr(bench, key, value)
    bench.car.wants_a = 3.0
    bench.run(1.0)
    assert bench.actions.pre_amps_a == pytest.approx(3.0)


def test_6_kw_count_at_a_high_voltage() -> None:
    bench = charge(battery_v=480.0, max_v=490.0, wants_a=100.0)
    bench.setpoint_w = 9000.0
    bench.energy()
    assert bench.actions.pre_amps_a == pytest.approx(6000.0 / 480.0, abs=0.1)


def test_the_current_rises_slowly_and_falls_at_once() -> None:
    bench = charge(wants_a=15.0).until(State.ENERGY)
    rises = []
    bench.watch = lambda bench: rises.append(bench.actions.pre_amps_a)
    bench.run(2.0)
    assert max(later - before for before, later in pairwise(rises)) <= 20.0 * STEP_S + 0.1
    bench.car.wants_a = 1.0
    bench.run(0.15)
    assert bench.actions.pre_amps_a == 1.0


# The cable check


def test_the_cable_check_raises_the_cable_above_the_car_and_bleeds_it() -> None:
    bench = charge(max_v=413.0)
    peak = []
    bench.watch = lambda bench: (holds(bench), peak.append(bench.cable_v))[0]
    bench.until(State.INSULATION)
    began_t = bench.now
    bench.until(State.TEST_OPEN)
    assert max(peak) == pytest.approx(463.0, abs=2.0)
    assert bench.cable_v < 60.0
    assert bench.now - began_t < 25.0
    assert bench.told is not None
    assert bench.told.isolation is Isolation.VALID


def test_the_test_voltage_is_500_v_at_most() -> None:
    bench = charge(max_v=490.0).until(State.INSULATION)
    highest = []
    bench.watch = lambda bench: highest.append(bench.actions.pre_volts_v)
    bench.until(State.BLEED)
    assert max(highest) == 500.0


def test_a_measurement_from_before_the_test_voltage_does_not_count() -> None:
    bench = charge().until(State.INSULATION)
    bench.isolation_age_s = 30.0
    bench.until(State.FAULT, 90.0)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_insulation_test"
    assert State.TEST_OPEN not in bench.history


@pytest.mark.parametrize("isolation", [Isolation.WARNING, Isolation.FAULT])
def test_a_low_isolation_ends_the_cable_check(isolation: Isolation) -> None:
    bench = charge().until(State.INSULATION)
    bench.run(0.3)
    bench.isolation = isolation
    bench.until(State.FAULT, 90.0)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "isolation_fault"
    assert State.TEST_OPEN not in bench.history


def test_a_cable_that_does_not_bleed_is_a_fault_within_3_s_and_draws_nothing_after() -> None:
    bench = charge().until(State.BLEED)
    bench.meddle = lambda bench: setattr(bench, "cable_v", 300.0)
    began_t = bench.now
    bench.until(State.WELDING, 5.0)
    assert bench.now - began_t <= 3.1
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_bleed"
    assert bench.actions.pre_amps_a == 0.0


def test_the_contactors_wait_for_an_empty_cable_and_for_the_pilot() -> None:
    bench = charge().until(State.CONVERTER)
    bench.meddle = lambda bench: setattr(bench, "cable_v", 40.0)
    bench.until(State.LOCK).run(20.0)
    assert bench.session.state is State.LOCK
    assert not bench.guard.outputs & CONTACTORS


# The precharge


def test_the_precharge_uses_our_own_2_a_and_the_cars_voltage() -> None:
    bench = charge().until(State.MATCH)
    bench.run(0.1)
    assert (bench.actions.pre_volts_v, bench.actions.pre_amps_a) == (395.0, 2.0)


@pytest.mark.parametrize("target_v", [0.0, 149.0])
def test_a_target_that_the_converter_cannot_hold_is_0_v_until_a_better_one_comes(target_v: float) -> None:
    bench = charge(precharge_v=target_v).until(State.MATCH)
    bench.run(2.0)
    assert (bench.actions.pre_volts_v, bench.actions.pre_amps_a, bench.session.matched) == (0.0, 0.0, False)
    bench.car.precharge_v = None
    bench.until(State.ENERGY, 5.0)


def test_a_converter_that_does_not_reach_the_target_is_a_fault_after_7_s() -> None:
    bench = charge(battery_v=395.0).until(State.MATCH)
    bench.meddle = lambda bench: setattr(bench.pre, "volts_v", 200.0)
    began_t = bench.now
    bench.until(State.STOP_CURRENT, 10.0)
    assert bench.now - began_t == pytest.approx(7.0, abs=0.2)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_voltage_match"


def test_a_car_that_stays_in_the_precharge_is_let_go_without_a_fault() -> None:
    bench = charge().until(State.MATCH)
    bench.car.battery_v, bench.car.precharge_v = 450.0, 395.0
    bench.until(State.IDLE, 60.0)
    assert (bench.session.fault, bench.session.refused) == (None, True)


def test_a_car_that_starts_before_the_voltage_is_reached_is_refused() -> None:
    bench = charge(battery_v=395.0).until(State.MATCH)
    bench.meddle = lambda bench: setattr(bench.pre, "volts_v", min(bench.pre.volts_v or 0.0, 200.0))
    bench.car.ask, bench.car.wants = Ask.PRECHARGE, "Start"
    bench.run(0.3)
    bench.car.ask = Ask.POWER
    bench.until(State.STOP_CURRENT, 10.0)
    assert State.READY not in bench.history
    assert bench.car.answers[-1].fields["ResponseCode"] == "FAILED_PowerDeliveryNotApplied"


# The ways to stop


def owner(bench: CcsBench) -> None:
    bench.wanted = False


def car(bench: CcsBench) -> None:
    bench.car.stops = True


def estop(bench: CcsBench) -> None:
    bench.estop = True


def tcp_loss(bench: CcsBench) -> None:
    if bench.secc is not None:
        bench.secc.lost()


def silence(bench: CcsBench) -> None:
    bench.car.mute = True


def ccs_killed(bench: CcsBench) -> None:
    bench.ccs_dead = True
    bench.pilot_dead = True  # the box hears nothing and opens its relay


def guard_killed(bench: CcsBench) -> None:
    bench.guard_dead = True


def imd(bench: CcsBench) -> None:
    bench.isolation = Isolation.FAULT


def imd_silent(bench: CcsBench) -> None:
    bench.isolation = Isolation.INVALID


def box_silent(bench: CcsBench) -> None:
    bench.pilot_dead = True


def to_pilot(pilot: Pilot) -> Callable[[CcsBench], None]:
    def change(bench: CcsBench) -> None:
        bench.car.pilot = pilot
        bench.car.contactors = False

    change.__name__ = f"pilot_{pilot.name}"
    return change


STOPS = [owner, car, estop, tcp_loss, silence, ccs_killed, imd, imd_silent, box_silent]
STOPS += [to_pilot(pilot) for pilot in (Pilot.A, Pilot.B, Pilot.E, Pilot.F)]
AT = [state for state in CHARGE if state not in (State.WAKE, State.HANDSHAKE)]


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


# Refusals


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"isolation": Isolation.INVALID}, "the insulation monitor does not measure"),
        ({"isolation": Isolation.FAULT}, "the insulation monitor reports a fault"),
        ({"ccs_dead": True}, "the program ccs does not answer"),
    ],
)
def test_a_start_is_refused_in_words(change: dict[str, object], says: str) -> None:
    bench = charge()
    for key, value in change.items():
        setattr(bench, key, value)
    bench.run(1.0, started=False)
    bench.run(5.0)
    assert bench.session.state is State.IDLE
    assert says in bench.session.reason


def test_without_a_car_or_a_measured_cable_there_is_no_start() -> None:
    bench = charge(pilot=Pilot.A)
    bench.run(5.0)
    assert "no car is plugged in: the control pilot is in state A" in bench.session.reason
    bench = charge()
    bench.cable.sample = lambda volts_v, now: None
    bench.run(1.0, started=False)
    bench.run(5.0)
    assert "CCS assumes none" in bench.session.reason


def test_a_car_below_the_converters_voltage_is_refused() -> None:
    bench = charge(battery_v=100.0, max_v=120.0)
    bench.run(30.0)
    assert State.INSULATION not in bench.history


# Everything at random


EVENTS = st.sampled_from(
    [*STOPS, guard_killed]
    + [lambda bench, w=w: setattr(bench, "setpoint_w", w) for w in (-6000.0, 0.0, 900.0, 9000.0)]
    + [lambda bench, a=a: setattr(bench.car, "wants_a", a) for a in (0.0, 4.0, 300.0)]
    + [lambda bench: setattr(bench, "max_charge_a", 5.0), lambda bench: bench.guard.trip()]
)


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
    for _ in range(90):
        if bench.session.state in (State.IDLE, State.FAULT):
            break
        bench.run(1.0)
    assert bench.session.state in (State.IDLE, State.FAULT), bench.history
    assert not bench.guard.outputs & CONTACTORS
    assert bench.told is not None
    assert bench.told.cut or not bench.told.wanted
