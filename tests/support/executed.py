"""A plan that is executed: made from a forecast, again and again, while the real day goes on."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from v2h.energy.plan.making import DOUBT
from v2h.energy.plan.moves import Order, given_w
from v2h.energy.plan.outcome import Outcome, Unplanned, powered
from v2h.energy.plan.plan import plan
from v2h.energy.plan.problem import Act, Goal, Problem, Trip
from v2h.energy.steps import result


def rest(problem: Problem, since: int, soc_kwh: float) -> Problem:
    """The same from a slot on, with this energy then. A trip that has begun has already taken its energy."""
    trips = [
        Trip(max(0, trip.leaves - since), trip.back - since, trip.used_kwh if trip.leaves >= since else 0.0)
        for trip in problem.trips
        if trip.back > since
    ]
    return replace(
        problem,
        import_price=problem.import_price[since:],
        export_price=problem.export_price[since:],
        load_w=problem.load_w[since:],
        sun_w=problem.sun_w[since:],
        battery=replace(problem.battery, soc_kwh=soc_kwh),
        goals=tuple(Goal(goal.slot - since, goal.soc_kwh) for goal in problem.goals if goal.slot > since),
        trips=tuple(trips),
    )


def executed(real: Problem, forecast: Problem, every: int, doubt: float = DOUBT, otherwise: Act = Act.IDLE) -> Outcome:
    """The real day by plans from the forecast, a new one every so many slots; doubt: of the forecast, as plan/doubt has
    it. otherwise: what the appliance does when no plan is worth it."""
    soc_kwh, powers_w, bare = real.battery.soc_kwh, list[float](), Unplanned(real, otherwise)
    orders: list[Order] = []
    for slot in range(real.slots):
        if slot % every == 0:
            found = result(plan(replace(rest(forecast, slot, soc_kwh), doubt=doubt), otherwise))
            orders = [Order(planned.act, planned.order_w) for planned in found.slots]
        soc_kwh = real.after_leaving(slot, soc_kwh)
        power_w = bare.power_w(slot, soc_kwh)
        if found.followed and not real.away(slot):
            power_w = given_w(real, slot, soc_kwh, orders[slot % every])
        powers_w.append(power_w)
        soc_kwh += power_w * real.hours / 1000
    return powered(real, powers_w)


def wrong(problem: Problem, random: Random, share: float) -> Problem:
    """The same day as a forecast saw it: load and sun of the whole day and of each hour off by up to `share`."""

    def off(values: Sequence[float]) -> list[float]:
        day = random.uniform(-share, share)
        hours = [random.uniform(-share, share) for _ in range(len(values) // 4 + 1)]
        return [value * (1 + max(-share, min(share, day + hours[n // 4]))) for n, value in enumerate(values)]

    return replace(problem, load_w=off(problem.load_w), sun_w=off(problem.sun_w))
