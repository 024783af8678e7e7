"""The cheapest plan there is, by a solver that knows nothing of ours: a mixed-integer program for HiGHS.

Any power is allowed, not only those among which the plan chooses; losses, limits, trips and targets are the same. The
solver returns a proven lower bound of the cost.
"""

from collections.abc import Mapping
from itertools import pairwise

import highspy
import numpy as np

from v2h.energy.plan.optimum import shortage
from v2h.energy.plan.problem import Problem

LEAST_W = 1.0
GAP = 0.002
"""The solver stops when its best plan is at most this share of the cost above its bound."""
MILLI = 1000.0
"""The solver counts in thousandths of money. A watt costs 1e-5, so of two prices that are nearly equal it would not see
which one is lower (its tolerance is 1e-7): on day 188 it bought and sold at the same time."""


class Model:
    """Variables and rows, collected for HiGHS."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[float, Mapping[int, float], float]] = []

    def variable(self, low: float, high: float, cost: float = 0.0, whole: bool = False) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, low: float, terms: Mapping[int, float], high: float) -> None:
        self.rows.append((low, terms, high))

    def bound(self, most_s: float) -> tuple[float, float]:
        """(the proven lower bound of the cost, the cost of the best solution found)."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.rows)
        lp.col_cost_ = np.array(self.cost) * MILLI
        lp.col_lower_, lp.col_upper_ = map(np.array, (self.low, self.high))
        lp.row_lower_ = np.array([low for low, _, _ in self.rows])
        lp.row_upper_ = np.array([high for _, _, high in self.rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for _, terms, _ in self.rows)], dtype=np.int32)
        lp.a_matrix_.index_ = np.array([n for _, terms, _ in self.rows for n in terms], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([x for _, terms, _ in self.rows for x in terms.values()])
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.whole]
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", GAP), ("time_limit", most_s)):
            solver.setOptionValue(option, value)
        solver.passModel(lp)
        solver.run()
        info = solver.getInfo()
        return info.mip_dual_bound / MILLI, info.objective_function_value / MILLI


def lower_bound(problem: Problem, most_s: float = 20.0) -> tuple[float, float]:
    """(the proven lower bound of the cost of any plan, the cost of the best one found), wear and missed targets
    included, less what the energy at the end is worth. After most_s the bound is as good as it has become."""
    battery, inf = problem.battery, highspy.kHighsInf
    most_kwh = battery.capacity_kwh
    per_w = problem.hours / 1000
    penalty = shortage(problem)
    model = Model()
    soc = []
    for slot in range(problem.slots + 1):
        low_kwh = 0.0 if _may_be_low(problem, slot) else battery.floor_kwh
        high_kwh = max(battery.soc_kwh, *(problem.ceiling_kwh(n) for n in range(slot)), 0.0)
        soc.append(model.variable(low_kwh, high_kwh, cost=-problem.end_value if slot == problem.slots else 0.0))
    model.row(battery.soc_kwh, {soc[0]: 1}, battery.soc_kwh)
    needs = [(goal.slot, goal.soc_kwh) for goal in problem.goals]
    for trip in problem.trips:
        needs.append((trip.leaves, min(trip.used_kwh + battery.floor_kwh, battery.ceiling_kwh)))
    for slot, need_kwh in needs:
        model.row(need_kwh, {soc[slot]: 1, model.variable(0, inf, cost=penalty): 1}, inf)
    for slot in range(problem.slots):
        leaves = sum(trip.used_kwh for trip in problem.trips if trip.leaves == slot)
        away = any(trip.leaves <= slot < trip.back for trip in problem.trips)
        bought, sold = problem.import_price[slot], problem.export_price[slot]
        imported = model.variable(0, inf, cost=bought * per_w)
        exported = model.variable(0, inf, cost=-sold * per_w)
        grid = {imported: 1.0, exported: -1.0}
        change = {soc[slot + 1]: 1.0, soc[slot]: -1.0}
        if not away:
            ordered = bought < 0 or sold < 0
            running = []
            low_w, high_w = problem.bounds_w(slot)
            for sign, most_w, wear in ((1, high_w, 0.0), (-1, -low_w, battery.wear)):
                if most_w < LEAST_W:
                    continue
                runs = model.variable(0, 1, whole=True)
                running.append(runs)
                grid[runs] = -battery.losses.points[0][1]
                power: dict[int, float] = {}
                before = None
                for (from_w, low_loss), (to_w, high_loss) in pairwise(battery.losses.points):
                    width_w = min(to_w, most_w) - from_w
                    if width_w <= 0:
                        break
                    piece = model.variable(0, width_w, cost=wear * per_w)
                    power[piece] = 1.0
                    grid[piece] = -sign - (high_loss - low_loss) / (to_w - from_w)
                    change[piece] = -sign * per_w
                    model.row(-inf, {piece: 1, runs: -width_w}, 0)
                    if ordered and before is not None:
                        full = model.variable(0, 1, whole=True)
                        model.row(0, {before[0]: 1, full: -before[1]}, inf)
                        model.row(-inf, {piece: 1, full: -width_w}, 0)
                    before = (piece, width_w)
                model.row(0, {**power, runs: -LEAST_W}, inf)
                if sign > 0:
                    ceiling_kwh = problem.ceiling_kwh(slot)
                    if ceiling_kwh < model.high[soc[slot + 1]]:
                        model.row(-inf, {soc[slot + 1]: 1, runs: most_kwh}, most_kwh + ceiling_kwh)
                elif _may_be_low(problem, slot + 1):
                    model.row(battery.floor_kwh - most_kwh, {soc[slot + 1]: 1, runs: -most_kwh}, inf)
            model.row(0, dict.fromkeys(running, 1.0), 1)
            net_w = problem.net_w(slot)
            if problem.import_limit_w < 1e6:
                model.row(-inf, {imported: 1}, max(problem.import_limit_w, net_w))
            if problem.export_limit_w < 1e6:
                model.row(-inf, {exported: 1}, max(problem.export_limit_w, -net_w))
        if bought < sold:
            way = model.variable(0, 1, whole=True)
            model.row(-inf, {imported: 1, way: -50000}, 0)
            model.row(-inf, {exported: 1, way: 50000}, 50000)
        model.row(problem.net_w(slot), grid, problem.net_w(slot))
        model.row(-leaves, change, -leaves)
    return model.bound(most_s)


def _may_be_low(problem: Problem, slot: int) -> bool:
    """Whether the battery may be below its floor at the beginning of this slot: it came so, or was driven so."""
    return problem.battery.soc_kwh < problem.battery.floor_kwh or any(trip.leaves < slot for trip in problem.trips)
