"""The calibration of the cable against the converter, in whole sessions: what comes out, and that nothing is unsafe or
kept when car, converter, ADC, charger or owner interfere."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.parts import FaultyCircuit, FaultyPre
from tests.support.boards import change, fault_name
from tests.support.safetypage import limit
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo.calibration import Result
from v2h.rig.habits import LEAF, Habits
from v2h.safety.outputs import Output


def board(habits: Habits = LEAF) -> VirtualBoard:
    """A board at rest, with an ADC that is not calibrated, and nothing that wants a session."""
    made = VirtualBoard(habits=habits)
    made.cable_measured, made.wanted = False, False
    made.run(0.5)
    return made


def ordered(b: VirtualBoard) -> VirtualBoard:
    assert b.charger.calibrate(b.now) == ""
    b.step()
    return b


def ended(b: VirtualBoard) -> Result:
    """Run to the end of the session; d2 must stay off, and no voltage but the test's be ordered."""
    end = b.now + 90
    while b.state not in (State.IDLE, State.FAULT):
        assert b.now < end, b.states
        b.step()
        assert Output.D2 not in b.plant.outputs and b.plant.cable_v < 505
    result = b.charger.calibrated()
    assert result is not None and b.charger.calibrated() is None
    return result


def test_a_whole_calibration() -> None:
    b = board()
    b.pin_v = lambda cable_v: (cable_v - 3.0) / 102.4
    result = ended(ordered(b))
    assert result.line is not None
    assert (result.line.scale_v_per_v, result.line.offset_v) == (pytest.approx(102.4, 0.001), pytest.approx(3.0, 0.1))
    assert [s for s in b.states if s in (State.LOCK, State.CALIBRATE, State.BLEED, State.INSULATION, State.UNLOCK)] == [
        *(State.LOCK, State.CALIBRATE, State.BLEED, State.UNLOCK)
    ]
    assert b.state is State.IDLE and b.charger.session.ended_by == "us" and b.charger.session.refusals == 0
    b.run(1)
    assert b.plant.outputs == Output(0) and not b.charger.calibrates
    b.assert_safe()
    b.assert_guard_content()


def test_an_order_from_before_is_not_carried_out_after_it() -> None:
    b = board()
    ordered(b)
    b.wanted = True
    ended(b)
    b.run(5)
    assert b.state is State.IDLE and b.charger.session.starts == 1


def test_after_it_the_cable_is_as_unknown_as_before() -> None:
    b = board()
    ended(ordered(b))
    b.wanted, b.order = True, 7
    b.run(5)
    assert b.state is State.IDLE
    assert b.charger.inputs(b.now).may_assume is False


def test_the_cable_stays_below_its_limit_and_is_emptied_after_k_off() -> None:
    highest_v = 0.0
    for after_s in (2.0, 4.0, 6.4):
        b = ordered(board())
        b.run_until(State.CALIBRATE)
        b.run(after_s)
        assert b.plant.cable_v > 100
        k_off(b)
        began = b.now
        while b.plant.cable_v > 10:
            highest_v = max(highest_v, b.plant.cable_v)
            b.step()
            assert b.now - began <= limit("calibration", "emptied after K off")
        ended(b)
    assert 490 < highest_v <= limit("calibration", "voltage of the cable")


def test_a_stop_from_before_does_not_end_it() -> None:
    b = board()
    b.charger.stop()
    b.run(1)
    assert ended(ordered(b)).line is not None


def test_without_a_car_nothing_is_raised() -> None:
    b = board()
    b.plant.set_plugged(False)
    result = ended(ordered(b))
    assert result.line is None and "Try again with the car plugged in" in result.text
    assert State.LOCK not in b.states and b.state is State.IDLE
    b.assert_safe()


@pytest.mark.parametrize("state", [State.CONVERTER, State.FAULT])
def test_it_is_refused_while_something_else_goes_on(state: State) -> None:
    b = VirtualBoard()
    b.run_until(State.CONVERTER)
    if state is State.FAULT:
        b.charger_runs = False
        b.run(0.5)
        b.charger_runs = True
        b.run_until(State.FAULT)
    assert "stop the session or clear the fault" in b.charger.calibrate(b.now)
    b.run(0.5)
    assert not b.charger.calibrates


