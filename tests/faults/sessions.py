"""Random sessions: from a seed to a list of steps, from the steps to a verdict, and from a broken list to a short one.

Own generator rather than hypothesis: a session costs milliseconds, hypothesis's own bookkeeping as much again, and it
has one process; here a seed is a whole session, both cores take seeds from one range, and steps are data that can be
removed one by one, which is all that shrinking needs.
"""

import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.board import Board
from tests.faults.faults import FAULTS
from tests.faults.scenarios import Outcome, ending, resting, watched_clock
from tests.faults.snapshots import CELLS
from v2h.bus.states import State
from v2h.rig.habits import CARS, LEAF

SOC_PCT = (8.0, 28.0, 40.0, 60.0, 75.0, 93.0)
LIMITS_A = ((15.0, 15.0), (15.0, 6.0), (9.9, 15.0))
ENDS = (("stop", None), ("charger", None), ("tree", None))
END_WEIGHTS = (5, 4, 1)
"""By the owner; by the end of charger or of the whole tree, after which no one requests energy any more."""
HARD_END_S = 90.0
"""After board.end_s."""
REST_S = (6.0, 25.5)
"""How long a session continues at rest: for late answers, button presses, a plug that waits for an empty cable."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait delay_s, then do `what`."""

    delay_s: float
    what: str
    value: Any = None

    def __str__(self) -> str:
        return f"+{self.delay_s:.2f} s {self.what}{'' if self.value is None else f' {self.value}'}"


