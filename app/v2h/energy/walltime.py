"""Converts wall-clock times of the owner's zone to instants, correctly across every change of the clocks; pure.

A time that occurs twice (clocks go back) means its first occurrence. A time that does not occur (clocks go forward)
means the moment of the change. So the order of wall-clock times is kept, a window that ends when the next one begins
leaves neither a gap nor an overlap, and a window that lies completely in the missing hour is skipped on that day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_WORDS = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The UTC instant of a naive wall-clock time."""
    if _missing(local, tz):
        return _change_before(local, tz)
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)


def at_second(day: date, second: int, tz: ZoneInfo) -> datetime:
    """The UTC instant of `second` of the wall clock's day; 86400 and more lie on the days after."""
    return instant(datetime(day.year, day.month, day.day) + timedelta(seconds=second), tz)


def _missing(local: datetime, tz: ZoneInfo) -> bool:
    there = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    return there.astimezone(tz).replace(tzinfo=None, fold=0) != local


@lru_cache(maxsize=64)
def _change_before(local: datetime, tz: ZoneInfo) -> datetime:
    """The moment at which the clocks jumped over `local`, to the second: bisection of the UTC offset."""
    before = local.replace(tzinfo=tz, fold=1).astimezone(UTC)
    after = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    old = before.astimezone(tz).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(tz).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
