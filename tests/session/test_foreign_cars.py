"""Cars other than a Leaf of protocol 2 with `charger`, `guard` and the plant. Each car is a row of the rig's table."""

import math
from dataclasses import replace

import pytest

from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo.frames import X102, decode
from v2h.rig.battery import LEAF_24, LEAF_40, Pack
from v2h.rig.habits import CARS, LEAF, Habits, NearFull
from v2h.safety.outputs import CONTACTORS, NONE, Output

OLD = ("zombieverter", "orion/0.9")
"""Cars of protocol 1, whose contactors are held by d2."""


def board_of(habits: Habits, *, soc_pct: float = 60.0, pack: Pack = LEAF_24) -> VirtualBoard:
    board = VirtualBoard(soc_pct=soc_pct, habits=habits, pack=pack)
    board.power_w = 5000.0
    return board


def in_energy(habits: Habits, **battery: float) -> VirtualBoard:
    board = board_of(habits, **battery)
    board.run_until(State.ENERGY, within_s=60)
    board.run(6)
    assert board.state is State.ENERGY, board.charger.session.reason
    return board


def assert_idle(board: VirtualBoard) -> None:
    """The session ended normally: no fault is latched, no output is on, the plug is unlocked, nothing was misused."""
    session = board.charger.session
    assert session.fault is None, session.fault
    assert board.state is State.IDLE
    board.run(0.5)
    assert board.plant.outputs == NONE
    board.assert_safe()
    board.assert_guard_content()


@pytest.mark.parametrize("name", ["leaf", "esp32", "zombieverter", "e-nv200", "i-miev", "orion/0.9"])
@pytest.mark.parametrize("by", ["owner", "car"])
def test_reaches_energy_and_ends_idle_and_unlocked(name: str, by: str) -> None:
    board = in_energy(CARS[name])
    assert board.plant.pre.out_a == pytest.approx(13.4, abs=0.7)
    if by == "car":
        board.plant.car.end_session(board.now)
    else:
        board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert board.charger.session.ended_by == {"owner": "us", "car": "car"}[by]
    assert_idle(board)
    assert board.plant.car.faults == {}


@pytest.mark.parametrize("name", ["leaf", "esp32", "zombieverter", "orion/0.9"])
def test_a_second_session_follows_the_first(name: str) -> None:
    board = in_energy(CARS[name])
    board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    board.run(2)
    board.wanted, board.order = True, 2
    board.run_until(State.ENERGY, within_s=60)
    board.run(2)
    board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert_idle(board)


@pytest.mark.parametrize("name", ["leaf", "esp32", "e-nv200"])
def test_a_pause_at_0_w_keeps_the_session(name: str) -> None:
    board = in_energy(CARS[name])
    board.power_w = 0.0
    board.run(30)
    assert board.state is State.ENERGY
    assert board.plant.pre.out_a == pytest.approx(0.0, abs=0.1)
    board.power_w = 3000.0
    board.run(5)
    assert board.state is State.ENERGY
    assert board.plant.pre.out_a > 6.0


@pytest.mark.parametrize("name", ["esp32", "zombieverter", "orion/0.9"])
def test_near_full_it_ends_as_charged(name: str) -> None:
    """The converter is at the car's target voltage and gives less current than the car requests. The car lowers its
    request and then ends the session: at once or after three minutes, as its frames fall between ours."""
    board = board_of(replace(CARS[name], target_v=393), soc_pct=95.5)
    board.run_until(State.ENERGY, within_s=60)
    board.run_until(State.IDLE, State.FAULT, within_s=300)
    assert board.charger.session.ended_by == "car"
    assert "car" in board.charger.session.reason
    assert_idle(board)


def test_no_discharge_into_a_car_without_0x200() -> None:
    board = in_energy(CARS["esp32"])
    board.power_w = -4000.0
    board.run(10)
    assert board.state is State.ENERGY
    assert board.plant.pre.out_a > -0.3


def test_a_van_of_lowest_voltage_1_gives_energy_back() -> None:
    """Case 01: the van sends 100.2-3 = 1 V, which cannot be the lowest voltage of a battery."""
    board = in_energy(CARS["e-nv200"])
    board.power_w = -4000.0
    board.run(5)
    assert board.plant.pre.out_a < -9.0


def test_permission_only_after_d2_is_refused_in_words_that_fit() -> None:
    board = board_of(CARS["jld505"])
    board.run_until(State.HANDSHAKE)
    board.run_until(State.IDLE, State.FAULT, within_s=30)
    reason = board.charger.session.reason
    assert "K" in reason and "permission" in reason, reason
    assert "timer" not in reason, "K was on: no timer holds this car back"
    assert board.charger.session.ended_by == "car"
    assert State.CAR_CONTACTORS not in board.states
    assert_idle(board)