@dataclass(frozen=True, slots=True)
class Start:
    """A board at a moment before energy."""

    name: str
    state: State
    board: bytes


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What random sessions of one kind of board are made of. states, weights: where they start. watts: draws a
    setpoint. disturbance: draws an action that is not a fault: the session must continue, or end in order. faults:
    their names."""

    states: tuple[State, ...]
    weights: tuple[int, ...]
    watts: Callable[[random.Random], float]
    disturbance: Callable[[random.Random], tuple[str, Any]]
    faults: tuple[str, ...]


def starts() -> list[Start]:
    """Boards with several batteries, sites, cables and cars, each about to enter each of CHADEMO.states; the owner
    wants energy."""
    boards: list[tuple[str, dict[str, Any]]] = [
        (f"{soc_pct:.0f} %, {charge_a:g}/{discharge_a:g} A{', assumed' if cells else ''}",
         {"soc_pct": soc_pct, "max_charge_a": charge_a, "max_discharge_a": discharge_a, "cells_in_series": cells})
        for cells in (0, CELLS)
        for soc_pct in SOC_PCT
        for charge_a, discharge_a in (LIMITS_A if not cells else LIMITS_A[:1])
    ]  # fmt: skip
    boards += [
        (f"{soc_pct:.0f} %, by converter", {"soc_pct": soc_pct, "by_converter": True}) for soc_pct in SOC_PCT[::2]
    ]
    boards += [(name, {"habits": habits}) for name, habits in CARS.items() if habits is not LEAF]
    boards += [(f"{s:g} s", {"habits": replace(LEAF, cycle_s=s)}) for s in (0.041, 0.225, 0.3)]
    return [start for name, settings in boards for start in starts_of(CHADEMO.states, name, Board(**settings))]


def starts_of(states: tuple[State, ...], name: str, board: Board) -> list[Start]:
    """This board at rest, and about to enter each of the other states."""
    latest = board.energy_s + 5.0
    taken = [Start(f"{name}, idle", State.IDLE, _pickled(board))]
    seen: set[State | str | None] = set()
    while board.state is not State.ENERGY and board.now < latest:
        board.event(latest)
        state = board.state
        whole = board.charger is not None and not board.charger.converter._steps
        ready = state is State.READY and board.now - board.states[-1][0] > 0.6
        if state in states[1:] and (state not in seen or ready) and whole and "ready" not in seen:
            seen.add("ready" if ready and state in seen else state)
            taken.append(Start(f"{name}, {state}", state, _pickled(board)))
    return taken


def _pickled(board: Board) -> bytes:
    return pickle.dumps(board, pickle.HIGHEST_PROTOCOL)


def compose(seed: int, choices: list[Start], of: Repertoire) -> tuple[Start, list[Step]]:
    """The session of a seed."""
    rng = random.Random(seed)
    state = rng.choices(of.states, of.weights)[0]
    start = rng.choice([choice for choice in choices if choice.state is state])
    steps = [Step(0.0, "power", of.watts(rng))]
    if rng.random() < 0.75:
        steps.append(Step(0.0, "energy"))
    for _ in range(rng.randint(1, 3)):
        steps.append(Step(round(rng.expovariate(2.0), 2), *of.disturbance(rng)))
    if rng.random() < 0.8:
        steps.insert(rng.randint(1, len(steps)), Step(round(rng.uniform(0.0, 1.2), 2), "fault", rng.choice(of.faults)))
    steps.append(Step(round(rng.expovariate(2.0), 2), *rng.choices(ENDS, END_WEIGHTS)[0]))
    if rng.random() < 0.3:
        steps.append(Step(round(rng.uniform(4.0, 30.0), 1), "clear", rng.random() < 0.3))
    if rng.random() < 0.03:
        steps.append(Step(125.0, "clear", True))
    steps.append(Step(round(rng.uniform(*REST_S), 1), "end"))
    return start, steps


def _watts(rng: random.Random) -> float:
    return round(rng.choice((0.0, rng.uniform(-6500.0, 6500.0), rng.uniform(-6500.0, 6500.0), 6000.0, -6000.0)), 0)


def _disturbance(rng: random.Random) -> tuple[str, Any]:
    kind = rng.choices(("power", "car allows", "bus", "floor", "press"), (10, 4, 2, 1, 1))[0]
    value: Any = None
    if kind == "power":
        value = _watts(rng)
    elif kind == "car allows":
        value = (rng.randint(0, 15), rng.randint(0, 15))
    elif kind == "bus":
        value = round(rng.uniform(0.2, 3.0), 1)
    elif kind == "floor":
        value = rng.choice((250, 330, 360, 400))
    return kind, value


CHADEMO = Repertoire(
    (State.IDLE, State.INSULATION, State.CAR_CONTACTORS, State.MATCH, State.READY),
    (2, 2, 6, 15, 75),
    _watts,
    _disturbance,
    tuple(fault.name for fault in FAULTS),
)
"""Mostly near energy: most can break there, and the scenarios already cover the way to it."""


def _car_allows(board: Board, amps: tuple[int, int]) -> None:
    board.car.most_a = amps


def _dies(board: Board, how: str) -> None:
    board.judge.excused |= {"program"}
    board.wanted = False
    if board.charger is not None and board.guard.core is not None:  # otherwise a fault has ended one of them already
        getattr(board, how)()


def _bus_gone(board: Board, for_s: float) -> None:
    board.has_bus = False
    board.later(for_s, "turn", "has_bus", True)


def _car_floor(board: Board, volts_v: int) -> None:
    board.car.least_v = volts_v


DO: dict[str, Callable[[Board, Any], None]] = {
    "power": lambda board, value: board.turn("power_w", value),
    "car allows": _car_allows,
    "car wants": lambda board, value: board.car_wants(value),
    "bus": _bus_gone,
    "floor": _car_floor,
    "press": lambda board, value: board.press_clear(False),
    "fault": lambda board, value: board.strike(value),
    "charger": lambda board, value: _dies(board, "kill_charger"),
    "tree": lambda board, value: _dies(board, "kill_tree"),
    "stop": lambda board, value: board.turn("wanted", False),
    "clear": lambda board, value: board.press_clear(value),
    "energy": lambda board, value: None,
    "end": lambda board, value: None,
}


def run(name: str, start: Start, steps: list[Step], *, trace: bool = False) -> Outcome:
    """Carry out the steps. Each step waits only for its time; the last step first waits for rest."""
    board = pickle.loads(start.board)
    assert isinstance(board, Board)
    board.trace = [] if trace else None
    begin, events = board.now, board.events
    active_s = 0.0
    at = board.now
    with watched_clock(board):
        for step in steps:
            if step.what == "end":
                at = max(at, _until_rest(board, begin + board.end_s + HARD_END_S))
            elif step.what == "energy":
                at = max(at, _until_energy(board))
            at += step.delay_s
            while board.now < at - 1e-9:
                before, busy = board.now, not resting(board)
                board.event(at)
                active_s += (board.now - before) if busy else 0.0
            board._say("STEP: %s", step)
            DO[step.what](board, step.value)
    if not resting(board) and "mad" not in board.judge.excused:
        board.judge.fail(board, "an end state in its time", f"{board.state} after {board.now - begin:.0f} s")
    return Outcome(
        name,
        tuple(board.judge.broken),
        board.now - begin,
        active_s,
        board.events - events,
        board.judge.flowed,
        ending(board),
        tuple(board.trace or ()),
    )


def _until_energy(board: Board) -> float:
    """Wait for energy, at most energy_s; does not wait any longer for a session that has ended."""
    latest = board.now + board.energy_s
    begun = board.state is not State.IDLE
    while board.now < latest and board.state is not State.ENERGY and not (begun and resting(board)):
        board.event(latest)
        begun = begun or board.state is not State.IDLE
    return board.now


def _until_rest(board: Board, latest: float) -> float:
    while board.now < latest and not resting(board):
        board.event(latest)
    return board.now


def run_seed(seed: int, choices: list[Start], of: Repertoire = CHADEMO, *, trace: bool = False) -> Outcome:
    start, steps = compose(seed, choices, of)
    return run(f"seed {seed}", start, steps, trace=trace)


def shrink(seed: int, choices: list[Start], of: Repertoire = CHADEMO) -> tuple[Start, list[Step], Outcome]:
    """Remove steps one at a time while the same rule still breaks; returns what is left, with its trace."""
    start, steps = compose(seed, choices, of)
    rules = {broken.rule for broken in run("", start, steps).broken}
    i = 0
    while i < len(steps):
        fewer = steps[:i] + steps[i + 1 :]
        if rules & {broken.rule for broken in run("", start, fewer).broken}:
            steps = fewer
        else:
            i += 1
    return start, steps, run(f"seed {seed}, shrunk", start, steps, trace=True)
