"""Rows of SAFETY.md about programs that die, hang, are late, continue or ask for the wrong thing, in virtual time. The
limits are the rows' own."""

from dataclasses import replace

import pytest

from tests.support.safetypage import limit
from tests.support.safetyrows import faulty, opened, seconds_until, small_current, zero_ordered
from tests.support.virtual import STEP_S, VirtualBoard
from v2h.bus.states import State
from v2h.canframe import PRE_BUS, Frame
from v2h.pre import objects as pre
from v2h.safety.guarding import CHECK_S, Guarding
from v2h.safety.makesafe import ROWS
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import Report, Request, Trip

DEAF = {False: "c1/c2 open", True: "c1/c2 open, converter deaf"}
"""The names of the limit on the time to open contactors, without and with a converter that does not obey."""
AMPS_HEAD = pre.write_amps(0.0)[:4]


def at_14_a(deaf: bool) -> VirtualBoard:
    """A board on which 14 A flow and the converter is ordered to give them; deaf: it goes on whatever it is told."""
    board, converter, _ = faulty()
    assert not zero_ordered(board) and not small_current(board)
    converter.stuck_a = converter.demand_a if deaf else None
    return board


def written_a(board: VirtualBoard) -> list[float]:
    """The currents that were written to the converter since board.record was set, A."""
    assert board.record is not None
    frames = [frame for frame in board.record if frame.bus == PRE_BUS and frame.can_id == pre.REQUEST_ID]
    return [
        int.from_bytes(frame.data[4:6], "little", signed=True) / 10 for frame in frames if frame.data[:4] == AMPS_HEAD
    ]


# guard makes safe because of the tree


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize(("row", "trip"), [("tree-gone", Trip.GUARD_STOPS), ("tree-stopped", Trip.SUPERVISORD_STOPPED)])
def test_guard_makes_safe_in_the_time_of_the_row(row: str, trip: Trip, deaf: bool) -> None:
    """The signal of a supervisord that died wakes `guard`. That supervisord stands still it sees at its next act,
    CHECK_S later at most."""
    board = at_14_a(deaf)
    if row == "tree-gone":
        board.guard.on_stop()
    else:
        board.guard.on_tree(stopped=True)
    late_s = 0.0 if row == "tree-gone" else CHECK_S
    if not deaf:
        zero_s = seconds_until(board, zero_ordered)
        assert late_s + zero_s <= limit(row, "0 A ordered")
        late_s += zero_s
    assert late_s + seconds_until(board, opened) <= limit(row, DEAF[deaf])
    assert board.guard.trip is trip
    board.run(2)
    assert board.plant.outputs == Output.PLUG_LOCK


# guard is gone: charger


@pytest.mark.parametrize("how", ["hangs", "dies"])
def test_charger_orders_0_a_without_guard(how: str) -> None:
    """A `guard` that hangs does not answer; the wire of one that died is closed."""
    board = at_14_a(deaf=False)
    board.guard_hangs = True
    if how == "dies":
        board.charger.guard_gone()
    zero_s = seconds_until(board, zero_ordered)
    assert zero_s <= limit("guard-gone", "0 A ordered")
    assert how == "hangs" or zero_s < 0.15, "a closed wire is not waited for"
    seconds_until(board, small_current)
    board.run(1)
    assert small_current(board), "and it stays so"


# charger is late, continues, or is wrong


@pytest.mark.parametrize("stands_s", [0.21, 0.35, 1.0, 4.0])
def test_a_charger_that_continues_sends_only_0_a(stands_s: float) -> None:
    """The car and the manager still want 14 A. Below 0.3 s `guard` has not tripped when `charger` continues."""
    board = at_14_a(deaf=False)
    board.charger_runs = False
    board.run(stands_s)
    assert (board.guard.trip is Trip.NONE) is (stands_s < 0.3)
    board.charger_runs, board.record = True, []
    board.run(3)
    assert set(written_a(board)) == {0.0}
    assert "tripped" in board.notes and board.guard.trip is not Trip.WROTE_AFTER_TRIP


@pytest.mark.parametrize("back_s", [0.31, 0.5, 0.7])
def test_a_write_after_a_trip_costs_the_mains(back_s: float) -> None:
    """Make-safe itself switches the converter's AC off later, since this converter does not obey."""
    board = at_14_a(deaf=True)
    board.charger_runs = False
    seconds_until(board, lambda b: b.guard.trip is Trip.CHARGER_SILENT)
    board.run(back_s - 0.3)
    assert Output.PRE_AC in board.plant.outputs
    board.guard.on_frame(Frame(board.now, pre.REQUEST_ID, pre.write_amps(10.0), PRE_BUS))
    assert seconds_until(board, lambda b: Output.PRE_AC not in b.plant.outputs) <= limit("charger-continued", "AC off")
    assert board.guard.trip is Trip.WROTE_AFTER_TRIP


