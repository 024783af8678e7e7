"""Make-safe: the one way to get from anything to "nothing flows, nothing is connected". Pure.

Three callers drive it: guard's trip, guard's start, and the stand-alone program systemd runs after the tree is gone.

1. write 0 A to the converter, read it back, again every 100 ms; 2. at <= 5 A, or after 0.8 s, PRE AC off;
3. at <= 5 A, or 0.3 s later, c1 and c2 open: the only case of opening them above 5 A; 4. d2 off, 0.5 s, d1 off (and
everything else but the lock); 5. converter disabled. The lock is never touched: whether the cable is safe to pull is
a separate question (rules.py). Afterwards 0 A and disable go on every 100 ms for as long as the caller asks.
"""

import math
from dataclasses import dataclass

from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.preheard import DEAD_S, PreHeard

LOW_A = 5.0
"""Contactors may open at or below this current (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""
AMPS_AGE_S = 0.25
"""A measured current older than this proves nothing: two and a half polls."""
ROUND_S = 0.1
"""0 A is written again each round."""
ANSWER_S = 0.02
"""Next request of a round: when the converter answered the last, or after this; its answers take 0.5 ms."""
STEP_S = 0.02
"""How often step() wants to be called."""
GRID_S = 0.005
"""Deadlines count as reached this much early: the caller's clock is a grid of STEP_S."""
ALL_BUT_LOCK = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC | Output.MASTER

OFF_ORDER = (
    Output.PRE_AC,
    Output.C1,
    Output.C2,
    Output.D2,
    Output.D1,
    Output.MASTER,
    Output.PLUG_LOCK,
)
"""Order in which several outputs go off in one step."""
ON_ORDER = (
    Output.MASTER,
    Output.PRE_AC,
    Output.PLUG_LOCK,
    Output.D1,
    Output.D2,
    Output.C1,
    Output.C2,
)
"""Order in which several outputs come on in one step."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step: `off` goes off wait_s after the row before was switched. at_most: or earlier, at <= 5 A; and then
    wait_s counts from that row's own deadline, so that a late turn of the caller does not add up."""

    step: str
    wait_s: float
    at_most: bool
    off: Output


ROWS = (
    Row("2: PRE AC off", 0.8, True, Output.PRE_AC),
    Row("3: c1, c2 open", 0.3, True, CONTACTORS),
    Row("4: d2 off", 0.05, False, Output.D2),  # 50 ms: the contactors' own drop-out, so that d2 is never the first
    Row("4: d1 off", 0.5, False, ALL_BUT_LOCK),  # d2 to d1: IEEE 2030.1.1 as quoted by ccs32clara-chademo
    Row("5: disable", 0.2, False, NONE),  # two rounds, so that the request is out even when nothing answers
)
FROM_SIGNALS = 2
"""Start here when c1 and c2 were found open: only d2, d1 and the rest have to go, in order."""
_DISABLE_FROM = 4

_ZERO = pre.write_amps(0.0)
_DISABLE = pre.write_enable(False)
_PROBES = (_ZERO, pre.read_amps_setpoint(), pre.read_amps())


@dataclass(frozen=True, slots=True)
class Step:
    """What the caller does now: send (one SDO request for the converter), then switch `off` off. done: steps 1 to 5
    are through; the caller may stop, or go on stepping to keep 0 A and disable on the bus."""

    send: bytes | None
    off: Output
    done: bool


class MakeSafe:
    """Call step() at once, then at least every 20 ms and whenever the converter answered. Hearing nothing from the
    converter is no obstacle: every row has its deadline."""

    def __init__(self, now: float, row: int = 0) -> None:
        self._row = row
        self._entered: float | None = now
        """When the present row's wait began; None: with the next step(), when the outputs have been switched."""
        self._must_be_off = NONE
        self._round_t = -math.inf
        self._queue: list[bytes] = []
        self._sent_t, self._answers_then = -math.inf, 0
        self._zero_t = math.inf

    @property
    def doing(self) -> str:
        """The row being waited for, in words."""
        return ROWS[self._row].step if self._row < len(ROWS) else "done"

    def drop_pre_ac(self) -> None:
        """Somebody wrote current after the trip: no more waiting for step 2, and 0.3 s from now for step 3."""
        self._must_be_off |= Output.PRE_AC
        if self._row == 0:
            self._row, self._entered = 1, None

    def step(self, now: float, outputs: Output, heard: PreHeard) -> Step:
        """outputs: as read back. An output that should be off by now but reads on is asked for again each time."""
        send = self._next_request(now, heard)
        low = self._is_low(now, heard)
        self._entered = now if self._entered is None else self._entered
        while self._entered is not None and self._row < len(ROWS):
            row = ROWS[self._row]
            due = self._entered + row.wait_s
            if row.at_most and not low and now < due - GRID_S:
                break
            if not row.at_most and now < due:
                break
            self._must_be_off |= row.off
            self._row += 1
            deadline_next = self._row < len(ROWS) and ROWS[self._row].at_most
            self._entered = min(now, due) if deadline_next else None
        return Step(send, self._must_be_off & outputs, self._row >= len(ROWS))

    def _is_low(self, now: float, heard: PreHeard) -> bool:
        """0 A read back after our own 0 A, and at most 5 A measured when it had taken effect: a ramp on its way up, or
        to the other side, is not low."""
        amps = heard.amps(now, AMPS_AGE_S, self._zero_t + DEAD_S)
        return amps is not None and abs(amps) <= LOW_A and heard.set_t > self._zero_t and heard.set_a == 0.0

    def _next_request(self, now: float, heard: PreHeard) -> bytes | None:
        if now >= self._round_t + ROUND_S - GRID_S:
            self._round_t = now
            if self._row < _DISABLE_FROM:
                self._queue = list(_PROBES)
            else:
                self._queue = [_ZERO, _DISABLE]
        elif not self._queue or (heard.answers == self._answers_then and now < self._sent_t + ANSWER_S - GRID_S):
            return None
        self._sent_t, self._answers_then = now, heard.answers
        self._zero_t = min(self._zero_t, now)
        return self._queue.pop(0)
