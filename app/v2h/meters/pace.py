"""Measured interval between readings: what a source really does, not what it was asked for."""

SHARE = 0.1
LONGEST = 5.0
"""A gap longer than this many intervals is an outage, not a pace."""


class Pace:
    """Running mean of the time between readings, s. Starts from the configured interval."""

    def __init__(self, expected_s: float) -> None:
        self.interval_s = expected_s
        self._last_t: float | None = None

    def reading(self, t: float) -> float:
        """A reading arrived at `t`; returns the interval."""
        if self._last_t is not None:
            gap_s = t - self._last_t
            if 0 < gap_s <= LONGEST * self.interval_s:
                self.interval_s += SHARE * (gap_s - self.interval_s)
        self._last_t = t
        return self.interval_s
