"""The tests of a law besides its tracking score: how a step settles, and a car that fills and empties; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from v2h.energy.bench.metering import STEP_S, MeterModel
from v2h.energy.bench.plant import Law, Plant, Trace, run, settle_s
from v2h.energy.policy import Window

STEP_FROM_W, STEP_TO_W = 300.0, 2300.0
REST_S = 40.0
"""Steady load before the step."""
AFTER_S = 75.0
"""Time that is observed after the step: a law that acts every 30 s can act twice in it."""
PHASES = 10


@dataclass(frozen=True, slots=True)
class Step:
    """The worst of PHASES phases of the step to the meter's sample. settle_s None: at least one never settled."""

    settle_s: float | None
    overshoot_pct: float


def step_test(
    make: Callable[[Trace, MeterModel, Plant], Law],
    meter: MeterModel,
    plant: Plant,
    *,
    warm_up: Trace = (),
    lag_told: bool = True,
) -> Step:
    """A step of the load from 300 to 2300 W. warm_up: a trace that the law processes before it."""
    begin = warm_up[0][0] if warm_up else 0.0
    steady_t = warm_up[-1][0] if warm_up else 0.0
    at = steady_t + REST_S
    trace = [*warm_up[:-1], (steady_t, STEP_FROM_W), (at, STEP_TO_W), (at + AFTER_S, STEP_TO_W)]
    first = round((at - begin) / STEP_S)
    times: list[float | None] = []
    worst_w = 0.0
    for phase in range(PHASES):
        phase_s = meter.interval_s * phase / PHASES
        score = run(trace, make(trace, meter, plant), meter, plant, phase_s=phase_s, lag_told=lag_told, keep=True)
        times.append(settle_s(score.grid_w, at - begin))
        worst_w = max(worst_w, -min(score.grid_w[first:]))
    settled = [time for time in times if time is not None]
    worst_s = max(settled) if len(settled) == PHASES else None
    return Step(worst_s, 100 * worst_w / (STEP_TO_W - STEP_FROM_W))


class Car:
    """A battery without losses: own power moves its charge, and the SoC window bounds own power."""

    def __init__(self, soc_pct: float, low_pct: float, high_pct: float, capacity_wh: float) -> None:
        self.soc_pct = soc_pct
        self._low_pct, self._high_pct, self._capacity_wh = low_pct, high_pct, capacity_wh
        self._window = Window()
        self._last_t: float | None = None

    def allowed(self, now: float, own_w: float) -> tuple[float, float]:
        """The least and the most that may be ordered, W; call it at a steady pace with the present own power."""
        if self._last_t is not None:
            self.soc_pct += own_w * (now - self._last_t) / (self._capacity_wh * 36)
        self._last_t = now
        self._window = self._window.update(self.soc_pct, self._low_pct, self._high_pct)
        return (0.0 if self._window.empty else -inf), (0.0 if self._window.full else inf)
