"""Defects from an independent review that could hurt a person or a car (A1 to A8), and the correct behaviour."""

import pytest

from tests.faults.parts import FaultyPre
from tests.support.boards import change, fault_name, in_energy, refuses, tripped, with_faulty_circuit
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output

# A1: a reading from before the rise


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize("who", ["owner", "car"])
def test_a_stop_as_the_test_voltage_rises_unlocks_no_live_plug(who: str, measured: bool) -> None:
    for hundredths in (*range(0, 120, 12), *range(38, 50)):
        board = VirtualBoard(cells_in_series=0 if measured else 96)
        board.cable_measured = measured
        board.run_until(State.INSULATION)
        board.run(hundredths / 100)
        if who == "owner":
            board.wanted = False
            board.charger.stop()
        else:
            board.plant.car.end_session(board.now)
        board.run_until(State.IDLE, State.FAULT, within_s=60)
        board.run(0.5)
        assert board.plant.violations == [], hundredths
        assert (board.state, board.plant.outputs) == (State.IDLE, NONE), hundredths


@pytest.mark.parametrize("measured", [False, True])
def test_no_reading_counts_while_the_converter_may_follow_an_order_to_charge(measured: bool) -> None:
    """SAFETY.md: 0.3 s; and then it takes a second of readings. The cable has been empty, and is about to rise."""
    board = VirtualBoard(cells_in_series=0 if measured else 96)
    board.cable_measured = measured
    board.run_until(State.INSULATION)
    while board.charger.session.commanded_a <= 0.0:
        board.step()
    assert board.plant.cable_v < 10
    ordered_t = board.now
    board.wanted = False
    board.charger.stop()
    while board.now < ordered_t + 0.3 + 1.0 - 0.02 and CONTACTORS in board.plant.outputs:
        assert board.charger.inputs(board.now).cable.highest_v is None, board.now - ordered_t
        board.step()
    assert board.now > ordered_t + 0.5, "c1 and c2 were still closed"


# A2: a person's word that was given for an earlier moment


def test_a_word_against_a_measurement_is_refused_and_forgotten() -> None:
    board, circuit = with_faulty_circuit()
    board.run_until(State.ENERGY)
    board.run(5)
    circuit.car_welded = True
    board.wanted = False
    board.run_until(State.FAULT, within_s=60)
    board.run(130)
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(0.5)
    assert "a person's word does not count against a measurement" in board.charger.session.word_answer
    for gap_s in (0.9, 5.0):
        board.cable_measured = False
        board.run(gap_s)
        board.cable_measured = True
        board.run(0.5)
        assert Output.PLUG_LOCK in board.plant.outputs
    assert board.plant.violations == []


def test_a_word_lapses_when_guard_does_not_carry_it_out() -> None:
    board = tripped()
    board.cable_measured = False
    board.run(130)
    board.guard_hangs = True
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(limits.UNLOCK_WORD_S.value + 1)
    board.guard_hangs = False
    board.run(10)
    assert Output.PLUG_LOCK in board.plant.outputs


def test_a_word_lapses_as_soon_as_the_voltage_is_known() -> None:
    board = tripped()
    board.cable_measured = False
    board.run(130)
    board.charger.clear_fault(unlock_confirmed=True)
    board.charger_runs = False  # before its next turn
    board.plant.circuit.cable_v = 300.0
    board.cable_measured = True
    board.run(0.05)
    board.charger_runs = True
    board.run(2)
    assert Output.PLUG_LOCK in board.plant.outputs
    assert "V are measured" in board.charger.session.word_answer


# A3: one reading of 0 V


def test_one_reading_of_0_v_unlocks_nothing() -> None:
    board = tripped()
    for _ in range(30):
        board.run(0.17)
        board.adc_bias_v = -board.plant.cable_v
        board.step()
        board.adc_bias_v = 0.0
    assert Output.PLUG_LOCK in board.plant.outputs
    assert board.plant.violations == []


@pytest.mark.parametrize("for_s", [0.25, 0.6, 5.0])
def test_a_sensor_that_falls_to_0_v_at_once_is_dead_not_empty(for_s: float) -> None:
    board = tripped()
    board.run(0.5)
    end = board.now + for_s
    while board.now < end:
        board.adc_bias_v = -board.plant.cable_v
        board.step()
    assert Output.PLUG_LOCK in board.plant.outputs
    board.adc_bias_v = 0.0
    board.run_until(State.FAULT)
    board.run(60)
    assert board.plant.outputs == NONE, "it unlocks when the sensor has come back and shows an empty cable"
    assert board.plant.violations == []


