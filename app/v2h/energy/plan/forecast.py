"""Forecasts the house's load from its own log: the mean of each hour of each weekday; pure.

A house that is known for a few days only has few of them. So each mean counts as many days as it was seen, and one more
that is like the next wider mean: of this hour on all days, then of all hours, then USUAL_W.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

USUAL_W = 400.0
"""A house of which nothing is known: 3500 kWh a year."""


@dataclass(frozen=True, slots=True)
class Profile:
    """means_w[weekday][hour] of the wall clock, Monday is 0. days: how many days were seen."""

    means_w: Sequence[Sequence[float]]
    days: int

    def at_w(self, local: datetime) -> float:
        return self.means_w[local.weekday()][local.hour]


def learned(rows: Iterable[tuple[datetime, float]]) -> Profile:
    """rows: (wall-clock time, mean power of the house without car and sun in W), one for each minute or longer, in any
    order. Values that are not finite do not count."""
    seen: dict[tuple[date, int], list[float]] = defaultdict(list)
    for local, load_w in rows:
        if isfinite(load_w):
            seen[local.date(), local.hour].append(load_w)
    hours = {at: sum(loads) / len(loads) for at, loads in seen.items()}
    all_w = _mean(hours.values(), USUAL_W)
    of_hour: list[list[float]] = [[] for _ in range(24)]
    of_weekday: list[list[list[float]]] = [[[] for _ in range(24)] for _ in range(7)]
    for (day, hour), load_w in hours.items():
        of_hour[hour].append(load_w)
        of_weekday[day.weekday()][hour].append(load_w)
    hour_w = [_mean(loads, all_w) for loads in of_hour]
    means_w = [[_mean(loads, hour_w[hour]) for hour, loads in enumerate(day)] for day in of_weekday]
    return Profile(means_w, len({day for day, _ in hours}))


def _mean(loads_w: Iterable[float], usual_w: float) -> float:
    """The mean of the loads and of one more that is usual."""
    known = [*loads_w, usual_w]
    return sum(known) / len(known)
