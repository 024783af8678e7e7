"""What the tests of SAFETY.md's rows look for on a board in virtual time."""

from collections.abc import Callable

from tests.faults.parts import FaultyCircuit, FaultyPre
from tests.support.boards import fault_name
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.safety.outputs import CONTACTORS, Output

Condition = Callable[[VirtualBoard], bool]


def seconds_until(board: VirtualBoard, condition: Condition, within_s: float = 130.0) -> float:
    """Return the virtual seconds from now until the condition holds at the end of a step."""
    began = board.now
    while not condition(board):
        board.step()
        assert board.now - began <= within_s, f"not within {within_s} s: {board.state}, {board.charger.session.reason}"
    return board.now - began


def zero_ordered(board: VirtualBoard) -> bool:
    return board.plant.pre.set_a == 0.0 or Output.PRE_AC not in board.plant.outputs


def small_current(board: VirtualBoard) -> bool:
    return abs(board.plant.circuit.pre_a) <= 5.0


def opened(board: VirtualBoard) -> bool:
    return not board.plant.outputs & CONTACTORS


def ac_off(board: VirtualBoard) -> bool:
    return Output.PRE_AC not in board.plant.outputs


def left_energy(board: VirtualBoard) -> bool:
    return board.state is not State.ENERGY


def why(board: VirtualBoard) -> str:
    """What ended the session: the id of a fault, or of the sentence of a normal end."""
    return fault_name(board) or getattr(board.charger.session.reason, "id", "")


def faulty(power_w: float = 5000.0) -> tuple[VirtualBoard, FaultyPre, FaultyCircuit]:
    board = VirtualBoard()
    converter = board.plant.pre = FaultyPre()
    circuit = board.plant.circuit = board.plant.car.circuit = FaultyCircuit(board.plant.battery)
    board.power_w = power_w
    board.run_until(State.ENERGY)
    board.run(4)
    assert board.plant.circuit.pre_a > 12
    return board, converter, circuit
