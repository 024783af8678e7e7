"""Load matching computes, from grid meter and own power, the order that brings the grid to its target.

The law is dead-beat on the house, not on the grid: a meter value g shows the house at the moment of its measurement,
house = g - own power at that moment, and the order is target - house. The own power of that moment contains also the
commands that are still under way (dead time, ramp), so the law does not correct one error twice and does not
overshoot, whatever the meter's interval. The refinements:

- The telemetry has its own period. While own power moves, a meter value waits (about one telemetry period) until the
  telemetry covers its moment; while own power rests, the value is used at once. What is certain before that, from the
  orders under way and the speed of own power, is ordered at once too.
- A lag that is not configured, or is configured wrong, is learned (see lag); until then every lag of the ladder is
  possible.
- The meter's lag is known only within a span. While own power moves, an order that fits the meter value for any
  moment of that span stays: nothing shows that it is wrong.
- Telemetry and meters are noisy. At rest, own power and house are means (see steady), and the dead band is as much
  wider as they are uncertain; without noise nothing is averaged.
- A converter that gives a little more or less than ordered would leave this difference on the grid permanently. When
  everything has rested for TRIM_AFTER_S, the law learns the difference between own power and order (slowly, and at
  most TRIM_A: a larger difference is a deliberate limit) and corrects the order by it.

Pure: times are monotonic seconds, powers W (own + charging, grid + import). The order is always computed from
measured values, never accumulated, so nothing winds up at a limit.
"""

from collections import deque
from math import hypot
from typing import NamedTuple

from v2h.energy.lag import LagLearner
from v2h.energy.steady import BEYOND, Steady

DEADBAND_A = 0.06
"""Half the converter's step (0.1 A) plus a margin: a smaller change cannot bring the grid nearer to the target, and an
order exactly between two steps does not flutter. The travel is 1.34 times the load's own with 0.05 A, 1.10 times with
0.06 A."""
MOVING_A = 0.15
"""Own power moves when its telemetry differs by more than this from the sample before, or from the order (resolution
0.1 A)."""
CALM_AFTER_S = 0.7
"""This long after an order, its effect on own power has ended but for a small rest, and own power is averaged."""
CALM_OVER_S = 5.0
"""Own power at rest is the mean of so long: the telemetry of a steady 14.0 A flickers by 0.1 A, 38 W."""
PRIOR = 10.0
"""The order itself, with the converter's offset, counts in that mean as so many samples: they are best when few are
there, and one second of samples outweighs them."""
BETWEEN = 3.0
"""Own power agrees with the orders when it is no more deviations of its noise away from them."""
HOUSE_OVER_S = 2.5
HOUSE_W = 6.0
"""The house is the mean of as many meter values as make its error this small, but of no more than so long; a meter
without noise is never averaged."""
DOUBT = 1.3
"""The dead band is wider by so many deviations of what is uncertain. With 1.0 and 30 W of noise at the chip, own power
travels a quarter more; with 2.0 the mean is 3 % higher."""
SETTLED_S = 1.0
"""After this time an order has been carried out: dead time 0.2 s, 12 A of ramp at 30 A/s, three lags of 0.15 s."""
TRIM_AFTER_S = 3.0
"""This long after an order, the difference between own power and order counts as the converter's offset. The time also
covers an overloaded machine whose orders arrive a second late."""
TRIM_A = 0.4
"""Largest difference between order and own power that counts as the converter's offset."""
TRIM_SHARE = 0.3
"""Share of a measured offset that is learned, at most once every SETTLED_S."""
SPEED_MORE = 1.5
SPEED_A_S = 15.0
"""Own power moves at most at SPEED_MORE times its last speed plus SPEED_A_S, its speed from rest: half the converter's
ramp, because the converter's lag of 0.15 s rounds every start."""
WAITING = 8
"""Meter values that may wait for telemetry: more than arrive in one telemetry period at an interval of 0.05 s."""
STEP_A = 0.1
"""Resolution of the converter's current order."""
NOMINAL_V = 385.0
HISTORY = 700
"""Telemetry samples that are kept: 70 s at 0.1 s, above the longest lag a meter may be configured with (60 s)."""


class _Value(NamedTuple):
    """A meter value: the moment that it shows, and the span in which that moment certainly lies."""

    at: float
    from_t: float
    until_t: float
    grid_w: float


