"""The stated plant for judging load matching: converter, telemetry and meter, stepped at 20 ms; pure.

The numbers come from recorded charging sessions (ramp and dead time of the PRE converter) and are one table, so that
a law is judged on a stated plant and on a worse one. The defaults are ideal: telemetry and meter without noise, a
converter without losses. `real()` adds what a real house has. The load trace holds its value between its samples.
While the plant rests, its values are copied instead of stepped, and the sums are computed over blocks: an hour of a
house takes about half a second. Signs as everywhere: own power + is charging the car, grid + is import. Own power is
measured on the DC side; grid = load + own power + losses.
"""

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from math import exp
from operator import mul, sub
from random import Random
from typing import Protocol

from v2h.energy.bench.metering import STEP_S, Metering, MeterModel, steps_at
from v2h.energy.matching import NOMINAL_V

AT_REST_W = 1e-3
"""Own power this near to its final value has reached it."""
BOUNDS_S = 1.0
"""How often the battery's bounds are read."""
BLOCK = 100_000
"""Steps that are summed up at once."""

Trace = Sequence[tuple[float, float]]
"""(t_s, load_w) in order, each held until the next; the load may be negative (sun). The last row is the end."""
Allowed = Callable[[float, float], tuple[float, float]]
"""(now, own power in W) -> the least and the most that may be ordered from now on, W."""


@dataclass(frozen=True, slots=True)
class Plant:
    """Converter and telemetry. Amps at NOMINAL_V. offset_w: what the converter gives beyond the order (0: none).

    telemetry_noise_a: standard deviation of the current before it is rounded to its step. The losses are own_use_w,
    loss_share of |own power|, and loss_full_share of it at the full limit_w, less in proportion below.
    """

    setpoint_step_a: float = 0.1
    dead_time_s: float = 0.2
    ramp_up_a_s: float = 30.0
    ramp_down_a_s: float = 55.0
    lag_s: float = 0.15
    limit_w: float = 6000.0
    telemetry_s: float = 0.104
    telemetry_age_s: float = 0.02
    telemetry_step_a: float = 0.1
    offset_w: float = 0.0
    telemetry_noise_a: float = 0.0
    own_use_w: float = 0.0
    loss_share: float = 0.0
    loss_full_share: float = 0.0

    def scaled(self, ramp: float) -> "Plant":
        """The same with both ramps times `ramp`."""
        return replace(self, ramp_up_a_s=self.ramp_up_a_s * ramp, ramp_down_a_s=self.ramp_down_a_s * ramp)

    def ideal(self) -> "Plant":
        """The same without rounding and without the telemetry's age."""
        return replace(self, setpoint_step_a=0.0, telemetry_step_a=0.0, telemetry_age_s=0.0)

    def real(self) -> "Plant":
        """The same with the telemetry's flicker and the losses of a real converter."""
        own_use_w, loss_share, loss_full_share = REAL_LOSSES
        return replace(
            self,
            telemetry_noise_a=REAL_NOISE_A,
            own_use_w=own_use_w,
            loss_share=loss_share,
            loss_full_share=loss_full_share,
        )

    def ac_w(self, own_w: float) -> float:
        """What the mains sees of own power."""
        share = self.loss_share + self.loss_full_share * abs(own_w) / self.limit_w
        return own_w + self.own_use_w + share * abs(own_w)

    def dc_w(self, ac_w: float) -> float:
        """The own power that the mains sees as ac_w: the inverse of ac_w(), to a fraction of a watt."""
        own_w = ac_w
        for _ in range(6):
            own_w += ac_w - self.ac_w(own_w)
        return own_w


REAL_NOISE_A = 0.077
"""A recorded steady 14.0 A reads 13.9, 14.0 and 14.1 A in 30, 48 and 22 % of the samples."""
REAL_LOSSES = (40.0, 0.03, 0.03)
"""Losses of a converter of this size: 40 W, 3 %, and 3 % more at full power: about 94 % are left at 3 kW."""


class Law(Protocol):
    """The law that is judged. power() and meter() return the power to order now, W."""

    def limit(self, low_w: float, high_w: float) -> None:
        """From now on orders lie within these, W; low_w <= 0 <= high_w."""

    def power(self, now: float, t: float, power_w: float) -> float:
        """Own power as it was at `t`, seen at `now`."""

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        """Grid power as it was at now - lag_s, seen at `now`. lag_s None: the law does not get the lag."""


