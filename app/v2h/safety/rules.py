"""Which outputs may be on together, and which changes are allowed when. Pure.

Two tables. NEEDS: a wish that breaks a row is a charger out of its mind, and guard trips. MOVES: a change whose
moment has not come is held (the output stays as it is, and where others are needed with it, all of them) and
reported; charger simply goes on asking. Make-safe is not judged here: it has its own order.
"""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.safety.makesafe import LOW_A
from v2h.safety.outputs import CONTACTORS, Output, names
from v2h.safety.wire import Request, Trip

UNLOCK_V = 10.0
"""The plug stays locked above this cable voltage (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""
UNLOCK_BY_PERSON_S = 120.0
"""Ours: so long after d1 and d2 went off has a cable of unknown voltage bled by itself, before a person may decide."""
D2_V = 20.0
"""d2 rises only onto a cable known to be below (IEEE 2030.1.1 as quoted by open implementations)."""
D2_TO_D1_S = 0.5
"""d1 stays this long after d2 (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""

D1, D2, LOCK, PRE_AC, MASTER = Output.D1, Output.D2, Output.PLUG_LOCK, Output.PRE_AC, Output.MASTER


@dataclass(frozen=True, slots=True)
class Need:
    """While any of `on` is on, all of `needs` must be on, because `reason`."""

    on: Output
    needs: Output
    reason: str


NEEDS = (
    Need(CONTACTORS, CONTACTORS, "one contactor alone puts one pole of the car on the converter and measures nothing"),
    Need(CONTACTORS, LOCK, "a plug that can be pulled must not carry the converter's voltage"),
    Need(CONTACTORS, D1, "the car must know that a sequence runs before anything reaches its inlet"),
    Need(CONTACTORS, PRE_AC, "a converter without mains cannot hold its current at 0 A, nor tell what flows"),
    Need(CONTACTORS, MASTER, "what master feeds is not known: nothing that carries power is switched without it"),
    Need(PRE_AC, MASTER, "what master feeds is not known: nothing that carries power is switched without it"),
    Need(D2, D1, "the start signals come and go in order, d1 around d2"),
    Need(D2, LOCK, "with d2 the car may put its battery on the plug's pins"),
)


@dataclass(frozen=True, slots=True)
class View:
    """What guard itself knows. outputs: as read back. pre_current_a: heard on the converter's bus and fresh, else None;
    the current asked for, where that is larger.

    d2_off_s: how long d2 has been off; signals_off_s: how long d1 and d2 have both been off; 0 while on. A restarted
    guard counts from its own start.
    """

    outputs: Output
    k_on: bool
    pre_current_a: float | None
    d2_off_s: float
    signals_off_s: float


@dataclass(frozen=True, slots=True)
class Move:
    """Switching any of `outputs` on (rising) or off is allowed only when `allowed`; else it is held: `reason`."""

    outputs: Output
    rising: bool
    allowed: Callable[[View, Request], bool]
    reason: str


def _current_low(view: View, request: Request) -> bool:
    """Guard's own fresh measurement is at most 5 A, and charger does not know better."""
    known = view.pre_current_a is not None and abs(view.pre_current_a) <= LOW_A
    return known and (request.pre_current_a is None or abs(request.pre_current_a) <= LOW_A)


def _cable_dead(request: Request) -> bool:
    return request.cable_v is not None and abs(request.cable_v) < D2_V


def _may_unlock(view: View, request: Request) -> bool:
    if (request.outputs | view.outputs) & (D1 | D2 | CONTACTORS):
        return False
    if request.cable_v is not None:
        return abs(request.cable_v) <= UNLOCK_V
    return request.unlock_by_person and view.signals_off_s >= UNLOCK_BY_PERSON_S


MOVES = (
    Move(CONTACTORS, False, _current_low, "c1 and c2 open only at a known current of at most 5 A"),
    Move(
        D2,
        False,
        lambda view, request: not view.outputs & CONTACTORS or _current_low(view, request),
        "d2 holds the car's contactors: it falls only at a known current of at most 5 A, or with c1 and c2 open",
    ),
    Move(
        D1,
        False,
        lambda view, request: not view.outputs & CONTACTORS and D2 not in view.outputs and view.d2_off_s >= D2_TO_D1_S,
        "d1 falls with c1 and c2 open, and 0.5 s after d2",
    ),
    Move(
        LOCK,
        False,
        _may_unlock,
        "unlocking needs d1, d2, c1, c2 off and a cable known to be at 10 V or less (or unknown, d1 and d2 off for "
        "120 s, and a person's confirmation)",
    ),
    Move(
        D2,
        True,
        lambda view, request: view.k_on and not (view.outputs | request.outputs) & CONTACTORS and _cable_dead(request),
        "d2 rises only with the car's permission K, with c1 and c2 open, for the car would close onto the converter, "
        "and onto a cable known to be below 20 V",
    ),
    Move(
        CONTACTORS,
        True,
        lambda view, request: view.k_on and D2 not in view.outputs & ~request.outputs,
        "c1 and c2 close only with the car's permission K, and not while d2 falls, for K falls with it",
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """apply: what the outputs may become now. trip: set when the wish itself is forbidden (then apply means nothing).

    why: empty when the wish is granted whole.
    """

    apply: Output
    trip: Trip | None
    why: str


def broken_need(outputs: Output) -> Need | None:
    """The first row of NEEDS that this combination breaks."""
    return _BROKEN[outputs]


_BROKEN = tuple(
    next((need for need in NEEDS if outputs & need.on and need.needs & ~outputs), None)
    for outputs in map(Output, range(0x80))
)
"""The same for every combination: guard asks several times a turn."""


def judge(view: View, request: Request) -> Verdict:
    """What becomes of a wish: granted, held in part, or a reason to make safe."""
    wish, current = request.outputs, view.outputs
    if (need := broken_need(wish)) is not None:
        on, missing = names(need.on & wish), names(need.needs & ~wish)
        return Verdict(current, Trip.FORBIDDEN_OUTPUTS, f"{'+'.join(on)} without {'+'.join(missing)}: {need.reason}")
    if wish == current:
        return Verdict(current, None, "")
    rising, falling = wish & ~current, current & ~wish
    kept_on, kept_off, reasons = Output(0), Output(0), []
    for move in MOVES:
        moving = (rising if move.rising else falling) & move.outputs
        if moving and not move.allowed(view, request):
            kept_off, kept_on = (kept_off | moving, kept_on) if move.rising else (kept_off, kept_on | moving)
            reasons.append(move.reason)
    apply = (wish | kept_on) & ~kept_off
    if broken_need(apply) is not None:  # a held output keeps its company: nothing changes
        apply = current
    return Verdict(apply, None, "; ".join(reasons))