def test_k_off_that_charger_does_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """`charger` goes on ordering 14 A, and writes it again after 0 A of `guard`, which repeats its own. The current
    stays low, and `charger` gives up at last, because its orders are not obeyed."""
    honest = Guarding.report

    def blind(guard: Guarding, outputs: Output) -> Report:
        return replace(honest(guard, outputs), k_on=True)

    board = at_14_a(deaf=False)
    monkeypatch.setattr(Guarding, "report", blind)
    board.plant.k_cut = True
    assert seconds_until(board, small_current) <= limit("k-off", "5 A")
    board.record = []
    while not opened(board):
        board.step()
        assert small_current(board) and board.now < 300
    assert max(written_a(board)) > 1.0 and "k-off" in board.notes


@pytest.mark.parametrize("lost", [Output.C1 | Output.C2, Output.C1 | Output.C2 | Output.D2, Output.D2])
def test_contactors_that_charger_asks_to_open_are_held(lost: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong request under 14 A, also while a reading of the current is 0 A now and then."""
    honest = Guarding.on_request

    def wrong(guard: Guarding, now: float, request: Request) -> None:
        honest(guard, now, replace(request, outputs=request.outputs & ~lost))

    board, converter, _ = faulty()
    monkeypatch.setattr(Guarding, "on_request", wrong)
    for _ in range(10):
        converter.odd_amps = 0
        board.run(0.3)
        assert lost in board.plant.outputs and board.state is State.ENERGY
        assert abs(board.plant.circuit.pre_a) > limit("contactor-under-load", "c1/c2 open at")
    board.power_w, flows_a = 0.0, 14.0
    while lost in board.plant.outputs:
        flows_a = abs(board.plant.circuit.pre_a)
        board.step()
    assert flows_a <= limit("contactor-under-load", "c1/c2 open at")
    assert board.plant.violations == []


def test_one_reading_of_0_a_is_no_proof_although_0_a_is_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter does not stop, `charger` asks at once for open contactors, and one reading in three shows 0 A."""
    honest = Guarding.on_request

    def wrong(guard: Guarding, now: float, request: Request) -> None:
        honest(guard, now, replace(request, outputs=request.outputs & ~CONTACTORS))

    board, converter, _ = faulty()
    board.power_w, converter.stuck_a = 0.0, converter.demand_a
    board.run(0.7)
    assert board.plant.pre.set_a == 0.0
    monkeypatch.setattr(Guarding, "on_request", wrong)
    for _ in range(3):
        converter.odd_amps = 0
        board.run(0.3)
        assert converter.odd_amps is None and CONTACTORS in board.plant.outputs


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("above_a", [0.2, -0.2])
def test_make_safe_opens_above_the_limit_only_after_the_mains(above_a: float, direction: int) -> None:
    """A converter that stands at a current: just above 5 A c1 and c2 wait for the AC, and 0.3 s more."""
    board, converter, _ = faulty()
    converter.stuck_a = direction * (limit("contactor-under-load", "c1/c2 open at") + above_a)
    board.charger_runs = False
    seconds_until(board, lambda b: b.guard.trip is Trip.CHARGER_SILENT)
    waited_s = seconds_until(board, lambda b: Output.PRE_AC not in b.plant.outputs)
    apart_s = seconds_until(board, opened)
    if above_a > 0:
        assert waited_s >= ROWS[0].wait_s - 2 * STEP_S
        assert apart_s + STEP_S / 2 >= limit("contactor-under-load", "AC off before c1/c2, in make-safe")
    else:
        assert waited_s < ROWS[0].wait_s - 0.2 and apart_s <= STEP_S
    assert CONTACTORS not in board.plant.outputs


# What guard remembers of the sensor


def test_guard_remembers_that_the_sensor_disagreed() -> None:
    """A sensor that has disagreed shows an empty cable; the car's contactors are welded. The next `charger` must not
    unlock on its word."""
    board, _, circuit = faulty()
    circuit.car_welded = True
    board.adc_bias_v = 15.0
    board.run_until(State.STOP_CURRENT)
    assert board.charger.session.adc_doubted
    board.charger_runs = False  # at once: the doubt does not wait for the next request
    board.run(3)
    board.charger, board.charger_runs = board.new_charger(5000), True
    for _ in range(15_000):
        board.adc_bias_v = 3.0 - board.plant.cable_v
        board.step()
        assert Output.PLUG_LOCK in board.plant.outputs
    assert board.state is State.FAULT and board.plant.cable_v > 300
    assert board.guard.report(board.plant.outputs).cable_doubted
