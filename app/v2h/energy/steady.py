"""The mean of a noisy value while it rests, and how noisy it is; pure.

A value that rests reads a little differently each time (the converter's 14.0 A as 13.9, 14.0 and 14.1 A). Its mean over
a short time is nearer to the truth than the last sample. A sample that is further from the mean than noise explains is
a movement: it counts at once, and the mean begins again with it.
"""

from bisect import insort
from collections import deque
from math import inf, sqrt

NOISE_OF = 128
"""So many changes from one sample to the next show the noise."""
SMALLEST = 96
"""Only the smallest of them say how large a change of noise is: some movements among them change nothing."""
CLIP = 4.0
"""A change counts as no more than this times the mean of the smallest."""
CLIP_FOR = 16
"""The sum over the smallest is computed again after so many changes: a small board makes it many times a second."""
BEYOND = 4.5
"""A sample this many deviations from the mean is a movement: noise is as large once in 150 000 samples."""


class Steady:
    """mean: of the samples since the value rests, the last one alone while it moves. count: how many they are."""

    def __init__(self, over_s: float, enough: float = 0.0) -> None:
        """over_s: the mean is over no more than this time. enough: it is over no more samples than make its error as
        small as this."""
        self._over_s, self._enough = over_s, enough
        self._samples: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._last: tuple[float, float] | None = None
        self._changes: deque[float] = deque()
        self._products: deque[float] = deque(maxlen=NOISE_OF)
        self._sorted: list[float] = []
        self._left, self._most = 0, 0.0
        self.mean = 0.0
        self.noise = 0.0
        """Standard deviation of a sample while the value rests; 0 until enough of them are known."""

    @property
    def count(self) -> int:
        return len(self._samples)

    @property
    def error(self) -> float:
        """Standard deviation of the mean."""
        return self.noise / sqrt(max(1, self.count))

    def fits(self, low: float, high: float) -> bool:
        """Whether a sample that lies somewhere between low and high may belong to the mean."""
        reach = BEYOND * self.noise
        return bool(self._samples) and low - reach <= self.mean <= high + reach

    def restart(self) -> None:
        """The value may move now: the next sample begins a new mean. The noise stays known."""
        self._samples.clear()
        self._sum = 0.0
        self._last = None

    def add(self, t: float, value: float) -> float:
        """A sample at `t`; the mean with it."""
        if self._last is not None and t - self._last[0] <= self._over_s:
            self._measure(value - self._last[1])
        self._last = t, value
        if self._samples and abs(value - self.mean) > BEYOND * self.noise:
            self._samples.clear()
            self._sum = 0.0
        self._samples.append((t, value))
        self._sum += value
        most = (self.noise / self._enough) ** 2 if self._enough else inf
        while self._samples[0][0] < t - self._over_s or len(self._samples) > max(1.0, most):
            self._sum -= self._samples.popleft()[1]
        self.mean = self._sum / len(self._samples)
        return self.mean

    def _measure(self, change: float) -> None:
        """Noise turns back: a change is followed by one in the other direction, and the mean product of the two is
        minus the square of the noise. A movement goes on or stays. Large changes are clipped, because a few of them
        would outweigh everything else."""
        self._changes.append(change)
        insort(self._sorted, abs(change))
        if len(self._changes) <= NOISE_OF:
            return
        before = self._changes[-2]
        self._sorted.remove(abs(self._changes.popleft()))
        if self._left == 0:
            self._left, self._most = CLIP_FOR, CLIP * sum(self._sorted[:SMALLEST]) / SMALLEST
        self._left, most = self._left - 1, self._most
        self._products.append(min(most, max(-most, change)) * min(most, max(-most, before)))
        if len(self._products) >= NOISE_OF // 2:
            self.noise = max(0.0, -sum(self._products) / len(self._products)) ** 0.5
