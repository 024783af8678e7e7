"""Keeps a stop from the panel until the reports of `charger` and `manager` acknowledge it. Pure.

Other orders are not kept: one that arrives late might start something that nobody wants any more. A stop that is lost,
in a broker that restarts or hangs, would let the session go on as soon as the bus is back. So the stop is repeated as
soon as one of the two sends a later report that does not acknowledge it. There are no repeats for a silent program, so
a long outage or a hung program does not fill the log.

The stop is kept without a time limit. Without the bus `charger` ends the session after 60 s by itself, but `manager`,
which has not received the stop, would order the next session a minute after the bus is back.
"""

from enum import Enum, auto

from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.states import RESTING

REPEAT_S = 0.5
MOST = 120
"""A minute of repeats: a program that got as many and goes on does not obey, and another repeat changes nothing."""


class Finding(Enum):
    """The result of look()."""

    NOTHING = auto()  # no stop is kept, or no report shows that it did not arrive
    AGAIN = auto()  # send the stop again now
    TAKEN = auto()  # both have acknowledged it; it is no longer kept
    OVERRULED = auto()  # somebody has started something since; it is no longer kept
    IN_VAIN = auto()  # repeated MOST times; it is no longer kept


class PendingStop:
    """The last stop of one panel. All `now` are monotonic seconds. It is lost when the program ends."""

    def __init__(self) -> None:
        self._pressed_t: float | None = None
        self._said_t = 0.0
        self.repeats = 0
        self._manager_took = False

    def pressed(self, now: float) -> None:
        """The caller sends the stop at this moment, whether or not anybody receives it."""
        self._pressed_t = self._said_t = now
        self.repeats, self._manager_took = 0, False

    def forget(self) -> None:
        """The owner has ordered something else since."""
        self._pressed_t = None

    def look(self, now: float, charger: ChargerState | None, manager: ManagerState | None) -> Finding:
        """charger, manager: the last report of each, however old. On AGAIN the caller sends the stop."""
        finding = self._find(now, charger, manager)
        if finding is Finding.AGAIN:
            self._said_t, self.repeats = now, self.repeats + 1
        elif finding is not Finding.NOTHING:
            self.forget()
        return finding

    def _find(self, now: float, charger: ChargerState | None, manager: ManagerState | None) -> Finding:
        pressed_t = self._pressed_t
        if pressed_t is None:
            return Finding.NOTHING
        if manager is not None and manager.t > pressed_t:
            if self._manager_took and not manager.stopped_by_owner:
                return Finding.OVERRULED
            self._manager_took = manager.stopped_by_owner
        charger_took = charger is not None and charger.t > pressed_t and _ends(charger)
        if charger_took and self._manager_took:
            return Finding.TAKEN
        without = [word for word, took in ((charger, charger_took), (manager, self._manager_took)) if not took]
        speaks = any(word is not None and word.t > self._said_t for word in without)
        if not speaks or now - self._said_t < REPEAT_S:
            return Finding.NOTHING
        return Finding.AGAIN if self.repeats < MOST else Finding.IN_VAIN


def _ends(charger: ChargerState) -> bool:
    """True without a session, or with one that is ending; it may have to reach energy, at 0 A, before it can end in
    order."""
    return charger.state in RESTING or charger.ended_by != ""