@dataclass(slots=True)
class Score:
    """How well the grid was held at zero, mean over the counted time. travel: sum of |change| of own power an hour;
    load_travel: the same of the load. grid_w, own_w: the values of every step, when run() keeps them."""

    mean_w: float = 0.0
    rms_w: float = 0.0
    import_wh_h: float = 0.0
    export_wh_h: float = 0.0
    travel_w_h: float = 0.0
    load_travel_w_h: float = 0.0
    counted_s: float = 0.0
    grid_w: "array[float]" = field(default_factory=lambda: array("d"))
    own_w: "array[float]" = field(default_factory=lambda: array("d"))


def run(
    trace: Trace,
    law: Law,
    meter: MeterModel,
    plant: Plant,
    *,
    skip_s: float = 0.0,
    phase_s: float = 0.0,
    lag_told: bool = True,
    allowed: Allowed | None = None,
    keep: bool = False,
) -> Score:
    """Step the plant under `law` over the whole trace.

    skip_s: the first seconds are left out of every score. phase_s shifts the meter's samples against the trace.
    lag_told: whether the law gets the meter's age. allowed: bounds besides the converter's own. keep: keep the series.
    """
    begin = trace[0][0]
    steps = round((trace[-1][0] - begin) / STEP_S)
    changes = [*(steps_at(t - begin) for t, _ in trace), steps]
    unit_w, seen_w = plant.setpoint_step_a * NOMINAL_V, plant.telemetry_step_a * NOMINAL_V
    noise_w, noise = plant.telemetry_noise_a * NOMINAL_V, Random(1)
    lossless = plant.ac_w(-plant.limit_w) == -plant.limit_w
    up_w, down_w = plant.ramp_up_a_s * NOMINAL_V * STEP_S, plant.ramp_down_a_s * NOMINAL_V * STEP_S
    blend = 1.0 - exp(-STEP_S / plant.lag_s) if plant.lag_s > 0 else 1.0
    offset_w, dead_steps = plant.offset_w, steps_at(plant.dead_time_s)
    low_w, high_w = -plant.limit_w, plant.limit_w
    power_back = steps_at(plant.telemetry_age_s)
    told_s = meter.age_s if lag_told else None
    sums = _Sums(steps_at(skip_s), max(meter.needs_steps, power_back) + 1, keep)
    own, grid = sums.own, sums.grid
    metering = Metering(meter, grid)
    arrivals = metering.arrivals
    orders: deque[tuple[int, float]] = deque()
    row, load_w, order_w = -1, 0.0, 0.0
    target_w = ramped_w = own_w = 0.0
    ac_w = plant.ac_w(0.0)
    powers = meters = 0
    next_power, next_meter = 0, steps_at(phase_s)
    next_bounds = 0 if allowed is not None else steps
    law.limit(low_w, high_w)
    step, rests = 0, True
    while step < steps:
        while step >= changes[row + 1]:
            row += 1
            if row and step >= sums.skip:
                sums.load_travel_w += abs(trace[row][1] - load_w)
            load_w = trace[row][1]
        while orders and orders[0][0] <= step:
            target_w = orders.popleft()[1]
            rests = False
        if not rests:
            if ramped_w != target_w:
                away = (target_w - ramped_w) * (ramped_w or target_w) > 0
                limit = up_w if away else down_w
                change = target_w - ramped_w
                if not away and abs(change) > abs(ramped_w) and abs(ramped_w) < limit:
                    change = -ramped_w  # stop at zero for this step: beyond it the other ramp applies
                ramped_w += min(limit, max(-limit, change))
            own_w += (ramped_w + offset_w - own_w) * blend
            if ramped_w == target_w and abs(ramped_w + offset_w - own_w) < AT_REST_W:
                own_w, rests = ramped_w + offset_w, True
            ac_w = own_w if lossless else plant.ac_w(own_w)
        own.append(own_w)
        grid.append(load_w + ac_w)
        wish_w = order_w
        if step >= next_bounds and allowed is not None:
            next_bounds = step + steps_at(BOUNDS_S)
            least_w, most_w = allowed(begin + step * STEP_S, own_w)
            low_w, high_w = max(least_w, -plant.limit_w), min(most_w, plant.limit_w)
            law.limit(low_w, high_w)
        if step >= next_power:
            powers += 1
            next_power = steps_at(powers * plant.telemetry_s)
            now, seen = begin + step * STEP_S, own[-1 - min(power_back, step)]
            if noise_w:
                seen += noise.gauss(0.0, noise_w)
            wish_w = law.power(now, now - power_back * STEP_S, round(seen / seen_w) * seen_w if seen_w else seen)
        if step >= next_meter:
            meters += 1
            next_meter = steps_at(phase_s + meters * meter.interval_s)
            metering.measure(step)
        while arrivals and arrivals[0][0] <= step:
            wish_w = law.meter(begin + step * STEP_S, told_s, arrivals.popleft()[1])
        wish_w = min(high_w, max(low_w, wish_w))
        if wish_w != order_w:
            order_w = wish_w
            orders.append((step + dead_steps, round(order_w / unit_w) * unit_w if unit_w else order_w))
        step += 1
        if rests:
            until = min(changes[row + 1], next_power, next_meter, next_bounds)
            until = min(until, orders[0][0] if orders else steps, arrivals[0][0] if arrivals else steps)
            if until > step:
                own.extend(repeat(own_w, until - step))
                grid.extend(repeat(load_w + ac_w, until - step))
                step = until
        if len(own) > BLOCK:
            sums.take()
    return sums.score()


