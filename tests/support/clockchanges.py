"""Every change of the clocks from 2026 to 2030 in three zones, found by a check of each half hour; for tests."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe")


@cache
def changes(name: str) -> list[datetime]:
    """The instants at which the offset changes, ten of them; Lord Howe's clocks change by half an hour. Only the days
    whose ends differ are searched: no zone changes its clocks twice in a day."""
    tz, found = ZoneInfo(name), list[datetime]()
    at, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    while at < end:
        offset, day_end = at.astimezone(tz).utcoffset(), at + timedelta(days=1)
        if day_end.astimezone(tz).utcoffset() != offset:
            while at.astimezone(tz).utcoffset() == offset:
                at += timedelta(minutes=30)
            found.append(at)
        at = day_end
    return found


def first_shown(local: datetime, tz: ZoneInfo) -> datetime:
    """The first instant at which the wall clock shows `local` or later, found by a check of each minute."""
    at = local.replace(tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(tz).replace(tzinfo=None) < local - timedelta(hours=3):
        at += timedelta(hours=1)
    while at.astimezone(tz).replace(tzinfo=None) < local:
        at += timedelta(minutes=1)
    return at
