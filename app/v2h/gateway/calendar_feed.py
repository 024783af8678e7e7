"""The plan of the next days as a calendar (iCalendar, RFC 5545), for a phone or Home Assistant; read-only.

Each part of the schedule's preview that does something is an event, and each ready-by target a moment.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from v2h.bus.messages import ManagerSchedule
from v2h.bus.states import Mode
from v2h.checks import finite

CONTENT_TYPE = "text/calendar; charset=utf-8"
FOLD_B = 73
"""A line is at most 75 bytes long, with the blank that begins each further part."""
NAMES = {"v2h": "V2H", "solar": "Solar", "charge": "Charge", "discharge": "Discharge"}


def calendar(schedule: ManagerSchedule, site: str, stamp: datetime) -> str:
    """stamp: the aware moment at which this is made. A row of the schedule that cannot be read is left out."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//v2h//plan//EN", f"X-WR-CALNAME:{_text(site)}"]
    made = f"DTSTAMP:{_utc(stamp)}"
    for part in schedule.preview:
        mode = part.get("mode")
        span = _moment(part.get("start")), _moment(part.get("end"))
        if mode in (None, Mode.IDLE) or None in span:
            continue
        start, end = span
        entry = part.get("entry") or ""
        summary = f"{NAMES.get(str(mode), str(mode))}{f' ({entry})' if entry else ''}"
        lines += _entry(f"{mode}-{_utc(start)}", made, start, end, summary, str(part.get("why", "")))
    for target in schedule.ready_by:
        at, soc_pct = _moment(target.get("time")), target.get("soc_pct")
        if at is not None and finite(soc_pct):
            entry = target.get("entry") or ""
            lines += _entry(f"ready-{_utc(at)}", made, at, at, f"Ready: {soc_pct:g} %", str(entry))
    return "".join(f"{folded}\r\n" for line in (*lines, "END:VCALENDAR") for folded in _folded(line))


def _entry(uid: str, made: str, start: datetime | None, end: datetime | None, summary: str, about: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}@v2h",
        made,
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_text(summary)}",
        f"DESCRIPTION:{_text(about)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _moment(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def _utc(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """Escaped, on one line."""
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Parts of at most FOLD_B bytes; no character is cut."""
    part, size, first = "", 0, True
    for letter in line:
        wide = len(letter.encode())
        if size + wide > FOLD_B:
            yield part if first else f" {part}"
            part, size, first = "", 0, False
        part, size = part + letter, size + wide
    yield part if first else f" {part}"