def test_one_reading_of_0_v_starts_no_insulation_test() -> None:
    board = VirtualBoard()
    board.run_until(State.LOCK)
    board.plant.circuit.cable_v = 45.0
    board.run(0.05)
    while board.state is State.LOCK:
        board.adc_bias_v = -45.0 if round(board.now * 100) % 20 == 0 else 0.0
        board.plant.circuit.cable_v = 45.0
        board.step()
    assert State.INSULATION not in board.states
    assert "45 V on the cable before the car may join" in board.charger.session.reason


def test_negative_readings_are_not_empty() -> None:
    board = tripped()
    board.run(0.5)
    end = board.now + 3.0
    while board.now < end:
        board.adc_bias_v = -15.0 - board.plant.cable_v
        board.step()
    assert Output.PLUG_LOCK in board.plant.outputs


# A4: a converter that refuses single objects


@pytest.mark.parametrize(
    ("entry", "within_s", "words"),
    [
        (pre.AMPS, 1.4, "current (2108)"),
        (pre.VOLTS, 1.5, "voltage (2107)"),
        (pre.STATUS, 1.5, "status (2101)"),
        (pre.TEMPERATURE, 5.7, "temperature (2104)"),
        (pre.ENABLE, 2.7, "enable word (2100)"),
        (pre.SET_AMPS, 2.7, "current setpoint (210A)"),
        (pre.SET_VOLTS, 2.7, "voltage setpoint (2109)"),
        (pre.WARNING, 5.7, "warning word (2150)"),
    ],
)
def test_each_object_that_is_refused_ends_the_session(entry: pre.Entry, within_s: float, words: str) -> None:
    board = in_energy(5000.0)
    board.spoil_answer = refuses(entry)
    refused = board.now
    while board.state is State.ENERGY:
        board.step()
        assert board.now - refused <= within_s
    assert fault_name(board) == "converter_lost"
    assert words in board.charger.session.reason


def test_a_current_that_is_not_told_stops_after_three_polls_and_is_not_told_to_the_car() -> None:
    board = in_energy(5000.0)
    board.spoil_answer = refuses(pre.AMPS)
    board.run(0.5)
    assert board.charger.session.commanded_a == 0.0
    board.run(0.3)
    assert next(f for f in reversed(board.sent) if f.can_id == 0x109).data[3] == 0


def test_an_overshoot_that_is_not_told_flows_for_a_second_at_most() -> None:
    board = VirtualBoard()
    faulty = board.plant.pre = FaultyPre()
    board.power_w = 5000.0
    board.run_until(State.ENERGY)
    board.run(4)
    board.spoil_answer = refuses(pre.AMPS)
    faulty.overshoot_a = 8.0
    board.run(1.5)
    assert board.plant.pre.out_a < 5.0
    board.run_until(State.FAULT, within_s=20)


# A6: welded c1 and c2


def test_welded_contactors_are_found_before_d2() -> None:
    board, circuit = with_faulty_circuit()
    board.run_until(State.BLEED)
    circuit.welded = CONTACTORS
    d2_rose = False
    while board.state is not State.FAULT:
        board.step()
        d2_rose = d2_rose or Output.D2 in board.plant.outputs
        assert board.now < 90
    assert fault_name(board) == "contactors_welded"
    assert not d2_rose
    assert board.plant.violations == []


def test_without_a_sensor_welded_contactors_are_found_once_the_car_has_closed() -> None:
    board, circuit = with_faulty_circuit()
    board.cable_measured = False
    board.charger = VirtualBoard(cells_in_series=96).charger
    board.run_until(State.BLEED)
    circuit.welded = CONTACTORS
    board.run_until(State.FAULT, within_s=60)
    assert fault_name(board) == "contactors_welded"
    assert State.MATCH not in board.states


# A8: the car opens its contactors and reports it


@pytest.mark.parametrize("power_w", [1500.0, 4000.0])
def test_a_car_that_opens_its_contactors_in_energy_ends_the_session(power_w: float) -> None:
    board = in_energy(power_w)
    board.plant.circuit.set_car_contactors(board.now, False)
    opened = board.now
    while board.state is State.ENERGY:
        board.step()
        assert board.now - opened < 0.7
    board.run_until(State.IDLE, within_s=20)
    assert "opened its contactors" in board.charger.session.reason


def test_a_flag_of_two_frames_ends_nothing() -> None:
    board = in_energy()
    board.spoil_car = change(0x102, contactors_open=True)
    board.run(0.25)
    board.spoil_car = lambda can_id, data: data
    board.run(2)
    assert board.state is State.ENERGY
