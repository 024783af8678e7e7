"""The version of the software, its date and its age in words."""

from datetime import UTC, datetime, timedelta

from v2h.bus.sentences import Sentence, say
from v2h.web.view.snapshot import Snapshot, trusted_clock

DAYS_IN_WORDS, MONTHS_IN_WORDS = 61, 24
"""Below them an age is written in days, and in months; above, in years. So no age needs the singular."""
MONTH_DAYS, YEAR_DAYS = 30.44, 365.25
OLD_DAYS = 365
"""From this age on the page recommends a new card. SECURITY.md recommends one every half year; a page that complained
after that time would complain half of the time, and be ignored when it matters."""


def line(seen: Snapshot) -> str:
    """For the foot of each page: '0.3.0 of 2026-03-12, 8 months old'; the version alone while no date is known."""
    if seen.built_s is None:
        return say("page.version", version=seen.version)
    day = _day(seen.built_s)
    age = _age(seen, seen.built_s)
    if age is None:
        return say("page.version_of", version=seen.version, day=day)
    return say("page.version_aged", version=seen.version, day=day, age=age)


def rows(seen: Snapshot) -> list[dict[str, str]]:
    """Version, date, age, and what to do about an old one."""
    found = [_row("version", say("page.software_version"), say("page.version", version=seen.version))]
    if seen.built_s is None:
        return found
    found.append(_row("date", say("page.software_date"), _day(seen.built_s)))
    age = _age(seen, seen.built_s)
    if age is None:
        return [*found, _row("age", say("page.software_age"), say("page.software_no_clock"))]
    old = (_days(seen, seen.built_s) or 0) >= OLD_DAYS
    found.append(_row("age", say("page.software_age"), age, "warn" if old else "dim"))
    return [*found, _row("old", say("page.software_old"), "", "warn")] if old else found


def _row(name: str, label: str, text: str, tone: str = "dim") -> dict[str, str]:
    return {"name": name, "label": label, "text": text, "tone": tone}


def _day(built_s: float) -> str:
    return datetime.fromtimestamp(built_s, UTC).date().isoformat()


def _days(seen: Snapshot, built_s: float) -> int | None:
    """Whole days since the build. None while the clock is not trusted, and for a version of the future."""
    now = trusted_clock(seen)
    if now is None:
        return None
    days = (now.astimezone(UTC) - datetime.fromtimestamp(built_s, UTC)) // timedelta(days=1)
    return days if days >= 0 else None


def _age(seen: Snapshot, built_s: float) -> Sentence | None:
    """The age in words, None where _days() knows none."""
    days = _days(seen, built_s)
    if days is None:
        return None
    if days < 2:
        return say("page.software_new")
    if days < DAYS_IN_WORDS:
        return say("page.software_days", count=days)
    months = int(days / MONTH_DAYS)
    if months < MONTHS_IN_WORDS:
        return say("page.software_months", count=months)
    return say("page.software_years", count=int(days / YEAR_DAYS + 0.01))
