"""Which events leave the house: those of a level up, and of each level not more than a few an hour; pure."""

from v2h.bus.messages import LEVELS, Event

MOST_AT_ONCE, PER_S = 10, 360.0
"""After a burst one event in so long: ten an hour. What is left out is counted in the next one."""
MOST_OF_ALL = MOST_AT_ONCE * len(LEVELS)
"""Events that can pass at once, of all levels."""
MOST_KINDS = 100
"""Kinds of events whose last words are remembered; there are fewer."""


def reaches(event: Event, level: str) -> bool:
    """Whether an event is of this level or above; level "none": never."""
    return level in LEVELS and event.level in LEVELS and LEVELS.index(event.level) >= LEVELS.index(level)


class Limiter:
    """A bucket of `most` that fills by one every per_s."""

    def __init__(self, most: int = MOST_AT_ONCE, per_s: float = PER_S) -> None:
        self._most, self._per_s = float(most), per_s
        self._left, self._t = float(most), float("-inf")
        self._left_out = 0

    def may(self, now: float) -> bool:
        """Whether one more may pass now; if not, it is counted."""
        if self._t > float("-inf"):
            self._left = min(self._most, self._left + (now - self._t) / self._per_s)
        self._t = now
        if self._left < 1.0:
            self._left_out += 1
            return False
        self._left -= 1.0
        return True

    def take_left_out(self) -> int:
        """How many did not pass since the last call."""
        left_out, self._left_out = self._left_out, 0
        return left_out


class Notices:
    """What passes of the events from a level up. Each level has a bucket of its own, so that many small events hide no
    fault. An info that says the same as the one of its kind before does not pass: the start of a session is a dozen
    events with one sentence, and would hide its end."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._buckets = {name: Limiter() for name in LEVELS}
        self._last: dict[tuple[str, str], tuple[str, str]] = {}

    def may(self, event: Event, now: float) -> bool:
        """Whether this event may leave the house now."""
        if not reaches(event, self._level) or not self._is_news(event):
            return False
        return self._buckets[event.level].may(now)

    def _is_news(self, event: Event) -> bool:
        kind, said = (event.source, event.code), (event.level, str(event.text))
        before = self._last.pop(kind, None)
        self._last = dict([*self._last.items(), (kind, said)][-MOST_KINDS:])
        return said != before or event.level != LEVELS[0]

    def take_left_out(self) -> int:
        """How many events of all levels did not pass since the last call."""
        return sum(bucket.take_left_out() for bucket in self._buckets.values())
