"""Rows of SAFETY.md in virtual time: the time from the event to the effect is checked against the row's number."""

from dataclasses import replace
from math import exp

import pytest

from tests.faults.parts import FaultyCircuit, FaultyPre
from tests.support.boards import change, fault_name, in_energy, refuses, tripped, with_faulty_circuit
from tests.support.safetypage import limit
from tests.support.safetyrows import (
    Condition,
    ac_off,
    faulty,
    left_energy,
    opened,
    seconds_until,
    small_current,
    why,
    zero_ordered,
)
from tests.support.spoiling import converter_says
from tests.support.virtual import STEP_S, VirtualBoard
from v2h.bus.messages import Setpoint
from v2h.bus.states import State
from v2h.chademo.packs import GUESS_WITHIN_V
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import Trip


def test_live_plug() -> None:
    board = in_energy(5000.0)
    board.wanted = False
    board.run_until(State.WELDING)
    low_since = board.now
    while Output.PLUG_LOCK in board.plant.outputs:
        if board.plant.cable_v > limit("live-plug", "unlocked at"):
            low_since = board.now
        board.step()
    assert board.now - low_since >= limit("live-plug", "agreeing for")
    assert board.plant.violations == []


@pytest.mark.parametrize("dies_s", [n / 10 for n in range(-12, 7)])
def test_live_plug_with_a_sensor_that_dies_around_the_opening_of_c1_and_c2(dies_s: float) -> None:
    """Make-safe opens c1 and c2 onto a live cable, some 0.6 s after `charger` hangs. The sensor reads 0 V from dies_s
    after this moment on. The cable needs some 20 s to empty by itself."""
    board = in_energy(5000.0)
    hangs_t = board.now + 1.5
    opened_v = 0.0
    while board.now < hangs_t + 60:
        board.charger_runs = not hangs_t <= board.now < hangs_t + 0.5
        if board.now >= hangs_t + dies_s:
            board.adc_bias_v = -board.plant.cable_v
        was_open = opened(board)
        board.step()
        opened_v = board.plant.cable_v if opened(board) and not was_open else opened_v
        assert Output.PLUG_LOCK in board.plant.outputs or board.plant.cable_v <= limit("live-plug", "unlocked at")
    assert opened_v > 300, "c1 and c2 opened onto a live cable"


def test_live_plug_without_a_measurement() -> None:
    board = tripped()
    board.cable_measured = False
    seconds_until(board, lambda b: not b.plant.outputs & (Output.D1 | Output.D2))
    board.run(limit("live-plug", "signals off for, before a word counts") - 0.5)
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(0.4)
    assert Output.PLUG_LOCK in board.plant.outputs
    board.run(1)
    assert Output.PLUG_LOCK in board.plant.outputs, "the word that came too early is forgotten"
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(0.4)
    assert board.plant.outputs == NONE


def one_wrong_reading(board: VirtualBoard, volts_v: float) -> None:
    """Make the reading that the next step of the session takes a wrong one, and no other."""
    while not board.charger.steps_at(board.now + STEP_S):
        board.step()
    due = board.charger.next_due(board.now)
    board.adc_bias_v = volts_v - board.plant.cable_v
    board.step()
    assert board.charger.next_due(board.now) > due, "the session has taken this step"
    board.adc_bias_v = 0.0


@pytest.mark.parametrize("volts_v", [0.0, 600.0, 370.0])
def test_one_reading(volts_v: float) -> None:
    """One reading of the ADC is wrong in each of these states: nothing is misused, and the session goes on normally."""
    for state in (State.LOCK, State.INSULATION, State.BLEED, State.CONTACTOR_CHECK, State.MATCH, State.ENERGY):
        board = VirtualBoard()
        board.run_until(state)
        board.run(0.13)
        one_wrong_reading(board, volts_v)
        board.run_until(State.ENERGY, within_s=60)
        board.run(2)
        board.wanted = False
        board.run_until(State.IDLE, within_s=60)
        board.run(1)
        board.assert_safe()
        assert board.plant.outputs == NONE


