"""The days of an event that repeats (RRULE of RFC 5545), within a bounded time; pure.

It asks of each day whether the rule holds on it. So the work is bounded by the number of days, whatever the rule says:
the usual library (dateutil) searches 17 s on a desk for a rule that never holds (February 30), and many minutes on the
board. What is not handled raises RuleError; it occurs in calendars of birthdays and bin days, not in those of trips.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST")
MOST_DAYS = 20 * 366
"""A rule with a COUNT is followed from its first day, at most for so long."""


class RuleError(ValueError):
    """The rule cannot be followed. The text names the part."""


@dataclass(frozen=True, slots=True)
class Rule:
    """freq: one of FREQUENCIES. by_day: (n-th of the month or 0 for each, weekday; 0 is Monday). until: the text as it
    is in the file; the caller knows the zone. count: None without one."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    week_start: int = 0


def read_rule(text: str) -> Rule:
    """'FREQ=WEEKLY;BYDAY=MO,WE' -> Rule. Raises RuleError."""
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";") if part)
    for name in parts:
        if name not in PARTS:
            raise RuleError(f"{name} is not one of {', '.join(PARTS)}")
    freq = parts.get("FREQ", "")
    if freq not in FREQUENCIES:
        raise RuleError(f"FREQ = {freq[:20]!r} is not one of {', '.join(FREQUENCIES)}")
    by_day = tuple(_day(word) for word in parts.get("BYDAY", "").split(",") if word)
    by_month = _numbers("BYMONTH", parts, 1, 12)
    monthly = freq == "MONTHLY" or (freq == "YEARLY" and by_month)
    if by_day and not monthly and (freq == "YEARLY" or any(n for n, _ in by_day)):
        raise RuleError(f"BYDAY = {parts['BYDAY'][:40]} is not handled with {freq}")
    count = _numbers("COUNT", parts, 1, 100_000)
    return Rule(
        freq,
        (_numbers("INTERVAL", parts, 1, 1000) or (1,))[0],
        count[0] if count else None,
        parts.get("UNTIL", ""),
        by_day,
        _numbers("BYMONTHDAY", parts, -31, 31),
        by_month,
        _day(parts.get("WKST", "MO"))[1],
    )


def days(rule: Rule, first: date, since: date, last: date) -> Iterator[date]:
    """The days from `since` to `last` on which an event repeats that is on `first` for the first time."""
    begin = first if rule.count is not None else max(first, since)
    found = 0
    for n in range(min((last - begin).days + 1, MOST_DAYS)):
        day = begin + timedelta(days=n)
        if not _holds(rule, first, day):
            continue
        found += 1
        if rule.count is not None and found > rule.count:
            return
        if day >= since:
            yield day


def _holds(rule: Rule, first: date, day: date) -> bool:
    if _periods(rule, first, day) % rule.interval:
        return False
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day and not {day.day, day.day - _length(day) - 1} & set(rule.by_month_day):
        return False
    if rule.by_day:
        return any(day.weekday() == weekday and _is_nth(n, day) for n, weekday in rule.by_day)
    if rule.freq == "WEEKLY":
        return day.weekday() == first.weekday()
    if rule.freq in ("MONTHLY", "YEARLY") and not rule.by_month_day:
        return day.day == first.day and (rule.freq == "MONTHLY" or bool(rule.by_month) or day.month == first.month)
    return rule.freq != "YEARLY" or bool(rule.by_month) or day.month == first.month


def _periods(rule: Rule, first: date, day: date) -> int:
    """Days, weeks, months or years between the two."""
    if rule.freq == "DAILY":
        return (day - first).days
    if rule.freq == "WEEKLY":
        return (_week(day, rule.week_start) - _week(first, rule.week_start)).days // 7
    months = (day.year - first.year) * 12 + day.month - first.month
    return months if rule.freq == "MONTHLY" else day.year - first.year


def _week(day: date, week_start: int) -> date:
    """The first day of its week."""
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def _is_nth(n: int, day: date) -> bool:
    """Whether it is the n-th such weekday of its month; from the end for n < 0; each one for 0."""
    if n > 0:
        return (day.day - 1) // 7 + 1 == n
    return n == 0 or (_length(day) - day.day) // 7 + 1 == -n


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _day(word: str) -> tuple[int, int]:
    found = re.fullmatch(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", word)
    if found is None:
        raise RuleError(f"{word[:20]!r} is not a weekday such as MO or -1FR")
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def _numbers(name: str, parts: dict[str, str], low: int, high: int) -> tuple[int, ...]:
    words = [word for word in parts.get(name, "").split(",") if word]
    if not all(re.fullmatch(r"[+-]?\d{1,6}", word, re.ASCII) and low <= int(word) <= high for word in words):
        raise RuleError(f"{name} = {parts[name][:40]} is not from {low} to {high}")
    return tuple(int(word) for word in words)