def test_it_is_refused_while_k_is_on() -> None:
    b = board()
    assert b.charger.report is not None
    b.charger.guard_report(replace(b.charger.report, k_on=True), b.now)
    assert b.charger.calibrate(b.now) != "" and not b.charger.calibrates


Meddle = Callable[[VirtualBoard], None]


def k_off(b: VirtualBoard) -> None:
    b.plant.k_cut = True


def permission_off(b: VirtualBoard) -> None:
    b.spoil_car = change(0x102, charging_enabled=False)


def owner_stops(b: VirtualBoard) -> None:
    b.charger.stop()


def adc_silent(b: VirtualBoard) -> None:
    b.pin_v = lambda cable_v: None


def adc_stuck(b: VirtualBoard) -> None:
    stuck_v = b.pin_v(b.plant.cable_v)
    b.pin_v = lambda cable_v: stuck_v


def adc_saturates(b: VirtualBoard) -> None:
    b.pin_v = lambda cable_v: min(cable_v / 100, 4.0)


IN_ORDER = [
    (meddle, after_s)
    for meddle in (k_off, permission_off, owner_stops, adc_silent, adc_stuck, adc_saturates)
    for after_s in (0.3, 2.5, 5.5)
    if meddle is not adc_stuck or after_s == 0.3
]
"""An ADC that stays at a voltage is the test after the next."""


@pytest.mark.parametrize(("meddle", "after_s"), IN_ORDER)
def test_it_ends_in_order_and_stores_nothing(meddle: Meddle, after_s: float) -> None:
    b = ordered(board())
    b.run_until(State.CALIBRATE)
    b.run(after_s)
    assert b.state is State.CALIBRATE
    meddle(b)
    result = ended(b)
    assert result.line is None and "Nothing was changed" in result.text, result
    b.run(0.5)
    assert b.state is State.IDLE and b.plant.outputs == Output(0), fault_name(b)
    b.assert_safe()
    b.assert_guard_content()


@pytest.mark.parametrize("state", [State.WAKE, State.HANDSHAKE, State.CONVERTER, State.CALIBRATE, State.BLEED])
@pytest.mark.parametrize("meddle", [k_off, owner_stops])
def test_in_every_state_it_ends_unlocked(meddle: Meddle, state: State) -> None:
    b = ordered(board())
    b.run_until(state)
    b.run(0.1)
    meddle(b)
    result = ended(b)
    b.run(0.5)
    assert b.state is State.IDLE and b.plant.outputs == Output(0), fault_name(b)
    assert (result.line is None) is (state is not State.BLEED)
    b.assert_safe()


@pytest.mark.parametrize(("state", "after_s"), [*((State.CALIBRATE, s) for s in (2.5, 4.5, 6.4)), (State.BLEED, 0.0)])
def test_an_adc_that_stays_live_while_the_cable_empties_keeps_the_plug_locked(state: State, after_s: float) -> None:
    """Sensor and converter disagree, and nobody knows which is right: only a person unlocks."""
    b = ordered(board())
    b.run_until(state)
    b.run(after_s)
    assert b.plant.cable_v > 100
    adc_stuck(b)
    assert ended(b).line is None
    assert fault_name(b) == "late_bleed" and Output.PLUG_LOCK in b.plant.outputs
    b.assert_safe()


@pytest.mark.parametrize("after_s", [2.5, 4.5, 6.4])
def test_contactors_that_drop_out_while_the_cable_is_live_unlock_nothing(after_s: float) -> None:
    """The converter then empties itself alone, and its word is about itself. No line is known yet."""
    b = board()
    circuit = FaultyCircuit(b.plant.battery)
    b.plant.circuit = b.plant.car.circuit = circuit
    ordered(b).run_until(State.CALIBRATE)
    b.run(after_s)
    circuit.dead = Output.C1 | Output.C2
    circuit.set_contactors(b.now, c1=False, c2=False)
    owner_stops(b)
    ended_t = b.now + 60
    while b.now < ended_t:
        b.step()
        assert Output.PLUG_LOCK in b.plant.outputs or b.plant.cable_v <= 10
    assert fault_name(b) == "late_bleed"