@pytest.mark.parametrize("volts_v", [0.0, 600.0])
def test_one_reading_on_the_way_to_the_end(volts_v: float) -> None:
    """The same while the session stops, at several moments of each state: it ends in order, and nothing opens or
    unlocks sooner than it may."""
    for state in (State.STOP_CURRENT, State.WELDING, State.D2_OFF):
        for after_s in (0.0, 0.2, 0.35, 0.6):
            board = in_energy(5000.0)
            board.wanted = False
            board.run_until(state)
            board.run(after_s)
            one_wrong_reading(board, volts_v)
            while board.state not in (State.IDLE, State.FAULT):
                joined = CONTACTORS in board.plant.outputs
                board.step()
                if joined and opened(board):
                    assert board.plant.cable_v <= 10.5, (state, after_s)
            assert board.state is State.IDLE, (state, after_s)
            board.run(1)
            board.assert_safe()
            assert board.plant.outputs == NONE


@pytest.mark.parametrize(
    ("state", "begins"),
    [(State.LOCK, lambda b: not opened(b)), (State.CONTACTOR_CHECK, lambda b: Output.D2 in b.plant.outputs)],
)
def test_one_reading_delays_a_start_and_d2_by_the_second(state: State, begins: Condition) -> None:
    board = VirtualBoard()
    board.run_until(state)
    board.run(0.1)
    one_wrong_reading(board, 45.0)
    wrong_t = board.now
    seconds_until(board, begins)
    assert board.now - wrong_t >= limit("one-reading", "agreeing for")
    board.run_until(State.ENERGY, within_s=60)


def test_one_reading_above_10_v_begins_the_second_anew() -> None:
    board = tripped()
    while board.plant.cable_v > 9.0:
        board.step()
    board.run(0.5)
    board.adc_bias_v = 5.0
    board.step()
    board.adc_bias_v = 0.0
    wrong_t = board.now
    seconds_until(board, lambda b: Output.PLUG_LOCK not in b.plant.outputs)
    assert board.now - wrong_t >= limit("one-reading", "agreeing for")


def test_contactor_under_load() -> None:
    board, converter, _ = faulty()
    converter.slow_a_per_s = 8.0
    board.charger_runs = False
    flows_a = board.plant.circuit.pre_a
    while not opened(board):
        flows_a = abs(board.plant.circuit.pre_a)
        board.step()
    assert flows_a <= limit("contactor-under-load", "c1/c2 open at")
    assert [v for v in board.plant.violations if "opened under current" in v.what] == []
    stuck, converter, _ = faulty()
    converter.stuck_a = converter.demand_a
    stuck.charger_runs = False
    seconds_until(stuck, lambda b: Output.PRE_AC not in b.plant.outputs)
    waits_s = limit("contactor-under-load", "AC off before c1/c2, in make-safe")
    assert waits_s <= seconds_until(stuck, opened) + STEP_S / 2 <= waits_s + 2 * STEP_S


def test_k_off() -> None:
    board = in_energy(5000.0)
    board.plant.k_cut = True
    assert seconds_until(board, small_current) <= limit("k-off", "5 A")
    assert why(board) == "watch.k_off" and "k-off" in board.notes and "tripped" not in board.notes


@pytest.mark.parametrize("how", ["stuck", "silent"])
def test_k_off_with_a_converter_that_does_not_obey(how: str) -> None:
    board, converter, _ = faulty()
    if how == "stuck":
        converter.stuck_a = converter.demand_a
    else:
        converter.silent = True
    board.plant.k_cut = True
    assert seconds_until(board, opened) <= limit("k-off", "c1/c2 open, converter deaf")
    assert board.guard.trip in (Trip.K_OFF_CURRENT, Trip.CHARGER_ASKED)


