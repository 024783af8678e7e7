"""One value from the topics of a sum, such as import minus export; pure. Times are monotonic seconds.

The two arrive one after the other. A value made between them would mix the old import with the new export, so the sum
waits until all topics have arrived, or GATHER_S after the first: many publishers send only the topic that changed.
"""

from collections.abc import Sequence

from v2h.bus.sentences import say
from v2h.meters import Measurement, NoMeasurementError

GATHER_S = 0.1
OLDEST_S = 30.0
"""An older part of the sum is not used: its publisher may be dead, and the sum would be wrong by all of it."""


class TopicSum:
    """due: when total() has something, infinite while nothing has arrived."""

    def __init__(self, terms: Sequence[tuple[int, str]]) -> None:
        self._signs = {topic: sign for sign, topic in terms}
        self._last: dict[str, Measurement] = {}
        self._new: set[str] = set()
        self.due = float("inf")

    def take(self, topic: str, value: Measurement) -> None:
        """A value of one topic."""
        self._last[topic] = value
        self._new.add(topic)
        self.due = value.t if len(self._new) == len(self._signs) else min(self.due, value.t + GATHER_S)

    def total(self, now: float) -> Measurement | None:
        """The sum of the last values, None while a topic has never arrived. Raises NoMeasurementError: one is old."""
        self._new.clear()
        self.due = float("inf")
        if len(self._last) < len(self._signs):
            return None
        for topic, value in self._last.items():
            if now - value.t > OLDEST_S:
                raise NoMeasurementError(say("meter.broker_half", topic=topic, seconds=now - value.t))
        power_w = sum(sign * self._last[topic].power_w for topic, sign in self._signs.items())
        return Measurement(max(value.t for value in self._last.values()), power_w)