def test_a_car_that_asks_for_nothing_is_refused_in_order() -> None:
    """Case 02: the battery is full or too cold, or the car has reached its own limit."""
    board = board_of(replace(LEAF, gives_up_s=math.inf))
    board.spoil_car = _without_amps
    board.run_until(State.READY, within_s=60)
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert board.plant.battery.soc_pct == pytest.approx(60.0, abs=0.01), "energy is passed at 0 A only"
    assert "asks for no" in board.charger.session.reason
    assert board.charger.session.ended_by == "car"
    assert board.charger.session.refusals == 1
    assert_idle(board)


def _without_amps(can_id: int, data: bytes) -> bytes:
    if can_id == 0x102:
        return data[:3] + b"\0" + data[4:]
    return b"\xff" + data[1:] if can_id == 0x200 else data


def test_a_battery_at_its_ceiling_is_no_fault() -> None:
    """Case 03 a: a battery of 392 V, a target of 393 V; the car requests 14 A regardless of the current that flows."""
    pack = replace(LEAF_24, ocv_v=(*LEAF_24.ocv_v[:5], 392.0, 395.0))
    board = board_of(replace(LEAF, target_v=393, near_full=NearFull.GOES_ON), soc_pct=86.0, pack=pack)
    board.run_until(State.ENERGY, within_s=60)
    board.run(20)
    assert board.state is State.ENERGY, board.charger.session.reason
    assert board.plant.pre.out_a == pytest.approx(5.0, abs=0.5)
    board.power_w = -4000.0
    board.run(5)
    assert board.plant.pre.out_a < -9.0, "discharge stays possible"
    board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert_idle(board)


def test_a_target_that_rises_with_closed_contactors_is_no_fault() -> None:
    """Case 03 b: the target is 434 V until the contactors are closed and 450 V afterwards; the battery has 436 V."""
    pack = Pack(60.0, 58_000.0, (0.0, 50.0, 100.0), (400.0, 436.0, 450.0))
    habits = replace(LEAF, target_v=434, later_target_v=450, max_battery_v=460, near_full=NearFull.GOES_ON)
    board = board_of(habits, soc_pct=50.0, pack=pack)
    board.run_until(State.ENERGY, within_s=60)
    board.run(20)
    assert board.state is State.ENERGY, board.charger.session.reason
    board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert_idle(board)


def test_an_old_car_that_asks_at_once_hears_of_energy_within_half_a_second() -> None:
    """Case 19: the car sends its request 0.1 s after the contactors closed."""
    board = board_of(CARS["orion/0.9"])
    asked_t = None
    while board.charger.status_109_5() is None or not board.charger.status_109_5() & 1:
        board.step()
        assert board.now < 40, board.charger.session.reason
        x102 = board.charger.car.x102
        if asked_t is None and x102 is not None and x102.charge_current_request_a > 0:
            asked_t = board.now
    assert asked_t is not None
    assert board.now - asked_t <= 0.5


@pytest.mark.parametrize("name", OLD)
def test_d2_lets_an_old_cars_contactors_go_at_small_current_and_ours_stay_closed(name: str) -> None:
    board = in_energy(CARS[name])
    board.wanted = False
    while Output.D2 in board.plant.outputs:
        before = board.plant.outputs, board.plant.pre.out_a
        board.step()
        assert board.now < 60
    assert CONTACTORS & before[0] == CONTACTORS
    assert abs(before[1]) <= 5.0
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert_idle(board)


def test_the_adapter_says_protocol_1_first_and_2_to_a_charger_of_2() -> None:
    said: list[int] = []
    board = board_of(CARS["esp32"])

    def listen(can_id: int, data: bytes) -> bytes:
        if can_id == 0x102:
            frame = decode(can_id, data)
            assert isinstance(frame, X102)
            said.append(frame.protocol)
        return data

    board.spoil_car = listen
    board.run_until(State.CONVERTER, within_s=20)
    assert said[0] == 1 and said[-1] == 2


@pytest.mark.parametrize("soc_pct", [10.0, 40.0, 60.0, 90.0])
def test_a_40_kwh_pack_is_matched_by_its_measured_voltage(soc_pct: float) -> None:
    board = board_of(LEAF, soc_pct=soc_pct, pack=LEAF_40)
    board.run_until(State.ENERGY, within_s=60)
    board.run(3)
    assert board.state is State.ENERGY
    assert board.plant.violations == []


@pytest.mark.parametrize("cycle_s", [0.041, 0.1001, 0.225, 0.3])
def test_any_pace_of_frames_gives_energy(cycle_s: float) -> None:
    board = in_energy(replace(LEAF, cycle_s=cycle_s))
    assert board.plant.pre.out_a == pytest.approx(13.4, abs=0.7)
    board.wanted = False
    board.run_until(State.IDLE, State.FAULT, within_s=60)
    assert_idle(board)