def test_charger_gone() -> None:
    board = in_energy(5000.0)
    board.charger_runs = False
    assert seconds_until(board, zero_ordered) <= limit("charger-gone", "0 A ordered")
    board = in_energy(5000.0)
    board.charger_runs = False
    assert seconds_until(board, opened) <= limit("charger-gone", "c1/c2 open")
    assert board.guard.trip is Trip.CHARGER_SILENT
    board, converter, _ = faulty()
    converter.stuck_a = converter.demand_a
    board.charger_runs = False
    assert seconds_until(board, opened) <= limit("charger-gone", "c1/c2 open, converter deaf")


def test_guard_gone() -> None:
    board = in_energy(5000.0)
    board.guard_hangs = True
    assert seconds_until(board, zero_ordered) <= limit("guard-gone", "0 A ordered")


def test_charger_continued() -> None:
    """A current is written to the converter after a trip: `guard` switches the converter's mains off."""
    board = in_energy(5000.0)
    board.charger_runs = False
    board.run(0.35)
    from v2h.canframe import PRE_BUS, Frame

    assert board.guard.trip is Trip.CHARGER_SILENT and Output.PRE_AC in board.plant.outputs
    board.guard.on_frame(Frame(board.now, pre.REQUEST_ID, pre.write_amps(10.0), PRE_BUS))
    assert seconds_until(board, lambda b: Output.PRE_AC not in b.plant.outputs) <= limit("charger-continued", "AC off")
    assert board.guard.trip is Trip.WROTE_AFTER_TRIP


def test_too_much_current() -> None:
    board = in_energy(5000.0)
    board.spoil_car = change(0x102, charge_current_request_a=3)
    fallen = seconds_until(board, lambda b: b.plant.circuit.pre_a <= 3.1)
    assert fallen <= limit("too-much-current", "a lowered limit is kept")
    board, converter, _ = faulty()
    converter.overshoot_a = 8.0
    assert seconds_until(board, left_energy) <= limit("too-much-current", "8 A too much end the session")
    assert why(board) == "current_deviation"


def test_car_silent() -> None:
    board = in_energy(5000.0)
    board.spoil_car = lambda can_id, data: None if can_id == 0x102 else data
    zero_s = seconds_until(board, zero_ordered)
    assert zero_s <= limit("car-silent", "0 A ordered")
    assert zero_s + seconds_until(board, left_energy) <= limit("car-silent", "the session ends")
    assert why(board) == "car_lost"


@pytest.mark.parametrize(
    "bit",
    [
        *("battery_overvoltage", "battery_undervoltage", "battery_current_deviation", "battery_high_temperature"),
        *("battery_voltage_deviation", "not_in_park", "charging_system_fault"),
    ],
)
def test_car_fault(bit: str) -> None:
    board = in_energy(5000.0)
    board.spoil_car = change(0x102, **{bit: True})
    zero_s = seconds_until(board, zero_ordered)
    assert zero_s <= limit("car-fault", "0 A ordered")
    assert zero_s + seconds_until(board, small_current) <= limit("car-fault", "5 A")
    assert why(board) == {"not_in_park": "not_in_park", "charging_system_fault": "car_system_fault"}.get(
        bit, "car_fault"
    )
    board.run_until(State.FAULT, within_s=60)
    assert "tripped" not in board.notes, "an orderly stop"


def test_car_opens() -> None:
    board = in_energy(1500.0)
    board.plant.circuit.set_car_contactors(board.now, False)
    assert seconds_until(board, left_energy) <= limit("car-opens", "the session ends")
    assert why(board) == "watch.car_open"


@pytest.mark.parametrize("protocol", [0, 1])
def test_car_opens_without_a_flag(protocol: int) -> None:
    """The cable stays at the ceiling, where less current than ordered is normal."""
    board = in_energy(1500.0, protocol=protocol)
    board.run(10)
    assert board.state is State.ENERGY
    board.plant.circuit.set_car_contactors(board.now, False)
    assert seconds_until(board, left_energy) <= limit("car-opens", "no current without a flag")
    assert why(board) == "watch.current_gone"
    board.run_until(State.IDLE, within_s=60)
    assert board.charger.session.fault is None and board.plant.violations == []


