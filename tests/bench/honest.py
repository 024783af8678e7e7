"""Load matching where the telemetry flickers, and with meters that filter, average or are noisy: ours beside the oracle
and every other law, on the recorded house's quietest hour and on the quietest and the busiest hour of our own day.

`against` is the oracle's mean |grid|, or that of the best other law, or for the travel of the charger's own power that
of the load. The goals stand in CASES; a figure beyond its goal is named.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from tests.bench.rows import row
from tests.support.recorded import HOUSE_LOAD
from v2h.energy.bench.laws import LAWS
from v2h.energy.bench.metering import METERS, MeterModel
from v2h.energy.bench.plant import REAL_NOISE_A, Plant, Score, Trace, run
from v2h.energy.bench.trace import read_trace
from v2h.rig.house import day_trace

HOUR_S, EVERY_S, SKIP_S = 3600.0, 600.0, 900.0
"""Hours begin every ten minutes. As in the product, the lag of the charger's own chip is known, and that of any other
meter is learned, for which there is the first quarter of an hour; it is not counted."""
REFERENCES = ("oracle", "none")
FLICKER = Plant(telemetry_noise_a=REAL_NOISE_A)


@dataclass(frozen=True, slots=True)
class Case:
    """oracle, other: how many times the oracle's mean, and that of the best other law, ours may be. travel: how many
    times the load's travel the charger's own power may move. None: no goal."""

    name: str
    meter: MeterModel
    plant: Plant
    oracle: float | None
    other: float | None
    travel: float | None


CASES = (
    *(
        Case(f"flicker, {name}", meter, FLICKER, 1.15, 1.05 if meter.interval_s >= 1 else 1.01, 1.3)
        for name, meter in METERS.items()
    ),
    Case("noise of 30 W, stpm3x", replace(METERS["stpm3x"], noise_w=30.0), Plant(), None, None, 1.5),
    Case("filter of 0.5 s, sdm230", replace(METERS["sdm230"], filter_s=0.5), Plant(), 1.32, None, None),
    Case("mean of 1 s, 1hz", replace(METERS["1hz"], average_s=1.0), Plant(), 1.15, None, None),
)


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Per trace and case: ours against the oracle, against the best other law, and its travel."""
    rows = []
    for title, trace in hours().items():
        tell(f"{title}: from {trace[0][0]:.0f} s, {(trace[-1][0] - trace[0][0]):.0f} s")
        for case in CASES:
            scores = scored(trace, case)
            tell(f"  {case.name}: " + ", ".join(f"{law} {score.mean_w:.1f}" for law, score in scores.items()))
            found = judged(f"{title}, {case.name}", scores)
            for text in beyond(case, found):
                tell(f"    {text}")
            rows += found
    return rows


def scored(trace: Trace, case: Case) -> dict[str, Score]:
    """Each law on this trace."""
    told = case.meter.interval_s == METERS["stpm3x"].interval_s
    return {
        law: run(trace, make(trace, case.meter, case.plant), case.meter, case.plant, skip_s=SKIP_S, lag_told=told)
        for law, make in LAWS.items()
    }


def beyond(case: Case, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows of judged() whose ratio is beyond the goal."""
    goals = zip(rows, (case.oracle, case.other, case.travel), strict=True)
    return [
        f"beyond {goal:g}: {one['ratio']:.3f}, {one['name']}"
        for one, goal in goals
        if goal is not None and one["ratio"] > goal
    ]


def judged(name: str, scores: Mapping[str, Score]) -> list[dict[str, Any]]:
    ours, oracle = scores["ours"], scores["oracle"]
    others = {law: score.mean_w for law, score in scores.items() if law not in (*REFERENCES, "ours")}
    best = min(others, key=lambda law: others[law])
    return [
        row(f"mean grid, {name}, oracle", ours.mean_w, "W", oracle.mean_w),
        row(f"mean grid, {name}, best other law ({best})", ours.mean_w, "W", others[best]),
        row(f"travel, {name}", ours.travel_w_h, "W/h", ours.load_travel_w_h),
    ]


def hours() -> dict[str, Trace]:
    """Each title with its hour."""
    found = {}
    if HOUSE_LOAD.is_file():
        with HOUSE_LOAD.open(encoding="utf-8") as lines:
            found["recorded house, quietest hour"] = hour(read_trace(lines), min)
    own = day_trace()
    return found | {"own day, quietest hour": hour(own, min), "own day, busiest hour": hour(own, max)}


def hour(trace: Trace, choose: Callable[..., int]) -> Trace:
    """The hour of the trace in which the load travels least (min) or most (max)."""
    times = [t for t, _ in trace]
    travelled_w = [0.0]
    for (_, before_w), (_, after_w) in pairwise(trace):
        travelled_w.append(travelled_w[-1] + abs(after_w - before_w))
    count = int((times[-1] - times[0] - HOUR_S) // EVERY_S) + 1
    starts = [bisect_left(times, times[0] + n * EVERY_S) for n in range(count)]
    ends = [bisect_left(times, times[start] + HOUR_S) for start in starts]
    best = choose(range(count), key=lambda n: travelled_w[ends[n]] - travelled_w[starts[n]])
    return trace[starts[best] : ends[best] + 1]
