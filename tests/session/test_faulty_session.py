"""What must hold after a failure: the current is zero, the contactors are open, and the plug stays locked while the
cable may be live."""

from collections.abc import Callable

import pytest

from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo.refusals import clear_refusal
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import GuardState, Trip


def in_energy(power_w: float = 5000.0) -> VirtualBoard:
    board = VirtualBoard()
    board.power_w = power_w
    board.run_until(State.ENERGY)
    board.run(4)
    assert abs(board.plant.pre.out_a) > 10
    return board


def test_charger_killed_in_energy_guard_makes_safe_and_the_new_one_waits_for_a_person() -> None:
    board = in_energy()
    board.charger_runs = False
    died = board.now
    while board.plant.outputs & CONTACTORS:
        board.step()
        assert board.now - died < 1.5
    board.run(2)
    assert board.guard.trip is Trip.CHARGER_SILENT
    assert board.plant.outputs == Output.PLUG_LOCK
    board.charger, board.charger_runs = board.new_charger(77), True
    board.run(3)
    assert board.state is State.FAULT
    assert board.plant.outputs == Output.PLUG_LOCK, f"{board.plant.cable_v} V on the cable: locked"
    board.run(25)
    assert board.plant.outputs == Output(0), "the cable is measured empty: unlocked"
    assert board.state is State.FAULT, "no new session by itself"
    board.charger.clear_fault(unlock_confirmed=False)
    board.charger.turn(board.now)
    assert board.state is State.IDLE, "the answer to the press is known at once, not at the next tick"
    board.order += 1
    board.run_until(State.ENERGY)
    assert board.guard.state is GuardState.READY


def test_a_fault_is_not_cleared_while_guard_makes_safe_and_the_refusal_says_so() -> None:
    board = in_energy()
    board.charger_runs = False
    board.run(0.5)
    board.charger, board.charger_runs = board.new_charger(77), True
    board.step()
    assert board.guard.state is GuardState.MAKING_SAFE
    board.charger.clear_fault(unlock_confirmed=False)
    board.step()
    assert board.state in (State.SAFE, State.FAULT)
    assert "guard is still making safe" in clear_refusal(board.charger.session, board.charger.inputs(board.now))


def test_converter_that_falls_silent_ends_the_session_and_trips_when_current_is_unknown() -> None:
    board = in_energy()
    board.plant.pre.silent = True
    trips = set()
    while board.state is not State.FAULT:
        board.step()
        trips |= {board.guard.trip} - {Trip.NONE}
        assert board.now < 60
    assert board.charger.session.fault is not None
    assert board.charger.session.fault.name == "converter_lost"
    assert "tripped" in board.notes and trips == {Trip.K_OFF_CURRENT}, "by guard itself, after K"
    assert board.plant.outputs & ~Output.PLUG_LOCK == Output(0)


def unplugged(board: VirtualBoard) -> None:
    board.plant.set_plugged(False)


def never_permits(board: VirtualBoard) -> None:
    board.plant.car.permits = False


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (unplugged, "the car sends nothing; is the plug in"),
        (never_permits, "no charge permission"),
    ],
)
def test_a_car_that_is_away_or_does_not_want_latches_nothing(how: Callable[[VirtualBoard], None], reason: str) -> None:
    """A schedule that starts while the car is away must be able to start again without a person."""
    board = VirtualBoard()
    how(board)
    board.run_until(State.FAREWELL, within_s=120)
    board.run_until(State.IDLE, within_s=5)
    session = board.charger.session
    assert reason in session.reason
    assert (session.fault, session.ended_by, session.refusals) == (None, "car", 1)
    board.assert_safe()
    board.run(1)
    assert board.state is State.IDLE, "not again for the same order"
    board.plant.set_plugged(True)
    board.plant.car.permits = True
    board.order += 1
    board.run_until(State.ENERGY)


def test_k_off_in_energy_is_a_normal_stop() -> None:
    board = in_energy()
    board.plant.car.k_on = False  # only the line: 102.5.0 stays 1
    off = board.now
    while abs(board.plant.pre.out_a) > 5:
        board.step()
        assert board.now - off < 0.5
    board.run_until(State.IDLE, State.FAULT)
    board.run(0.2)
    board.assert_safe()
    assert board.guard.state is GuardState.READY


@pytest.mark.parametrize("power_w", [5000.0, -5000.0])
def test_stop_goes_through_status_25_and_opens_under_5_a(power_w: float) -> None:
    board = in_energy(power_w)
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(0.2)
    assert board.status_109_5()[-4:] == [0x05, 0x25, 0x24, 0x20]
    board.assert_safe()


def test_unlock_waits_for_an_empty_cable() -> None:
    """After a trip the voltage on the cable is unknown: the plug stays locked until the voltage is measured."""
    board = in_energy()
    board.cable_measured = False
    board.charger_runs = False
    board.run(0.5)
    board.charger_runs = True
    board.run_until(State.FAULT, within_s=40)
    board.run(1)
    assert Output.PLUG_LOCK in board.plant.outputs
    board.charger.clear_fault(unlock_confirmed=False)
    board.run(1)
    assert board.state is State.FAULT
    board.cable_measured = True
    board.run(25)
    assert board.plant.outputs == Output(0)