@pytest.mark.parametrize("protocol", [1, 2])
def test_car_opens_while_it_discharges(protocol: int) -> None:
    """Without its flag, or with one that goes on saying "closed", the voltage that falls shows it."""
    board = in_energy(-3000.0, protocol=protocol)
    assert board.plant.circuit.pre_a < -5.0
    board.spoil_car = change(0x102, contactors_open=False)
    board.plant.circuit.set_car_contactors(board.now, False)
    assert seconds_until(board, left_energy) <= limit("car-opens", "discharging, no voltage")
    assert why(board) == "battery_gone"
    board.run_until(State.FAULT, within_s=60)
    assert "tripped" not in board.notes, "an orderly stop"


@pytest.mark.parametrize("k_held", [False, True])
def test_converter_silent(k_held: bool) -> None:
    """A car that sees our stop takes K back, and `guard` trips by itself; else `charger` asks for it, later."""
    board, converter, _ = faulty()
    board.plant.car.habits = replace(board.plant.car.habits, k_falls_later_s=60.0 if k_held else 0.0)
    converter.silent = True
    ordered = seconds_until(board, lambda b: b.charger.session.commanded_a == 0.0)
    assert ordered <= limit("converter-silent", "0 A ordered")
    ended = ordered + seconds_until(board, left_energy)
    assert ended <= limit("converter-silent", "the session ends")
    ended += seconds_until(board, lambda b: Output.PRE_AC not in b.plant.outputs)
    assert not opened(board), "an orderly stop would open c1 and c2 with the AC on"
    assert ended + seconds_until(board, opened) <= limit("converter-silent", "c1/c2 open")
    trip = Trip.CHARGER_ASKED if k_held else Trip.K_OFF_CURRENT
    assert board.guard.trip is trip, "guard makes safe, because nobody knows the current"
    assert "tripped" in board.notes
    assert fault_name(board) == "converter_lost"


@pytest.mark.parametrize("state", [State.WELDING, State.CAR_RELEASES])
def test_converter_silent_after_the_stop(state: State) -> None:
    """The current was low when the welding check began, but nobody knows it any more."""
    board, converter, circuit = faulty()
    circuit.car_welded = True
    if state is State.CAR_RELEASES:
        board.charger.session.refused = True  # the car's contactors hang on d2
    board.wanted = False
    board.charger.stop()
    seconds_until(board, lambda b: b.state is state)
    converter.silent, converter.stuck_a = True, 12.0
    assert seconds_until(board, opened) <= limit("converter-silent", "c1/c2 open")
    assert Output.PRE_AC not in board.plant.outputs and "tripped" in board.notes
    assert fault_name(board) in ("converter_lost", "guard_tripped"), "guard trips first when K is off"


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (pre.AMPS, "2108, 2107 or 2101"),
        (pre.VOLTS, "2108, 2107 or 2101"),
        (pre.STATUS, "2108, 2107 or 2101"),
        (pre.ENABLE, "2100, 2109 or 210A"),
        (pre.SET_VOLTS, "2100, 2109 or 210A"),
        (pre.SET_AMPS, "2100, 2109 or 210A"),
        (pre.TEMPERATURE, "2104 or 2150"),
        (pre.WARNING, "2104 or 2150"),
    ],
)
def test_converter_refuses(entry: pre.Entry, name: str) -> None:
    board = in_energy(5000.0)
    board.spoil_answer = refuses(entry)
    assert seconds_until(board, left_energy) <= limit("converter-refuses", name)
    assert why(board) == "converter_lost"


def test_converter_odd() -> None:
    board, converter, _ = faulty()
    converter.odd_status = 0x0004
    assert seconds_until(board, left_energy) <= limit("converter-odd", "the session ends")
    assert why(board) == "converter_status"
    board, converter, _ = faulty()
    converter.odd_warning = 0x10
    assert seconds_until(board, left_energy) <= limit("converter-odd", "the session ends")
    assert why(board) == "converter_warning"
    board = in_energy(5000.0)
    board.plant.pre.temperature_c = 90.0
    assert seconds_until(board, left_energy) <= limit("converter-odd", "the session ends")
    assert why(board) == "over_temperature"


