"""Learns how late a meter is from the charger's own movements; pure.

Own power moves, and some time later the meter shows the same movement: the right lag is the one at which the meter's
value minus own power gives the steadiest house. For each lag of a ladder the sum of the house's absolute changes is
kept, its cost (absolute, not squared: houses change seldom and by a lot, and such a step costs every lag the same). A
lag whose cost is more than DOUBT_W above the best one's is no longer possible; until own power has moved, every lag is.

With a meter so slow that own power always rests when its value arrives, nothing is learned, and nothing is needed.

A configured lag is used until the movements refute it: without that check, one that is wrong by 0.3 to 0.7 s would
make the order hunt permanently.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

LADDER_S = (*(i * 0.04 for i in range(26)), *(1.1 + 0.1 * i for i in range(20)))
"""0 to 1 s in steps too small to do harm, then to 3 s in steps of the telemetry's period."""
MOVED_W = 100.0
"""Where the change of own power between two values differs less than this from lag to lag, it shows little about the
lag: own power comes in steps of 38 W."""
DOUBT_W = 400.0
"""One movement of 2 kW costs a lag that is wrong by 0.1 s 500 W or more; the house's noise in that time costs less."""
DISBELIEF_W = 2000.0
"""How far the cost of a configured lag may be above the best one's: five times the limit for any other lag."""
FORGET = 0.98
"""Share of the old cost that is kept at each informative value: a changed lag is found after some hundred of them."""
SURE_S = 0.08
"""The possible span reaches at least this far from the best lag: telemetry in steps of 0.1 s and 38 W shifts the best
lag by one or two steps of the ladder."""

LAG_MORE_S = 0.08
LAG_LESS_S = 0.05
"""How much longer and how much shorter than configured a lag may be. With these values a 2 kW step settles in 0.94 s
when the configured lag is wrong by 0.05 s in either direction. With 0.07 s for the first it takes 1.5 s when the lag is
longer, with an overshoot of 14 %; with 0.04 s for the second 1.7 s when it is shorter. A larger second value costs
where a motor's inrush ends while own power follows it: at the chip 2 % over the oracle with 0.05 s, 4 % with 0.06 s,
6 % with 0.08 s."""
Own = deque[tuple[float, float]]
"""(t, W) of own power, oldest first."""


class Lag(NamedTuple):
    """The lag that fits best, and the span of those that are possible, s."""

    best_s: float
    least_s: float
    most_s: float


class _Value(NamedTuple):
    """A meter value that arrived at t. range_w: at most this far own power lies apart from lag to lag."""

    t: float
    grid_w: float
    range_w: float


class LagLearner:
    """learned: what the movements have shown so far."""

    def __init__(self, guess_s: float = 0.0) -> None:
        """guess_s: used as the best lag as long as nothing is learned."""
        self.learned = Lag(guess_s, LADDER_S[0], max(guess_s, LADDER_S[-1]))
        self._costs = [0.0] * len(LADDER_S)
        self._pending: deque[tuple[float, float]] = deque(maxlen=64)
        self._before: _Value | None = None

    def pause(self) -> None:
        """Forget the last values, because the next ones cannot be compared with them; keep what was learned."""
        self._pending.clear()
        self._before = None

    def span(self, told_s: float | None) -> Lag:
        """The lag to use: the configured one (told_s), or the learned one when none is configured (None) or when the
        movements refute it. A configured lag beyond the ladder is never refuted."""
        if told_s is None:
            return self.learned
        nearest = bisect_left(LADDER_S, told_s)
        if nearest < len(LADDER_S) and self._costs[nearest] > min(self._costs) + DISBELIEF_W:
            return self.learned
        return Lag(told_s, told_s - LAG_LESS_S, told_s + LAG_MORE_S)

    def meter(self, t: float, grid_w: float, own: Own) -> None:
        """A value that arrived at `t`. own: the charger's own power as known now."""
        self._pending.append((t, grid_w))
        while self._pending and own and self._pending[0][0] <= own[-1][0]:
            came_t, power_w = self._pending.popleft()
            value, before = _Value(came_t, power_w, _range_w(came_t, own)), self._before
            if before is not None and value.range_w + before.range_w >= MOVED_W:
                self._compare(value.grid_w - before.grid_w, _at_each_lag(before.t, own), _at_each_lag(came_t, own))
            self._before = value

    def _compare(self, grid_change_w: float, before_w: list[float], now_w: list[float]) -> None:
        moved_w = [now - before for now, before in zip(now_w, before_w, strict=True)]
        if max(moved_w) - min(moved_w) < MOVED_W:
            return
        costs = self._costs = [
            FORGET * cost + abs(grid_change_w - moved) for cost, moved in zip(self._costs, moved_w, strict=True)
        ]
        least = min(costs)
        possible = [lag for lag, cost in zip(LADDER_S, costs, strict=True) if cost <= least + DOUBT_W]
        best_s = LADDER_S[costs.index(least)]
        self.learned = Lag(best_s, max(0.0, min(possible[0], best_s - SURE_S)), max(possible[-1], best_s + SURE_S))


def _range_w(t: float, own: Own) -> float:
    """At least the largest difference of own power from lag to lag. Most often it is so small that nothing can be
    learned, and finding it is much less work than the power at each lag."""
    least_w = most_w = own[-1][1]
    longest_t = t - LADDER_S[-1]
    for at, power_w in reversed(own):
        if power_w < least_w:
            least_w = power_w
        elif power_w > most_w:
            most_w = power_w
        if at <= longest_t:
            break
    return most_w - least_w


def _at_each_lag(t: float, own: Iterable[tuple[float, float]]) -> list[float]:
    """Own power at t - lag for every lag of the ladder, in one pass back through the samples."""
    values: list[float] = []
    later_t, later_w = None, 0.0
    backward = reversed(own)  # type: ignore[call-overload]
    earlier_t, earlier_w = next(backward)
    for lag in LADDER_S:
        at = t - lag
        while earlier_t > at:
            later_t, later_w = earlier_t, earlier_w
            older = next(backward, None)
            if older is None:
                earlier_t = float("-inf")
                earlier_w = later_w
                break
            earlier_t, earlier_w = older
        if later_t is None or earlier_t == float("-inf"):
            values.append(earlier_w)
        else:
            values.append(earlier_w + (later_w - earlier_w) * (at - earlier_t) / (later_t - earlier_t))
    return values
