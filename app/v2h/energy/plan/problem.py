"""What a plan is made from: prices, load, sun, battery, targets, trips and limits; pure.

The time is divided into slots of equal length; slot n begins at n * slot_s. Energy is in kWh at the battery, money in
the owner's currency, prices are per kWh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite

from v2h.energy.losses import Losses, usual

MOST_SLOTS = 192
"""Two days of quarter hours: prices are not known for longer, and the board plans that in a second."""


class Act(StrEnum):
    """What the car does in a slot. COVER: it covers the house's load; SOLAR: it stores the house's surplus; V2H: both;
    CHARGE, DISCHARGE: with a fixed power; AWAY: it is on a trip."""

    IDLE = "idle"
    COVER = "cover"
    SOLAR = "solar"
    V2H = "v2h"
    CHARGE = "charge"
    DISCHARGE = "discharge"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Battery:
    """soc_kwh: its energy at the beginning. It is not discharged below floor_kwh: the owner's floor or reserve, the
    higher one. It is charged up to ceiling_kwh, for a higher target up to that. charge_w, discharge_w: the most at the
    battery, both at least 0. wear: money that each discharged kWh costs the battery."""

    soc_kwh: float
    capacity_kwh: float
    floor_kwh: float
    ceiling_kwh: float
    charge_w: float
    discharge_w: float
    wear: float = 0.0
    losses: Losses = field(default_factory=usual)


@dataclass(frozen=True, slots=True)
class Goal:
    """At the beginning of this slot (the number of slots: at the end of the last) the battery is to have soc_kwh."""

    slot: int
    soc_kwh: float


@dataclass(frozen=True, slots=True)
class Trip:
    """The car is away from the beginning of slot `leaves` to the beginning of slot `back`, and uses used_kwh."""

    leaves: int
    back: int
    used_kwh: float


@dataclass(frozen=True, slots=True)
class Problem:
    """load_w, sun_w: the mean in each slot. import_limit_w, export_limit_w: at the mains; a house that alone is over
    one is not the car's matter, as in energy/gridlimits. fixed: modes that the schedule has decided. fixed_until_kwh:
    where a charge that it has decided ends. end_value: what a kWh in the battery is worth after the last slot. doubt:
    the share by which load and sun of a whole day are off as a rule, see plan/doubt; 0: they are certain. Raises
    ValueError for what no plan can be made from."""

    slot_s: float
    import_price: Sequence[float]
    export_price: Sequence[float]
    load_w: Sequence[float]
    sun_w: Sequence[float]
    battery: Battery
    end_value: float
    goals: tuple[Goal, ...] = ()
    trips: tuple[Trip, ...] = ()
    import_limit_w: float = inf
    export_limit_w: float = inf
    fixed: Mapping[int, Act] = field(default_factory=dict)
    fixed_until_kwh: Mapping[int, float] = field(default_factory=dict)
    doubt: float = 0.0

    def __post_init__(self) -> None:
        if wrong := _wrong(self):
            raise ValueError(wrong)

    @property
    def slots(self) -> int:
        return len(self.import_price)

    @property
    def hours(self) -> float:
        """The length of a slot, h."""
        return self.slot_s / 3600

    def net_w(self, slot: int) -> float:
        """The grid's power without the car, import +."""
        return self.load_w[slot] - self.sun_w[slot]

    def cost(self, slot: int, dc_w: float) -> float:
        """What the slot costs while the car charges (+) or discharges (-) with this power at the battery, wear
        included."""
        return self.cost_at(slot, dc_w, self.battery.losses.ac_w(dc_w))

    def cost_at(self, slot: int, dc_w: float, ac_w: float) -> float:
        """The same for who knows the power at the mains already."""
        grid_w = self.net_w(slot) + ac_w
        price = self.import_price[slot] if grid_w > 0 else self.export_price[slot]
        return (grid_w * price - min(0.0, dc_w) * self.battery.wear) * self.hours / 1000

    def away(self, slot: int) -> bool:
        """Whether the car is on a trip in this slot."""
        return any(trip.leaves <= slot < trip.back for trip in self.trips)

    def after_leaving(self, slot: int, soc_kwh: float) -> float:
        """The energy less what trips use that begin with this slot, at least 0."""
        return max(0.0, soc_kwh - sum(trip.used_kwh for trip in self.trips if trip.leaves == slot))

    def needs(self) -> list[tuple[int, float]]:
        """(slot, energy that the battery is to have at its beginning) for targets and trips. The car comes back from a
        trip with the floor at least, as far as the ceiling allows."""
        floor_kwh, ceiling_kwh = self.battery.floor_kwh, self.battery.ceiling_kwh
        trips = [(trip.leaves, min(trip.used_kwh + floor_kwh, ceiling_kwh)) for trip in self.trips]
        return [*((goal.slot, goal.soc_kwh) for goal in self.goals), *trips]

    def bounds_w(self, slot: int) -> tuple[float, float]:
        """(low, high) of the power at the battery within the limits of charger and grid, low <= 0 <= high."""
        battery, net_w = self.battery, self.net_w(slot)
        low_w, high_w = -battery.discharge_w, battery.charge_w
        if self.export_limit_w < inf:
            low_w = max(low_w, battery.losses.dc_w(min(0.0, -self.export_limit_w - net_w)))
        if self.import_limit_w < inf:
            high_w = min(high_w, battery.losses.dc_w(max(0.0, self.import_limit_w - net_w)))
        return min(0.0, low_w), max(0.0, high_w)

    def ceiling_kwh(self, slot: int) -> float:
        """Up to here the battery may be charged in this slot: the ceiling, or a higher target of the coming day; in a
        slot that the schedule has decided, what it has decided."""
        if slot in self.fixed_until_kwh:
            return min(self.battery.capacity_kwh, self.fixed_until_kwh[slot])
        ahead = 86400 / self.slot_s
        goals = (goal.soc_kwh for goal in self.goals if slot < goal.slot <= slot + ahead)
        return min(self.battery.capacity_kwh, max(self.battery.ceiling_kwh, *goals, 0.0))