@pytest.mark.parametrize("what", ["output", "orders"])
@pytest.mark.parametrize("k_held", [False, True])
def test_converter_stuck(k_held: bool, what: str) -> None:
    """Also with a car that does not withdraw its permission when the session stops. The output is stuck, or orders are
    dropped and read back all the same."""
    board, converter, _ = faulty()
    converter.stuck_a = converter.demand_a if what == "output" else None
    converter.lying = what == "orders"
    board.plant.car.habits = replace(board.plant.car.habits, k_falls_later_s=60.0 if k_held else 0.0)
    board.wanted = False
    board.charger.stop()
    ac_off_s = seconds_until(board, ac_off)
    opened_s = ac_off_s + seconds_until(board, opened)
    assert opened_s <= limit("converter-stuck", "c1/c2 open")
    assert opened_s > ac_off_s or what == "orders", "a converter that is disabled may stop before"
    assert "tripped" in board.notes
    assert fault_name(board) in ("late_stop", "guard_tripped")


@pytest.mark.parametrize("remains_a", [-3.5, 2.0, 4.5])
@pytest.mark.parametrize("ended_by", ["owner", "converter_status", "over_temperature", "car_fault"])
def test_converter_stuck_at_a_small_current(remains_a: float, ended_by: str) -> None:
    """At most 5 A may flow when the contactors open; a car with welded contactors lets it flow on. A fault that ended
    the session, and still lasts, hides nothing."""
    board, converter, circuit = faulty()
    circuit.car_welded = True
    converter.stuck_a = remains_a
    match ended_by:
        case "owner":
            board.wanted = False
            board.charger.stop()
        case "converter_status":
            converter.odd_status = 0x0004
        case "over_temperature":
            converter.temperature_c = 90.0
        case "car_fault":
            board.spoil_car = change(0x102, battery_overvoltage=True)
    seconds_until(board, left_energy)
    assert seconds_until(board, opened) <= limit("converter-stuck", "c1/c2 open")
    assert not ac_off(board) and "tripped" not in board.notes, "at once, without make-safe"
    assert fault_name(board) == ("current_remains" if ended_by == "owner" else ended_by)


@pytest.mark.parametrize("cells", [0, 96])
@pytest.mark.parametrize("off_v", [-GUESS_WITHIN_V, 0.0, GUESS_WITHIN_V])
def test_different_voltages(cells: int, off_v: float, monkeypatch: pytest.MonkeyPatch) -> None:
    board = VirtualBoard(cells_in_series=cells)
    board.cable_measured = not cells
    leaf_v = board.charger.pack.rest_v(60.0) if board.charger.pack else 371.0
    monkeypatch.setattr(type(board.plant.battery), "ocv_v", lambda battery: leaf_v + off_v)
    board.run_until(State.MATCH)
    apart_v = 0.0
    while CONTACTORS not in board.plant.outputs:
        apart_v = abs(board.plant.circuit.pre_v - board.plant.cable_v)
        board.step()
    mode = "assumed" if cells else "measured"
    assert apart_v <= limit("different-voltages", f"apart at closing, {mode}")


@pytest.mark.parametrize("cells", [0, 96])
@pytest.mark.parametrize("shown_v", [0, 300])
def test_a_converter_that_does_not_reach_the_batterys_voltage_is_not_connected(shown_v: int, cells: int) -> None:
    board = VirtualBoard(cells_in_series=cells)
    board.cable_measured = not cells
    board.run_until(State.MATCH)
    converter_says({pre.VOLTS: shown_v * 10})(board)
    while board.state is not State.FAULT:
        board.step()
        assert not board.plant.outputs & CONTACTORS
    assert State.READY not in board.states
    assert fault_name(board) in ("late_voltage_match", "car_system_fault"), "the car may wait no longer than we"


