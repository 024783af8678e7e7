"""Finds the cheapest plan by dynamic programming over slots and states of charge; pure.

From the last slot backwards it calculates for each state of charge what the rest of the time costs at best: `_values`.
From the present state forwards it then takes in each slot the power with which slot and rest together cost least:
`_forwards`. It does so twice: over all states in steps of at most STEP_KWH, and over the states near that plan in finer
steps. It works in small steps (energy/steps).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf
from operator import add
from typing import NamedTuple

from v2h.energy.plan import doubt
from v2h.energy.plan.moves import powers_w
from v2h.energy.plan.outcome import powered
from v2h.energy.plan.problem import Problem
from v2h.energy.steps import Steps

STEP_KWH = 0.36
"""0.9 % of a battery of 40 kWh. The second pass has steps of 0.05 kWh."""
FINER, NEAR = 7, 18
"""The second pass: so many steps instead of one, and so many of them above and below the first plan, which is 0.9 kWh.
Over 200 random days both passes together are at most 2.4 cents above the optimum. A first pass in steps of 0.25 kWh
takes a third longer and saves 0.06 cents a day."""
EXACT = 2
"""In so many slots before a target also powers between the steps are tried, so that the charge ends at the target."""
TINY = 1e-9


class Slot(NamedTuple):
    """power_w: at the battery, + charging. soc_kwh: at the end of the slot. worth: what one more kWh in the battery
    would then save in the rest of the time."""

    power_w: float
    soc_kwh: float
    worth: float


class Choice(NamedTuple):
    """What can be done in a slot: moves: (power at the battery, what the slot then costs). few: those of them that the
    first pass looks at. ceiling_kwh: up to here the battery may be charged. Not at all while the car is away."""

    moves: list[tuple[float, float]]
    few: list[tuple[float, float]]
    ceiling_kwh: float
    away: bool


@dataclass(frozen=True, slots=True)
class Values:
    """rows[slot][n]: what the time from the beginning of this slot costs at best from the state of charge base_kwh +
    (firsts[slot] + n) * step_kwh on; one more row for the end. State number `floor` is the battery's floor. wider: the
    values of the first pass, for states that are not in a row. more: of the first pass, what doubt adds to each row."""

    base_kwh: float
    step_kwh: float
    floor: int
    firsts: Sequence[int]
    count: int
    rows: list[list[float]]
    wider: "Values | None" = None
    more: "list[list[float]] | None" = None

    def place(self, soc_kwh: float) -> float:
        """The number of this state, with its fraction."""
        return (soc_kwh - self.base_kwh) / self.step_kwh

    def soc_kwh(self, state: int) -> float:
        return self.base_kwh + state * self.step_kwh

    def at(self, slot: int, soc_kwh: float) -> float:
        """The line through the row at this state of charge; beyond the last values there are, the last one."""
        place, last, row = self.place(soc_kwh) - self.firsts[slot], self.count - 1, self.rows[slot]
        if not 0.0 <= place <= last:
            return self.wider.at(slot, soc_kwh) if self.wider else row[0 if place < 0 else last]
        n = min(int(place), last - 1)
        return row[n] + (place - n) * (row[n + 1] - row[n])

    def worth(self, slot: int, soc_kwh: float) -> float:
        """By how much a kWh more lowers the values."""
        half_kwh = self.step_kwh / 2
        return (self.at(slot, soc_kwh - half_kwh) - self.at(slot, soc_kwh + half_kwh)) / self.step_kwh

    def around(self, slot: int, least: int, most: int) -> list[float]:
        """The row with so many states more at each end. Where nothing is known of one it must not be reached."""
        row, first = self.rows[slot], self.firsts[slot]
        if self.wider is None:
            return [*[inf] * least, *row, *[inf] * most]
        wider = self.wider.rows[slot]
        above = first + self.count
        return [*_finer(wider, first - least, least), *row, *_finer(wider, above, most)]


def cheapest(problem: Problem) -> Steps[list[Slot]]:
    """The cheapest power in each slot."""
    whole = _whole(problem)
    choices = yield from _choices(problem, whole.step_kwh)
    yield from _fill(problem, choices, whole)
    first = yield from _forwards(problem, choices, whole)
    near = _near(whole, [problem.battery.soc_kwh, *(slot.soc_kwh for slot in first)])
    yield from _fill(problem, choices, near)
    finer = yield from _forwards(problem, choices, near)
    first_cost = _total(problem, first)
    yield 3 * len(first)
    return first if first_cost < _total(problem, finer) else finer


def shortage(problem: Problem) -> float:
    """What a kWh counts that a target or a trip lacks: more than a trade can earn, so that money makes nobody late."""
    prices = (0.0, *problem.import_price, *problem.export_price, problem.end_value)
    return 1.5 * (max(prices) - min(prices))


def _total(problem: Problem, slots: Sequence[Slot]) -> float:
    """What a plan costs, with what is missing and less what is left."""
    outcome = powered(problem, [slot.power_w for slot in slots])
    return outcome.worth(problem) + shortage(problem) * outcome.missed_kwh(problem)


def _whole(problem: Problem) -> Values:
    """For all states that the battery can come to."""
    battery = problem.battery
    full_kwh = max(battery.ceiling_kwh, *(goal.soc_kwh for goal in problem.goals), 0.0)
    span_kwh = min(full_kwh, battery.capacity_kwh) - battery.floor_kwh
    step_kwh = span_kwh / ceil(span_kwh / STEP_KWH - TINY)
    lowest_kwh = 0.0 if problem.trips else min(battery.floor_kwh, battery.soc_kwh)
    below = ceil((battery.floor_kwh - lowest_kwh) / step_kwh - TINY)
    highest_kwh = max(battery.ceiling_kwh, battery.soc_kwh, *(goal.soc_kwh for goal in problem.goals), 0.0)
    above = ceil((min(highest_kwh, battery.capacity_kwh) - battery.floor_kwh) / step_kwh - TINY)
    base_kwh = battery.floor_kwh - below * step_kwh
    rows: list[list[float]] = [[] for _ in range(problem.slots + 1)]
    more: list[list[float]] = [[] for _ in rows]
    return Values(base_kwh, step_kwh, below, [0] * (problem.slots + 1), below + above + 1, rows, more=more)


def _near(wider: Values, begins_kwh: Sequence[float]) -> Values:
    """For the states near a plan with these states of charge, in finer steps."""
    firsts = [round(wider.place(soc_kwh) * FINER) - NEAR for soc_kwh in begins_kwh]
    rows: list[list[float]] = [[] for _ in begins_kwh]
    return Values(wider.base_kwh, wider.step_kwh / FINER, wider.floor * FINER, firsts, 2 * NEAR + 1, rows, wider)


def _choices(problem: Problem, step_kwh: float) -> Steps[list[Choice]]:
    """Before a target there are more of them in the second pass, to come to it exactly. In a slot that the schedule has
    decided each kWh less than it has decided counts as one that is missing."""
    found = []
    missing = shortage(problem) * problem.hours / 1000
    finer = {at - n for at, _ in problem.needs() for n in range(1, EXACT + 1)}
    ac_w: dict[float, float] = {}  # most powers come again in each slot
    for slot in range(problem.slots):
        away = problem.away(slot)
        powers = [0.0] if away else [*powers_w(problem, slot, step_kwh / FINER if slot in finer else step_kwh)]
        lacks = missing if slot in problem.fixed else 0.0
        most_w = max(map(abs, powers))
        for power_w in powers:
            if power_w not in ac_w:
                ac_w[power_w] = problem.battery.losses.ac_w(power_w)
        moves = [
            (power_w, problem.cost_at(slot, power_w, ac_w[power_w]) + lacks * (most_w - abs(power_w)))
            for power_w in powers
        ]
        few = moves if away or slot not in finer else _few(moves, powers_w(problem, slot, step_kwh))
        found.append(Choice(moves, few, problem.ceiling_kwh(slot), away))
        yield 60
    return found


def _few(moves: Sequence[tuple[float, float]], powers: Iterable[float]) -> list[tuple[float, float]]:
    """The moves that are nearest to these powers."""
    return [min(moves, key=lambda move: abs(move[0] - power_w)) for power_w in powers]


def _forwards(problem: Problem, choices: Sequence[Choice], values: Values) -> Steps[list[Slot]]:
    """The best plan from the present state on by these values."""
    battery, per_kwh_w = problem.battery, 1000 / problem.hours
    near_w = values.step_kwh * per_kwh_w / 2
    soc_kwh = battery.soc_kwh
    found: list[Slot] = []
    for slot, choice in enumerate(choices):
        soc_kwh = problem.after_leaving(slot, soc_kwh)
        low_w = min(0.0, (battery.floor_kwh - soc_kwh) * per_kwh_w)
        high_w = max(0.0, (choice.ceiling_kwh - soc_kwh) * per_kwh_w)
        best_cost, best_w = inf, 0.0
        for wish_w, slot_cost in choice.moves:
            power_w = min(max(wish_w, low_w), high_w)
            now = slot_cost if power_w == wish_w else problem.cost(slot, power_w)
            cost = now + values.at(slot + 1, soc_kwh + power_w / per_kwh_w)
            if cost < best_cost - TINY:
                best_cost, best_w = cost, power_w
        if best_w and slot not in problem.fixed:
            low_w, high_w = max(low_w, choice.moves[1][0]), min(high_w, choice.moves[-1][0])
            for wish_w in [best_w + n * near_w for n in (-2, -1, 1, 2)]:
                if low_w <= wish_w <= high_w:
                    cost = problem.cost(slot, wish_w) + values.at(slot + 1, soc_kwh + wish_w / per_kwh_w)
                    if cost < best_cost - TINY:
                        best_cost, best_w = cost, wish_w
        soc_kwh += best_w / per_kwh_w
        found.append(Slot(best_w, soc_kwh, (values.wider or values).worth(slot + 1, soc_kwh)))
        yield 50
    return found


def _fill(problem: Problem, choices: Sequence[Choice], values: Values) -> Steps[None]:
    """Calculates the rows, the last one first."""
    doubts_kwh = doubt.doubts_kwh(problem)
    last = values.firsts[-1]
    row = [-problem.end_value * values.soc_kwh(n) for n in range(last, last + values.count)]
    values.rows[problem.slots] = _with_needs(problem, values, problem.slots, row)
    for slot in range(problem.slots - 1, -1, -1):
        choice = choices[slot]
        if doubts_kwh[slot]:
            values.rows[slot + 1] = _with_doubt(problem, choice, values, slot, doubts_kwh[slot])
        row = _away_row(problem, values, slot) if choice.away else _row(problem, choice, values, slot)
        values.rows[slot] = _with_needs(problem, values, slot, row)
        yield values.count * 2 // 3 + 40


def _row(problem: Problem, choice: Choice, values: Values, slot: int) -> list[float]:
    """The row of a slot from the one after it. Slices of one list, each shifted by what a power moves, are five times
    as fast as a loop over the states."""
    moves = choice.moves if values.wider else choice.few
    per_w = problem.hours / 1000 / values.step_kwh
    count, shift = values.count, values.firsts[slot] - values.firsts[slot + 1]
    lowest = floor(min(power_w for power_w, _ in moves) * per_w) + shift
    highest = ceil(max(power_w for power_w, _ in moves) * per_w) + shift + 1
    reach = max(0, -lowest)
    still = values.around(slot + 1, reach, max(0, highest))
    to_state = reach - values.firsts[slot + 1]
    top = max(0, to_state + floor(values.place(choice.ceiling_kwh) + TINY) + 1)
    bottom = max(0, to_state + values.floor)
    up = [*still[:top], *[inf] * (len(still) - top)]
    down = [*[inf] * min(len(still), bottom), *still[bottom:]]
    found: list[list[float]] = []
    for power_w, cost in moves:
        moved = floor(power_w * per_w + TINY)
        part = power_w * per_w - moved
        source = up if power_w > 0 else down if power_w < 0 else still
        begin = reach + shift + moved
        ends = source[begin : begin + count]
        if part < TINY:
            found.append([value + cost for value in ends])
        else:
            rest, beyond = 1 - part, source[begin + 1 : begin + 1 + count]
            found.append([rest * a + part * b + cost for a, b in zip(ends, beyond, strict=True)])
    return [*map(min, *found)] if len(found) > 1 else found[0]


def _away_row(problem: Problem, values: Values, slot: int) -> list[float]:
    """The same while the car is away."""
    cost, first = problem.cost(slot, 0.0), values.firsts[slot]
    if first == values.firsts[slot + 1] and all(trip.leaves != slot for trip in problem.trips):
        return [cost + value for value in values.rows[slot + 1]]
    states_kwh = map(values.soc_kwh, range(first, first + values.count))
    return [cost + values.at(slot + 1, problem.after_leaving(slot, soc_kwh)) for soc_kwh in states_kwh]


def _with_doubt(problem: Problem, choice: Choice, values: Values, slot: int, doubt_kwh: float) -> list[float]:
    """The row after this slot as it is worth while it is uncertain by so much which of its states will come."""
    row = values.rows[slot + 1]
    if values.wider is None or values.wider.more is None:
        top = floor(values.place(choice.ceiling_kwh) + TINY)
        buy = problem.import_price[slot] * values.step_kwh
        sell = problem.export_price[slot] * values.step_kwh if problem.sun_w[slot] > 0 else None
        more = doubt.added(row, top, doubt_kwh / values.step_kwh, buy, sell)
        if values.more is not None:
            values.more[slot + 1] = more
        return [*map(add, row, more)]
    more = _finer(values.wider.more[slot + 1], values.firsts[slot + 1], values.count)
    return [*map(add, row, more)]


def _finer(row: Sequence[float], first: int, count: int) -> list[float]:
    """The values of a row of the first pass at `count` states of the second, from state `first` on; beyond the row the
    last one."""
    most = FINER * (len(row) - 1)
    return [
        row[n // FINER] + n % FINER / FINER * (row[n // FINER + 1] - row[n // FINER])
        if 0 <= n < most
        else row[0 if n < 0 else -1]
        for n in range(first, first + count)
    ]


def _with_needs(problem: Problem, values: Values, slot: int, row: list[float]) -> list[float]:
    missing = shortage(problem) * values.step_kwh
    for at, need_kwh in problem.needs():
        if at == slot:
            need = ceil(values.place(need_kwh) - TINY) - values.firsts[slot]
            row = [value + missing * max(0, need - n) for n, value in enumerate(row)]
    return row
