"""Measures the interval between new values: what a source really delivers, not what it was asked for."""

from collections import deque

KEPT = 16
ENOUGH = 4
"""Gaps that must have been measured before they replace the expected interval."""


class Pace:
    """The lower quartile of the last KEPT gaps, s. It ignores outages, and gaps that are long because the house's power
    did not change; a meter that really has a new value only every 10 s has no shorter gap than that."""

    def __init__(self, expected_s: float) -> None:
        self.interval_s = expected_s
        self._gaps: deque[float] = deque(maxlen=KEPT)
        self._last_t: float | None = None

    def reading(self, t: float, *, after_silence: bool = False) -> float:
        """A new value arrived at `t`; returns the interval. after_silence: the gap before it does not count."""
        if self._last_t is not None and t > self._last_t and not after_silence:
            self._gaps.append(t - self._last_t)
            if len(self._gaps) >= ENOUGH:
                self.interval_s = sorted(self._gaps)[len(self._gaps) // 4]
        self._last_t = t
        return self.interval_s
