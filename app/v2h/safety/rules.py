"""Which outputs may be on together, and which changes are allowed when. Pure.

Two tables. NEEDS: a request that violates NEEDS can only come from a broken `charger`: `guard` trips. MOVES: a change
whose moment has not come is held and reported, and charger repeats its request. A held output stays as it is; if the
result would violate NEEDS, all outputs stay as they are. Make-safe is not judged here: it has its own order.
"""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.safety.makesafe import LOW_A
from v2h.safety.outputs import CONTACTORS, Output, names
from v2h.safety.wire import Request, Trip

UNLOCK_V = 10.0
"""The plug stays locked above this cable voltage (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""
UNLOCK_BY_PERSON_S = 120.0
"""Our choice: a person may unlock a cable of unknown voltage only this long after d1 and d2 went off. By then the cable
has discharged by itself."""
D2_V = 20.0
"""d2 may rise only onto a cable known to be at or below this voltage (IEEE 2030.1.1 as quoted by open
implementations)."""
D2_TO_D1_S = 0.5
"""d1 stays on this long after d2 (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""

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
    """What guard itself knows. outputs: as read back. pre_current_a: fresh from the converter's bus, else None; the
    ordered current where that is larger.

    d2_off_s: how long d2 has been off; signals_off_s: how long d1 and d2 have both been off; 0 while on. A restarted
    guard counts from its own start. cable_high_v: the largest cable voltage that charger reported within the last
    0.8 s; None when it reported too few values, or an unknown voltage. One report of charger alone never permits
    unlocking or a rise of d2.
    """

    outputs: Output
    k_on: bool
    pre_current_a: float | None
    d2_off_s: float
    signals_off_s: float
    cable_high_v: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Switching any of `outputs` on (rising) or off is allowed only when `allowed` is true; else the change is held and
    `reason` is reported."""

    outputs: Output
    rising: bool
    allowed: Callable[[View, Request], bool]
    reason: str


def _current_low(view: View, request: Request) -> bool:
    """Guard's own fresh value is at most 5 A, and charger does not report more than that."""
    known = view.pre_current_a is not None and abs(view.pre_current_a) <= LOW_A
    return known and (request.pre_current_a is None or abs(request.pre_current_a) <= LOW_A)


def _told_below(view: View, request: Request, below_v: float) -> bool:
    """charger reports at most below_v now, and has reported no larger voltage for 0.8 s."""
    now_v, high_v = request.cable_v, view.cable_high_v
    return now_v is not None and high_v is not None and max(abs(now_v), abs(high_v)) <= below_v


def _may_unlock(view: View, request: Request) -> bool:
    if (request.outputs | view.outputs) & (D1 | D2 | CONTACTORS):
        return False
    if request.cable_v is not None:
        return _told_below(view, request, UNLOCK_V)
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
        "unlocking needs d1, d2, c1, c2 off and a cable known to be at 10 V or less for 0.8 s (or unknown, d1 and d2 "
        "off for 120 s, and a person's confirmation)",
    ),
    Move(
        D2,
        True,
        lambda view, request: view.k_on
        and not (view.outputs | request.outputs) & CONTACTORS
        and _told_below(view, request, D2_V),
        "d2 rises only with the car's permission K, with c1 and c2 open, for the car would close onto the converter, "
        "and onto a cable known to be below 20 V for 0.8 s",
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
    """apply: what the outputs may become now. trip: set when the request itself is forbidden (then apply has no
    meaning).

    why: empty when the request is granted in full.
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
"""The result for every combination, computed once, because guard needs it several times per turn."""


def judge(view: View, request: Request) -> Verdict:
    """Whether a request is granted, held in part, or a reason to make safe."""
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
    if broken_need(apply) is not None:  # a held output needs others: nothing changes
        apply = current
    return Verdict(apply, None, "; ".join(reasons))
