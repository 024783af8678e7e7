"""Boards in a given state, and functions that spoil what they exchange, for the session tests."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.parts import FaultyCircuit
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo import frames
from v2h.pre import objects as pre


def change(can_id: int, **values: Any) -> Callable[[int, bytes], bytes]:
    """Change the values of one of the car's frames."""

    def spoil(seen_id: int, data: bytes) -> bytes:
        if seen_id != can_id:
            return data
        return frames.encode(replace(frames.decode(seen_id, data), **values))[1]

    return spoil


def in_energy(power_w: float = 3000.0, **settings: Any) -> VirtualBoard:
    board = VirtualBoard(**settings)
    board.power_w = power_w
    board.run_until(State.ENERGY)
    board.run(4)
    return board


def tripped() -> VirtualBoard:
    """A board where charger hung in energy: guard made safe, the plug is locked, and the cable is still live."""
    board = in_energy(5000.0)
    board.charger_runs = False
    board.run(0.5)
    board.charger_runs = True
    board.run_until(State.FAULT, within_s=20)
    return board


def with_faulty_circuit() -> tuple[VirtualBoard, FaultyCircuit]:
    board = VirtualBoard()
    circuit = FaultyCircuit(board.plant.battery)
    board.plant.circuit = board.plant.car.circuit = circuit
    return board, circuit


def fault_name(board: VirtualBoard) -> str:
    fault = board.charger.session.fault
    return fault.name if fault else ""


def refuses(entry: pre.Entry) -> Callable[[bytes], bytes]:
    """Let the converter answer each read of this object with an abort."""
    head = pre.read_answer(entry, bytes(entry.size))[:4]
    return lambda data: pre.abort_answer(entry.index, entry.sub, 0x08000020) if data[:4] == head else data
