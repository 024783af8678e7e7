"""Make-safe: the one way to get from any state to "nothing flows, nothing is connected". Pure.

Three callers drive it: guard's trip, guard's start, and the stand-alone program that systemd runs after the tree has
ended.

1. write 0 A to the converter, read it back, repeat every 100 ms; 2. at <= 5 A, or after 0.8 s, PRE AC off;
3. at <= 5 A, or 0.3 s later, c1 and c2 open: only here may they open above 5 A; 4. d2 off, after 0.5 s d1 off (and
everything else but the lock); 5. converter disabled. The lock is never touched: whether the cable is safe to pull is
a separate question (rules.py). Afterwards 0 A and disable are repeated every 100 ms for as long as the caller asks.
"""

import math
from dataclasses import dataclass

from v2h.pre import objects as pre
from v2h.safety.converter_monitor import DEAD_S, ConverterMonitor
from v2h.safety.outputs import CONTACTORS, NONE, Output

LOW_A = 5.0
"""Contactors may open at or below this current (IEEE 2030.1.1 as quoted by ccs32clara-chademo)."""
AMPS_AGE_S = 0.25
"""A measured current older than this is not used: two and a half polls."""
ROUND_S = 0.1
"""0 A is written again each round."""
ANSWER_S = 0.02
"""The next request of a round goes out when the converter has answered the last one, or after this time; its answers
take 0.5 ms."""
STEP_S = 0.02
"""How often the caller must call step()."""
GRID_S = 0.005
"""A deadline counts as reached this much early, because the caller's clock is a grid of STEP_S."""
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
    """One step: `off` goes off wait_s after the row before was switched. at_most: or earlier, at <= 5 A; wait_s then
    counts from the deadline of the row before, so that late calls of the caller do not add up."""

    step: str
    wait_s: float
    at_most: bool
    off: Output


ROWS = (
    Row("2: PRE AC off", 0.8, True, Output.PRE_AC),
    Row("3: c1, c2 open", 0.3, True, CONTACTORS),
    Row("4: d2 off", 0.05, False, Output.D2),  # 50 ms: the contactors' own drop-out time, so that d2 never goes first
    Row("4: d1 off", 0.5, False, ALL_BUT_LOCK),  # d2 to d1: IEEE 2030.1.1 as quoted by ccs32clara-chademo
    Row("5: disable", 0.2, False, NONE),  # two rounds, so that the request is sent even without an answer
)
FROM_SIGNALS = 2
"""Start here when c1 and c2 were found open: only d2, d1 and the rest have to go, in order."""
_DISABLE_FROM = 4

_ZERO = pre.write_amps(0.0)
_DISABLE = pre.write_enable(False)
_PROBES = (_ZERO, pre.read_amps_setpoint(), pre.read_amps(), pre.read_amps())
"""The current is read twice, because one answer alone is not enough."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the caller does now: send (one SDO request for the converter), then switch `off` off. done: steps 1 to 5
    are complete; the caller may stop, or go on stepping so that 0 A and disable are repeated on the bus."""

    send: bytes | None
    off: Output
    done: bool


class MakeSafe:
    """Call step() at once, then at least every 20 ms and whenever the converter has answered. Make-safe completes also
    when the converter does not answer, because every row has its deadline."""

    def __init__(self, now: float, row: int = 0) -> None:
        self._row = row
        self.since_t = now
        """The first wait counts from here. A make-safe that takes over from this one begins at the same time, so that
        the waits of the two do not add up."""
        self._entered: float | None = now
        """When the wait of the present row began; None: it begins at the next step(), after the outputs were
        switched."""
        self._must_be_off = NONE
        self._round_t = -math.inf
        self._queue: list[bytes] = []
        self._sent_t, self._answers_then = -math.inf, 0
        self._zero_t = math.inf
        """Our first 0 A after the last order of another program, which may cross our very first one."""

    @property
    def doing(self) -> str:
        """The name of the row whose deadline is awaited, or "done"."""
        return ROWS[self._row].step if self._row < len(ROWS) else "done"

    def drop_pre_ac(self, now: float) -> None:
        """Another program wrote a current after the trip: step 2 comes at once, and step 3 at most 0.3 s later."""
        self._must_be_off |= Output.PRE_AC
        self.since_t = min(self.since_t, now - ROWS[0].wait_s)
        if self._row == 0:
            self._row, self._entered = 1, None

    def step(self, now: float, outputs: Output, heard: ConverterMonitor) -> Step:
        """outputs: as read back. An output that should be off by now but reads on is in `off` again at each call."""
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

    def _is_low(self, now: float, heard: ConverterMonitor) -> bool:
        """True when 0 A was read back after our own write of 0 A, and at most 5 A was measured after that write had
        taken effect: the current is not low while it ramps up or reverses. A reading that is low sooner than the
        converter can come down from its last order may be a frozen one, and is not believed either."""
        amps = heard.amps(now, AMPS_AGE_S, self._zero_t + DEAD_S)
        if amps is None or max(abs(amps), heard.may_flow_a(now, self._zero_t)) > LOW_A:
            return False
        return heard.set_t > self._zero_t and heard.set_a == 0.0

    def _next_request(self, now: float, heard: ConverterMonitor) -> bytes | None:
        if now >= self._round_t + ROUND_S - GRID_S:
            self._round_t = now
            ordered_t, ordered_a = heard.asked[-1]
            if self._zero_t == math.inf or (ordered_a and ordered_t > self._zero_t):
                self._zero_t = now
            if self._row < _DISABLE_FROM:
                self._queue = list(_PROBES)
            else:
                self._queue = [_ZERO, _DISABLE]
        elif not self._queue or (heard.answers == self._answers_then and now < self._sent_t + ANSWER_S - GRID_S):
            return None
        self._sent_t, self._answers_then = now, heard.answers
        return self._queue.pop(0)
