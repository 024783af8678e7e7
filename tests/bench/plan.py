"""A made year of half-hour prices: what the plan saves as it would really run, beside perfect foresight.

At 16 o'clock the prices of the next day become known. Beyond that each half hour has its mean of the last seven days.
The load is forecast from the log of the eight weeks before; the sun is off by up to 30 %. A plan is made each hour.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean
from time import process_time
from typing import Any

from tests.bench.rows import row
from tests.support.madeyear import DAY, at, year
from v2h.energy.plan.forecast import Profile, learned
from v2h.energy.plan.making import DOUBT
from v2h.energy.plan.moves import Order, given_w
from v2h.energy.plan.optimum import cheapest
from v2h.energy.plan.outcome import Outcome, Unplanned, powered, without_plan
from v2h.energy.plan.plan import plan
from v2h.energy.plan.problem import Act, Goal, Problem, Trip, end_value
from v2h.energy.steps import result

SEED = 2026
PUBLISHED, HORIZON, EVERY = 32, 72, 2
"""In half hours: when the next day's prices come, how far a plan looks, how often one is made."""


def expected(prices: Sequence[float], now: int, slot: int) -> float:
    """The price of a slot as far as it is known now."""
    known = (now // DAY + (2 if now % DAY >= PUBLISHED else 1)) * DAY
    if slot < known:
        return prices[slot]
    same = [prices[n] for n in range(slot % DAY, now, DAY)][-7:]
    return fmean(same) if same else fmean(prices[: max(now, 1)])


def seen(real: Problem, now: int, soc_kwh: float, profile: Profile, sun_w: list[float]) -> Problem:
    """What is known now of the next 36 hours."""
    slots = range(now, min(now + HORIZON, real.slots))
    bought = [expected(real.import_price, now, slot) for slot in slots]
    until = len(slots)
    trips = [
        Trip(max(0, trip.leaves - now), trip.back - now, trip.used_kwh if trip.leaves >= now else 0.0)
        for trip in real.trips
        if now < trip.back and trip.leaves < now + until
    ]
    return replace(
        real,
        import_price=bought,
        export_price=[expected(real.export_price, now, slot) for slot in slots],
        load_w=[profile.at_w(at(slot)) for slot in slots],
        sun_w=sun_w[now : now + until],
        battery=replace(real.battery, soc_kwh=soc_kwh),
        end_value=end_value(bought, real.battery.losses),
        goals=tuple(Goal(goal.slot - now, goal.soc_kwh) for goal in real.goals if now < goal.slot <= now + until),
        trips=tuple(trips),
        doubt=DOUBT,
    )


def executed(real: Problem, otherwise: Act, tell: Callable[[str], None]) -> Outcome:
    random = Random(SEED)
    sun_w = [value * random.uniform(0.7, 1.3) for value in real.sun_w]
    soc_kwh, powers_w, profile = real.battery.soc_kwh, list[float](), learned([])
    bare = Unplanned(real, otherwise)
    orders: list[Order] = []
    for slot in range(real.slots):
        if slot % (7 * DAY) == 0:
            tell(f"day {slot // DAY}")
            profile = learned((at(n), real.load_w[n]) for n in range(max(0, slot - 56 * DAY), slot))
        if slot % EVERY == 0:
            found = result(plan(seen(real, slot, soc_kwh, profile, sun_w), otherwise))
            orders = [Order(planned.act, planned.order_w) for planned in found.slots]
        soc_kwh = real.after_leaving(slot, soc_kwh)
        power_w = bare.power_w(slot, soc_kwh)
        if found.followed and not real.away(slot):
            power_w = given_w(real, slot, soc_kwh, orders[slot % EVERY])
        powers_w.append(power_w)
        soc_kwh += power_w * real.hours / 1000
    return powered(real, powers_w)


def measure(tell: Callable[[str], None], days: int = 365) -> list[dict[str, Any]]:
    real = year(SEED)
    slots = days * DAY
    real = replace(
        real,
        import_price=real.import_price[:slots],
        export_price=real.export_price[:slots],
        load_w=real.load_w[:slots],
        sun_w=real.sun_w[:slots],
        goals=tuple(goal for goal in real.goals if goal.slot <= slots),
        trips=tuple(trip for trip in real.trips if trip.back <= slots),
    )
    foreseen = powered(real, [slot.power_w for slot in result(cheapest(real))])
    idle, v2h = (result(without_plan(real, act)) for act in (Act.IDLE, Act.V2H))
    begun = process_time()
    done = executed(real, Act.IDLE, tell)
    tell(f"{(process_time() - begun) / (slots / EVERY) * 1000:.0f} ms a plan")
    cost = {name: outcome.worth(real) for name, outcome in (("idle", idle), ("v2h", v2h))}
    best, mine = foreseen.worth(real), done.worth(real)
    tell(
        f"{days} days: without plan {cost['idle']:.2f} (idle), {cost['v2h']:.2f} (V2H), planned {mine:.2f}, perfect"
        f" foresight {best:.2f}; targets lack {idle.missed_kwh(real):.1f}, {v2h.missed_kwh(real):.1f},"
        f" {done.missed_kwh(real):.1f}, {foreseen.missed_kwh(real):.1f} kWh"
    )
    return [
        row("plan: saved in a made year, beside perfect foresight", cost["idle"] - mine, "EUR", cost["idle"] - best),
        row("plan: the same against V2H without a plan", cost["v2h"] - mine, "EUR", cost["v2h"] - best),
    ]
