"""A cable that was calibrated against the converter: sessions run, but sensor and converter are not independent. The
plug unlocks by the rule of the cable without a sensor, and the sensor may only add that the cable is live."""

import pytest

from tests.faults.parts import FaultyCircuit, FaultyPre
from tests.support.boards import change, fault_name
from tests.support.safetypage import limit
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo.cable import Source
from v2h.safety.outputs import Output
from v2h.safety.rules import UNLOCK_BY_PERSON_S


def said(b: VirtualBoard) -> str:
    return b.charger.session.checks(b.charger.inputs(b.now))["cable_v"]


def by_converter(*, protocol: int = 2) -> VirtualBoard:
    return VirtualBoard(by_converter=True, protocol=protocol)


def in_energy() -> VirtualBoard:
    b = by_converter()
    b.run_until(State.ENERGY)
    b.run(4)
    return b


def test_a_session_runs_without_a_named_battery_and_says_so() -> None:
    b = in_energy()
    assert b.charger.inputs(b.now).cable_source is Source.BY_CONVERTER
    assert said(b) == "by the converter"
    assert "cable_by_converter" in [code for code, _ in b.charger.session.remarks]
    b.wanted = False
    b.run_until(State.IDLE)
    b.run(0.5)
    assert b.plant.outputs == Output(0)
    assert b.charger.session.welding == "assumed", "not verified: nothing independent has seen it"
    b.assert_safe()
    b.assert_guard_content()


def tripped() -> VirtualBoard:
    b = in_energy()
    b.charger_runs = False
    b.run(0.5)
    b.charger_runs = True
    b.run_until(State.FAULT, within_s=20)
    return b


@pytest.mark.parametrize("calibrated_by", ["meter", "converter"])
def test_after_a_trip_the_sensor_alone_unlocks_only_if_a_meter_calibrated_it(calibrated_by: str) -> None:
    b = VirtualBoard(by_converter=calibrated_by == "converter")
    b.run_until(State.ENERGY)
    b.run(4)
    b.charger_runs = False
    b.run(0.5)
    b.charger_runs = True
    b.run_until(State.FAULT, within_s=20)
    b.run(100)
    assert b.plant.cable_v < 10
    assert (Output.PLUG_LOCK in b.plant.outputs) is (calibrated_by == "converter")
    b.assert_safe()


def test_then_a_person_unlocks_after_two_minutes() -> None:
    b = tripped()
    b.run(limit("by-converter", "signals off for, before a word counts") - 5)
    b.charger.clear_fault(unlock_confirmed=True)
    b.run(5)
    assert Output.PLUG_LOCK in b.plant.outputs, "too early"
    b.run(5)
    b.charger.clear_fault(unlock_confirmed=True)
    b.run(1)
    assert Output.PLUG_LOCK not in b.plant.outputs, b.charger.session.word_answer
    b.assert_safe()


def test_no_word_counts_while_the_sensor_shows_a_live_cable() -> None:
    b = tripped()
    b.adc_bias_v = 30.0
    b.run(UNLOCK_BY_PERSON_S + 5)
    b.charger.clear_fault(unlock_confirmed=True)
    b.run(1)
    assert Output.PLUG_LOCK in b.plant.outputs
    assert "measured" in b.charger.session.word_answer
    assert said(b) == "by the converter"


def test_a_sensor_that_shows_a_live_cable_keeps_the_plug_locked_after_the_session() -> None:
    b = in_energy()
    b.wanted = False
    b.run_until(State.D2_OFF)
    b.adc_bias_v = 15.0
    b.run_until(State.FAULT, State.IDLE)
    assert fault_name(b) == "late_unlock" and Output.PLUG_LOCK in b.plant.outputs


def test_a_converter_that_shows_a_live_cable_keeps_c1_and_c2_closed() -> None:
    b = by_converter()
    b.plant.pre = pre = FaultyPre()
    b.run_until(State.ENERGY)
    b.run(3)
    b.wanted = False
    b.run_until(State.WELDING)
    pre.volts_off_v = 15.0
    b.run(5)
    assert b.state is State.WELDING and b.plant.circuit.joined


def test_own_contactors_that_are_welded_are_still_found_before_d2() -> None:
    b = by_converter()
    circuit = FaultyCircuit(b.plant.battery)
    b.plant.circuit = b.plant.car.circuit = circuit
    b.run_until(State.BLEED)
    circuit.welded = Output.C1 | Output.C2
    b.run_until(State.FAULT)
    assert fault_name(b) == "contactors_welded" and State.CAR_CONTACTORS not in b.states


def test_a_car_without_contactor_flag_is_refused() -> None:
    b = by_converter(protocol=1)
    b.run(15)
    assert State.CAR_CONTACTORS not in b.states
    assert "does not report its contactors" in b.charger.session.reason
    b.assert_safe()


def test_an_empty_cable_that_the_converter_never_showed_unlocks_nothing() -> None:
    """The car closes and opens again before c1 and c2 close: nothing but the sensor has seen the cable since."""
    b = by_converter()
    b.run_until(State.MATCH)
    b.spoil_car = change(0x102, charging_enabled=False)
    b.run_until(State.FAULT, State.IDLE)
    assert fault_name(b) == "late_unlock" and Output.PLUG_LOCK in b.plant.outputs
    b.assert_safe()


def test_a_car_that_stays_connected_is_found_welded() -> None:
    b = by_converter()
    circuit = FaultyCircuit(b.plant.battery)
    b.plant.circuit = b.plant.car.circuit = circuit
    b.run_until(State.ENERGY)
    b.run(4)
    circuit.car_welded = True
    b.wanted = False
    b.run_until(State.FAULT, State.IDLE, within_s=60)
    assert Output.PLUG_LOCK in b.plant.outputs and fault_name(b) == "late_welding_check"
