"""From the time on the owner's wall to an instant, right across every change of the clocks; pure.

A time that comes twice (clocks go back) means its first coming. A time that never comes (clocks go forward) means the
moment of the change. So the order of times on the wall is kept, a window that ends when the next one begins leaves
neither gap nor overlap, and a window that lies whole in the missing hour is skipped on that day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError


class ZoneError(ValueError):
    """A name that is no time zone: says the name and, where there is one, a similar one."""


def zone(name: object) -> ZoneInfo:
    """The time zone of that name from the system's zone data. Raises ZoneError."""
    if isinstance(name, str) and name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
            pass
    raise ZoneError(f"{name!r} is not a time zone such as Europe/London{_similar(str(name))}")


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The UTC instant of a naive time on the wall."""
    if _missing(local, tz):
        return _change_before(local, tz)
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)


def at_second(day: date, second: int, tz: ZoneInfo) -> datetime:
    """The UTC instant of `second` of the wall clock's day; 86400 and more lie in the days after."""
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
    """A hint from the table of zones; read only when somebody mistyped one."""
    import difflib

    for folder in TZPATH:
        try:
            lines = (Path(folder) / "zone1970.tab").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        names = [line.split("\t")[2] for line in lines if line and not line.startswith("#")]
        by_lower = {known.lower(): known for known in names} | {
            known.rpartition("/")[2].lower(): known for known in names
        }
        close = difflib.get_close_matches(name.lower(), by_lower, n=1)
        return f"; did you mean {by_lower[close[0]]}?" if close else ""
    return ""
