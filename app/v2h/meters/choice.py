"""Which of two meters of one role is believed: the first, and the second while the first is silent or frozen; pure."""

from v2h.meters.health import USABLE, Word

PROVEN_S = 10.0
"""So long the first meter must do well before it is believed again: one that comes and goes would shake the car."""


class Choice:
    """0 is the first meter, 1 its fallback."""

    def __init__(self) -> None:
        self.using = 0
        self._good_since: float | None = None

    def choose(self, now: float, first: Word, second: Word | None) -> int:
        """The meter to believe from now on; second None: there is no fallback."""
        if first not in USABLE:
            self._good_since = None
            if second in USABLE:
                self.using = 1
        else:
            if self._good_since is None:
                self._good_since = now
            if second not in USABLE or now - self._good_since >= PROVEN_S:
                self.using = 0
        return self.using
