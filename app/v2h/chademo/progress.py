"""Where a session stands: what its transitions may read and change. The engine is session.py."""

from collections.abc import Mapping

from v2h.chademo.states import TABLE, State
from v2h.chademo.view import Fault, Inputs
from v2h.safety.outputs import NONE


class Progress:
    """State, marks in time, the latched fault.

    number must differ between program starts: guard clears a trip only for a new one. waits_s: other deadlines for
    named states (a replay waits up to 15 s for the recorded test voltage). locked: the plug lock is wanted on.
    charging: what 109.5.0 says. flowed: energy has flowed in this session. ending: a stop is under way.
    """

    def __init__(self, number: int, protocol: int = 2, waits_s: Mapping[State, float] | None = None) -> None:
        self.number, self.protocol = number, protocol
        self.waits_s = dict(waits_s or {})
        self.state = State.IDLE
        self.since_t = 0.0
        self.reason = "not started"
        self.fault: Fault | None = None
        self.locked = self.ending = self.charging = self.flowed = False
        self.order_done = -1
        self.d1_t = self.permitted_t = 0.0
        self.speaking_t: float | None = None
        self.held_t: float | None = None
        self.seen_on = NONE
        self.watched: dict[str, float] = {}
        self.history: list[tuple[float, State]] = []

    def fail(self, fault: Fault, now: float) -> None:
        """Latch the first fault and leave in order."""
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self.stop(now)

    def begin(self, now: float, i: Inputs) -> None:
        """A new session starts with this step; called by the transition out of IDLE."""
        self.number = (self.number + 1) & 0xFFFFFFFF
        self.order_done = i.order
        self.d1_t, self.reason = now, "starting"
        self.ending = self.charging = self.flowed = False
        self.speaking_t = None
        self.seen_on = NONE

    def enter(self, state: State, now: float) -> None:
        """Change state; charging is what 109.5.0 says, from ENERGY until the current is known to be small."""
        self.state, self.since_t, self.held_t = state, now, None
        self.history.append((now, state))
        del self.history[:-200]
        self.watched.clear()
        if state is State.ENERGY:
            self.charging = self.flowed = True
            self.reason = "energy may flow"
        elif state is State.FAULT:
            self.speaking_t, self.charging = None, False
        elif state is State.IDLE:
            self.speaking_t = None

    def stop(self, now: float, *, calm: bool = False) -> None:
        """Leave in order, by the row's road; calm: it is the owner's wish, nothing is wrong."""
        row = TABLE[self.state]
        following = row.calm or row.stop if calm else row.stop
        self.ending = True
        if following is not None and following is not self.state:
            self.enter(following, now)

    def make_safe(self, fault: Fault, now: float) -> None:
        """guard has tripped, or must: nothing is left to do in order."""
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self.ending = True
        self.enter(State.SAFE, now)
