"""Chooses the meter of a role that is used: the first, or the second while the first is silent or frozen; pure."""

from v2h.meters.health import USABLE, MeterHealth

PROVEN_S = 10.0
"""The first meter must be usable for this long before it is used again: with one that fails and recovers repeatedly,
the car's power would jump at each change."""


class MeterFailover:
    """0 is the first meter, 1 its fallback."""

    def __init__(self) -> None:
        self.using = 0
        self._good_since: float | None = None

    def choose(self, now: float, first: MeterHealth, second: MeterHealth | None) -> int:
        """The meter to use from now on; second None: there is no fallback."""
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
