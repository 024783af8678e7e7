"""Limits how often sessions start and ends idle ones, to save the car's contactors and its 12 V battery; pure.

A new order number permits `charger` to start one session. The limiter gives it out when a mode wants energy and there
is something useful to do: at most STARTS_AN_HOUR times an hour, a minute after a session that the car ended by itself,
and not after REFUSALS sessions that the car ended before any energy flowed; then it waits until the car is plugged in
again, as far as the car's frames show that, or for the owner.
"""

from collections import deque
from dataclasses import dataclass

from v2h.bus.messages import ChargerState
from v2h.bus.sentences import say
from v2h.bus.states import ENDED, State

STARTS_AN_HOUR = 4
HOUR_S = 3600.0
REFUSALS = 3
RETRY_S = 60.0
"""A car that has just ended a session needs this time to go to sleep."""
USEFUL_S = 60.0
"""There must be something to do for this long before a car at rest is woken for it."""
UNHEARD_S = 60.0
"""A car that sends frames, outside of a session, after this long a silence has been plugged in."""
HEARD_S = 2.0


@dataclass(frozen=True, slots=True)
class StartPermit:
    """wanted: a session is to run. number: its order number. why: the end of a sentence that says why no session
    starts although a mode wants energy; "" when nothing prevents it."""

    wanted: bool
    number: int
    why: str = ""


class StartLimiter:
    """State between two steps. Call charger() and step(); and owner() when the owner orders something."""

    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=STARTS_AN_HOUR * 4)
        self._number = 0
        self._open = False
        """The number has been given out, and no session has begun with it yet."""
        self._state, self._reason, self._flowed = "idle", "", False
        self._refusals, self._retry_t = 0, float("-inf")
        self._owner_t = float("-inf")
        self._wants = self._resting = False
        self._idle_since: float | None = None
        self._useful_since: float | None = None
        self._silent_t = float("-inf")
        self._unheard = False

    def starts(self, now: float) -> int:
        """Sessions begun within the last hour."""
        return sum(now - t < HOUR_S for t in self._starts)

    def owner(self, now: float) -> None:
        """The owner ordered something: sessions may start again, however many starts there were before."""
        self._refusals, self._retry_t, self._resting, self._owner_t = 0, float("-inf"), False, now

    def charger(self, now: float, state: ChargerState) -> None:
        """`charger` reported its state."""
        began = self._state in ENDED and state.state not in ENDED
        ended = self._state not in ENDED and state.state in ENDED
        self._state, self._reason = state.state, state.reason
        self._flowed = (self._flowed and not began) or state.state == State.ENERGY
        self._listen(now, state)
        if began:
            self._starts.append(now)
            self._open = False
        elif ended and self._wants and not self._resting and not self._open:
            if self._flowed:
                self._refusals = 0
            elif state.ended_by != "us":
                self._refusals += 1
            self._retry_t = now + RETRY_S

    def step(self, now: float, wants: bool, useful: bool, idle_end_s: float, *, eager: bool = True) -> StartPermit:
        """wants: a mode wants energy. useful: there is something to do for it at this moment. eager: the owner chose
        the mode and expects it to begin at once; otherwise a session begins only when there is something to do."""
        if not wants:
            self._wants = self._resting = self._open = False
            self._idle_since = self._useful_since = None
            return StartPermit(False, self._number)
        fresh, self._wants = not self._wants, True
        if fresh and not useful and not eager:
            self._resting = True
        self._rest(now, useful, idle_end_s)
        if self._resting:
            return StartPermit(False, self._number, say("start.nothing_useful"))
        running = self._state not in ENDED and not self._open
        if fresh or not (self._open or running):
            why = self._in_the_way(now)
            if why:
                return StartPermit(False, self._number, why)
            self._number, self._open = max(int(now * 1000), self._number + 1), True
        return StartPermit(True, self._number)

    def _rest(self, now: float, useful: bool, idle_end_s: float) -> None:
        if useful:
            self._idle_since = None
            self._useful_since = now if self._useful_since is None else self._useful_since
            if self._resting and now - self._useful_since >= USEFUL_S:
                self._resting = False
        else:
            self._useful_since = None
            self._idle_since = now if self._idle_since is None else self._idle_since
            if now - self._idle_since >= idle_end_s:
                self._resting = True
                self._open = False

    def _in_the_way(self, now: float) -> str:
        if self._refusals >= REFUSALS:
            return say("start.refused", count=REFUSALS, reason=self._reason)
        if now < self._retry_t:
            return say("start.ended_by_itself", reason=self._reason or say("start.no_reason"))
        recent = [t for t in self._starts if now - t < HOUR_S and t > self._owner_t]
        if len(recent) >= STARTS_AN_HOUR:
            wait_min = (recent[-STARTS_AN_HOUR] + HOUR_S - now) / 60
            return say("start.too_many", count=STARTS_AN_HOUR, wait_min=wait_min)
        return ""

    def _listen(self, now: float, state: ChargerState) -> None:
        """A car that sends frames outside of a session after a long silence was plugged in: it is tried again."""
        age_s = state.ages_s.get("car")
        heard = age_s is not None and age_s <= HEARD_S
        if heard and self._unheard and state.state in ENDED:
            self._refusals, self._retry_t = 0, float("-inf")
        if heard:
            self._silent_t, self._unheard = now, False
        elif now - self._silent_t >= UNHEARD_S:
            self._unheard = True
