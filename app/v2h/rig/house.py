"""The house: a load trace that holds each value until the next, repeated endlessly, and optionally the sun. Pure."""

import math
import random
import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path

DAY_S = 86_400.0
Points = Sequence[tuple[float, float]]
SEEN = struct.Struct("<4d")
"""The rig's chip "house": volts, hertz, W of the grid connection and of the charger, for simulated meters."""


class House:
    """Load and sun over time.

    points: (t_s, watts), times rising from 0; each value holds until the next, the last until period_s, then the trace
    repeats. sun_peak_w: clear-sky peak at noon of a 12 h day, 0: no sun. start_s: position of t = 0 in the trace.
    override_w: a fixed load in place of the trace. Raises ValueError for an empty or unordered trace.
    """

    def __init__(
        self, points: Points, period_s: float | None = None, *, sun_peak_w: float = 0.0, start_s: float = 0.0
    ) -> None:
        self._times = [t for t, _ in points]
        self._watts = [w for _, w in points]
        if not points or self._times[0] != 0 or any(b <= a for a, b in zip(self._times, self._times[1:], strict=False)):
            raise ValueError("a load trace needs rows with rising times, the first at 0 s")
        self.period_s = period_s if period_s is not None else self._times[-1] + 1.0
        self.sun_peak_w = sun_peak_w
        self.start_s = start_s
        self.override_w: float | None = None
        self._from = self._until = 0.0
        self._held = 0.0

    @classmethod
    def constant(cls, watts: float) -> "House":
        """A house with a constant load."""
        return cls([(0.0, watts)])

    def load_w(self, t_s: float) -> float:
        """Load at t_s seconds after the start."""
        if self.override_w is not None:
            return self.override_w
        at = (t_s + self.start_s) % self.period_s
        if not self._from <= at < self._until:
            i = bisect_right(self._times, at) - 1
            self._from = self._times[i]
            self._until = self._times[i + 1] if i + 1 < len(self._times) else self.period_s
            self._held = self._watts[i]
        return self._held

    def sun_w(self, t_s: float) -> float:
        """Photovoltaic power, 06:00 to 18:00 of the trace's day."""
        if not self.sun_peak_w:
            return 0.0
        day = ((t_s + self.start_s) % DAY_S) / DAY_S
        return max(0.0, -math.cos(2 * math.pi * day)) * self.sun_peak_w

    def net_w(self, t_s: float) -> float:
        """Load minus sun."""
        return self.load_w(t_s) - self.sun_w(t_s)


def read_csv(path: Path) -> list[tuple[float, float]]:
    """Points of a `t_s,watts` CSV; '#' comments and a header line are skipped. Raises OSError, ValueError."""
    points = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text or text[0].isalpha():
            continue
        cells = text.split(",")
        try:
            points.append((float(cells[0]), float(cells[1])))
        except (ValueError, IndexError):
            raise ValueError(f"{path.name} line {number}: {line!r} is not t_s,watts") from None
    return points


def day_trace() -> list[tuple[float, float]]:
    """The committed trace `data/house.csv`; it is synthetic_day() of seed 1, saved to a file."""
    return read_csv(Path(__file__).with_name("data") / "house.csv")


def write_csv(points: Points, heading: str) -> str:
    """Text of a `t_s,watts` CSV."""
    return "".join([f"# {heading}\n", "t_s,watts\n", *(f"{t:.1f},{w:.0f}\n" for t, w in points)])


def synthetic_day(seed: int = 1) -> list[tuple[float, float]]:
    """Our own day of a house, starting at 07:00: base load, fridge, kettle, cooking, washing, oven. Not a measurement.

    One list of events, summed up; the same seed gives the same points on every Python.
    """
    rng = random.Random(seed)
    events: list[tuple[float, float]] = [(0.0, 120.0)]

    def run(start_s: float, length_s: float, watts: float) -> None:
        events.append((start_s, watts))
        events.append((min(start_s + length_s, DAY_S), -watts))

    at = 300.0
    while at < DAY_S:  # fridge: about a third of the time
        run(at, rng.uniform(600, 1100), 90)
        at += rng.uniform(2200, 3300)
    for start in _times(rng, 9, 60.0, 57_000.0):
        run(start, rng.uniform(90, 200), 2000)  # kettle
    for start in _times(rng, 14, 20.0, 57_000.0):
        run(start, rng.uniform(300, 3600), rng.choice((40, 60, 100, 150)))  # lights, screens
    at = 10.0
    while at < DAY_S:  # small loads that come and go all day
        run(at, rng.uniform(15, 70), rng.choice((80, 120, 200, 350)))
        at += rng.uniform(40, 120)
    run(30.0, 240.0, 900)  # toaster, directly after the start
    wash = rng.uniform(7_000, 12_000)
    run(wash, 900, 2000)  # washing: heats, turns in pulses, spins
    for pulse in range(60):
        run(wash + 900 + pulse * 40, 22, 180)
    run(wash + 3400, 400, 450)
    oven = rng.uniform(38_000, 40_000)
    for cycle in range(20):
        run(oven + cycle * 130, 130 if cycle < 4 else 55, 2200)
    for cycle in range(35):
        run(oven + 900 + cycle * 25, 12, 1500)  # hob at half heat
    return _sum_up(events)


def _times(rng: random.Random, count: int, low_s: float, high_s: float) -> list[float]:
    return sorted(rng.uniform(low_s, high_s) for _ in range(count))


def _sum_up(events: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    points: dict[float, float] = {}
    total_w = 0.0
    for start_s, watts in sorted((round(t, 1), w) for t, w in events):
        total_w += watts
        if start_s < DAY_S:
            points[start_s] = total_w
    return list(points.items())
