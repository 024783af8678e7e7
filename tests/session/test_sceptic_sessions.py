"""Sessions that failed or ended without need in an independent review (B1 to B15), and the correct behaviour."""

import pytest

from tests.faults.parts import FaultyCar
from tests.support.boards import change, fault_name, in_energy
from tests.support.spoiling import converter_says
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.pre import objects as pre
from v2h.rig import ev
from v2h.rig.ev import Phase
from v2h.safety.outputs import NONE, Output

# B: sessions that failed, or ended when they should not


@pytest.mark.parametrize("raw", [2560, 32767, -32768])
def test_an_odd_current_is_named_and_ends_nothing(raw: int) -> None:
    board = in_energy()
    converter_says({pre.AMPS: raw})(board)
    board.run(0.12)
    board.spoil_answer = lambda data: data
    board.run(3)
    assert board.state is State.ENERGY
    assert [code for code, _ in board.charger.session.remarks].count("converter_odd") == 1
    assert f"{raw / 10} A (2108)" in board.charger.session.remarks[-1][1]


def test_an_odd_current_that_stays_ends_the_session_by_its_name() -> None:
    board = in_energy()
    converter_says({pre.AMPS: 32767})(board)
    board.run_until(State.FAULT, within_s=20)
    assert fault_name(board) == "converter_lost"
    assert "it tells 3276.7 A (2108)" in board.charger.session.fault.text  # type: ignore[union-attr]


@pytest.mark.parametrize("bias_v", [-30.0, -400.0, 900.0])
def test_an_odd_adc_ends_no_program(bias_v: float) -> None:
    board = VirtualBoard()
    board.run_until(State.MATCH)
    board.adc_bias_v = bias_v - board.plant.cable_v
    board.run_until(State.FAULT, within_s=60)
    assert "cable_odd" in [code for code, _ in board.charger.session.remarks]


@pytest.mark.parametrize("lowest_v", [0, 1, 49])
def test_a_lowest_voltage_of_1_v_counts_as_not_told(lowest_v: int) -> None:
    board = VirtualBoard()
    board.spoil_car = change(0x100, min_battery_v=lowest_v)
    board.run_until(State.ENERGY)


def test_a_battery_below_our_output_is_incompatible_by_its_measured_voltage(monkeypatch: pytest.MonkeyPatch) -> None:
    board = VirtualBoard()
    monkeypatch.setattr(type(board.plant.battery), "ocv_v", lambda battery: 130.0)
    board.run_until(State.FAULT, within_s=60)
    assert fault_name(board) == "incompatible"
    assert "130 V" in board.charger.session.fault.text  # type: ignore[union-attr]


@pytest.mark.parametrize("target_v", [373, 372])
def test_constant_voltage_is_no_deviation_and_108_3_follows(target_v: int) -> None:
    board = VirtualBoard()
    board.power_w = 6000.0
    board.spoil_car = change(0x102, target_battery_v=target_v)
    board.run_until(State.ENERGY)
    board.run(30)
    assert board.state is State.ENERGY
    assert "current_deviation" not in [code for code, _ in board.charger.session.remarks]
    offered_a = next(f for f in reversed(board.sent) if f.can_id == 0x108).data[3]
    assert offered_a <= board.plant.pre.out_a + 1
    board.power_w = -3000.0
    board.run(3)
    assert board.plant.pre.out_a == pytest.approx(-3000.0 / board.plant.cable_v, abs=0.1), "discharge stays possible"


class HangsOnD2(ev.Car):
    """A car that opens its contactors only when d2 falls."""

    def step(self, now: float) -> None:
        if self.phase is not Phase.STOPPING:
            super().step(now)
            return
        if not self.d2:
            self.circuit.set_car_contactors(now, False)
            self._enter(now, Phase.WELDING)


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_car_of_0_9_whose_contactors_hang_on_d2_ends_in_order(protocol: int) -> None:
    board = VirtualBoard()
    board.plant.car = HangsOnD2(board.plant.circuit)
    board.spoil_car = change(0x102, protocol=protocol, contactors_open=False)
    board.run_until(State.ENERGY)
    board.run(5)
    board.wanted = False
    board.run_until(State.WELDING)
    zero = board.now
    while Output.D2 in board.plant.outputs:
        board.step()
    assert 4.0 <= board.now - zero <= 4.2, "CHAdeMO 0.9: d2 is held for 4 s after 109.5.0 = 0"
    board.run_until(State.IDLE, within_s=20)
    board.run(0.5)
    board.assert_safe()
    assert board.plant.outputs == NONE


def test_one_spike_of_the_adc_ends_nothing() -> None:
    board = in_energy()
    board.adc_bias_v = 130.0
    board.run(0.1)
    board.adc_bias_v = 0.0
    board.run(1)
    assert board.state is State.ENERGY


@pytest.mark.parametrize("state", [State.CAR_CONTACTORS, State.MATCH])
def test_a_car_that_ends_before_c1_and_c2_close_is_waited_for_while_its_cable_falls(state: State) -> None:
    board = VirtualBoard()
    board.run_until(state)
    board.run(1.6 if state is State.CAR_CONTACTORS else 0.0)
    board.plant.car.end_session(board.now)
    board.run_until(State.IDLE, within_s=60)
    board.run(0.5)
    board.assert_safe()
    assert board.plant.outputs == NONE


