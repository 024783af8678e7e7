"""What a meter tells of the true grid power, and when: interval, age, average, filter, noise, losses; pure.

The defaults of a MeterModel are an ideal meter: each value is the exact power of one moment. REAL adds, for each meter
of METERS, what meters of that kind do.
"""

from array import array
from collections import deque
from dataclasses import dataclass
from math import ceil, exp
from random import Random

STEP_S = 0.02


def steps_at(seconds: float) -> int:
    """The first step at or after `seconds`."""
    return ceil(seconds / STEP_S - 1e-6)


@dataclass(frozen=True, slots=True)
class MeterModel:
    """A meter gives the grid power of (now - age_s) every interval_s.

    average_s: it gives the mean over this time before that moment. filter_s: it passes the power through a filter of
    the first order with this time constant. noise_w: standard deviation that it adds. lost_share: share of the values
    that never arrive. late_s: mean of the additional delay on the way (exponential; values never overtake each other).
    change_w: it sends a value only when it differs by more than this from the last one that it sent; 0: each value.
    """

    interval_s: float
    age_s: float
    average_s: float = 0.0
    filter_s: float = 0.0
    noise_w: float = 0.0
    lost_share: float = 0.0
    late_s: float = 0.0
    change_w: float = 0.0

    @property
    def needs_steps(self) -> int:
        """How far back a value reaches."""
        return steps_at(self.age_s) + max(steps_at(self.average_s), steps_at(self.interval_s) if self.filter_s else 0)


METERS = {
    "stpm3x": MeterModel(0.1, 0.05),
    "sdm230": MeterModel(0.5, 0.3),
    "1hz": MeterModel(1.0, 0.5),
    "slow": MeterModel(10.0, 1.0),
}
REAL = {
    "stpm3x": MeterModel(0.1, 0.05, average_s=0.1, noise_w=10.0),
    "sdm230": MeterModel(0.5, 0.3, filter_s=0.5, noise_w=5.0, lost_share=0.05, late_s=0.05),
    "1hz": MeterModel(1.0, 0.5, average_s=1.0, noise_w=5.0, lost_share=0.05, late_s=0.3),
    "slow": MeterModel(10.0, 2.0, average_s=10.0, noise_w=5.0),
}
"""The chip averages over its interval; an Eastron meter on Modbus filters, and the bus loses values; a meter with 1 Hz
averages, and Wi-Fi delays it; a British smart meter's display averages 10 s and is 2 s old. The figures are
assumptions, because nobody has measured such meters here; `v2h meter step` measures one."""


class Metering:
    """The values of a meter on their way to the law. arrivals: (step, W), in order of arrival."""

    def __init__(self, model: MeterModel, grid: "array[float]") -> None:
        """grid: the true grid power of every step so far, W; its oldest part may be dropped."""
        self._model, self._grid = model, grid
        self._back, self._average = steps_at(model.age_s), steps_at(model.average_s)
        self._keep = exp(-STEP_S / model.filter_s) if model.filter_s else 0.0
        self._filtered_w: float | None = None
        self._filtered_until = 0
        self._sent_w: float | None = None
        self._chance = Random(2)
        self.arrivals: deque[tuple[int, float]] = deque()

    def measure(self, step: int) -> None:
        """Take the value of this step; the grid's last value belongs to it."""
        model, chance = self._model, self._chance
        end = len(self._grid) - min(self._back, step)
        if self._average:
            part = self._grid[max(0, end - self._average) : end]
            watts = sum(part) / len(part)
        elif self._keep:
            watts = self._filter(end, step - min(self._back, step))
        else:
            watts = self._grid[end - 1]
        if model.noise_w:
            watts += chance.gauss(0.0, model.noise_w)
        if model.change_w and self._sent_w is not None and abs(watts - self._sent_w) <= model.change_w:
            return
        self._sent_w = watts
        if model.lost_share and chance.random() < model.lost_share:
            return
        arrives = step + (round(chance.expovariate(1 / model.late_s) / STEP_S) if model.late_s else 0)
        self.arrivals.append((max(arrives, self.arrivals[-1][0] if self.arrivals else 0), watts))

    def _filter(self, end: int, step: int) -> float:
        """The filter's value after the grid power of `step`, which is at end - 1."""
        part = self._grid[max(0, end - (step - self._filtered_until)) : end]
        self._filtered_until = step
        watts = self._grid[0] if self._filtered_w is None else self._filtered_w
        if len(part) and min(part) == max(part):
            watts = part[0] + (watts - part[0]) * self._keep ** len(part)
        else:
            for power_w in part:
                watts = power_w + (watts - power_w) * self._keep
        self._filtered_w = watts
        return watts
