"""Boards at several moments of every session state, pickled: where scenarios and random sessions start.

A road is a session with a plan (what the owner wants when). It is driven once to learn when each state begins and ends,
and once more, being deterministic, to take the snapshots. The rest of the plan travels in the snapshot.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.board import Board
from v2h.chademo.states import State

ENERGY_AFTER_S = 13.5
"""On every road the order comes after 1 s and energy is reached so long after it, or a little sooner."""
FLOW_S = 7.0
_S = State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """name: "state, road, moment". board: pickled."""

    name: str
    state: State
    board: bytes

    def load(self) -> Board:
        board = pickle.loads(self.board)
        assert isinstance(board, Board)
        return board


def _plan(board: Board, power_w: float, stop_s: float) -> Board:
    board.wanted, board.power_w = False, power_w
    board.later(1.0, "turn", "wanted", True)
    board.later(stop_s, "turn", "wanted", False)
    return board


_STOP_S = 1.0 + ENERGY_AFTER_S + FLOW_S


def _charge() -> Board:
    return _plan(Board(soc_pct=60.0), 5000.0, _STOP_S)


def _discharge() -> Board:
    return _plan(Board(soc_pct=80.0), -4500.0, _STOP_S)


def _small() -> Board:
    """A site that allows 6 A, a battery nearly full."""
    return _plan(Board(soc_pct=95.0, max_charge_a=6.0, max_discharge_a=6.0), 5000.0, _STOP_S)


def _reversal() -> Board:
    """At 0 A first, then charging, then reversed while the snapshots are taken."""
    board = _plan(Board(soc_pct=45.0), 0.0, _STOP_S)
    board.later(1.0 + ENERGY_AFTER_S + 1.5, "turn", "power_w", 5000.0)
    board.later(1.0 + ENERGY_AFTER_S + 3.0, "turn", "power_w", -5000.0)
    return board


def _car_ends() -> Board:
    """The car takes its permission back with its contactors closed and ours still open."""
    board = _plan(Board(), 3000.0, _STOP_S)
    board.later(13.5, "car_ends")
    return board


def _tripped() -> Board:
    """charger stands still in energy: guard makes safe; a person clears the fault much later."""
    board = _plan(Board(soc_pct=70.0), 5000.0, _STOP_S + 40.0)
    board.later(1.0 + ENERGY_AFTER_S + 2.0, "stop_charger", 0.5)
    board.later(60.0, "press_clear", False)
    return board


@dataclass(frozen=True, slots=True)
class Road:
    """How to drive, until when, and at which parts of each state's time to look; `parts` of named states differ."""

    name: str
    drive: Callable[[], Board]
    until_s: float
    parts: dict[State, tuple[float, ...]]
    others: tuple[float, ...] = ()


_ENERGY = (0.02, 0.15, 0.5)
ROADS = (
    Road(
        "charge",
        _charge,
        28.0,
        {
            _S.HANDSHAKE: (0.0, 0.4, 0.9),
            _S.CONVERTER: (0.0, 0.4, 0.95),
            _S.CAR_CONTACTORS: (0.0, 0.4, 0.85),
            _S.ENERGY: _ENERGY,
            _S.TEST_OPEN: (0.0,),
            _S.OPEN: (0.0,),
            _S.UNLOCK: (0.0,),
        },
        (0.0, 0.6),
    ),
    Road("discharge", _discharge, 26.0, {_S.ENERGY: _ENERGY, _S.STOP_CURRENT: (0.0, 0.6), _S.WELDING: (0.3,)}),
    Road("6 A", _small, 24.0, {_S.READY: (0.5,), _S.ENERGY: (0.3,)}),
    Road("reversal", _reversal, 24.0, {_S.ENERGY: (0.1, 0.43, 0.46)}),
    Road("car ends early", _car_ends, 20.0, {_S.CAR_OPENS: (0.0, 0.6)}),
    Road("tripped", _tripped, 59.0, {_S.SAFE: (0.0, 0.5), _S.FAULT: (0.01, 0.2, 0.9)}),
)


def _spans(road: Road) -> list[tuple[State, float, float]]:
    board = road.drive()
    board.run_to(road.until_s)
    ends = [t for t, _ in board.states[1:]] + [road.until_s]
    return [(state, begin, end) for (begin, state), end in zip(board.states, ends, strict=True)]


def take(roads: tuple[Road, ...] = ROADS) -> list[Snapshot]:
    """All snapshots. A state that a road visits twice (idle) is looked at each time."""
    taken = []
    for road in roads:
        wishes = sorted(
            (begin + part * (end - begin) + 1e-6, str(state), part, state)
            for state, begin, end in _spans(road)
            for part in road.parts.get(state, road.others)
        )
        board = road.drive()
        for at, _, part, state in wishes:
            while board.now < at and not (part == 0.0 and board.state is state):
                board.event(at)
            if board.charger is not None and not board.charger.converter._steps:  # half a round does not pickle
                name = f"{state}, {road.name}, {part:g} at {board.now:.2f} s"
                taken.append(Snapshot(name, state, pickle.dumps(board, pickle.HIGHEST_PROTOCOL)))
    return taken