class Matcher:
    """State of the law between two calls. Call power() and meter(); read command_w."""

    def __init__(self, target_w: float = 0.0) -> None:
        self.target_w = target_w
        self.command_w = 0.0
        self._low_w = self._high_w = 0.0
        self._volts_v = NOMINAL_V
        self._own: deque[tuple[float, float]] = deque(maxlen=HISTORY)
        self._waiting: deque[_Value] = deque(maxlen=WAITING)
        self._under_way: deque[tuple[float, float]] = deque(maxlen=16)
        self._changed_t = float("-inf")
        self._calm = Steady(CALM_OVER_S)
        self._house = Steady(HOUSE_OVER_S, HOUSE_W)
        self._trim_w = 0.0
        self._learned_t = float("-inf")
        self.lag = LagLearner()

    def limit(self, low_w: float, high_w: float) -> None:
        """Bounds of the order from now on, W (low_w <= 0 discharging); the present order is clamped at once."""
        self._low_w, self._high_w = low_w, high_w
        self.command_w = self._clamp(self.command_w)

    def reset(self) -> None:
        """Call when no energy flows: own power counts as 0, and the next meter value alone decides."""
        self._own.clear()
        self._waiting.clear()
        self._under_way.clear()
        self.lag.pause()
        self.command_w = 0.0
        self._changed_t = float("-inf")

    def power(self, now: float, t: float, power_w: float, volts_v: float = NOMINAL_V) -> None:
        """The charger's own power as it was at `t`."""
        if self._own and t <= self._own[-1][0]:
            return
        self._own.append((t, self._calmed(t, power_w)))
        if volts_v > 1.0:
            self._volts_v = volts_v
        covered: _Value | None = None
        while self._waiting and self._waiting[0].until_t <= t:
            covered = self._waiting.popleft()
        if covered is not None:
            self._use(now, covered)

    def _calmed(self, t: float, power_w: float) -> float:
        """A sample of own power without the telemetry's noise: at rest the mean, and under an order that is under way
        what agrees with the orders. A sample that agrees with neither is a movement, and counts as it is."""
        near_w = BETWEEN * self._calm.noise
        if t - self._changed_t < CALM_AFTER_S:
            self._calm.restart()
            orders = [self.command_w, *(order_w for at, order_w in self._under_way if t - at <= SETTLED_S)]
            between_w = min(max(power_w, min(orders) + self._trim_w), max(orders) + self._trim_w)
            return between_w if abs(power_w - between_w) <= near_w else power_w
        mean_w, count = self._calm.add(t, power_w), self._calm.count
        expected_w = self.command_w + self._trim_w
        if abs(mean_w - expected_w) > near_w:
            return mean_w
        return (mean_w * count + expected_w * PRIOR) / (count + PRIOR) if near_w else mean_w

    def meter(self, now: float, came_t: float, grid_w: float, lag_s: float | None = None) -> None:
        """The grid power as it was `lag_s` before the reading arrived at `came_t`. lag_s None: no lag is configured."""
        self.lag.meter(came_t, grid_w, self._own)
        lag = self.lag.span(lag_s)
        value = _Value(came_t - lag.best_s, came_t - lag.most_s, came_t - lag.least_s, grid_w)
        if not self._own or value.until_t <= self._own[-1][0] or self._rests(now):
            self._waiting.clear()
            self._use(now, value)
        else:
            self._waiting.append(value)
            self._use_what_is_certain(now, value)

    def silent(self, now: float, came_t: float, grid_w: float) -> None:
        """The meter speaks only on change and has been silent since `came_t`, so its last value still shows the grid.
        It counts again if own power has rested since then: at its own moment a movement may have made it unclear, or
        nothing was allowed. Where own power has moved since, the silence proves nothing: the meter may be dead."""
        if not self._own or not self._rests(now):
            return
        least_w, most_w = self._own_between(came_t, now)
        if most_w - least_w > MOVING_A * self._volts_v:
            return
        wish_w = self._clamp(self.target_w - self._trim_w - (grid_w - self.own_at(now)))
        doubt_w = self._dead_w() + BEYOND * hypot(self._house.noise, self._calm.noise)
        if abs(wish_w - self.command_w) > doubt_w:
            self._order(now, wish_w)

    def own_at(self, t: float) -> float:
        """Own power at `t`: interpolated between two samples, outside them the nearest one; 0 without any sample."""
        own = self._own
        if not own:
            return 0.0
        later = own[-1]
        if t >= later[0]:
            return later[1]
        for earlier in reversed(own):
            if earlier[0] <= t:
                return earlier[1] + (later[1] - earlier[1]) * (t - earlier[0]) / (later[0] - earlier[0])
            later = earlier
        return later[1]

    def _own_between(self, from_t: float, until_t: float) -> tuple[float, float]:
        """The least and the greatest own power in that span. Between two samples it may have been either of them: with
        a straight line, a movement that an overloaded machine makes late, or sees late, would be taken for a change of
        the house, and the law would hunt."""
        values: list[float] = []
        for t, power_w in reversed(self._own):
            if t >= until_t:
                values.clear()
            values.append(power_w)
            if t <= from_t:
                break
        return min(values, default=0.0), max(values, default=0.0)

    def _rests(self, now: float) -> bool:
        if now - self._changed_t < SETTLED_S:
            return False  # an order is under way: if it arrives late, it would be taken for the house
        moving_w = MOVING_A * self._volts_v
        last_w = self._own[-1][1]
        before_w = self._own[-2][1] if len(self._own) > 1 else last_w
        return abs(last_w - before_w) <= moving_w and abs(last_w - self.command_w) <= moving_w

    def _use(self, now: float, value: _Value) -> None:
        own_w = self.own_at(value.at)
        least_w, most_w = self._own_between(value.from_t, value.until_t)
        if value.at - self._changed_t >= TRIM_AFTER_S and now - self._learned_t >= SETTLED_S:
            self._learn(now, value.at, own_w)
        rest_w = value.grid_w - own_w
        if most_w - least_w <= MOVING_A * self._volts_v:
            rest_w = self._house.add(value.at, rest_w)
        elif self._house.fits(value.grid_w - most_w, value.grid_w - least_w):
            rest_w = self._house.mean
        else:
            self._house.restart()
        wish_w = self.target_w - self._trim_w - rest_w
        dead_w = self._dead_w()
        low_w, high_w = self._clamp(wish_w + least_w - own_w) - dead_w, self._clamp(wish_w + most_w - own_w) + dead_w
        if not low_w <= self.command_w <= high_w:
            self._order(now, wish_w)

    def _dead_w(self) -> float:
        """Half the dead band: what the converter's steps need, and what is not certain of own power and the house."""
        return DEADBAND_A * self._volts_v + DOUBT * hypot(
            self._calm.noise / (self._calm.count + PRIOR) ** 0.5, self._house.error
        )

    def _use_what_is_certain(self, now: float, value: _Value) -> None:
        """Use a value although the telemetry does not cover its moment yet. Own power at that moment lies between the
        last sample and the orders under way, and it has moved no further than its speed allows. If the present order
        fits none of these powers, it moves only to the nearest order that fits; the telemetry then shows the rest."""
        while self._under_way and now - self._under_way[0][0] > SETTLED_S:
            self._under_way.popleft()
        least_w, most_w = self._own_between(value.from_t, value.until_t)
        orders = [order_w for _, order_w in self._under_way]
        last_t, last_w = self._own[-1]
        before_t, before_w = self._own[-2] if len(self._own) > 1 else (last_t - 1.0, last_w)
        speed_w_s = SPEED_MORE * abs(last_w - before_w) / (last_t - before_t) + SPEED_A_S * self._volts_v
        reach_w = speed_w_s * (value.until_t - last_t)
        house_w = self._trim_w + (value.grid_w - self.target_w)
        dead_w = self._dead_w() + BEYOND * hypot(self._house.noise, self._calm.noise)
        low_w = min(least_w, max(min(self.command_w, *orders, last_w), last_w - reach_w))
        high_w = max(most_w, min(max(self.command_w, *orders, last_w), last_w + reach_w))
        low_w, high_w = self._clamp(low_w - house_w) - dead_w, self._clamp(high_w - house_w) + dead_w
        if not low_w <= self.command_w <= high_w:
            self._order(now, low_w if self.command_w < low_w else high_w)

    def _order(self, now: float, power_w: float) -> None:
        self._under_way.append((now, self.command_w))
        step_w = STEP_A * self._volts_v
        self.command_w = self._clamp(round(power_w / step_w) * step_w)
        self._changed_t = now

    def _learn(self, now: float, at: float, own_w: float) -> None:
        offset_w = own_w - self.command_w
        rested = abs(own_w - self.own_at(at - SETTLED_S)) <= MOVING_A * self._volts_v  # a slow ramp is not an offset
        if self._own and rested and abs(offset_w) <= TRIM_A * self._volts_v:
            self._trim_w += TRIM_SHARE * (offset_w - self._trim_w)
            self._learned_t = now

    def _clamp(self, power_w: float) -> float:
        return min(self._high_w, max(self._low_w, power_w))
