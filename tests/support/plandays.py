"""Random days for the plan: prices, load, sun, battery, targets and trips, from a seed."""

from math import inf, pi, sin
from random import Random

from v2h.energy.plan.problem import Battery, Goal, Problem, Trip, end_value

SLOT_S, DAY = 900.0, 96


def prices(random: Random, slots: int) -> tuple[list[float], list[float]]:
    """Import and export price: a flat, a two-part, a half-hourly or a wild tariff; sold for a fixed price or for a
    share of the price at which is bought."""
    kind = random.choice(("flat", "night", "agile", "agile", "wild"))
    day, night = random.uniform(0.2, 0.4), random.uniform(0.05, 0.15)
    until = random.randrange(16, 30)
    bought = []
    for n in range(slots):
        quarter = n % DAY
        if kind == "flat":
            price = day
        elif kind == "night":
            price = night if quarter < until else day
        else:
            if n % 2 == 0:
                noise = random.gauss(0, 0.02 if kind == "agile" else 0.1)
            evening = max(0.0, sin((quarter - 64) / 14 * pi)) if 64 <= quarter < 78 else 0.0
            price = 0.16 + 0.06 * sin((quarter - 36) / DAY * 2 * pi) + 0.18 * evening + noise
            if kind == "wild" and random.random() < 0.03:
                price += random.choice((-0.3, 0.5))
        bought.append(round(price, 4))
    fixed = random.choice((None, 0.0, 0.05, 0.15))
    return bought, [round(price * 0.6, 4) if fixed is None else fixed for price in bought]


def load(random: Random, slots: int) -> list[float]:
    base, busy = random.uniform(150, 500), random.uniform(500, 2500)
    found = []
    for n in range(slots):
        hour = n % DAY / 4
        share = max(0.0, sin((hour - 16) / 7 * pi)) if 16 <= hour < 23 else 0.3 if 6 <= hour < 9 else 0.05
        found.append(base + busy * share * random.uniform(0.5, 1.5) + (2000 if random.random() < 0.04 else 0))
    return found


def sun(random: Random, slots: int) -> list[float]:
    peak_w = random.choice((0.0, 0.0, 1500.0, 4000.0, 7000.0))
    return [peak_w * max(0.0, sin((n % DAY / 4 - 6) / 12 * pi)) * random.uniform(0.5, 1.0) for n in range(slots)]


def problem(seed: int) -> Problem:
    """A day, one of four two days."""
    random = Random(seed)
    slots = DAY * (2 if seed % 4 == 0 else 1)
    bought, sold = prices(random, slots)
    capacity_kwh = random.choice((24.0, 39.0, 40.0, 62.0))
    floor_kwh, ceiling_kwh = capacity_kwh * random.choice((0.1, 0.2, 0.3)), capacity_kwh * random.choice((0.8, 0.9))
    power_w = random.choice((3600.0, 5775.0, 5775.0, 6000.0))
    battery = Battery(
        soc_kwh=random.uniform(floor_kwh, ceiling_kwh),
        capacity_kwh=capacity_kwh,
        floor_kwh=floor_kwh,
        ceiling_kwh=ceiling_kwh,
        charge_w=power_w,
        discharge_w=power_w,
        wear=random.choice((0.0, 0.02, 0.05)),
    )
    trips, goals = [], []
    if random.random() < 0.4:
        leaves = random.randrange(28, 60)
        most_kwh = ceiling_kwh - floor_kwh - 4
        trips.append(Trip(leaves, leaves + random.randrange(4, 30), random.uniform(2, min(most_kwh, 15))))
    if random.random() < 0.5:
        goals.append(Goal(random.randrange(24, slots), random.uniform(0.6, 1.0) * capacity_kwh))
    return Problem(
        SLOT_S,
        bought,
        sold,
        load(random, slots),
        sun(random, slots),
        battery,
        end_value(bought, battery.losses),
        tuple(goals),
        tuple(trips),
        import_limit_w=random.choice((inf, 9000.0)),
        export_limit_w=random.choice((inf, inf, 3680.0, 0.0)),
    )