def settle_s(grid_w: Sequence[float], step_at_s: float, band_w: float = 50.0, hold_s: float = 10.0) -> float | None:
    """Time from the step until |grid| enters the band for at least hold_s; None if it never does."""
    first = round(step_at_s / STEP_S)
    since = first
    need = round(hold_s / STEP_S)
    for position in range(first, len(grid_w)):
        if abs(grid_w[position]) > band_w:
            since = position + 1
        elif position - since >= need:
            return (since - first) * STEP_S
    return None


class _Sums:
    """own and grid of the present block, after a tail of old values that a late meter still reads."""

    def __init__(self, skip: int, tail: int, keep: bool) -> None:
        self.own, self.grid = array("d"), array("d")
        self.skip = skip
        self.load_travel_w = 0.0
        self._tail, self._keep = tail, keep
        self._from, self._step = 0, 0  # index of the first value that is not counted yet, and its step
        self._last_own_w = 0.0
        self._total = self._square = self._signed = self._travel = 0.0
        self._counted = 0
        self._kept = Score()

    def take(self) -> None:
        """Add the block to the sums and drop all of it except the tail."""
        begin = self._from + max(0, min(self.skip - self._step, len(self.own) - self._from))
        own, grid = self.own[begin:], self.grid[begin:]
        if begin > self._from:
            self._last_own_w = self.own[begin - 1]
        if own:
            self._counted += len(grid)
            self._total += sum(map(abs, grid))
            self._square += sum(map(mul, grid, grid))
            self._signed += sum(grid)
            self._travel += abs(own[0] - self._last_own_w) + sum(map(abs, map(sub, own[1:], own)))
            self._last_own_w = own[-1]
        if self._keep:
            self._kept.own_w.extend(self.own[self._from :])
            self._kept.grid_w.extend(self.grid[self._from :])
        self._step += len(self.own) - self._from
        self._from = min(self._tail, len(self.own))
        del self.own[: -self._tail], self.grid[: -self._tail]

    def score(self) -> Score:
        """The score of everything so far; all 0 when nothing was counted."""
        self.take()
        if not self._counted:
            return self._kept
        hours = self._counted * STEP_S / 3600
        return replace(
            self._kept,
            mean_w=self._total / self._counted,
            rms_w=(self._square / self._counted) ** 0.5,
            import_wh_h=(self._total + self._signed) / 2 / self._counted,
            export_wh_h=(self._total - self._signed) / 2 / self._counted,
            travel_w_h=self._travel / hours,
            load_travel_w_h=self.load_travel_w / hours,
            counted_s=self._counted * STEP_S,
        )
