"""A stop from the panel is kept until charger and manager show that they have taken it. Pure.

Any other order belongs to the moment in which it was given: one that arrives late might start what nobody wants any
more. A stop that is lost, in a broker that restarts or hangs, would let the session go on as soon as the bus is back.
So it is said again as soon as one of the two speaks after it and does not show it. Who is silent cannot be told, so a
long outage and a hung program fill no log.

It has no end in time. Without the bus charger ends the session after 60 s by itself, but manager, who has not heard
of the stop, would have the next one begun a minute after the bus is back.
"""

from enum import Enum, auto

from v2h.bus import RESTING, ChargerState, ManagerState

REPEAT_S = 0.5
MOST = 120
"""A minute of repeats: who has heard as many and goes on does not obey, and another one changes nothing."""


class Finding(Enum):
    """What a look at the kept stop says."""

    NOTHING = auto()  # none is kept, or nobody shows that it did not arrive
    AGAIN = auto()  # to be said again now
    TAKEN = auto()  # both have it; it is kept no more
    OVERRULED = auto()  # somebody has started something since; it is kept no more
    IN_VAIN = auto()  # said MOST times; it is kept no more


class KeptStop:
    """The last stop of one panel. All `now` are monotonic seconds. Nothing of it outlives the program."""

    def __init__(self) -> None:
        self._pressed_t: float | None = None
        self._said_t = 0.0
        self.repeats = 0
        self._manager_took = False

    def pressed(self, now: float) -> None:
        """It is said at this moment, whether or not anybody hears it."""
        self._pressed_t = self._said_t = now
        self.repeats, self._manager_took = 0, False

    def forget(self) -> None:
        """The owner has ordered something else since."""
        self._pressed_t = None

    def look(self, now: float, charger: ChargerState | None, manager: ManagerState | None) -> Finding:
        """With the last words of both, however old. On AGAIN the caller says it."""
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
    """No session, or one on its way out; it may have to reach energy, at 0 A, before it can be left in order."""
    return charger.state in RESTING or charger.ended_by != ""
