"""The stated plant for judging load matching: converter, telemetry and meter, stepped at 20 ms; pure.

The numbers come from the recorded charging sessions (ramp and dead time of the PRE converter) and are one table, so
that a law is judged on a stated plant and on a worse one. The load trace holds its value between its samples.
Signs as everywhere: own power + is charging the car, grid + is import, grid = load + own.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf
from typing import Protocol

STEP_S = 0.02
NOMINAL_V = 385.0

Trace = Sequence[tuple[float, float]]
"""(t_s, load_w) in order; the load may be negative (sun)."""


@dataclass(frozen=True, slots=True)
class Plant:
    """Converter and telemetry. Amps at NOMINAL_V. offset_w: what the converter gives beyond the order (0: none)."""

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


@dataclass(frozen=True, slots=True)
class MeterModel:
    """A meter gives the grid power of (now - age_s) every interval_s."""

    interval_s: float
    age_s: float


METERS = {
    "stpm3x": MeterModel(0.1, 0.05),
    "sdm230": MeterModel(0.5, 0.3),
    "1hz": MeterModel(1.0, 0.5),
    "slow": MeterModel(10.0, 1.0),
}


class Law(Protocol):
    """What is judged. Each call returns the power to order now, W."""

    def power(self, now: float, t: float, power_w: float) -> float:
        """Own power as it was at `t`, seen at `now`."""

    def meter(self, now: float, lag_s: float, grid_w: float) -> float:
        """Grid power as it was at now - lag_s, seen at `now`."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well the grid was held at zero. travel: sum of |change| of own power; load_travel: the load's own."""

    mean_w: float
    rms_w: float
    import_wh_h: float
    export_wh_h: float
    travel_w_h: float
    load_travel_w_h: float
    grid_w: tuple[float, ...] = ()


def oracle(trace: Trace, meter: MeterModel, plant: Plant | None = None) -> Law:
    """The yardstick: at each sample it orders the exact load of that moment."""
    times = [t for t, _ in trace]
    loads = [w for _, w in trace]

    class _Oracle:
        command_w = 0.0

        def power(self, now: float, t: float, power_w: float) -> float:
            return self.command_w

        def meter(self, now: float, lag_s: float, grid_w: float) -> float:
            self.command_w = -loads[max(0, bisect_right(times, now - meter.age_s + 1e-9) - 1)]
            return self.command_w

    return _Oracle()


def run(
    trace: Trace,
    law: Law,
    meter: MeterModel,
    plant: Plant,
    *,
    skip_s: float = 0.0,
    phase_s: float = 0.0,
    keep_grid: bool = False,
) -> Score:
    """Step the plant under `law` over the whole trace. phase_s shifts the meter's samples against the trace."""
    begin, end = trace[0][0], trace[-1][0]
    steps = round((end - begin) / STEP_S)
    unit_w = plant.setpoint_step_a * NOMINAL_V
    seen_w = plant.telemetry_step_a * NOMINAL_V
    up_w, down_w = plant.ramp_up_a_s * NOMINAL_V * STEP_S, plant.ramp_down_a_s * NOMINAL_V * STEP_S
    blend = 1.0 - exp(-STEP_S / plant.lag_s) if plant.lag_s > 0 else 1.0
    limit_w, offset_w = plant.limit_w, plant.offset_w
    orders: deque[tuple[float, float]] = deque()
    recent: deque[tuple[float, float, float]] = deque(
        maxlen=round(max(meter.age_s, plant.telemetry_age_s) / STEP_S) + 2
    )
    index, load_w, next_change = -1, 0.0, begin
    order_w = target_w = ramped_w = own_w = 0.0
    next_meter, next_power = begin + phase_s + meter.interval_s, begin + plant.telemetry_s
    meter_back, power_back = round(meter.age_s / STEP_S), round(plant.telemetry_age_s / STEP_S)
    total = square = imported = exported = travel = load_travel = 0.0
    counted = 0
    grid: list[float] = []
    for step in range(steps):
        now = begin + step * STEP_S
        while now >= next_change - 1e-9:
            index += 1
            if index:
                load_travel += abs(trace[index][1] - load_w)
            load_w = trace[index][1]
            next_change = trace[index + 1][0] if index + 1 < len(trace) else inf
        while orders and orders[0][0] <= now + 1e-9:
            target_w = orders.popleft()[1]
        if ramped_w != target_w:
            away = (target_w - ramped_w) * (ramped_w or target_w) > 0
            limit = up_w if away else down_w
            change = target_w - ramped_w
            if not away and abs(change) > abs(ramped_w) and abs(ramped_w) < limit:
                change = -ramped_w  # stop at zero for this step: beyond it the other ramp holds
            ramped_w += min(limit, max(-limit, change))
        before_w = own_w
        own_w += (ramped_w + offset_w - own_w) * blend
        grid_w = load_w + own_w
        recent.append((now, own_w, grid_w))
        if now - begin >= skip_s:
            counted += 1
            total += abs(grid_w)
            square += grid_w * grid_w
            travel += abs(own_w - before_w)
            if grid_w > 0:
                imported += grid_w
            else:
                exported -= grid_w
            if keep_grid:
                grid.append(grid_w)
        wish_w = order_w
        if now >= next_power - 1e-9:
            next_power += plant.telemetry_s
            t, seen, _ = recent[max(0, len(recent) - 1 - power_back)]
            wish_w = law.power(now, t, round(seen / seen_w) * seen_w if seen_w else seen)
        if now >= next_meter - 1e-9:
            next_meter += meter.interval_s
            wish_w = law.meter(now, meter.age_s, recent[max(0, len(recent) - 1 - meter_back)][2])
        if wish_w != order_w:
            order_w = wish_w
            bounded = min(limit_w, max(-limit_w, wish_w))
            orders.append((now + plant.dead_time_s, round(bounded / unit_w) * unit_w if unit_w else bounded))
    hours = counted * STEP_S / 3600
    whole_h = steps * STEP_S / 3600
    return Score(
        total / counted,
        (square / counted) ** 0.5,
        imported / counted,
        exported / counted,
        travel / hours,
        load_travel / whole_h,
        tuple(grid),
    )


def settle_s(grid_w: Sequence[float], step_at_s: float, band_w: float = 50.0, hold_s: float = 10.0) -> float:
    """Time from the step until |grid| enters the band for at least hold_s; inf if it never does."""
    first = round(step_at_s / STEP_S)
    since = first
    need = round(hold_s / STEP_S)
    for position in range(first, len(grid_w)):
        if abs(grid_w[position]) > band_w:
            since = position + 1
        elif position - since >= need:
            return (since - first) * STEP_S
    return inf
