"""What the car can do in one slot, and what becomes of an order when house and battery are as they are; pure."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from v2h.energy.plan.problem import Act, Problem

LEAST_W = 1.0
"""A smaller power at the battery counts as 0."""
SAME = 0.002
"""Money per kWh. When storing the sun brings and costs as much as selling it, it is stored: the forecast may be too
high, and then what was sold is missing."""
BEFORE_NEED = 4
"""In so many slots before a target or a trip no more is taken out of the battery than was planned, unless the battery
has more than it needs then even with a larger load."""
FAR = 2.0
"""Load and sun may be off by so many times the doubt: in one day of twenty they are off by more."""
FOLLOWING = (Act.COVER, Act.SOLAR, Act.V2H)


class Order(NamedTuple):
    """power_w: at the battery, + charging. For CHARGE and DISCHARGE what is ordered; for COVER and SOLAR the most; for
    V2H, IDLE and AWAY 0."""

    act: Act
    power_w: float = 0.0


def follow_w(problem: Problem, slot: int) -> float:
    """The power at the battery that brings the grid to 0 W, within the limits; 0 when it is less than the own use."""
    low_w, high_w = problem.bounds_w(slot)
    return min(max(problem.battery.losses.dc_w(-problem.net_w(slot)), low_w), high_w)


def powers_w(problem: Problem, slot: int, step_kwh: float) -> Iterator[float]:
    """The powers at the battery among which the plan chooses: none, the one that follows the house, the most in both
    directions, and between them all that move the charge by whole steps. In a slot that the schedule has decided, what
    it has decided, and less of it."""
    low_w, high_w = problem.bounds_w(slot)
    follows_w = follow_w(problem, slot)
    decided = problem.fixed.get(slot)
    if decided is not None:
        if decided in FOLLOWING:
            low_w, high_w = min(0.0, follows_w), max(0.0, follows_w)
        low_w = low_w if decided in (Act.DISCHARGE, Act.COVER, Act.V2H) else 0.0
        high_w = high_w if decided in (Act.CHARGE, Act.SOLAR, Act.V2H) else 0.0
    step_w = step_kwh * 1000 / problem.hours
    found = {n * step_w for n in range(ceil(low_w / step_w), int(high_w / step_w) + 1)}
    found |= {power_w for power_w in (follows_w, low_w, high_w) if low_w <= power_w <= high_w}
    yield 0.0
    yield from (power_w for power_w in sorted(found) if abs(power_w) >= LEAST_W)


def order(problem: Problem, slot: int, power_w: float, worth: float, slack_kwh: float = 0.0) -> Order:
    """The order that gives this power and does best when the house is not as expected: one that follows the house where
    that is possible, and without a limit where more of the same pays as well. worth: of a kWh in the battery after the
    slot. slack_kwh: what the battery has beyond the needs of the next slots."""
    if problem.away(slot):
        return Order(Act.AWAY)
    battery, net_w = problem.battery, problem.net_w(slot)
    ac_w = battery.losses.ac_w(power_w)
    if power_w < -LEAST_W and -ac_w > net_w + LEAST_W:
        return Order(Act.DISCHARGE, power_w)
    if power_w > LEAST_W and ac_w > LEAST_W - net_w:
        return Order(Act.CHARGE, power_w)
    share = _share(problem, slot, power_w)
    covering = problem.import_price[slot] * share - battery.wear - worth
    storing = worth * share - problem.export_price[slot]
    if power_w < -LEAST_W:
        if covering > SAME and (not needed_soon(problem, slot) or _spare(problem, slot, slack_kwh)):
            return Order(Act.V2H) if storing > SAME else full(problem, Act.COVER)
        return Order(Act.COVER, power_w)
    if power_w > LEAST_W:
        if storing > -SAME:
            return Order(Act.V2H) if covering > SAME else full(problem, Act.SOLAR)
        return Order(Act.SOLAR, power_w)
    least_w = net_w - off_w(problem, slot)
    storing = worth * _share_of(problem, problem.battery.losses.dc_w(-least_w)) - problem.export_price[slot]
    if least_w >= -LEAST_W or battery.charge_w <= LEAST_W or storing <= -SAME:
        return Order(Act.IDLE)
    most_w = net_w + off_w(problem, slot)
    covering = problem.import_price[slot] * _share_of(problem, problem.battery.losses.dc_w(-most_w))
    pays = covering - battery.wear - worth > SAME and net_w < 0 < most_w and not needed_soon(problem, slot)
    return Order(Act.V2H) if pays else full(problem, Act.SOLAR)


def needed_soon(problem: Problem, slot: int) -> list[tuple[int, float]]:
    """The needs of the next slots."""
    return [(at, need_kwh) for at, need_kwh in problem.needs() if 0 < at - slot <= BEFORE_NEED]


def off_w(problem: Problem, slot: int) -> float:
    """By how much the house may be off in this slot."""
    return FAR * problem.doubt * (problem.load_w[slot] + problem.sun_w[slot])


def _spare(problem: Problem, slot: int, slack_kwh: float) -> bool:
    """Whether the battery has enough for the needs of the next slots, also if the house draws more until then."""
    until = min(at for at, _ in needed_soon(problem, slot))
    more_kwh = sum(off_w(problem, n) for n in range(slot, until)) * problem.hours / 1000
    return problem.doubt > 0 and slack_kwh > more_kwh


def _share(problem: Problem, slot: int, power_w: float) -> float:
    """What remains of a kWh on its way through the converter at this power; at 0 at the power that follows the
    house."""
    return _share_of(problem, power_w if abs(power_w) >= LEAST_W else follow_w(problem, slot))


def _share_of(problem: Problem, dc_w: float) -> float:
    if abs(dc_w) < LEAST_W:
        return 0.0
    ac_w = problem.battery.losses.ac_w(dc_w)
    return min(1.0, max(0.0, ac_w / dc_w if dc_w < 0 else dc_w / ac_w))


def full(problem: Problem, act: Act) -> Order:
    """This act with as much power as there is."""
    battery = problem.battery
    if act in (Act.CHARGE, Act.SOLAR):
        return Order(act, battery.charge_w)
    return Order(act, -battery.discharge_w if act in (Act.DISCHARGE, Act.COVER) else 0.0)


def given_w(problem: Problem, slot: int, soc_kwh: float, order: Order) -> float:
    """The power at the battery that this order gives, as a mean over the slot, within every limit."""
    act, power_w = order
    if act in FOLLOWING:
        power_w = follow_w(problem, slot) if act == Act.V2H else _towards(power_w, follow_w(problem, slot))
    low_w, high_w = problem.bounds_w(slot)
    return within_w(problem, slot, soc_kwh, min(max(power_w, low_w), high_w))


def within_w(problem: Problem, slot: int, soc_kwh: float, power_w: float) -> float:
    """This power, or less of it: what the battery can give down to its floor, or take up to its ceiling, in a slot."""
    per_kwh_w = 1000 / problem.hours
    if power_w < 0:
        return min(0.0, max(power_w, (problem.battery.floor_kwh - soc_kwh) * per_kwh_w))
    return max(0.0, min(power_w, (problem.ceiling_kwh(slot) - soc_kwh) * per_kwh_w))


def _towards(most_w: float, wish_w: float) -> float:
    """As much of the wish as lies between 0 and most_w."""
    return max(most_w, min(0.0, wish_w)) if most_w < 0 else min(most_w, max(0.0, wish_w))
