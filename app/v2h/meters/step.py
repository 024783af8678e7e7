"""What a meter makes of a load that is switched on: its lag, whether it averages or filters, and its noise; pure.

The readings before the step give the power and the noise before, the last ones those after it. In between, each shape
of a meter is tried: the step as it is, the mean over a time, or a filter of the first order, each after an age. The
shape that fits best is taken, and the span of ages that fit as well says how sure that is. Times are monotonic s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, sqrt

BEFORE_S, AFTER_S = 5.0, 14.0
"""How long it needs readings before the step, and after it."""
LEAST_W = 300.0
"""A smaller step is lost in the noise of most meters and in what else the house does."""
LEAST_READINGS = 3
TIMES_S = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0)
AGE_STEP_S, LONGEST_AGE_S = 0.02, 6.0
SAME_SHARE = 0.02
"""Fits whose mean error differs by less than this share of the step, or by the noise, are equally good."""
SETTLED_SHARE = 0.1
"""The power after the step is taken from the last third of the time. When its halves differ by more than this share of
the step, something else was switched as well."""


class StepError(ValueError):
    """No result. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class MeterStep:
    """shape: "step", "average" or "filter", with its time_s; "" where the readings are too rare to tell. age_s: from
    the step to the first sign of it. lag_s: what to configure: the middle of the change. least_s, most_s: the span of
    lags that fit as well. noise_w: standard deviation of steady readings. step_w: the load. interval_s: between two
    readings."""

    shape: str
    time_s: float
    age_s: float
    lag_s: float
    least_s: float
    most_s: float
    noise_w: float
    step_w: float
    interval_s: float


def measured(readings: Sequence[tuple[float, float]], switched_t: float) -> MeterStep:
    """readings: (t, W) as they arrived, in order. Raises StepError."""
    before = [w for t, w in readings if switched_t - BEFORE_S <= t < switched_t]
    change = [(t - switched_t, w) for t, w in readings if switched_t <= t <= switched_t + AFTER_S]
    settled = [w for after_s, w in change if after_s >= AFTER_S * 2 / 3]
    if len(before) < LEAST_READINGS or len(settled) < LEAST_READINGS:
        raise StepError(
            f"{len(before)} readings before the step and {len(settled)} at the end are too few, {LEAST_READINGS} are "
            "needed each: this meter is too slow for this measurement, so leave lag_s out and let it be learned"
        )
    low_w, high_w = _mean(before), _mean(settled)
    noise_w, step_w = sqrt((_variance(before) + _variance(settled)) / 2), high_w - low_w
    half = len(settled) // 2
    drift_w, calm_w = abs(_mean(settled[:half]) - _mean(settled[half:])), sqrt(_variance(before))
    if drift_w > SETTLED_SHARE * max(LEAST_W, abs(step_w)) + 3 * calm_w:
        raise StepError("the power was not steady after the step: something else was switched too; do it again")
    if abs(step_w) < max(LEAST_W, 6 * noise_w):
        raise StepError(
            f"the power changed by {step_w:.0f} W only, with {noise_w:.0f} W of noise: switch on a load of 1 kW or more"
        )
    shares = [(after_s, (w - low_w) / step_w) for after_s, w in change]
    fits = list(_fits(shares))
    best = min(fits)
    good = [fit for fit in fits if fit[0] <= best[0] + max(SAME_SHARE, noise_w / abs(step_w)) / 2]
    lags = [_lag_s(*fit[1:]) for fit in good]
    _, shape, time_s, age_s = best
    told = {fit[1] if fit[2] else "step" for fit in good}
    return MeterStep(
        shape=shape if len(told) == 1 else "",
        time_s=time_s if len(told) == 1 else 0.0,
        age_s=age_s,
        lag_s=round(_lag_s(shape, time_s, age_s), 2),
        least_s=round(min(lags), 2),
        most_s=round(max(lags), 2),
        noise_w=round(noise_w, 1),
        step_w=round(step_w, 1),
        interval_s=round((readings[-1][0] - readings[0][0]) / (len(readings) - 1), 3),
    )


def _fits(shares: Sequence[tuple[float, float]]) -> Iterator[tuple[float, str, float, float]]:
    """(root of the mean squared error of the change, shape, its time, age) of each model."""
    latest_s = max(after_s for after_s, share in shares if share < 0.5) if shares[0][1] < 0.5 else shares[0][0]
    ages = int(min(latest_s + AGE_STEP_S, LONGEST_AGE_S) / AGE_STEP_S) + 1
    for shape in ("average", "filter"):
        for time_s in TIMES_S if shape == "average" else TIMES_S[1:]:
            for age in range(ages + 1):
                age_s = age * AGE_STEP_S
                errors = ((share - _response(shape, time_s, after_s - age_s)) ** 2 for after_s, share in shares)
                name = shape if time_s else "step"
                yield sqrt(_mean(list(errors))), name, time_s, age_s


def _response(shape: str, time_s: float, since_s: float) -> float:
    """What share of the step a meter shows so long after it has seen it first."""
    if since_s < 0:
        return 0.0
    if time_s == 0:
        return 1.0
    return min(1.0, since_s / time_s) if shape == "average" else 1.0 - exp(-since_s / time_s)


def _lag_s(shape: str, time_s: float, age_s: float) -> float:
    """By how much the reading trails on average: a mean by half its time, a filter by all of it."""
    return age_s + {"step": 0.0, "average": time_s / 2, "filter": time_s}[shape]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Iterable[float]) -> float:
    seen = list(values)
    middle = _mean(seen)
    return sum((value - middle) ** 2 for value in seen) / (len(seen) - 1)
