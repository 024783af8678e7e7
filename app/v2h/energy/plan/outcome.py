"""What a day costs: by the orders of a plan, or without a plan, with the load, sun and prices of a problem; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from v2h.energy.plan.moves import Order, full, given_w
from v2h.energy.plan.problem import Act, Problem
from v2h.energy.steps import Steps

AHEAD_S = 86400
"""Without a plan, charging for a target begins at most so long before it, as in energy/planning."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """powers_w: at the battery in each slot, + charging. begins_kwh: the battery's energy at the beginning of each
    slot before a trip that begins there; one more for the end. cost: of the grid and of wear."""

    powers_w: tuple[float, ...]
    begins_kwh: tuple[float, ...]
    cost: float

    def missed_kwh(self, problem: Problem) -> float:
        """What targets and trips lack, altogether."""
        return sum(max(0.0, need_kwh - self.begins_kwh[slot]) for slot, need_kwh in problem.needs())

    def worth(self, problem: Problem) -> float:
        """The cost less what the energy at the end is worth: what two outcomes can be compared by."""
        return self.cost - problem.end_value * self.begins_kwh[-1]


def powered(problem: Problem, powers_w: Sequence[float]) -> Outcome:
    """With these powers at the battery, which must be possible."""
    soc_kwh = problem.battery.soc_kwh
    begins_kwh, cost = [soc_kwh], 0.0
    for slot, power_w in enumerate(powers_w):
        soc_kwh = problem.after_leaving(slot, soc_kwh) + power_w * problem.hours / 1000
        begins_kwh.append(soc_kwh)
        cost += problem.cost(slot, power_w)
    return Outcome(tuple(powers_w), tuple(begins_kwh), cost)


def ordered(problem: Problem, orders: Sequence[Order]) -> Outcome:
    """With these orders, one for each slot."""
    soc_kwh, powers_w = problem.battery.soc_kwh, []
    for slot, order in enumerate(orders):
        soc_kwh = problem.after_leaving(slot, soc_kwh)
        power_w = 0.0 if problem.away(slot) else given_w(problem, slot, soc_kwh, order)
        powers_w.append(power_w)
        soc_kwh += power_w * problem.hours / 1000
    return powered(problem, powers_w)


class Unplanned:
    """The appliance without a plan, slot after slot: it charges for targets and trips in the cheapest slots of the day
    before them, of equal ones in the latest, and does not go below a target from the first of these on. In the other
    slots it does what the schedule has fixed, or `otherwise`."""

    def __init__(self, problem: Problem, otherwise: Act) -> None:
        self._problem, self._otherwise = problem, otherwise
        self._needs, self._held_kwh = sorted(problem.needs()), 0.0
        self._away = [problem.away(slot) for slot in range(problem.slots)]

    def power_w(self, slot: int, soc_kwh: float) -> float:
        """At the battery, with this energy after the car has left on a trip. slot: never an earlier one than before."""
        problem, needs = self._problem, self._needs
        while needs and needs[0][0] <= slot:
            self._held_kwh = 0.0
            needs.pop(0)
        if self._away[slot]:
            return 0.0
        power_w = given_w(problem, slot, soc_kwh, full(problem, problem.fixed.get(slot, self._otherwise)))
        missing_kwh = needs[0][1] - soc_kwh if needs else 0.0
        if needs and self._charges_now(slot, needs[0][0], missing_kwh):
            self._held_kwh = needs[0][1]
            charge = Order(Act.CHARGE, missing_kwh * 1000 / problem.hours)
            power_w = max(power_w, given_w(problem, slot, soc_kwh, charge))
        return max(power_w, min(0.0, (self._held_kwh - soc_kwh) * 1000 / problem.hours))

    def _charges_now(self, slot: int, until: int, missing_kwh: float) -> bool:
        """Whether this slot is among the cheapest that bring what is missing until then."""
        problem, away = self._problem, self._away
        full_kwh = problem.battery.charge_w * problem.hours / 1000
        if missing_kwh <= 0 or full_kwh <= 0 or (until - slot) * problem.slot_s > AHEAD_S:
            return False
        rest = [(problem.import_price[n], -n) for n in range(slot, until) if not away[n]]
        return (problem.import_price[slot], -slot) in sorted(rest)[: ceil(missing_kwh / full_kwh)]


def without_plan(problem: Problem, otherwise: Act) -> Steps[Outcome]:
    """What comes of that."""
    bare, soc_kwh, powers_w = Unplanned(problem, otherwise), problem.battery.soc_kwh, []
    for slot in range(problem.slots):
        soc_kwh = problem.after_leaving(slot, soc_kwh)
        powers_w.append(bare.power_w(slot, soc_kwh))
        soc_kwh += powers_w[-1] * problem.hours / 1000
        yield 20
    return powered(problem, powers_w)