@pytest.mark.parametrize("really", [False, True])
def test_c1_and_c2_stay_open_while_the_car_says_that_it_has_closed_and_nothing_measures_the_cable(really: bool) -> None:
    board = VirtualBoard(cells_in_series=96)
    board.cable_measured = False
    board.run_until(State.LOCK)
    board.plant.circuit.set_car_contactors(board.now, really)
    board.spoil_car = change(0x102, contactors_open=False)
    while board.state is not State.FAULT:
        board.step()
        assert not board.plant.outputs & CONTACTORS
    assert fault_name(board) == "late_lock" and "closed (102.5.3 = 0) before d2" in board.charger.session.reason
    assert Output.PLUG_LOCK in board.plant.outputs and board.plant.violations == []


def test_live_cable_before_the_car() -> None:
    board = VirtualBoard()
    board.run_until(State.BLEED)
    above = board.now
    while Output.D2 not in board.plant.outputs:
        if board.plant.cable_v >= limit("live-cable-before-car", "d2 below"):
            above = board.now
        board.step()
    assert board.now - above >= limit("live-cable-before-car", "for at least")
    held = VirtualBoard()
    held.run_until(State.CONTACTOR_CHECK)
    held.adc_bias_v = limit("live-cable-before-car", "d2 below") + 1
    while held.state not in (State.FAULT, State.IDLE):
        held.step()
        assert Output.D2 not in held.plant.outputs
        assert held.now < 60
    assert State.CONTACTOR_CHECK in held.states


def test_live_cable_before_the_car_that_the_sensor_does_not_show() -> None:
    """After the insulation test the converter holds its voltage, while the sensor's reading falls to 0 V as if the
    cable were emptied: more slowly than the reading of a sensor that dies."""
    board, converter = VirtualBoard(), FaultyPre()
    board.plant.pre = converter
    board.run_until(State.BLEED)
    converter.stuck_a = 1.0
    began = board.now
    while board.state is not State.FAULT:
        board.adc_bias_v = 500.0 * exp(began - board.now) - board.plant.cable_v
        board.step()
        assert Output.D2 not in board.plant.outputs
        assert board.now < 60
    assert State.CONTACTOR_CHECK not in board.states and fault_name(board) == "late_bleed"


def test_own_contactors_welded() -> None:
    board, circuit = with_faulty_circuit()
    board.run_until(State.BLEED)
    circuit.welded = CONTACTORS
    board.run_until(State.CONTACTOR_CHECK)
    assert not board.plant.outputs & CONTACTORS
    found = seconds_until(board, lambda b: b.state is not State.CONTACTOR_CHECK)
    assert found <= limit("own-contactors-welded", "found before d2")
    assert fault_name(board) == "contactors_welded"
    board.run_until(State.FAULT, within_s=20)
    assert State.CAR_CONTACTORS not in board.states, "d2 is not switched on"


def test_own_contactors_welded_without_a_sensor() -> None:
    board, circuit = with_faulty_circuit()
    board.cable_measured = False
    board.charger = VirtualBoard(cells_in_series=96).charger
    board.run_until(State.BLEED)
    circuit.welded = CONTACTORS
    output_v = 0.0
    while not circuit.car_closed:
        output_v = circuit.pre_v
        board.step()
        assert board.now < 60
    assert output_v <= 10.0 and board.plant.pre.set_v == 0.0, "the converter's capacitor is empty, and 0 V is ordered"
    found = seconds_until(board, lambda b: b.charger.session.fault is not None)
    assert found <= limit("own-contactors-welded", "without a sensor, after the car has closed")
    assert fault_name(board) == "contactors_welded"
    seconds_until(board, lambda b: not circuit.car_closed)
    board.run(20)
    assert board.state is State.FAULT and not circuit.car_closed, "it has closed once"


