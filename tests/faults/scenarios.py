"""One fault at one moment of one state, followed to its end."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.board import Board
from tests.faults.faults import Fault
from tests.faults.judge import Broken
from tests.faults.snapshots import Snapshot
from v2h.bus.states import State
from v2h.safety.makesafe import ALL_BUT_LOCK

REST_S = 2.0
TEN_YEARS_S = 3.15e8


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one scenario or session. active_s: virtual seconds during which a session was running."""

    name: str
    broken: tuple[Broken, ...]
    virtual_s: float
    active_s: float
    events: int
    flowed: bool
    end: str
    trace: tuple[str, ...] = ()


def broken(outcomes: Iterable[Outcome]) -> list[str]:
    """What was broken in them, a line each with the name of the scenario or session."""
    return [f"{outcome.name}: {found}" for outcome in outcomes for found in outcome.broken]


MOMENTS_IN_ENERGY = 2


def chosen(snapshots: list[Snapshot], faults: Sequence[Fault]) -> list[tuple[int, str]]:
    """(number of the snapshot, name of the fault): every state x every fault, once with a measured cable and a Leaf,
    and once alternately without a measurement or with a foreign car. The moments of a state alternate from fault to
    fault; in energy flow each fault gets two of them."""
    jobs = []
    for state in State:
        mine = [i for i, snapshot in enumerate(snapshots) if snapshot.state is state]
        groups = {kind: [i for i in mine if snapshots[i].kind == kind] for kind in ("measured", "assumed", "foreign")}
        count = MOMENTS_IN_ENERGY if state is State.ENERGY else 1
        for k, fault in enumerate(faults):
            other = groups["assumed"] if k % 2 and groups["assumed"] else groups["foreign"] or groups["assumed"]
            picked = set()
            for moments, times in ((groups["measured"], count), (other, 1)):
                parts = min(len(moments), times)
                picked |= {moments[(k // 2 + part * len(moments) // parts) % len(moments)] for part in range(parts)}
            jobs += [(i, fault.name) for i in sorted(picked)]
    return jobs


def run(snapshot: Snapshot, fault: Fault, *, trace: bool = False) -> Outcome:
    """Begin the fault, continue the plan, and wait for the end: at rest for a while, nothing energised."""
    board = snapshot.load()
    board.trace = [] if trace else None
    begin, events = board.now, board.events
    board.strike(fault.name)
    active_s, rest_since = 0.0, board.now
    with watched_clock(board):
        while board.now < begin + board.end_s + fault.lasts_s:
            before = board.now
            board.event()
            at_rest = resting(board)
            active_s += 0.0 if at_rest else board.now - before
            if not at_rest or waiting(board):
                rest_since = board.now
            elif board.now - rest_since > REST_S:
                break
    if not resting(board) and "mad" not in board.judge.excused:
        board.judge.fail(board, "an end state in its time", f"{board.state} {board.end_s:.0f} s after the fault")
    elif fault.borne and snapshot.healthy:
        _judge_health(board, snapshot)
    name = f"{snapshot.name} :: {fault.name}"
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


def resting(board: Board) -> bool:
    """No session, all outputs off except the lock (and stuck outputs)."""
    off = not board.plant.outputs & ALL_BUT_LOCK & ~board.stuck_lines
    return board.state in (State.IDLE, State.FAULT) and off and board.settled()


def waiting(board: Board) -> bool:
    """The plan still continues, or there is an order that charger will still accept."""
    return any(name != "turn" or args[1] is not False for _, _, name, args in board._later) or (
        board.wanted and board.state is State.IDLE and board.charger is not None and board.now < 2.0
    )


def ending(board: Board) -> str:
    """The end in a few words: state, fault name."""
    fault = board.charger.session.fault if board.charger else None
    return f"{board.state}{' ' + fault.name if fault else ''}"


def _judge_health(board: Board, snapshot: Snapshot) -> None:
    """Without a fault the plan is carried out: energy flows, and the session ends idle and unlocked. A plug whose
    sensor has given up is left to a person."""
    early = snapshot.state not in (State.SAFE, State.FAULT, State.CAR_OPENS) and board.now > 20.0
    if early and not board.judge.flowed:
        board.judge.fail(board, "a healthy session reaches energy", str([str(state) for _, state in board.states]))
    if (board.plant.outputs or board.state is not State.IDLE) and not board.sensor.gives_up:
        board.judge.fail(board, "a healthy session ends idle and unlocked", f"{ending(board)} {board.plant.outputs!r}")


@contextmanager
def watched_clock(board: Board) -> Iterator[None]:
    """While the wall clock has jumped, any read of a clock in a pure core breaks a rule: the only clock is `now`.

    Only this thread is judged. The patch replaces the clocks of the whole process, and a server that another test left
    running reads them in its own thread; that thread gets the true time.
    """
    if not board.clock_jumps:
        yield
        return
    plain = {name: getattr(time, name) for name in ("time", "monotonic")}
    judged = threading.get_ident()

    def watched(name: str) -> Callable[[], float]:
        def read() -> float:
            true_s: float = plain[name]()
            if threading.get_ident() != judged:
                return true_s
            board.judge.fail(board, "no clock is read", f"time.{name} in the core")
            return true_s + TEN_YEARS_S

        return read

    for name in plain:
        setattr(time, name, watched(name))
    try:
        yield
    finally:
        for name, clock in plain.items():
            setattr(time, name, clock)
