"""The plan: for each slot what the car does, what that brings and why, and what it saves; pure."""

from dataclasses import dataclass

from v2h.bus.sentences import Sentence, say
from v2h.energy.plan.doubt import at_stake
from v2h.energy.plan.moves import LEAST_W, full, needed_soon, order
from v2h.energy.plan.optimum import Slot, cheapest, shortage
from v2h.energy.plan.outcome import Outcome, powered, without_plan
from v2h.energy.plan.problem import Act, Problem
from v2h.energy.steps import Steps

AT_EDGE_KWH = 0.05
"""The battery counts as at its floor or ceiling when it is this near: a step of the finer pass."""
LEAST_SHARE = 0.15
"""A plan must be expected to save more than this share of what a wrong forecast can cost. Otherwise the appliance does
as without a plan: it follows the house as it is, and not as it was forecast. Without this, four of 200 days with a
forecast that was off by up to 30 % were dearer with a plan than without; a larger share gives away what plans save."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One slot. order_w: for CHARGE and DISCHARGE the power at the battery that is ordered (+ charging), for COVER and
    SOLAR the most. power_w, grid_w: what that is expected to give, at the battery and at the mains. soc_kwh: at the end
    of the slot. worth: of one more kWh in the battery then."""

    act: Act
    order_w: float
    power_w: float
    grid_w: float
    soc_kwh: float
    cost: float
    worth: float
    why: Sentence


@dataclass(frozen=True, slots=True)
class Plan:
    """followed: whether it is expected to save enough; else the slots are what happens without a plan. cost: of the
    grid and of wear, over all slots. saved: against the same time without a plan, where energy that is
    left at the end counts with the problem's end_value. missed_kwh: what targets and trips lack because the time is too
    short."""

    slots: tuple[Planned, ...]
    followed: bool
    cost: float
    cost_without: float
    saved: float
    missed_kwh: float


def plan(problem: Problem, otherwise: Act) -> Steps[Plan]:
    """The cheapest plan. otherwise: what the appliance does without one when the schedule has decided nothing."""
    slots = yield from cheapest(problem)
    outcome = powered(problem, [slot.power_w for slot in slots])
    yield 3 * len(slots)
    without = yield from without_plan(problem, otherwise)
    saved = without.worth(problem) - outcome.worth(problem)
    sooner_kwh = without.missed_kwh(problem) - outcome.missed_kwh(problem)
    followed = saved + shortage(problem) * sooner_kwh >= LEAST_SHARE * at_stake(problem)
    planned = []
    for slot in range(problem.slots):
        if followed:
            planned.append(_planned(problem, slot, slots[slot], outcome))
        else:
            planned.append(_unplanned(problem, slot, slots[slot].worth, otherwise, without, saved))
        yield 20
    if not followed:
        outcome, saved = without, 0.0
    return Plan(tuple(planned), followed, outcome.cost, without.cost, saved, outcome.missed_kwh(problem))


def _planned(problem: Problem, slot: int, found: Slot, outcome: Outcome) -> Planned:
    decided = problem.fixed.get(slot)
    needs = needed_soon(problem, slot)
    slack_kwh = min((outcome.begins_kwh[at] - need_kwh for at, need_kwh in needs), default=0.0)
    act, order_w = order(problem, slot, found.power_w, found.worth, slack_kwh)
    if decided is not None and act != Act.AWAY:
        act = decided
    return Planned(
        act=act,
        order_w=order_w,
        power_w=found.power_w,
        grid_w=problem.net_w(slot) + problem.battery.losses.ac_w(found.power_w),
        soc_kwh=found.soc_kwh,
        cost=problem.cost(slot, found.power_w),
        worth=found.worth,
        why=_why(problem, slot, act, found),
    )


def _unplanned(problem: Problem, slot: int, worth: float, otherwise: Act, without: Outcome, saved: float) -> Planned:
    power_w = without.powers_w[slot]
    act = problem.fixed.get(slot, otherwise)
    why = say("planned.fixed") if slot in problem.fixed else say("planned.as_without", saved=max(0.0, saved))
    if problem.away(slot):
        act, why = Act.AWAY, say("planned.away")
    elif power_w > LEAST_W and (act not in (Act.CHARGE, Act.SOLAR, Act.V2H) or problem.net_w(slot) >= 0):
        act = Act.CHARGE
    return Planned(
        act=act,
        order_w=power_w if act is Act.CHARGE else full(problem, act).power_w,
        power_w=power_w,
        grid_w=problem.net_w(slot) + problem.battery.losses.ac_w(power_w),
        soc_kwh=without.begins_kwh[slot + 1],
        cost=problem.cost(slot, power_w),
        worth=worth,
        why=why,
    )


def _why(problem: Problem, slot: int, act: Act, found: Slot) -> Sentence:
    battery, worth = problem.battery, found.worth
    bought, sold = problem.import_price[slot], problem.export_price[slot]
    if act == Act.AWAY:
        return say("planned.away")
    if slot in problem.fixed:
        return say("planned.fixed")
    if act == Act.CHARGE:
        wanted = any(at > slot and found.soc_kwh <= need_kwh + AT_EDGE_KWH for at, need_kwh in problem.needs())
        return say("planned.target", price=bought) if wanted else say("planned.charge", price=bought, worth=worth)
    if act == Act.DISCHARGE:
        return say("planned.discharge", price=sold, worth=worth)
    if act == Act.COVER or (act == Act.V2H and found.power_w < 0):
        return say("planned.cover", price=bought, worth=worth)
    if act is Act.SOLAR and abs(found.power_w) < LEAST_W:
        return say("planned.spare", price=sold)
    if act in (Act.SOLAR, Act.V2H):
        return say("planned.store", price=sold, worth=worth)
    if problem.net_w(slot) > LEAST_W and found.soc_kwh <= battery.floor_kwh + AT_EDGE_KWH:
        return say("planned.empty")
    if found.soc_kwh >= problem.ceiling_kwh(slot) - AT_EDGE_KWH:
        return say("planned.full")
    return say("planned.rest", worth=worth)
