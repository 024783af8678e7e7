"""Converts wall-clock times of the owner's zone to instants, correctly across every change of the clocks; pure.

A time that occurs twice (clocks go back) means its first occurrence. A time that does not occur (clocks go forward)
means the moment of the change. So the order of wall-clock times is kept, a window that ends when the next one begins
leaves neither a gap nor an overlap, and a window that lies completely in the missing hour is skipped on that day.
"""

from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_WORDS = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}

Stretch = tuple[timedelta, datetime, datetime]
STEP = timedelta(hours=6)
"""No zone changes its clocks twice within this time."""
BEFORE, AFTER = timedelta(days=2), timedelta(days=4)
"""The time around a midnight in UTC that covers the local day and two days after it in every zone, also where a change
skips a day."""


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The UTC instant of a naive wall-clock time."""
    return _instant(local.date(), local - datetime(local.year, local.month, local.day), tz)


def at_second(day: date, second: int, tz: ZoneInfo) -> datetime:
    """The UTC instant of `second` of the wall clock's day; 86400 and more, up to two days, lie on the days after."""
    return _instant(day, timedelta(seconds=second), tz)


def _instant(day: date, wall: timedelta, tz: ZoneInfo) -> datetime:
    """wall: what the clock shows since midnight of that day. The first stretch that gets so far shows it first, or
    begins where the clocks jumped over it."""
    stretches = _stretches(day, tz)
    _, since, midnight = stretches[0] if len(stretches) == 1 else next(one for one in stretches if wall < one[0])
    return max(since, midnight + wall)


@lru_cache(maxsize=64)
def _stretches(day: date, tz: ZoneInfo) -> tuple[Stretch, ...]:
    """The stretches of one UTC offset around a day, in order. Of each: what its clock shows at its end, since midnight
    of that day; the instant at which it begins; the instant of midnight by its offset. Kept, because a schedule asks
    for each day hundreds of times."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if day.year in (MINYEAR, MAXYEAR):  # a schedule may name them, but the calendar has not all days around
        first = midnight - (midnight.replace(tzinfo=tz).utcoffset() or timedelta(0))
        return ((timedelta.max, first, first),)
    found: list[Stretch] = []
    since = at = midnight - BEFORE
    offset = _offset(at, tz)
    while at < midnight + AFTER:
        before, at = at, at + STEP
        following = _offset(at, tz)
        if following != offset:
            change = _change(before, at, tz)
            found.append((change + offset - midnight, since, midnight - offset))
            since, offset = change, following
    return (*found, (timedelta.max, since, midnight - offset))


def _change(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The moment between the two at which the offset changes, to the second, by bisection."""
    old = _offset(before, tz)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if _offset(middle, tz) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, tz: ZoneInfo) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta(0)
