"""When a session may start, and when it ends for want of work: sparing the car's contactors and 12 V battery; pure.

A new order number is the charger's leave to start one session. It is given out when a mode wants energy and there is
something useful to do: at most STARTS_AN_HOUR, a minute after a session that the car ended by itself, and not after
REFUSALS sessions that the car ended before any energy flowed; then it waits for the car to be plugged in anew, as far
as that is heard, or for the owner.
"""

from collections import deque
from dataclasses import dataclass

from v2h.bus import ChargerState

STARTS_AN_HOUR = 4
HOUR_S = 3600.0
REFUSALS = 3
RETRY_S = 60.0
"""A car that has just ended a session needs its time to go to sleep."""
USEFUL_S = 60.0
"""There must be something to do for so long before a car at rest is woken for it."""
UNHEARD_S = 60.0
"""A car that speaks, outside of a session, after so long a silence has been plugged in."""
HEARD_S = 2.0
RESTING = ("idle", "make-safe", "fault")


@dataclass(frozen=True, slots=True)
class Leave:
    """wanted: a session shall run. number: of the order behind it. why: why there is none although a mode wants energy,
    as the end of a sentence; "" when nothing is in the way."""

    wanted: bool
    number: int
    why: str = ""


class Sparing:
    """State between two steps. Feed charger() and step(); owner() when the owner orders something."""

    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=STARTS_AN_HOUR * 4)
        self._number = 0
        self._open = False
        """The number is given out and no session has begun with it."""
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
        """The owner ordered something: the car is tried again, however often it was tried before."""
        self._refusals, self._retry_t, self._resting, self._owner_t = 0, float("-inf"), False, now

    def charger(self, now: float, state: ChargerState) -> None:
        """The charger told its state."""
        began = self._state in RESTING and state.state not in RESTING
        ended = self._state not in RESTING and state.state in RESTING
        self._state, self._reason = state.state, state.reason
        self._flowed = (self._flowed and not began) or state.state == "energy"
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

    def step(self, now: float, wants: bool, useful: bool, idle_end_s: float, *, eager: bool = True) -> Leave:
        """wants: a mode wants energy. useful: there is something to do for it at this moment. eager: somebody chose the
        mode by hand and shall see it begin; else a session begins only when there is something to do."""
        if not wants:
            self._wants = self._resting = self._open = False
            self._idle_since = self._useful_since = None
            return Leave(False, self._number)
        fresh, self._wants = not self._wants, True
        if fresh and not useful and not eager:
            self._resting = True
        self._rest(now, useful, idle_end_s)
        if self._resting:
            return Leave(False, self._number, "there is nothing useful to do")
        running = self._state not in RESTING and not self._open
        if fresh or not (self._open or running):
            why = self._in_the_way(now)
            if why:
                return Leave(False, self._number, why)
            self._number, self._open = max(int(now * 1000), self._number + 1), True
        return Leave(True, self._number)

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
            said = f" ({self._reason})" if self._reason else ""
            return f"the car ended {REFUSALS} starts in a row{said}: plug it in anew, or choose a mode"
        if now < self._retry_t:
            return f"the session ended by itself ({self._reason or 'no reason given'}); next try within a minute"
        recent = [t for t in self._starts if now - t < HOUR_S and t > self._owner_t]
        if len(recent) >= STARTS_AN_HOUR:
            wait_min = (recent[-STARTS_AN_HOUR] + HOUR_S - now) / 60
            return f"{STARTS_AN_HOUR} starts within an hour are enough; next try in {wait_min:.0f} min"
        return ""

    def _listen(self, now: float, state: ChargerState) -> None:
        """A car that is heard outside of a session after a long silence was plugged in."""
        age_s = state.ages_s.get("car")
        heard = age_s is not None and age_s <= HEARD_S
        if heard and self._unheard and state.state in RESTING:
            self._refusals, self._retry_t = 0, float("-inf")
        if heard:
            self._silent_t, self._unheard = now, False
        elif now - self._silent_t >= UNHEARD_S:
            self._unheard = True
