"""What a law is worth on a trace: its tracking score, and how a step settles; pure."""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.energy.plant import STEP_S, Law, MeterModel, Plant, Trace, run, settle_s

STEP_FROM_W, STEP_TO_W = 300.0, 2300.0
REST_S = 40.0
"""Steady load before the step."""
AFTER_S = 75.0
"""Watched after it: a law that acts every 30 s has two chances."""
PHASES = 10


@dataclass(frozen=True, slots=True)
class Step:
    """The worst of PHASES phases of the step to the meter's sample. settle_s None: at least one never settled."""

    settle_s: float | None
    overshoot_pct: float


def step_test(
    make: Callable[[Trace, MeterModel], Law],
    meter: MeterModel,
    plant: Plant,
    *,
    warm_up: Trace = (),
    lag_told: bool = True,
) -> Step:
    """A step of the load from 300 to 2300 W. warm_up: a trace that the law lives through before."""
    begin = warm_up[0][0] if warm_up else 0.0
    steady_t = warm_up[-1][0] if warm_up else 0.0
    at = steady_t + REST_S
    trace = [*warm_up[:-1], (steady_t, STEP_FROM_W), (at, STEP_TO_W), (at + AFTER_S, STEP_TO_W)]
    first = round((at - begin) / STEP_S)
    times: list[float | None] = []
    worst_w = 0.0
    for phase in range(PHASES):
        phase_s = meter.interval_s * phase / PHASES
        score = run(trace, make(trace, meter), meter, plant, phase_s=phase_s, lag_told=lag_told, keep=True)
        times.append(settle_s(score.grid_w, at - begin))
        worst_w = max(worst_w, -min(score.grid_w[first:]))
    settled = [time for time in times if time is not None]
    worst_s = max(settled) if len(settled) == PHASES else None
    return Step(worst_s, 100 * worst_w / (STEP_TO_W - STEP_FROM_W))