def test_battery_limits() -> None:
    board = in_energy(-4000.0)
    assert board.plant.circuit.pre_a < -8
    board.spoil_car = change(0x200, min_discharge_v=400)
    assert seconds_until(board, lambda b: b.plant.circuit.pre_a > -0.6) <= limit("battery-limits", "discharge ends")
    board.run(3)
    board.power_w = 3000.0
    board.run(2)
    assert board.state is State.ENERGY and board.plant.circuit.pre_a > 5, "only discharge is forbidden"
    for can_id, lower in ((0x102, {"target_battery_v": 395}), (0x100, {"max_battery_v": 398})):
        board = VirtualBoard()
        board.spoil_car = change(can_id, **lower)
        board.run_until(State.ENERGY)
        board.run(2)
        assert board.plant.pre.set_v == min(lower.values()), "charger orders the ceiling from the converter"
    board = in_energy(5000.0)
    for _ in range(2):
        one_wrong_reading(board, 440.0)
    board.run(1)
    assert board.state is State.ENERGY, "two readings are not three"
    board.adc_bias_v = 440.0 - board.plant.cable_v
    assert seconds_until(board, left_energy) <= limit("battery-limits", "over-voltage ends the session")
    assert why(board) == "over_voltage"


def test_no_order() -> None:
    board = in_energy(5000.0)
    board.has_bus = False
    zero_s = seconds_until(board, lambda b: abs(b.plant.circuit.pre_a) < 0.6)
    assert zero_s <= limit("no-order", "0 A")
    assert zero_s + seconds_until(board, left_energy) <= limit("no-order", "the session ends")
    assert why(board) == "session.stopped"


def test_no_order_by_a_message_that_comes_too_late() -> None:
    """A setpoint that has expired when it arrives gives no current, however often it is repeated."""
    board = in_energy(5000.0)
    board.has_bus = False
    began = board.now
    while board.now < began + 5:
        board.charger.setpoint(Setpoint(board.now, True, 5000.0, board.now - 0.1, "", board.order), board.now)
        board.step()
        if board.now > began + limit("no-order", "0 A"):
            assert abs(board.plant.circuit.pre_a) < 0.6


@pytest.mark.parametrize("cells", [0, 96])
@pytest.mark.parametrize("says_open", [False, True])
def test_car_contactor_welded(says_open: bool, cells: int) -> None:
    """A person must act: without a sensor the person's word counts, against a measurement it does not."""
    board = VirtualBoard(cells_in_series=cells)
    board.cable_measured = not cells
    circuit = FaultyCircuit(board.plant.battery)
    board.plant.circuit = board.plant.car.circuit = circuit
    board.run_until(State.ENERGY)
    board.run(4)
    circuit.car_welded = True
    board.wanted = False
    seconds_until(board, lambda b: b.state is State.WELDING)
    board.spoil_car = change(0x102, contactors_open=says_open)
    found = seconds_until(board, lambda b: b.charger.session.fault is not None)
    assert found <= limit("car-contactor-welded", "found")
    assert fault_name(board) == "late_welding_check"
    board.run(130)
    board.charger.clear_fault(unlock_confirmed=False)
    board.run(5)
    assert board.state is State.FAULT and Output.PLUG_LOCK in board.plant.outputs
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(5)
    assert (Output.PLUG_LOCK in board.plant.outputs) is (not cells)


@pytest.mark.parametrize("soc_pct", [5.0, 60.0, 97.0])
def test_assumed_voltages(soc_pct: float) -> None:
    """In this mode a session ends unlocked only after the converter has shown an empty cable for a second."""
    board = VirtualBoard(cells_in_series=96, soc_pct=soc_pct)
    board.cable_measured = False
    board.run_until(State.ENERGY)
    board.run(3)
    board.wanted = False
    board.run_until(State.WELDING)
    above = board.now
    while CONTACTORS in board.plant.outputs:
        if board.plant.cable_v > 10.0:
            above = board.now
        board.step()
    assert board.now - above >= limit("assumed-voltages", "shown empty for")
    board.run_until(State.IDLE)
    board.run(0.5)
    board.assert_safe()
