"""How CCS sessions are driven for the snapshots and the random sessions: the roads, the starts and the disturbances."""

import random
from collections.abc import Callable
from typing import Any

from tests.faults.board import Board
from tests.faults.ccs.board import CcsBoard
from tests.faults.ccs.faults import BY_NAME
from tests.faults.sessions import Repertoire, Start, starts_of
from tests.faults.snapshots import Road
from v2h.bus.states import State
from v2h.ccs.messages import DIN, ISO2

FLOW_S = 7.0
_S = State
_ISO2: dict[str, Any] = {"dialect": ISO2.name}


def _charge(board: Board, energy_t: float) -> Board:
    board.wanted, board.power_w = False, 5000.0
    board.later(1.0, "turn", "wanted", True)
    board.later(energy_t + FLOW_S, "turn", "wanted", False)
    return board


def _too_much(board: Board, energy_t: float) -> Board:
    """The manager asks for more than the converter has."""
    _charge(board, energy_t).power_w = 8000.0
    return board


def _car_ends(board: Board, energy_t: float) -> Board:
    board.later(energy_t + 4.0, "car_ends")
    return _charge(board, energy_t + 60.0)


def _tripped(board: Board, energy_t: float) -> Board:
    """charger hangs in energy: guard makes safe; a person clears the fault much later."""
    board.later(energy_t + 2.0, "stop_charger", 0.5)
    board.later(energy_t + 45.5, "press_clear", False)
    return _charge(board, energy_t + 60.0)


def _road(
    name: str,
    drive: Callable[[Board, float], Board],
    after_s: float,
    parts: dict[State, tuple[float, ...]],
    others: tuple[float, ...] = (),
    **settings: Any,
) -> Road:
    return Road(name, drive, after_s, parts, others, settings, make=CcsBoard)


_ENERGY = {_S.ENERGY: (0.02, 0.2, 0.6), _S.IDLE: (0.0, 0.5)}
ROADS = (
    _road("charge, DIN", _charge, 40.0, _ENERGY, (0.02, 0.6)),
    _road("charge, ISO 15118-2", _charge, 40.0, _ENERGY, (0.3,), soc_pct=80.0, bleeds=True, **_ISO2),
    _road("6 kW", _too_much, 6.0, {_S.ENERGY: (0.5,), _S.READY: (0.5,)}, soc_pct=60.0, max_v=470.0),
    _road("6 A", _charge, 6.0, {_S.ENERGY: (0.3,), _S.MATCH: (0.5,), _S.READY: (0.5,)},
          max_charge_a=6.0, wants_a=9.0, max_v=440.0),
    _road("car ends", _car_ends, 36.0, {_S.STOP_CURRENT: (0.0, 0.5), _S.WELDING: (0.2,), _S.UNLOCK: (0.1,)}, **_ISO2),
    _road("tripped", _tripped, 44.5, {_S.SAFE: (0.0, 0.5), _S.FAULT: (0.01, 0.2, 0.9)}, soc_pct=70.0),
)  # fmt: skip
QUICK = ROADS[:2]


def starts() -> list[Start]:
    """Boards with both dialects and several batteries, sites and cars, each about to enter each of its
    states."""
    settings: list[dict[str, Any]] = [
        {"dialect": dialect.name, "soc_pct": soc_pct, "max_charge_a": site_a, "wants_a": wants_a, "max_v": max_v}
        for dialect in (DIN, ISO2)
        for soc_pct, site_a, wants_a, max_v in (
            (8.0, 15.0, 16.0, 410.0), (40.0, 9.9, 125.0, 403.0), (60.0, 15.0, 12.0, 470.0), (93.0, 15.0, 16.0, 420.0)
        )
    ]  # fmt: skip
    return [
        start
        for one in settings
        for start in starts_of(
            REPERTOIRE.states, f"{one['dialect']}, {one['soc_pct']:.0f} %", CcsBoard(bleeds=True, **one)
        )
    ]


def _watts(rng: random.Random) -> float:
    return round(rng.choice((0.0, rng.uniform(-1000.0, 8000.0), rng.uniform(500.0, 6500.0), 6000.0)), 0)


def _disturbance(rng: random.Random) -> tuple[str, Any]:
    """An action that is not a fault: the session must continue, or end in order."""
    kind = rng.choices(("power", "car wants", "bus", "press"), (10, 4, 2, 1))[0]
    if kind == "power":
        return kind, _watts(rng)
    if kind == "car wants":
        return kind, round(rng.uniform(0.0, 20.0), 1)
    return kind, round(rng.uniform(0.2, 3.0), 1) if kind == "bus" else None


REPERTOIRE = Repertoire(
    (_S.IDLE, _S.LOCK, _S.INSULATION, _S.MATCH, _S.READY),
    (2, 4, 6, 18, 70),
    _watts,
    _disturbance,
    tuple(BY_NAME),
)
