"""Boards at several moments of every session state, pickled: the starts of scenarios and random sessions.

A road is a session with a plan (what the owner wants and when). It is run once to find when each state begins and ends,
and a second time, since it is deterministic, to take the snapshots. The snapshot includes the rest of the plan.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.faults.board import Board
from v2h.bus.states import State
from v2h.rig.habits import CARS, LEAF, Habits

FLOW_S = 7.0
NEVER_S = 15.0
"""If a road does not lead to energy, its plan continues as if energy were reached after this time."""
CELLS = 96
_S = State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """name: "state, road, moment". board: pickled. kind: "measured", "assumed" or "foreign". healthy: without a fault
    this road reaches energy and ends idle and unlocked."""

    name: str
    state: State
    board: bytes
    kind: str = "measured"
    healthy: bool = True

    def load(self) -> Board:
        board = pickle.loads(self.board)
        assert isinstance(board, Board)
        return board


def _plan(board: Board, power_w: float, stop_t: float) -> Board:
    board.wanted, board.power_w = False, power_w
    board.later(1.0, "turn", "wanted", True)
    board.later(stop_t, "turn", "wanted", False)
    return board


def _charge(board: Board, energy_t: float) -> Board:
    return _plan(board, 5000.0, energy_t + FLOW_S)


def _discharge(board: Board, energy_t: float) -> Board:
    return _plan(board, -4500.0, energy_t + FLOW_S)


def _reversal(board: Board, energy_t: float) -> Board:
    """At 0 A first, then charging, then reversed while the snapshots are taken."""
    _plan(board, 0.0, energy_t + FLOW_S)
    board.later(energy_t + 1.5, "turn", "power_w", 5000.0)
    board.later(energy_t + 3.0, "turn", "power_w", -5000.0)
    return board


def _car_ends(board: Board, energy_t: float) -> Board:
    """The car withdraws its permission with its contactors closed and ours still open."""
    _plan(board, 3000.0, energy_t + FLOW_S)
    board.later(energy_t - 2.2, "car_ends")
    return board


def _tripped(board: Board, energy_t: float) -> Board:
    """charger hangs in energy: guard makes safe; a person clears the fault much later."""
    _plan(board, 5000.0, energy_t + FLOW_S + 40.0)
    board.later(energy_t + 2.0, "stop_charger", 0.5)
    board.later(energy_t + 45.5, "press_clear", False)
    return board


def _calibrate(board: Board, energy_t: float) -> Board:
    """The owner wants no session but one that calibrates the cable."""
    board.wanted = False
    board.later(1.0, "order_calibration")
    return board


@dataclass(frozen=True, slots=True)
class Road:
    """How to drive the session, until how long after energy, and at which fractions of each state's time to take a
    snapshot; `parts` has the states that differ. board: its settings. kind, healthy: see Snapshot. make: the kind of
    board."""

    name: str
    drive: Callable[[Board, float], Board]
    after_s: float
    parts: dict[State, tuple[float, ...]]
    others: tuple[float, ...] = ()
    board: dict[str, Any] = field(default_factory=dict)
    kind: str = "measured"
    healthy: bool = True
    make: Callable[..., Board] = Board

    def energy_t(self) -> float:
        """The time when energy is reached, with the order at 1 s."""
        board = _charge(self.make(**self.board), 1e6)
        while board.state is not State.ENERGY and board.now < 1.0 + 3.0 * NEVER_S:
            board.event(1.0 + 3.0 * NEVER_S)
        return board.now if board.state is State.ENERGY else 1.0 + NEVER_S


_ENERGY = (0.02, 0.15, 0.5)
_ASSUMED = {"cells_in_series": CELLS}
_BY_CONVERTER = {"by_converter": True}
_SHORT = {_S.ENERGY: (0.3,), _S.IDLE: ()}


def _foreign(name: str, habits: Habits, *, healthy: bool = True) -> Road:
    return Road(name, _charge, 24.0, _SHORT, (0.4,), {"habits": habits}, "foreign", healthy)


ROADS = (
    Road(
        "charge",
        _charge,
        13.5,
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
    Road(
        "discharge",
        _discharge,
        11.5,
        {_S.ENERGY: _ENERGY, _S.STOP_CURRENT: (0.0, 0.6), _S.WELDING: (0.3,)},
        board={"soc_pct": 80.0},
    ),
    Road(
        "6 A",  # a site that allows 6 A, a nearly full battery
        _charge,
        9.5,
        {_S.READY: (0.5,), _S.ENERGY: (0.3,)},
        board={"soc_pct": 95.0, "max_charge_a": 6.0, "max_discharge_a": 6.0},
    ),
    Road("reversal", _reversal, 9.5, {_S.ENERGY: (0.1, 0.43, 0.46)}, board={"soc_pct": 45.0}),
    Road("car ends early", _car_ends, 5.5, {_S.CAR_OPENS: (0.0, 0.6)}),
    Road("tripped", _tripped, 44.5, {_S.SAFE: (0.0, 0.5), _S.FAULT: (0.01, 0.2, 0.9)}, board={"soc_pct": 70.0}),
    Road("charge, assumed", _charge, 13.5, {_S.ENERGY: _ENERGY, _S.IDLE: ()}, (0.02, 0.6), _ASSUMED, "assumed"),
    Road(
        "discharge, assumed",
        _discharge,
        11.5,
        {_S.ENERGY: (0.3,), _S.STOP_CURRENT: (0.3,), _S.WELDING: (0.3,), _S.INSULATION: (0.05, 0.2)},
        board={"soc_pct": 80.0, **_ASSUMED},
        kind="assumed",
    ),
    Road("car ends early, assumed", _car_ends, 5.5, {_S.CAR_OPENS: (0.0, 0.6)}, (), _ASSUMED, "assumed", False),
    Road(
        "tripped, assumed",
        _tripped,
        44.5,
        {_S.SAFE: (0.0, 0.5), _S.FAULT: (0.01, 0.5)},
        board=_ASSUMED,
        kind="assumed",
        healthy=False,
    ),
    Road(
        "calibration",
        _calibrate,
        8.0,
        {_S.CALIBRATE: (0.02, 0.3, 0.6, 0.95), _S.BLEED: (0.1, 0.7), _S.UNLOCK: (0.0,), _S.IDLE: ()},
        (0.5,),
        {"uncalibrated": True},
        "assumed",
        False,
    ),
    Road("charge, by converter", _charge, 13.5, {_S.ENERGY: _ENERGY, _S.IDLE: ()}, (0.4,), _BY_CONVERTER, "assumed"),
    Road(
        "tripped, by converter",
        _tripped,
        44.5,
        {_S.SAFE: (0.5,), _S.FAULT: (0.01, 0.5)},
        board=_BY_CONVERTER,
        kind="assumed",
        healthy=False,
    ),
    *(_foreign(name, habits, healthy=not habits.permits_after_d2) for name, habits in CARS.items() if name != "leaf"),
    *(_foreign(f"frames every {cycle_s:g} s", replace(LEAF, cycle_s=cycle_s)) for cycle_s in (0.041, 0.225, 0.3)),
    *(_foreign(f"protocol {n}", replace(LEAF, protocol=n, tells_contactors=False, sends_200=False)) for n in (0, 1)),
)
"""On every road the order comes after 1 s."""


def _until(road: Road) -> tuple[float, float]:
    energy_t = road.energy_t()
    return energy_t, energy_t + road.after_s


def _spans(road: Road, energy_t: float, until_t: float) -> list[tuple[State, float, float]]:
    board = road.drive(road.make(**road.board), energy_t)
    board.run_to(until_t)
    ends = [t for t, _ in board.states[1:]] + [until_t]
    return [(state, begin, end) for (begin, state), end in zip(board.states, ends, strict=True)]


def take(roads: tuple[Road, ...] = ROADS) -> list[Snapshot]:
    """All snapshots. For a state that a road visits twice (idle), there is a snapshot of each visit."""
    taken = []
    for road in roads:
        energy_t, until_t = _until(road)
        wishes = sorted(
            (begin + part * (end - begin) + 1e-6, str(state), part, state)
            for state, begin, end in _spans(road, energy_t, until_t)
            for part in road.parts.get(state, road.others)
        )
        board = road.drive(road.make(**road.board), energy_t)
        for at, _, part, state in wishes:
            while board.now < at and not (part == 0.0 and board.state is state):
                board.event(at)
            if board.charger is not None and board.at_rest():
                board.charger.converter._steps.clear()  # its AC is off, and the next session asks again
            if board.charger is not None and not board.charger.converter._steps:  # half a round cannot be pickled
                name = f"{state}, {road.name}, {part:g} at {board.now:.2f} s"
                pickled = pickle.dumps(board, pickle.HIGHEST_PROTOCOL)
                taken.append(Snapshot(name, state, pickled, road.kind, road.healthy))
    return taken
