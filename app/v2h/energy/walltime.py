"""Converts wall-clock times of the owner's zone to instants, correctly across every change of the clocks; pure.

A time that occurs twice (clocks go back) means its first occurrence. A time that does not occur (clocks go forward)
means the moment of the change. So the order of wall-clock times is kept, a window that ends when the next one begins
leaves neither a gap nor an overlap, and a window that lies completely in the missing hour is skipped on that day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_WORDS = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}


class ZoneError(ValueError):
    """The name is not a time zone. The text contains the name and, where there is one, a similar one."""


def zone(name: object) -> ZoneInfo:
    """The time zone of that name from the system's zone data. Raises ZoneError."""
    if isinstance(name, str) and name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
            pass
    raise ZoneError(f"{name!r} is not a time zone such as Europe/London{_similar(str(name))}")


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


def _similar(name: str) -> str:
    """A hint from the names of all zones; they are read only when a name was wrong."""
    import difflib

    names = {known for known in available_timezones() if "/" in known}
    by_lower = {known.lower(): known for known in names} | {
        known.rpartition("/")[2].lower(): known for known in sorted(names, reverse=True)
    }
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""