@pytest.mark.parametrize("really", [False, True])
@pytest.mark.parametrize("after_s", [0.1, 2.5, 5.5])
def test_a_car_that_closes_its_contactors_ends_it_and_locks_the_plug(after_s: float, really: bool) -> None:
    b = ordered(board())
    b.run_until(State.CALIBRATE)
    b.run(after_s)
    b.plant.circuit.set_car_contactors(b.now, really)
    b.spoil_car = change(0x102, contactors_open=False)
    b.run(0.3)
    assert b.state is State.BLEED and b.charger.session.commanded_a <= 0.0
    assert ended(b).line is None
    assert b.state is State.FAULT and Output.PLUG_LOCK in b.plant.outputs
    b.run(60)
    assert Output.PLUG_LOCK in b.plant.outputs


def test_a_car_whose_contactors_are_closed_before_it_begins_is_not_connected() -> None:
    b = ordered(board())
    b.run_until(State.LOCK)
    b.plant.circuit.set_car_contactors(b.now, True)
    b.spoil_car = change(0x102, contactors_open=False)
    assert ended(b).line is None
    assert State.CALIBRATE not in b.states and Output.PLUG_LOCK in b.plant.outputs
    assert b.plant.violations == []


def test_more_than_the_test_voltage_ends_it() -> None:
    b = board()
    pre = faulty(b)
    ordered(b).run_until(State.CALIBRATE)
    b.run(5.5)
    assert b.plant.cable_v < limit("calibration", "voltage of the cable")
    pre.volts_off_v = limit("calibration", "voltage of the cable") + 1 - b.plant.cable_v
    b.run(0.5)
    assert b.state is State.BLEED and fault_name(b) == "test_over_voltage"
    assert b.charger.session.commanded_a < 0.0


def faulty(b: VirtualBoard) -> FaultyPre:
    b.plant.pre = FaultyPre()
    return b.plant.pre


def test_a_converter_that_reads_wrong_by_a_constant_is_found_at_the_empty_cable() -> None:
    """It shows 20 V on the empty cable, so the session never gets to a voltage."""
    b = board()
    faulty(b).volts_off_v = 20.0
    assert ended(ordered(b)).line is None
    assert State.CALIBRATE not in b.states
    b.assert_safe()


def test_a_converter_that_shows_another_voltage_than_it_has_is_a_fault() -> None:
    b = board()
    pre = faulty(b)
    ordered(b)
    b.run_until(State.CALIBRATE)
    b.run(2)
    pre.volts_off_v = -40.0
    assert ended(b).line is None
    assert fault_name(b) == "late_calibration"
    assert Output.PLUG_LOCK in b.plant.outputs, "the converter's word does not unlock any more"
    b.assert_safe()


def test_contactors_that_do_not_close_are_named() -> None:
    b = board()
    circuit = FaultyCircuit(b.plant.battery)
    b.plant.circuit = b.plant.car.circuit = circuit
    circuit.dead = Output.C1
    result = ended(ordered(b))
    assert result.line is None and "c1 and c2 close" in result.text
    b.assert_safe()


def test_a_charger_that_dies_leaves_a_safe_cable_and_no_calibration() -> None:
    b = ordered(board())
    b.run_until(State.CALIBRATE)
    b.run(4)
    assert b.plant.cable_v > 100
    b.charger_runs = False
    b.run(2)
    assert Output.C1 not in b.plant.outputs
    b.charger = b.new_charger(2000)
    b.charger_runs = True
    b.run(3)
    assert b.state is State.FAULT and b.charger.calibrated() is None and not b.charger.calibrates
    assert Output.PLUG_LOCK in b.plant.outputs, "nothing measures the cable now"
    b.assert_safe()


def test_a_car_without_contactor_flag_is_not_calibrated_with() -> None:
    b = board(Habits("old", protocol=1, tells_contactors=False, sends_200=False))
    assert ended(ordered(b)).line is None
    assert State.CALIBRATE not in b.states
    b.assert_safe()
