"""Synthetic traces of a house at 1 Hz that the law was not tuned on, each from a seed; for tests."""

import random
from collections.abc import Callable

from v2h.energy.bench.plant import Trace

SECONDS = 1800


def kettles(rng: random.Random) -> Trace:
    """A small base, and 2.2 to 3 kW for one to four minutes every few minutes."""
    on_until = 0
    rows = []
    for t in range(SECONDS):
        if t > on_until and rng.random() < 0.006:
            on_until, watts = t + rng.randrange(60, 240), rng.uniform(2200, 3000)
        rows.append((float(t), 280 + rng.gauss(0, 5) + (watts if t < on_until else 0)))
    return rows


def showers(rng: random.Random) -> Trace:
    """An electric shower of 8 to 10.5 kW: more than the converter gives, switched on and off."""
    begins = sorted(rng.sample(range(60, SECONDS - 400, 400), 3))
    watts = rng.uniform(8000, 10500)
    return [
        (float(t), 400 + rng.gauss(0, 8) + (watts if any(b <= t < b + 240 for b in begins) else 0))
        for t in range(SECONDS)
    ]


def motors(rng: random.Random) -> Trace:
    """Pumps and compressors that draw six times their power for a third of a second, and run for half a minute."""
    rows, t = [(0.0, 350.0)], 0.0
    while t < SECONDS:
        t += rng.uniform(20, 60)
        runs_w, runs_s = rng.uniform(150, 900), rng.uniform(10, 40)
        rows += [(t, 350 + 6 * runs_w), (t + 0.34, 350 + runs_w), (t + runs_s, 350.0)]
        t += runs_s
    return rows


def clouds(rng: random.Random) -> Trace:
    """Sun of 4 kW that clouds cover and uncover within some seconds, with a house of 500 W."""
    covered, goal, rows = 0.0, 0.0, []
    for t in range(SECONDS):
        if rng.random() < 0.02:
            goal = rng.choice((0.0, rng.uniform(0.3, 0.85)))
        covered += (goal - covered) * 0.25
        rows.append((float(t), 500 + rng.gauss(0, 6) - 4000 * (1 - covered)))
    return rows


HOUSES: dict[str, Callable[[random.Random], Trace]] = {
    "kettles": kettles,
    "showers": showers,
    "motors": motors,
    "clouds": clouds,
}
