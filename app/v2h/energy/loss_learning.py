"""Learns what this charger's converter loses, from the steps that the grid meter has seen (energy/loss_steps); pure.

The losses have three figures: the own use while the converter is on, a share of the power, and one more of the power at
full load. They begin as those of a usual converter and move with the steps, each within what a converter can have. A
step with a larger error than the others counts less: the house has moved as well. The own use shows only where the
converter is switched on or off; from other steps nothing is learned of it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from v2h.checks import finite
from v2h.energy.loss_steps import RANGES, LossStep
from v2h.energy.losses import FULL_SHARE, OWN_W, SHARE, Losses, usual

KEPT = 60
"""So many steps are kept, the newest ones: some weeks of a car that charges once a day."""
ENOUGH = 3
"""With fewer steps the losses of a usual converter count."""
NOISE_W = 15.0
"""The error of one step, at least: a meter that shows steps of 10 W, and a house at rest."""
FAR = 2.4
"""A step that is so many deviations off counts a quarter, one of twice as many a 25th: it is the house's."""
ROUNDS, SWEEPS = 8, 60
VERSION = 1


class Figures(NamedTuple):
    """own_w: while the converter is on. share, full_share: see losses.usual. steps: learned from so many of them, 0:
    those of a usual converter."""

    own_w: float
    share: float
    full_share: float
    steps: int = 0

    @property
    def losses(self) -> Losses:
        return usual(self.own_w, self.share, self.full_share)

    def mains_w(self, dc_w: float, *, on: bool) -> float:
        """The power at the mains for a power at the battery. on: the converter is switched on."""
        return self.losses.ac_w(dc_w) if dc_w else self.own_w if on else 0.0

    def efficiency_pct(self, dc_w: float) -> float:
        """What remains of this power when charging, from the mains to the battery, in %."""
        return 100 * dc_w / self.losses.ac_w(dc_w)


USUAL = Figures(OWN_W, SHARE, FULL_SHARE)


class LossLearner:
    """figures: the present ones."""

    def __init__(self, steps: Sequence[LossStep] = ()) -> None:
        self._steps = deque(steps, maxlen=KEPT)
        self.figures = self._fitted()

    def add(self, step: LossStep) -> None:
        self._steps.append(step)
        self.figures = self._fitted()

    def as_json(self) -> dict[str, Any]:
        """What from_json() reads again after a restart."""
        return {
            "version": VERSION,
            "steps": [[step.on, *(round(value, 1) for value in step[1:])] for step in self._steps],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "LossLearner":
        """Of what as_json() returned. Raises ValueError for anything else; {} is a learner without steps."""
        rows = stored.get("steps", [])
        good = isinstance(rows, list) and (not stored or stored.get("version") == VERSION)
        if not good or not all(_is_step(row) for row in rows):
            raise ValueError(f"steps = {str(rows)[:80]} is not a list of [-1 to 1, W, W, W] of version {VERSION}")
        return cls([LossStep(*row) for row in rows])

    def _fitted(self) -> Figures:
        steps = list(self._steps)
        if len(steps) < ENOUGH:
            return USUAL
        found = [each.usual for each in RANGES]
        for _ in range(ROUNDS):
            errors = [abs(_error_w(step, found)) for step in steps]
            noise_w = max(NOISE_W, 1.48 * median(errors))
            weights = [1 / (1 + (error / (FAR * noise_w)) ** 2) ** 2 / noise_w**2 for error in errors]
            found = _least(steps, weights, found)
        own_w, share, full_share = found
        return Figures(own_w, share, full_share, len(steps))


def _is_step(row: object) -> bool:
    return (
        isinstance(row, list) and len(row) == len(LossStep._fields) and all(map(finite, row)) and row[0] in (-1, 0, 1)
    )


def _error_w(step: LossStep, figures: Sequence[float]) -> float:
    return step.loss_w - sum(known * figure for known, figure in zip(step[:3], figures, strict=True))


def _least(steps: Sequence[LossStep], weights: Sequence[float], found: Sequence[float]) -> list[float]:
    """The figures within their ranges with the least sum of squared errors, each square times its weight; how far a
    figure is from the usual one counts as one more error. One figure after the other, again and again."""
    weighted = list(zip(steps, weights, strict=True))
    sums = [[sum(w * step[i] * step[j] for step, w in weighted) for j in range(4)] for i in range(3)]
    figures = list(found)
    for _ in range(SWEEPS):
        for n, each in enumerate(RANGES):
            others = sum(sums[n][other] * figures[other] for other in range(3) if other != n)
            pull = 1 / each.differs**2
            best = (sums[n][3] - others + each.usual * pull) / (sums[n][n] + pull)
            figures[n] = min(each.high, max(each.low, best))
    return figures
