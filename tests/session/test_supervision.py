"""Each watch of the supervision: when the test breaks the watched thing, the session must end with the fault of that
name, within its time, and with nothing energised."""

from dataclasses import replace

import pytest

from tests.support.spoiling import Break, converter_says
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo import frames, limits
from v2h.chademo.supervision import REMARKS, WATCHES
from v2h.pre import objects as pre
from v2h.safety.outputs import Output


def car_says(**values: object) -> Break:
    def spoil(can_id: int, data: bytes) -> bytes:
        if can_id != 0x102:
            return data
        return frames.encode(replace(frames.decode(can_id, data), **values))[1]  # type: ignore[arg-type]

    def apply(board: VirtualBoard) -> None:
        board.spoil_car = spoil

    return apply


def both(*breaks: Break) -> Break:
    def apply(board: VirtualBoard) -> None:
        for one in breaks:
            one(board)

    return apply


def silent_car(board: VirtualBoard) -> None:
    board.spoil_car = lambda can_id, data: None if can_id == 0x102 else data


def cut_k(board: VirtualBoard) -> None:
    board.plant.k_cut = True


def silent_converter(board: VirtualBoard) -> None:
    board.plant.pre.silent = True


def converter_switches_off(board: VirtualBoard) -> None:
    board.plant.pre.enabled = False


def odd_status(board: VirtualBoard) -> None:
    board.plant.pre.forced_status = 0x0041


def hot(board: VirtualBoard) -> None:
    board.plant.pre.temperature_c = limits.OVER_TEMPERATURE_C.value + 1


def adc_off_by(volts_v: float) -> Break:
    def apply(board: VirtualBoard) -> None:
        board.adc_bias_v = volts_v

    return apply


def adc_gone(board: VirtualBoard) -> None:
    board.cable_measured = False


def car_contactors_fall(board: VirtualBoard) -> None:
    """The car's contactors open, but its contactor flag (102.5.3) still reports closed."""
    board.power_w = -3000.0
    board.run(2)
    board.plant.circuit.set_car_contactors(board.now, False)
    car_says(contactors_open=False)(board)


def lost_setpoints(board: VirtualBoard) -> None:
    """Writes of the current setpoint get lost while the order changes from charging to discharging."""
    head = pre.write_amps(0.0)[:4]
    board.lose_request = lambda data: data[:4] == head
    board.power_w = -3000.0


def guard_hangs(board: VirtualBoard) -> None:
    board.guard_hangs = True


ENDS: list[tuple[State, str, Break, float]] = [
    # state, name of the fault, how to cause it, seconds within which the session leaves that state
    (State.ENERGY, "car_fault", car_says(battery_overvoltage=True), 0.3),
    (State.CONVERTER, "car_fault", car_says(battery_high_temperature=True), 0.3),
    (State.ENERGY, "car_system_fault", car_says(charging_system_fault=True), 0.3),
    (State.ENERGY, "not_in_park", car_says(not_in_park=True), 0.3),
    (State.ENERGY, "car_lost", silent_car, 1.2),
    (State.CONVERTER, "car_lost", silent_car, 1.2),
    (State.CAR_CONTACTORS, "contactors_welded", converter_says({pre.VOLTS: 3700}), 0.5),
    (State.ENERGY, "cable_lost", adc_gone, 1.8),
    (State.ENERGY, "converter_lost", silent_converter, 1.3),
    (State.INSULATION, "converter_lost", silent_converter, 1.3),
    (State.ENERGY, "converter_off", converter_switches_off, 0.6),
    (State.ENERGY, "converter_status", odd_status, 0.3),
    (State.INSULATION, "converter_status", odd_status, 0.3),
    (State.ENERGY, "converter_warning", converter_says({pre.WARNING: 1}), 0.6),
    (State.ENERGY, "over_temperature", hot, 0.6),
    (State.INSULATION, "test_over_voltage", converter_says({pre.VOLTS: 5300}), 0.5),
    (State.INSULATION, "test_over_voltage", adc_off_by(530), 0.6),
    (State.ENERGY, "over_voltage", adc_off_by(70), 0.5),
    (State.ENERGY, "battery_gone", car_contactors_fall, 1.5),
    (State.ENERGY, "current_deviation", converter_says({pre.AMPS: 60}, add=True), 2.5),
    (State.ENERGY, "setpoint_unheeded", lost_setpoints, 2.0),
    (State.ENERGY, "cable_against_converter", adc_off_by(15), 1.5),
    (
        State.ENERGY,
        "under_voltage",
        both(converter_says({pre.AMPS: -30, pre.VOLTS: 2400}), adc_off_by(-131)),
        2.6,
    ),
    (State.ENERGY, "guard_lost", guard_hangs, 0.5),
]
ELSEWHERE = {
    "battery_unlike": "test_assumed_cable.py",
    "current_remains": "test_safety_rows.py",
    "stop_request": "test_whole_session.py",
}


