"""Makes the plan for this house: from schedule, prices, settings, car, load and sun to slots, and from slots to orders.

It works in small steps (energy/steps). A target is charged for when the plan finds it best; see energy/filling for what
becomes of it when there is no plan any more.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

from v2h.bus.messages import HouseLoad, ManagerPlan
from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.gridlimits import FUSE_SHARE, PHASE_V
from v2h.energy.losses import Losses, usual
from v2h.energy.owner_settings import Settings
from v2h.energy.plan.forecast import USUAL_W
from v2h.energy.plan.plan import Plan, Planned, plan
from v2h.energy.plan.problem import Act, Battery, Goal, Problem, end_value
from v2h.energy.planning import plan as plan_schedule
from v2h.energy.prices import QUARTER_S, dated_price, quarter
from v2h.energy.readyby import NOMINAL_V, UNKNOWN_KWH, CarNow
from v2h.energy.schedule import Part, PriceSpan, Schedule, Want, local_iso
from v2h.energy.schedule import Plan as SchedulePlan
from v2h.energy.steps import Steps

SLOTS = 144
"""36 hours: from the evening before, when the prices of the next day come, to its end."""
LEAST_SLOTS = 4
BEFORE_DAYS = (1, 2, 3)
"""A price that is not known is the mean of those at the same time of so many days before, as far as they are known."""
DOUBT = 0.2
"""Load and sun of a day are off by so much as a rule: forecasts that are wrong by up to 30 % are. With 0.1 the room for
more sun than forecast is still too small; with 0.3 a day without surprises costs more."""
SHORT_REST = 2
"""A rest of so few slots keeps the session: to end one and to begin another wears contactors and wakes the car."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan is made from. soc_pct: the last one that the car reported, None before the first. house: what it
    draws by weekday and hour, None while the log has told nothing. losses: of the converter."""

    schedule: Schedule
    settings: Settings
    car: CarNow
    soc_pct: float | None = None
    house: HouseLoad | None = None
    losses: Losses = field(default_factory=usual)


@dataclass(frozen=True, slots=True)
class Made:
    """message: for the page and the log. parts: the orders, in order, with gaps where the schedule has decided; none
    when the plan is off or is not expected to save enough."""

    message: ManagerPlan
    parts: list[Part] = field(default_factory=list)


class _NoPlanError(ValueError):
    """No plan can be made; the text is the reason, for people."""


def made(known: Known, now: float, wall: datetime) -> Steps[Made]:
    """The plan from the present quarter of an hour on. now: monotonic s at `wall`."""
    on = known.settings.plan
    start = datetime.fromtimestamp(quarter(wall) * QUARTER_S, wall.tzinfo)
    scheduled = yield from plan_schedule(known.schedule, start, start + SLOTS * _slot(), known.car)
    try:
        bought, sold, known_slots = yield from _prices(known.schedule, scheduled.prices, start)
        problem, bare = yield from _problem(known, scheduled, start, bought, sold)
    except _NoPlanError as error:
        return Made(ManagerPlan(now, on, made=local_iso(wall, known.schedule.zone), trouble=error.args[0]))
    found = yield from plan(problem, _act(known.schedule.otherwise))
    yield 400
    parts = _parts(problem, found, start) if on and found.followed else []
    yield 400
    zone, message = known.schedule.zone, _message(known, problem, found, bare)
    begins = local_iso(start, zone)
    return Made(ManagerPlan(now, on, local_iso(wall, zone), begins, known=known_slots, **message), parts)


def _slot() -> timedelta:
    return timedelta(seconds=QUARTER_S)


# Prices, load and sun


def _prices(
    schedule: Schedule, spans: Sequence[PriceSpan], start: datetime
) -> Steps[tuple[list[float], list[float], int]]:
    """Import and export price of each slot until nothing is known of one, and of how many the price is known."""
    begins = [begin for begin, _, _ in spans]

    def told(direction: str, at: datetime) -> float | None:
        if at < start:
            return dated_price(schedule.dated, direction, at)
        rate = spans[bisect_right(begins, at) - 1][2]
        return None if rate is None else rate.import_price if direction == "import" else rate.export_price

    def expected(direction: str, at: datetime) -> float | None:
        before = [told(direction, at - timedelta(days=days)) for days in BEFORE_DAYS]
        prices = [price for price in before if price is not None]
        return sum(prices) / len(prices) if prices else None

    bought: list[float] = []
    sold: list[float] = []
    known = 0
    for n in range(SLOTS):
        at = start + n * _slot()
        price = told("import", at)
        if price is not None and known == n:
            known += 1
        price = expected("import", at) if price is None else price
        if price is None:
            break
        earned = told("export", at)
        bought.append(price)
        sold.append((expected("export", at) or 0.0) if earned is None else earned)
        yield 6
    if len(bought) < LEAST_SLOTS:
        raise _NoPlanError(say("plan.no_price"))
    return bought, sold, known


def _forecast(known: Known, start: datetime, slots: int) -> Steps[tuple[list[float], list[float]]]:
    """The house's load and the sun's power in each slot, W. Without a forecast of the sun, or while the log knows
    nothing of the sun, the load is that at the mains, which contains it."""
    house, sun = known.house, known.schedule.dated.get("sun")
    load_w: list[float] = []
    sun_w: list[float] = []
    for n in range(slots):
        at = start + n * _slot()
        local = at.astimezone(known.schedule.zone)
        shines_w = None if sun is None or house is None or not house.gross_w else sun.at(at)
        week = [] if house is None else house.net_w if shines_w is None else house.gross_w
        load_w.append(week[local.weekday()][local.hour] if week else USUAL_W)
        sun_w.append(shines_w or 0.0)
        yield 4
    return load_w, sun_w


# The problem


def _problem(
    known: Known, scheduled: SchedulePlan, start: datetime, bought: list[float], sold: list[float]
) -> Steps[tuple[Problem, list[Want]]]:
    """The problem, and what the schedule alone would do in each slot, apart from its targets."""
    settings, slots = known.settings, len(bought)
    load_w, sun_w = yield from _forecast(known, start, slots)
    battery = _battery(known)
    parts, bare = _part_of_slots(scheduled.parts, start, slots), list[Want]()
    fixed, until_kwh = dict[int, Act](), dict[int, float]()
    for n, part in enumerate(parts):
        bare.append(known.schedule.otherwise if is_open(part) else part.want)
        if is_open(part):
            continue
        fixed[n] = _act(part.want)
        if fixed[n] is Act.CHARGE and part.want.soc_limit_pct is not None:
            until_kwh[n] = part.want.soc_limit_pct / 100 * battery.capacity_kwh
    yield 200
    goals = [
        Goal(int((t.at - start) / _slot()), t.entry.soc_pct / 100 * battery.capacity_kwh) for t in scheduled.targets
    ]
    try:
        problem = Problem(
            QUARTER_S,
            bought,
            sold,
            load_w,
            sun_w,
            battery,
            end_value(bought, battery.losses),
            goals=tuple(goal for goal in goals if 0 < goal.slot <= slots),
            import_limit_w=inf if settings.fuse_a is None else settings.fuse_a * PHASE_V * FUSE_SHARE,
            export_limit_w=inf if settings.export_limit_w is None else settings.export_limit_w,
            fixed=fixed,
            fixed_until_kwh=until_kwh,
            doubt=DOUBT,
        )
    except ValueError as error:
        raise _NoPlanError(say("plan.impossible", why=str(error))) from error
    return problem, bare


def is_open(part: Part) -> bool:
    """Whether the schedule leaves this time to the plan: no entry applies, or it charges for a target, which is a
    target of the plan as well."""
    return not part.entry or part.target is not None


def _battery(known: Known) -> Battery:
    """While nothing is known of the car's charge it counts as half of what may be used: so the plan wakes the car for
    both directions, and then knows."""
    settings = known.settings
    capacity_kwh = known.car.capacity_kwh or UNKNOWN_KWH
    floor_pct, ceiling_pct = max(settings.soc_min_pct, settings.reserve_soc_pct), settings.soc_max_pct
    soc_pct = (floor_pct + ceiling_pct) / 2 if known.soc_pct is None else known.soc_pct
    return Battery(
        soc_pct / 100 * capacity_kwh,
        capacity_kwh,
        floor_pct / 100 * capacity_kwh,
        ceiling_pct / 100 * capacity_kwh,
        settings.max_charge_a * NOMINAL_V,
        settings.max_discharge_a * NOMINAL_V,
        settings.wear_per_kwh,
        known.losses,
    )


def _part_of_slots(parts: Sequence[Part], start: datetime, slots: int) -> list[Part]:
    begins = [part.start for part in parts]
    return [parts[max(0, bisect_right(begins, start + n * _slot()) - 1)] for n in range(slots)]


def _act(want: Want) -> Act:
    return Act(want.mode) if want.mode in set(Act) else Act.IDLE


# The result


def _message(known: Known, problem: Problem, found: Plan, bare: Sequence[Want]) -> dict[str, Any]:
    battery, per_pct = problem.battery, 100 / problem.battery.capacity_kwh
    slots = found.slots
    cost = found.cost - problem.end_value * (slots[-1].soc_kwh - battery.soc_kwh)
    assumed = [say("plan.charge_unknown")] if known.soc_pct is None else []
    assumed += [] if known.car.capacity_kwh else [say("plan.capacity_unknown", capacity_kwh=UNKNOWN_KWH)]
    assumed += [] if known.house is not None and known.house.days >= 1 else [say("plan.load_unknown", load_w=USUAL_W)]
    return {
        "acts": [str(slot.act) for slot in slots],
        "order_w": [round(slot.order_w) for slot in slots],
        "power_w": [round(slot.power_w) for slot in slots],
        "grid_w": [round(slot.grid_w) for slot in slots],
        "soc_pct": [round(slot.soc_kwh * per_pct, 1) for slot in slots],
        "import_price": [round(price, 5) for price in problem.import_price],
        "export_price": [round(price, 5) for price in problem.export_price],
        "load_w": [round(load_w) for load_w in problem.load_w],
        "sun_w": [round(sun_w) for sun_w in problem.sun_w],
        "bare": [want.mode for want in bare],
        "bare_until_pct": [want.soc_limit_pct if want.mode == Mode.CHARGE else None for want in bare],
        "why": [slot.why for slot in slots],
        "goals": [{"slot": goal.slot, "soc_pct": round(goal.soc_kwh * per_pct, 1)} for goal in problem.goals],
        "cost": round(cost, 4),
        "cost_without": round(cost + found.saved, 4),
        "saved": round(found.saved, 4),
        "missed_kwh": round(found.missed_kwh, 3),
        "assumed": say("plan.assumed", what=assumed) if assumed else "",
        "battery": {
            "capacity_kwh": battery.capacity_kwh,
            "floor_kwh": battery.floor_kwh,
            "ceiling_kwh": battery.ceiling_kwh,
            "charge_w": battery.charge_w,
            "discharge_w": battery.discharge_w,
            "wear": battery.wear,
            "otherwise": known.schedule.otherwise.mode,
        },
    }


def _parts(problem: Problem, found: Plan, start: datetime) -> list[Part]:
    """The orders of the slots that the schedule leaves open; neighbours with the same order are one part."""
    parts: list[Part] = []
    rests = _rests(found.slots)
    for n, slot in enumerate(found.slots):
        if n in problem.fixed:
            continue
        begin = start + n * _slot()
        want = _want(problem, n, slot, rests.get(n, 0))
        if parts and parts[-1].end == begin and parts[-1].want == want:
            parts[-1] = Part(parts[-1].start, begin + _slot(), want, **_same(parts[-1]))
            continue
        floor_pct = problem.battery.floor_kwh / problem.battery.capacity_kwh * 100
        key = f"plan {want.mode} {want.low_w:.0f} {want.high_w:.0f}"
        parts.append(Part(begin, begin + _slot(), want, key=key, why=slot.why, keep_soc_pct=floor_pct, planned=True))
    return parts


def _same(part: Part) -> Mapping[str, Any]:
    return {"key": part.key, "why": part.why, "keep_soc_pct": part.keep_soc_pct, "planned": True}


def _rests(slots: Sequence[Planned]) -> dict[int, int]:
    """Slot of a rest -> the number of slots that the whole rest has."""
    found: dict[int, int] = {}
    run: list[int] = []
    for n, slot in enumerate([*slots, None]):
        if slot is not None and slot.act is Act.IDLE:
            run.append(n)
            continue
        found |= dict.fromkeys(run, len(run))
        run = []
    return found


def _want(problem: Problem, n: int, slot: Planned, rest: int) -> Want:
    """The order of a slot in the words of the schedule, with bounds of the power at the battery."""
    per_pct = 100 / problem.battery.capacity_kwh
    if slot.act is Act.IDLE and rest <= SHORT_REST:
        return Want(Mode.V2H, low_w=0.0, high_w=0.0)
    if slot.act is Act.COVER:
        return Want(Mode.V2H, low_w=slot.order_w, high_w=0.0)
    if slot.act is Act.SOLAR:
        return Want(Mode.SOLAR, high_w=slot.order_w)
    if slot.act is Act.V2H:
        return Want(Mode.V2H)
    if slot.act is Act.CHARGE:
        return Want(Mode.CHARGE, soc_limit_pct=problem.ceiling_kwh(n) * per_pct, high_w=slot.order_w)
    if slot.act is Act.DISCHARGE:
        return Want(Mode.DISCHARGE, soc_limit_pct=problem.battery.floor_kwh * per_pct, low_w=slot.order_w)
    return Want(Mode.IDLE)