def test_a_cable_that_stands_is_not_waited_for() -> None:
    board = VirtualBoard()
    board.run_until(State.MATCH)
    board.plant.car.end_session(board.now)
    board.run_until(State.UNLOCK)
    unlocking = board.now
    while board.state is State.UNLOCK:
        board.adc_bias_v = 200.0 - board.plant.cable_v
        board.step()
    assert board.now - unlocking == pytest.approx(limits.UNLOCKING.value, abs=0.11)  # one exchange with guard
    assert "200 V on the cable: the plug stays locked" in board.charger.session.reason


def test_silence_before_the_permission_latches_nothing() -> None:
    board = VirtualBoard()
    board.run_until(State.HANDSHAKE)
    board.run(1)
    board.spoil_car = lambda can_id, data: None
    board.run_until(State.IDLE, State.FAULT, within_s=20)
    assert (board.state, fault_name(board), board.charger.session.refusals) == (State.IDLE, "", 1)


@pytest.mark.parametrize("k_late", [False, True])
def test_k_and_102_5_0_may_fall_seconds_apart(k_late: bool) -> None:
    board = in_energy()
    if k_late:
        board.spoil_car = change(0x102, charging_enabled=False)
    else:
        board.plant.k_cut = True
        board.spoil_car = change(0x102, charging_enabled=True)
    board.run(3)
    board.spoil_car = lambda can_id, data: data
    board.plant.car.end_session(board.now)
    board.run_until(State.IDLE, State.FAULT, within_s=30)
    assert fault_name(board) == ""


def test_in_discharge_108_3_stays_within_9_a_of_109_3() -> None:
    board = in_energy(-4000.0)
    board.run(5)
    assert next(f for f in reversed(board.sent) if f.can_id == 0x108).data[3] <= 9
    board.power_w = 5000.0
    board.run(3)
    assert board.plant.pre.out_a > 12, "it comes back with the wish"


def test_for_a_car_without_v2h_108_3_follows_the_wish() -> None:
    board = VirtualBoard()
    board.power_w = 2000.0
    board.spoil_car = lambda can_id, data: None if can_id == 0x200 else data
    board.run_until(State.ENERGY)
    board.run(3)
    assert next(f for f in reversed(board.sent) if f.can_id == 0x108).data[3] == 6
    i = board.charger.inputs(board.now)
    assert board.charger.session.limits_a(i, board.now)[0] == 15.0, "manager must see what a larger wish would get"
    board.power_w = 6000.0
    board.run(3)
    assert board.plant.pre.out_a > 12


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_car_without_contactor_flag_needs_a_measured_cable(protocol: int) -> None:
    board = VirtualBoard(cells_in_series=96)
    board.cable_measured = False
    board.spoil_car = change(0x102, protocol=protocol, contactors_open=False)
    board.run_until(State.FAREWELL, within_s=60)
    board.run_until(State.IDLE, within_s=5)
    assert (fault_name(board), board.charger.session.refusals) == ("", 1)
    assert f"a car of protocol {protocol}" in board.charger.session.reason
    assert State.LOCK not in board.states


def test_a_car_that_asks_for_nothing_is_let_go_and_nothing_is_latched() -> None:
    board = VirtualBoard()
    car = board.plant.car = FaultyCar(board.plant.circuit)
    car.hesitates = True
    board.run_until(State.FAREWELL, within_s=60)
    board.run_until(State.IDLE, within_s=5)
    assert (fault_name(board), board.charger.session.refusals) == ("", 1)
    assert "asks for no current" in board.charger.session.reason
    assert board.status_109_5()[:2] == [0x20, 0x24] and 0x05 not in board.status_109_5(), (
        "109.5.0 = 1 is told after a request alone"
    )
    board.run(0.5)
    board.assert_safe()


def test_no_frame_goes_to_a_car_that_is_gone() -> None:
    board = in_energy()
    board.wanted = False
    board.run_until(State.D2_OFF)
    board.spoil_car = lambda can_id, data: None
    gone = board.now
    board.run_until(State.IDLE, within_s=10)
    late = [f.t - gone for f in board.sent if f.t > gone + limits.FAREWELL.value + limits.D2_TO_D1.value + 0.1]
    assert late == []


# The texts of the reasons


@pytest.mark.parametrize(
    ("bit", "k_on", "words"),
    [
        (False, True, "K is on, but the car's permission bit (102.5.0) is missing"),
        (True, False, "the car's permission bit (102.5.0) is set, but K is off"),
        (False, False, "neither K nor 102.5.0"),
    ],
)
def test_a_refusal_names_what_was_seen(bit: bool, k_on: bool, words: str) -> None:
    board = VirtualBoard()
    board.spoil_car = change(0x102, charging_enabled=bit)
    board.plant.k_cut = not k_on
    board.run_until(State.HANDSHAKE)
    board.run(1)
    board.plant.car.permits = k_on
    if k_on:
        board.plant.car.k_on = True
    board.run_until(State.FAREWELL, within_s=30)
    assert words in board.charger.session.reason


def test_a_car_that_claims_closed_contactors_before_d2_is_named() -> None:
    board = VirtualBoard(cells_in_series=96)
    board.cable_measured = False
    board.spoil_car = change(0x102, contactors_open=False)
    board.run_until(State.FAULT, within_s=60)
    assert "says that its contactors are closed (102.5.3 = 0) before d2" in board.charger.session.reason