@pytest.mark.parametrize(("state", "name", "break_it", "within_s"), ENDS, ids=[f"{e[1]} in {e[0]}" for e in ENDS])
def test_it_ends_by_its_name_and_in_time(state: State, name: str, break_it: Break, within_s: float) -> None:
    board = VirtualBoard()
    board.run_until(state)
    board.run(4 if state is State.ENERGY else 0.2)
    break_it(board)
    broke = board.now
    while board.state is state:
        board.step()
        assert board.now - broke <= within_s, f"still in {state}"
    board.guard_hangs = False
    board.run_until(State.FAULT, State.IDLE, within_s=40)
    board.run(1)
    fault = board.charger.session.fault
    assert fault is not None and fault.name == name, fault
    assert board.state is State.FAULT
    assert board.plant.outputs & ~Output.PLUG_LOCK == Output(0)
    assert abs(board.plant.pre.out_a) < 0.01


def test_every_watch_is_broken_here_or_elsewhere() -> None:
    normal = {"car_ended", "k_off", "car_open", "current_gone", "unflagged_unmeasured", "car_closed"}
    """The car itself stops: test_calibration.py, test_normal_session.py, test_faulty_session.py, test_safety_rows.py
    and test_sceptic_sessions.py test this."""
    assert {watch.name for watch in WATCHES} == {name for _, name, _, _ in ENDS} | set(ELSEWHERE) | normal


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("battery_overvoltage", "battery overvoltage"),
        ("battery_undervoltage", "battery undervoltage"),
        ("battery_current_deviation", "battery current deviation"),
        ("battery_high_temperature", "battery high temperature"),
        ("battery_voltage_deviation", "battery voltage deviation"),
    ],
)
def test_each_of_the_cars_fault_bits_is_named(field: str, words: str) -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    car_says(**{field: True})(board)
    board.run_until(State.FAULT)
    assert board.charger.session.fault is not None
    assert words in board.charger.session.fault.text
    assert not any(f.data[5] & 0x1A for f in board.sent if f.can_id == 0x109), "the car is the cause, no bit of ours"


def test_a_converter_that_misses_three_polls_is_asked_for_nothing() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(4)
    board.plant.pre.silent = True
    board.run(0.5)
    assert board.state is State.ENERGY and board.charger.session.commanded_a == 0.0
    board.plant.pre.silent = False
    board.run(3)
    assert board.state is State.ENERGY
    assert board.plant.pre.out_a > 7, "a short silence ends nothing"


def test_a_quiet_car_gets_no_current_long_before_it_counts_as_lost() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(4)
    silent_car(board)
    board.run(0.45)
    assert board.state is State.ENERGY and board.charger.session.commanded_a == 0.0


def test_no_contactor_closes_onto_a_car_that_has_just_fallen_silent() -> None:
    board = VirtualBoard()
    board.run_until(State.MATCH)
    silent_car(board)
    board.run_until(State.FAULT)
    assert State.READY not in board.states
    assert board.charger.session.fault is not None and board.charger.session.fault.name == "car_lost"


def test_a_warm_converter_gives_less_and_tells_the_car() -> None:
    board = VirtualBoard()
    board.power_w = 7000.0
    board.run_until(State.ENERGY)
    board.run(4)
    assert board.plant.pre.out_a > 13
    board.plant.pre.temperature_c = 80.0
    board.run(2)
    assert board.plant.pre.out_a == 8.0, (
        "half way between 75 and 85 degC: 60 % of 15 A, and this car asks in steps of 2"
    )
    x108 = next(f for f in reversed(board.sent) if f.can_id == 0x108)
    assert x108.data[3] == 9
    assert board.state is State.ENERGY


def test_a_small_deviation_is_told_once_and_ends_nothing() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(4)
    converter_says({pre.AMPS: 40}, add=True)(board)
    board.run(8)
    assert board.state is State.ENERGY
    assert [code for code, _ in board.charger.session.remarks].count("current_deviation") == 1
    assert {watch.name for watch in REMARKS} == {"current_deviation", "k_against_can", "request_over", "stop_request"}


def test_a_request_above_what_we_offer_is_limited_at_once_and_told() -> None:
    board = VirtualBoard()
    board.power_w = 7000.0
    board.run_until(State.ENERGY)
    board.run(4)
    car_says(charge_current_request_a=40)(board)
    board.run(4)
    assert board.plant.pre.out_a == pytest.approx(15.0, abs=0.1)
    assert board.state is State.ENERGY
    assert "request_over" in [code for code, _ in board.charger.session.remarks]