LATER = 0.97
"""At a flat price a converter that runs anyway buys 3 % cheaper than on average."""


def end_value(import_price: Sequence[float], losses: Losses) -> float:
    """What a kWh in the battery is worth after the last price that is known: what the next one costs to buy, at the
    mean of the cheapest eighth of the known prices; of a day and a half these are the hours of a night. LATER of that,
    because nothing is to be bought now that can be bought then at the same price."""
    cheapest = sorted(import_price)[: max(1, len(import_price) // 8)]
    price = sum(cheapest) / len(cheapest)
    middle_w = losses.points[-1][0] / 2
    return LATER * max(0.0, price * losses.ac_w(middle_w) / middle_w)


def _wrong(problem: Problem) -> str:
    """What is wrong with it, or ""."""
    slots, battery = problem.slots, problem.battery
    if slots < 1:
        return "a plan needs at least one slot with a price"
    for name in ("import_price", "export_price", "load_w", "sun_w"):
        values = getattr(problem, name)
        if len(values) != slots:
            return f"{name} has {len(values)} values; import_price has {slots}"
        for n, value in enumerate(values):
            if not isfinite(value):
                return f"{name}[{n}] = {value} is not a finite number"
    for name in ("soc_kwh", "capacity_kwh", "floor_kwh", "ceiling_kwh", "charge_w", "discharge_w", "wear"):
        value = getattr(battery, name)
        if not (isfinite(value) and value >= 0):
            return f"{name} = {value} is not a finite number of at least 0"
    if not isfinite(problem.end_value):
        return f"end_value = {problem.end_value} is not a finite number"
    if not 0 < problem.slot_s <= 86400:
        return f"slot_s = {problem.slot_s} is not 1 to 86400 s"
    if not battery.floor_kwh < battery.ceiling_kwh <= battery.capacity_kwh:
        return (
            f"floor {battery.floor_kwh}, ceiling {battery.ceiling_kwh} and capacity {battery.capacity_kwh} kWh: order"
        )
    for trip in problem.trips:
        if not (trip.leaves < trip.back and 0 <= trip.used_kwh < inf):
            return f"{trip}: it comes back before it leaves, or uses no finite energy"
    for goal in problem.goals:
        if not (isfinite(goal.soc_kwh) and goal.soc_kwh >= 0):
            return f"{goal}: its energy is not a finite number of at least 0"
    return ""
