"""What the plan saved on a day that is over: the measured day beside a simulated one without a plan; pure.

The measured day has the energy of the grid meter at the prices that held, and wear. The simulated day has the same
measured load and sun and the same prices, and does what the schedule alone would have done; its car and its converter
are those of energy/plan. Both are less what the battery gained, at the price at which it can be bought
again. So the result is an estimate, and whoever shows it says that it is simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from v2h.checks import finite
from v2h.energy.losses import Losses
from v2h.energy.plan.outcome import without_plan
from v2h.energy.plan.problem import Act, Battery, Goal, Problem, Trip, end_value
from v2h.energy.steps import result

QUARTER_S = 900.0
LEAST_SHARE = 0.9
"""A day of which less is known is not judged."""
DRIVEN_PCT = 3.0
"""So much less in the battery than was measured to flow: the car was driven. A car reports whole percents."""
BATTERY = ("capacity_kwh", "floor_kwh", "ceiling_kwh", "charge_w", "discharge_w", "wear")

Row = Mapping[str, Any]
"""A quarter of an hour as the log has it (v2h.datalog.schema.QUARTERS)."""


@dataclass(frozen=True, slots=True)
class Review:
    """Money of one day in the owner's currency. quarters: so many of them were measured."""

    cost: float
    cost_without: float
    quarters: int

    @property
    def saved(self) -> float:
        return self.cost_without - self.cost


def review(
    before: Sequence[Row], day: Sequence[Row], quarters: int, battery: Mapping[str, Any], losses: Losses
) -> Review | None:
    """before: quarters before the day, for the charge at its beginning. day: those of the day, in order. quarters: how
    many it has (92 to 100). battery: of a ManagerPlan. losses: of the converter.
    None: the day cannot be judged: too little of it is known, the
    plan was never in force, or the car was charged elsewhere."""
    rows = [row for row in day if finite(row["net_w"]) and finite(row["import_price"])]
    if len(rows) < LEAST_SHARE * quarters or not any(row["planned"] for row in rows):
        return None
    if not all(finite(battery.get(name)) for name in BATTERY) or battery["capacity_kwh"] <= 0:
        return None
    begin_kwh = _begin_kwh(before, rows, battery["capacity_kwh"])
    trips = None if begin_kwh is None else _trips(rows, begin_kwh, battery["capacity_kwh"])
    if begin_kwh is None or trips is None:
        return None
    try:
        problem = _problem(rows, begin_kwh, trips, battery, losses)
    except ValueError:  # floor and ceiling of a setting that has changed meanwhile
        return None
    simulated = result(without_plan(problem, Act.IDLE))
    gained_kwh = sum(row["dc_wh"] or 0.0 for row in rows) / 1000
    simulated_kwh = sum(simulated.powers_w) * problem.hours / 1000
    cost = sum(map(_cost, rows)) + battery["wear"] * sum(row["discharged_wh"] or 0.0 for row in rows) / 1000
    value = problem.end_value
    return Review(cost - value * gained_kwh, simulated.cost - value * simulated_kwh, len(rows))


def _cost(row: Row) -> float:
    """Of the grid in a quarter of an hour, as measured."""
    return float(row["imported_wh"] * row["import_price"] - row["exported_wh"] * (row["export_price"] or 0.0)) / 1000


def _begin_kwh(before: Sequence[Row], rows: Sequence[Row], capacity_kwh: float) -> float | None:
    """The energy at the beginning of the day, by the nearest charge that the car reported; None without one."""
    kwh = 0.0
    for row in reversed(before):
        if row["soc_pct"] is not None:
            return float(row["soc_pct"]) / 100 * capacity_kwh + kwh
        kwh += (row["dc_wh"] or 0.0) / 1000
    kwh = 0.0
    for row in rows:
        kwh += (row["dc_wh"] or 0.0) / 1000
        if row["soc_pct"] is not None:
            return float(row["soc_pct"]) / 100 * capacity_kwh - kwh
    return None


def _trips(rows: Sequence[Row], begin_kwh: float, capacity_kwh: float) -> tuple[Trip, ...] | None:
    """Where the battery has less than what flowed explains, the car was away since it was last heard. None when it has
    more."""
    found: list[Trip] = []
    last, kwh, spare_kwh = -1, begin_kwh, DRIVEN_PCT / 100 * capacity_kwh
    for n, row in enumerate(rows):
        kwh += (row["dc_wh"] or 0.0) / 1000
        if row["soc_pct"] is None:
            continue
        has_kwh = row["soc_pct"] / 100 * capacity_kwh
        if has_kwh > kwh + spare_kwh:
            return None
        if has_kwh < kwh - spare_kwh and n > last + 1:
            found.append(Trip(last + 1, n, kwh - has_kwh))
        last, kwh = n, has_kwh if abs(has_kwh - kwh) > spare_kwh else kwh
    return tuple(found)


def _problem(
    rows: Sequence[Row], begin_kwh: float, trips: tuple[Trip, ...], battery: Mapping[str, Any], losses: Losses
) -> Problem:
    known = {name: float(battery[name]) for name in BATTERY}
    capacity_kwh, prices = known["capacity_kwh"], [float(row["import_price"]) for row in rows]
    return Problem(
        QUARTER_S,
        prices,
        [float(row["export_price"] or 0.0) for row in rows],
        [max(0.0, row["net_w"]) for row in rows],
        [max(0.0, -row["net_w"]) for row in rows],
        Battery(soc_kwh=max(0.0, begin_kwh), **known, losses=losses),
        end_value(prices, losses),
        goals=tuple(
            Goal(n + 1, row["goal_pct"] / 100 * capacity_kwh)
            for n, row in enumerate(rows)
            if row["goal_pct"] is not None
        ),
        trips=trips,
        fixed={n: _act(row["bare_mode"]) for n, row in enumerate(rows)},
        fixed_until_kwh={
            n: row["bare_until_pct"] / 100 * capacity_kwh
            for n, row in enumerate(rows)
            if row["bare_until_pct"] is not None and row["goal_pct"] is None
        },
    )


def _act(mode: object) -> Act:
    return Act(str(mode)) if str(mode) in set(Act) else Act.IDLE
