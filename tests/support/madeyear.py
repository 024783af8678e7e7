"""A made year for the plan, from a seed: half-hour prices with a daily shape, spikes and negative hours, load, sun, and
a car that is driven to work."""

from datetime import datetime, timedelta
from math import cos, pi, sin
from random import Random

from v2h.energy.plan.problem import Battery, Goal, Problem, Trip

SLOT_S, DAY, DAYS = 1800.0, 48, 365
BEGINS = datetime(2026, 1, 1)


def at(slot: int) -> datetime:
    return BEGINS + timedelta(seconds=slot * SLOT_S)


def prices(random: Random) -> list[float]:
    """Low at night and at noon in summer, high from 16 to 19 o'clock; the level wanders from day to day. On one day of
    twenty a spike, on one of twelve some negative hours."""
    found, level = [], 0.18
    for day in range(DAYS):
        summer = 0.5 - 0.5 * cos((day + 10) / 365 * 2 * pi)
        level += 0.25 * (0.20 - 0.05 * summer - level) + random.gauss(0, 0.02)
        spike = random.randrange(32, 40) if random.random() < 0.05 else None
        negative = random.choice((6, 24, 26)) if random.random() < 1 / 12 else None
        for n in range(DAY):
            shape = (
                1
                - 0.25 * cos((n - 8) / DAY * 2 * pi)
                - 0.35 * summer * max(0.0, sin((n - 18) / 14 * pi)) * (18 <= n < 32)
            )
            price = level * shape + (0.12 if 32 <= n < 38 else 0.0) + random.gauss(0, 0.012)
            price += random.uniform(0.3, 0.7) if spike is not None and spike <= n < spike + 3 else 0.0
            price -= random.uniform(0.15, 0.30) if negative is not None and negative <= n < negative + 6 else 0.0
            found.append(round(price, 4))
    return found


def load(random: Random) -> list[float]:
    """A base, a morning and an evening, more on weekends; each day and half hour by chance."""
    found = []
    for day in range(DAYS):
        weekend = at(day * DAY).weekday() >= 5
        much = random.uniform(0.7, 1.3)
        for n in range(DAY):
            evening, morning, noon = 34 <= n < 44, 13 <= n < 17, weekend and 22 <= n < 30
            mean_w = 250 + 900 * evening + 500 * morning + 700 * noon
            found.append(mean_w * much * random.lognormvariate(-0.08, 0.4))
    return found


def sun(random: Random, peak_w: float) -> list[float]:
    found = []
    for day in range(DAYS):
        summer = 0.5 - 0.5 * cos((day + 10) / 365 * 2 * pi)
        clear, half = random.uniform(0.15, 1.0), 8 + 7 * summer
        for n in range(DAY):
            height = max(0.0, cos((n - 25) / half * pi / 2)) if abs(n - 25) < half else 0.0
            found.append(peak_w * (0.35 + 0.65 * summer) * clear * height * random.uniform(0.8, 1.0))
    return found


def year(seed: int, peak_w: float = 3500.0) -> Problem:
    """All of it as one problem. The car is away on workdays from 8 to 17 o'clock, and has 24 kWh at 7:30."""
    random = Random(seed)
    bought = prices(random)
    work = [day for day in range(DAYS) if at(day * DAY).weekday() < 5]
    return Problem(
        SLOT_S,
        bought,
        [max(0.0, round(0.75 * price - 0.03, 4)) for price in bought],
        load(random),
        sun(random, peak_w),
        Battery(20.0, 40.0, 8.0, 36.0, 5775.0, 5775.0, wear=0.02),
        end_value=0.15,
        goals=tuple(Goal(day * DAY + 15, 24.0) for day in work),
        trips=tuple(Trip(day * DAY + 16, day * DAY + 34, random.uniform(4, 9)) for day in work),
    )
