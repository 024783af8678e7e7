"""What the log keeps for the plan: the quarters of an hour as measured and as planned, what the house draws by weekday
and hour, and what the plan saved on the day before."""

from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from v2h.bus.messages import HouseLoad, ManagerPlan, ManagerPrices, MeterReading
from v2h.datalog.house import house_load
from v2h.datalog.latest import Latest
from v2h.datalog.quarters import Quarters, Reading
from v2h.datalog.schema import QUARTER_S, QUARTERS_KEPT
from v2h.energy.losses import Losses
from v2h.energy.plan.review import review

if TYPE_CHECKING:
    from v2h.datalog.writer import StoreWriter

SETTLED_S = 600.0
"""So long after midnight the last quarter of the day before is written."""
DAY_S = 86400
REVIEWED_S = 4 * DAY_S
"""The day before, and two more for the charge at its beginning."""


class Moment(NamedTuple):
    """What datalog knows now. now: monotonic s; wall_s: s since 1970; values: the columns of a sample; mains_w: power
    of the charger on the mains’ side; prices: import and export per kWh, None where there is none; planned: whether the
    plan decides the mode; losses: of the converter."""

    now: float
    wall_s: float
    values: dict[str, Any]
    mains_w: float | None
    prices: tuple[float | None, float | None]
    planned: bool
    losses: Losses


class PlanHistory:
    """solar, sun, plan: the latest messages of the solar meter, the forecast and the plan. day_of: from s since 1970 to
    the day in the owner's zone, ISO; zone: that zone. Call add() once a second while the time is known."""

    def __init__(self, day_of: Callable[[float], str], zone: Callable[[], tzinfo]) -> None:
        self.solar, self.sun, self.plan = Latest(), Latest(), Latest()
        self._day_of, self._zone = day_of, zone
        self._quarters = Quarters()
        self._told_day = self._reviewed_day = ""

    def add(self, seen: Moment, store: "StoreWriter | None") -> HouseLoad | None:
        """Count this moment. Returns what `manager` has to know of the house, once a day. Raises OSError when the log
        cannot be read; the next call tries again."""
        plan = self.plan.get(ManagerPlan)
        held = {} if plan is None else plan.at(seen.wall_s)
        held |= {"import_price": seen.prices[0], "export_price": seen.prices[1], "planned": seen.planned}
        row = self._quarters.add(seen.now, seen.wall_s, self._reading(seen), held)
        if store is None:
            return None
        if row is not None:
            store.add_quarter(row)
        day = self._day_of(seen.wall_s - SETTLED_S)
        if plan is not None and day != self._reviewed_day:
            self._review(seen, plan, store)
            self._reviewed_day = day
        if day == self._told_day:
            return None
        load = house_load(store.quarters(seen.wall_s - QUARTERS_KEPT * QUARTER_S, seen.wall_s), self._zone(), seen.now)
        self._told_day = day
        return load

    def _reading(self, seen: Moment) -> Reading:
        solar, sun = self.solar.get(MeterReading), self.sun.get(ManagerPrices)
        sun_w = None if sun is None else sun.at(seen.wall_s)
        if solar is not None and not solar.is_old(seen.now):
            sun_w = max(0.0, solar.power_w)
        values = seen.values
        return Reading(values["grid_w"], seen.mains_w, values["power_w"], sun_w, values["soc_pct"])

    def _review(self, seen: Moment, plan: ManagerPlan, store: "StoreWriter") -> None:
        """Judge what the plan saved on the day before, unless the log has the result."""
        wall_s, today_s = seen.wall_s, seen.wall_s - SETTLED_S
        day = self._day_of(today_s - DAY_S)
        if store.has_plan_day(day):
            return
        rows = store.quarters(wall_s - REVIEWED_S, wall_s)
        days = [self._day_of(row["quarter"] * QUARTER_S) for row in rows]
        of_day = [row for row, its_day in zip(rows, days, strict=True) if its_day == day]
        before = [row for row, its_day in zip(rows, days, strict=True) if its_day < day]
        count = sum(self._day_of(today_s - n * QUARTER_S) == day for n in range(REVIEWED_S // QUARTER_S))
        found = review(before, of_day, count, plan.battery, seen.losses)
        if found is not None:
            money = {name: round(getattr(found, name), 4) for name in ("cost", "cost_without", "saved")}
            store.add_plan_day({"day": day, **money, "quarters": found.quarters})
