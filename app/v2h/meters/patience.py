"""How long a value of a meter holds that speaks only when something changes; pure. Times are monotonic seconds.

Home Assistant, Zigbee2MQTT and many bridges publish a value only when it differs from the last one. As soon as the car
follows the house, such a meter falls silent; after three intervals `manager` would order 0 W, the grid would change,
the meter would speak, and so on for ever. The owner can tell how long a value holds (silence_s); without that it is
learned from the cycle.
"""

from collections import deque

from v2h.bus.messages import SILENCE_MOST_S, reading_old_after_s

CYCLE, CYCLE_S = 3, 60.0
"""So many silences that ended by themselves within this time are a meter that speaks on change."""
FORGET_S = 600.0
"""Without a silence for so long, the meter speaks regularly, and what was learned is forgotten."""


class Patience:
    """silence_s: how long a value holds without a new one, 0: as long as reading_old_after_s() says. learned: silence_s
    was not told by the owner."""

    def __init__(self, told_s: float | None, *, learns: bool) -> None:
        self._told_s, self._learns = told_s or 0.0, learns and told_s is None
        self.silence_s, self.learned = self._told_s, False
        self._returns: deque[float] = deque(maxlen=CYCLE)
        self._last_t: float | None = None

    def value(self, t: float, interval_s: float) -> bool:
        """A value came at `t`. Returns whether it ends a silence, whose length says nothing of the meter's interval."""
        last_t, self._last_t = self._last_t, t
        silent = last_t is not None and t - last_t > reading_old_after_s(interval_s)
        if self._learns:
            self._learn(t, silent)
        return silent and self.silence_s > 0

    def _learn(self, t: float, silent: bool) -> None:
        if silent:
            self._returns.append(t)
            if len(self._returns) == CYCLE and t - self._returns[0] <= CYCLE_S:
                self.silence_s, self.learned = SILENCE_MOST_S, True
        elif self.learned and t - self._returns[-1] > FORGET_S:
            self.silence_s, self.learned = 0.0, False
