"""Readings over time, and the value on which several of them agree. Pure.

One reading is not data where something unlocks, opens, closes or starts: a line that glitches, or a frame that was cut,
also gives a valid number. charger and guard each keep their own readings.
"""

from collections import deque

AGREE_S = 1.0
"""Readings must agree for this time before a cable counts as empty. Our choice: five times the longest interval between
two readings."""
AGREE_LEAST = 5
"""At least this many readings must agree."""
GAP_S = 0.5
"""A longer gap ends a run of readings."""
SLACK_S = 1e-6
"""Rounding of floating-point numbers can put a reading just outside a window whose edge it is."""


class Readings:
    """The readings of one quantity within the last for_s; at least `least` of them must agree. Times are monotonic
    seconds and do not go back."""

    def __init__(self, for_s: float = AGREE_S, least: int = AGREE_LEAST) -> None:
        self._for_s, self._least = for_s, least
        self._kept: deque[tuple[float, float]] = deque()
        self._began_t: float | None = None
        """When the present run of readings without a gap began."""

    def add(self, value: float, now: float) -> None:
        if self._kept and now - self._kept[-1][0] > GAP_S:
            self.clear()
        if self._began_t is None:
            self._began_t = now
        self._kept.append((now, value))
        while self._kept[0][0] < now - self._for_s - SLACK_S:
            self._kept.popleft()

    def clear(self) -> None:
        """Forget all readings: they were taken under other conditions."""
        self._kept.clear()
        self._began_t = None

    def largest(self, now: float, since_t: float = float("-inf")) -> float | None:
        """Largest magnitude of the last for_s. None when the run of readings, counted from since_t at the earliest,
        does not cover for_s, has fewer than `least` readings in it, or stopped more than GAP_S ago."""
        if self._began_t is None or max(self._began_t, since_t) > now - self._for_s + SLACK_S:
            return None
        if now - self._kept[-1][0] > GAP_S:
            return None
        last = [abs(value) for t, value in self._kept if t >= now - self._for_s - SLACK_S]
        return max(last) if len(last) >= self._least else None

    def peak(self, now: float) -> float | None:
        """Largest magnitude of the last for_s, even of a single reading; None without any."""
        return max((abs(value) for t, value in self._kept if t >= now - self._for_s - SLACK_S), default=None)

    def spread(self, now: float, over_s: float) -> float | None:
        """Largest minus smallest reading of the last over_s (at most for_s); None when the readings do not cover over_s
        or are fewer than three."""
        if self._began_t is None or self._began_t > now - over_s + SLACK_S:
            return None
        last = [value for t, value in self._kept if t >= now - over_s - SLACK_S]
        return max(last) - min(last) if len(last) >= 3 else None
