"""The load matching laws with which the charger's own law is compared, and the yardstick; pure.

Each law works as in its own project, on the same task: the ancestor (a Rust firmware for the same charger) integrates
with a gain of 0.45 on every changed meter value; `pi` is the filter that OpenEMS runs by default each second;
`deadbeatN` corrects the whole error every N seconds, the pace of openWB (10) and evcc (30). `oracle` is not a law but a
yardstick: it orders the exact load of the moment that the meter shows, which no law can know while own power moves.
c, p and g below: order, own power as reported, meter value.
"""

from bisect import bisect_right
from typing import Protocol

from v2h.energy.bench.metering import MeterModel
from v2h.energy.bench.plant import Law, Plant, Trace
from v2h.energy.matching import Matcher

IDEAL = Plant()
SOON_S = 1e-6
"""How far a sum of sample intervals may differ from a whole second."""


class Clamped:
    """A law that keeps its order within bounds and remembers own power; this base class orders 0 W."""

    def __init__(self) -> None:
        self.command_w = self.own_w = 0.0
        self.low_w = self.high_w = 0.0

    def limit(self, low_w: float, high_w: float) -> None:
        self.low_w, self.high_w = low_w, high_w

    def power(self, now: float, t: float, power_w: float) -> float:
        self.own_w = power_w
        return self.command_w

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        return self.command_w

    def order(self, power_w: float) -> float:
        self.command_w = min(self.high_w, max(self.low_w, power_w))
        return self.command_w


class Ancestor(Clamped):
    """When g changes, c = clamp(c - 0.45 g)."""

    _last_w: float | None = None

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        if grid_w == self._last_w:
            return self.command_w
        self._last_w = grid_w
        return self.order(self.command_w - 0.45 * grid_w)


class Pi(Clamped):
    """At the first sample at least 1 s after the last: e = (p - g) - c, i += 0.3 e, c = clamp(0.3 e + i)."""

    _sum_w = 0.0
    _next_t = 0.0

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        if now < self._next_t - SOON_S:
            return self.command_w
        self._next_t = now + 1.0
        error_w = (self.own_w - grid_w) - self.command_w
        self._sum_w += 0.3 * error_w
        return self.order(0.3 * error_w + self._sum_w)


class Deadbeat(Clamped):
    """At the first sample at least every_s after the last: c = p - g."""

    def __init__(self, every_s: float) -> None:
        super().__init__()
        self._every_s, self._next_t = every_s, 0.0

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        if now < self._next_t - SOON_S:
            return self.command_w
        self._next_t = now + self._every_s
        return self.order(self.own_w - grid_w)


class Oracle(Clamped):
    """The order that makes the mains see -(the load at now - age); load and losses are known exactly."""

    def __init__(self, trace: Trace, meter: MeterModel, plant: Plant) -> None:
        super().__init__()
        self._plant = plant
        self._times = [t for t, _ in trace]
        self._loads = [w for _, w in trace]
        self._age_s = meter.age_s

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        load_w = self._loads[max(0, bisect_right(self._times, now - self._age_s + SOON_S) - 1)]
        return self.order(self._plant.dc_w(-load_w))


class Ours:
    """The charger's own law, v2h.energy.matching, as the simulation calls it."""

    def __init__(self) -> None:
        self.matcher = Matcher()

    def limit(self, low_w: float, high_w: float) -> None:
        self.matcher.limit(low_w, high_w)

    def power(self, now: float, t: float, power_w: float) -> float:
        self.matcher.power(now, t, power_w)
        return self.matcher.command_w

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        self.matcher.meter(now, now, grid_w, lag_s)
        return self.matcher.command_w


class Make(Protocol):
    """Makes a law in its first state. Only the oracle uses what it is given here."""

    def __call__(self, trace: Trace, meter: MeterModel, plant: Plant = IDEAL) -> Law: ...


LAWS: dict[str, Make] = {
    "none": lambda trace, meter, plant=IDEAL: Clamped(),
    "ancestor": lambda trace, meter, plant=IDEAL: Ancestor(),
    "pi": lambda trace, meter, plant=IDEAL: Pi(),
    "deadbeat10": lambda trace, meter, plant=IDEAL: Deadbeat(10.0),
    "deadbeat30": lambda trace, meter, plant=IDEAL: Deadbeat(30.0),
    "oracle": lambda trace, meter, plant=IDEAL: Oracle(trace, meter, plant),
    "ours": lambda trace, meter, plant=IDEAL: Ours(),
}
