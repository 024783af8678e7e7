"""Finds steps of the charger's own power that show in the grid meter while the house is calm; pure.

The charger's power at the battery rests, moves by an order, and rests again. What the grid changed by and the battery
did not is the change of the converter's losses. So a step is a rest, a movement of at most GAP_S, and a rest, and in
both rests the grid has at least LEAST_VALUES values that hardly differ. A converter that is switched on or off is a
step as well: only that shows its own use.

When the charger follows the house, its power moves because the house has moved: the grid then changes by much less
than the battery, or not at all. No converter loses as much as that would mean, so such a step is left out.
"""

from collections import deque
from typing import NamedTuple

from v2h.energy.losses import FULL_SHARE, FULL_W, OWN_W, SHARE

REST_W = 60.0
"""Own power rests while it differs by no more than this from its mean: 0.15 A, one and a half steps of the converter's
current. The law of load following makes such steps often."""
LEAST_W = 400.0
"""A smaller movement loses less than a calm house's noise."""
WINDOW_S, LEAST_VALUES = 5.0, 4
"""How long the grid is looked at before and after a movement, and how many values there must be: a slow meter makes it
longer."""
CALM_W = 60.0
"""The house is calm while the largest and the smallest of these values differ by no more."""
SETTLE_S = 2.0
"""So long after a movement, and two of the meter's intervals more, its values still show a part of the movement: lag,
ramp, average."""
GAP_S = 10.0
"""The longest movement: in a longer one the house moves as well."""
NOISE_W = 60.0
"""So far may the losses of a step be beyond what a converter can have: what a calm house moves by."""
KEPT_S = 300.0
"""How long values are kept: enough for a meter with a value every 20 s. With a slower one nothing is learned: a house
is not calm for so long."""


class Range(NamedTuple):
    """usual: of a converter of which nothing is known, and by how much one differs from it as a rule. low, high: no
    converter of this kind is beyond."""

    usual: float
    differs: float
    low: float
    high: float


RANGES = (Range(OWN_W, 30.0, 0.0, 150.0), Range(SHARE, 0.02, 0.0, 0.12), Range(FULL_SHARE, 0.02, 0.0, 0.1))
"""Own use in W; share of the power; share more at full load. Efficiencies between 97 % and 78 % at full load."""


class LossStep(NamedTuple):
    """on: 1 when the converter was switched on, -1 off, 0 neither. power_w: change of |power at the battery|; square_w:
    change of its square / FULL_W. loss_w: change of the losses that was seen. All W."""

    on: int
    power_w: float
    square_w: float
    loss_w: float


class _Rest:
    """Own power at rest since from_t, until its last sample."""

    def __init__(self, t: float, dc_w: float, *, on: bool) -> None:
        self.from_t, self.until_t, self.on = t, t, on
        self.samples: deque[tuple[float, float]] = deque([(t, dc_w)])
        self.judged = False

    def holds(self, dc_w: float, *, on: bool) -> bool:
        mean_w = sum(value for _, value in self.samples) / len(self.samples)
        return on is self.on and abs(dc_w - mean_w) <= REST_W

    def add(self, t: float, dc_w: float) -> None:
        self.until_t = t
        self.samples.append((t, dc_w))
        while len(self.samples) > 1 and self.samples[0][0] < t - KEPT_S:
            self.samples.popleft()

    def mean_w(self, from_t: float, until_t: float) -> float:
        """Own power between two times, or else the last value."""
        within = [value for t, value in self.samples if from_t <= t <= until_t]
        return sum(within) / len(within) if within else self.samples[-1][1]


class StepFinder:
    """Call own() and grid() with what becomes known; grid() returns a step when its second rest is long enough."""

    def __init__(self) -> None:
        self._grid: deque[tuple[float, float]] = deque()
        self._before: _Rest | None = None
        self._rest: _Rest | None = None

    def own(self, t: float, dc_w: float, *, on: bool) -> None:
        """The power at the battery as it was at `t` (monotonic s), and whether the converter is switched on."""
        rest = self._rest
        if rest is not None and t <= rest.until_t:
            return
        if rest is not None and t - rest.until_t > GAP_S:
            self._before = rest = None  # nobody looked meanwhile
        if rest is not None and rest.holds(dc_w, on=on):
            rest.add(t, dc_w)
            return
        if rest is not None and (self._before is None or self._is_calm(rest)):
            self._before = rest
        self._rest = _Rest(t, dc_w, on=on)

    def grid(self, t: float, grid_w: float, interval_s: float) -> LossStep | None:
        """A fresh value of the grid meter that shows the moment `t`; interval_s: the time between two of them."""
        if self._grid and t <= self._grid[-1][0]:
            return None
        self._grid.append((t, grid_w))
        while self._grid[0][0] < t - KEPT_S:
            self._grid.popleft()
        before, after = self._before, self._rest
        if before is None or after is None or after.judged:
            return None
        window_s = max(WINDOW_S, LEAST_VALUES * interval_s)
        begin = after.from_t + SETTLE_S + 2 * interval_s
        if min(t, after.until_t) < begin + window_s:
            return None
        after.judged = True
        if after.from_t - before.until_t > GAP_S:
            return None
        return self._step(before, after, before.until_t - window_s, begin, window_s)

    def _is_calm(self, rest: _Rest) -> bool:
        """Whether a rest that has just ended is long enough to compare with, so that it is no part of a movement."""
        return rest.until_t - rest.from_t >= WINDOW_S

    def _step(self, before: _Rest, after: _Rest, from_t: float, begin: float, window_s: float) -> LossStep | None:
        if from_t < before.from_t:
            return None
        grid_before, grid_after = self._calm(from_t, before.until_t), self._calm(begin, begin + window_s)
        if grid_before is None or grid_after is None:
            return None
        dc_before, dc_after = before.mean_w(from_t, before.until_t), after.mean_w(begin, begin + window_s)
        on = int(after.on) - int(before.on)
        power_w = abs(dc_after) - abs(dc_before)
        square_w = (dc_after**2 - dc_before**2) / FULL_W
        loss_w = (grid_after - grid_before) - (dc_after - dc_before)
        if not on and abs(power_w) < LEAST_W:
            return None
        step = LossStep(on, power_w, square_w, loss_w)
        return step if _can_be(step) else None

    def _calm(self, from_t: float, until_t: float) -> float | None:
        """The mean of the grid's values between two times; None when they are too few, or differ too much."""
        values = [value for t, value in self._grid if from_t <= t <= until_t]
        if len(values) < LEAST_VALUES or max(values) - min(values) > CALM_W:
            return None
        return sum(values) / len(values)


def _can_be(step: LossStep) -> bool:
    """Whether a converter can lose what this step shows: each figure counts with its lowest or highest value, whichever
    is the least or the most for this step. A step of load following is off by nearly all of its power."""
    ends = [sorted((known * each.low, known * each.high)) for known, each in zip(step[:3], RANGES, strict=True)]
    return sum(low for low, _ in ends) - NOISE_W <= step.loss_w <= sum(high for _, high in ends) + NOISE_W
