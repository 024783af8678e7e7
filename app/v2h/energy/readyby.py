"""Plans when to charge so that the car is ready by a time: in the cheapest hours, and as late as possible; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from v2h.bus.sentences import say

NOMINAL_V = 385.0
EFFICIENCY = 0.9
"""Share of the converter's output that is in the battery afterwards; it also covers the slower end of a charge."""
MARGIN_S = 600.0
"""Charging begins this much earlier than calculated."""
UNKNOWN_KWH = 40.0
"""Capacity that is assumed while it is unknown: a mid-sized battery."""
UNKNOWN_SOC_PCT = 0.0
"""A car with an unknown SoC counts as empty: it is better to wake it too early than to find it empty."""

MOVED_PCT = 2.0
"""A plan follows a change of this much: 8 min of charging at 6 kW for a 40 kWh battery, less than its margin."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class CarNow:
    """What is known about the car. charge_a: the DC current it may be charged with, A. busy_until: the ready-by target
    (instant) for which it is being charged now; such a charge is not interrupted while the price stays the same."""

    soc_pct: float | None = None
    capacity_kwh: float | None = None
    charge_a: float = 15.0
    busy_until: datetime | None = None

    def moved(self, before: "CarNow") -> bool:
        """Whether a plan made for `before` is out of date."""
        if (self.capacity_kwh, self.charge_a) != (before.capacity_kwh, before.charge_a):
            return True
        if self.soc_pct is None or before.soc_pct is None:
            return self.soc_pct is not before.soc_pct
        return abs(self.soc_pct - before.soc_pct) >= MOVED_PCT

    def assumed(self) -> str:
        """A sentence about what a plan for this car assumes, "" when everything is known."""
        if self.soc_pct is None:
            return say("plan.soc_unknown", capacity_kwh=self.capacity_kwh or UNKNOWN_KWH)
        return "" if self.capacity_kwh else say("plan.capacity_unknown", capacity_kwh=UNKNOWN_KWH)


def need_s(car: CarNow, soc_pct: float, amps: float | None) -> float:
    """Seconds of charging that bring the car to soc_pct, margin included; 0 when it has that much."""
    soc = UNKNOWN_SOC_PCT if car.soc_pct is None else car.soc_pct
    if soc >= soc_pct:
        return 0.0
    current_a = min(car.charge_a, car.charge_a if amps is None else amps)
    if current_a <= 0:
        return 0.0
    missing_wh = (soc_pct - soc) / 100 * (car.capacity_kwh or UNKNOWN_KWH) * 1000
    return missing_wh / (current_a * NOMINAL_V * EFFICIENCY) * 3600 + MARGIN_S


def cheapest(spans: Sequence[tuple[datetime, datetime, float]], need: timedelta, busy: bool) -> list[Span]:
    """The parts of `spans` (start, end, price; in order, without gaps) in which to charge: the cheapest, and of equally
    cheap ones the latest; all of them when the time is too short. busy: the car is charging now, so the first span
    continues while it is among the cheap ones. The result is in order, with neighbours joined."""
    if need <= timedelta(0):
        return []
    chosen: list[Span] = []
    latest_first = spans[::-1]
    left, dearest = need, None
    for start, end, price in sorted(latest_first, key=itemgetter(2)):
        if left <= timedelta(0):
            break
        use = min(left, end - start)
        chosen.append((end - use, end))
        left, dearest = left - use, price
    if busy and dearest is not None and spans and spans[0][2] <= dearest:
        start, end, _ = spans[0]
        chosen.append((start, min(end, start + need)))
    joined: list[Span] = []
    for start, end in sorted(chosen):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
