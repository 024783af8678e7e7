"""A calendar file (iCalendar, RFC 5545: .ics) -> trips: when the car is to be ready, and with how much; pure.

A timed event is a departure at its start. "80 %" in its title or description is the state of charge; else that of the
upload counts, and without one the event is left out. All-day and cancelled events are left out, and so are repetitions
that recurrence.py does not handle. Only the next AHEAD days and MOST_TRIPS trips count, so a calendar that repeats for
ever has an end: upload it again, or let an automation do so. The form is read here without the package icalendar: that
package does not expand repetitions, and splitting lines is the rest.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from v2h.bus.sentences import Sentence, say
from v2h.config.zones import ZoneError, zone
from v2h.energy.recurrence import days, read_rule
from v2h.energy.walltime import instant

AHEAD = timedelta(days=62)
MOST_TRIPS = 25
"""The board plans 112 targets of a week in two seconds; these are added, and can all be in one week."""
MOST_EVENTS = 10_000
YEARS = range(1990, 2100)
"""Years in which an event may begin: near the ends of the calendar its sums and other zones have no dates."""
NAME = 40
"""A trip's name has at most so many letters, as that of every entry of the schedule."""


LEFT_OUT: dict[str, Callable[[int], Sentence]] = {
    "all-day": lambda count: say("trips.all_day", count=count),
    "no soc": lambda count: say("trips.no_soc", count=count),
    "unread": lambda count: say("trips.unread", count=count),
}


class CalendarError(ValueError):
    """The file is not used. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class Trip:
    """at: the instant of the departure."""

    at: datetime
    soc_pct: float
    name: str

    def as_json(self, tz: ZoneInfo) -> dict[str, Any]:
        """An entry of `trips` in the schedule, with the time as people in that zone write it."""
        found = {"at": self.at.astimezone(tz).isoformat(timespec="seconds"), "soc_pct": self.soc_pct}
        return found | ({"name": self.name} if self.name else {})


@dataclass(frozen=True, slots=True)
class Trips:
    """trips: in order. left_out: which of LEFT_OUT -> how many events of the coming time."""

    trips: tuple[Trip, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def not_used(self) -> list[Sentence]:
        """What was left out, and why."""
        return [words(self.left_out[why]) for why, words in LEFT_OUT.items() if self.left_out.get(why)]


@dataclass(slots=True)
class _Event:
    """Properties of a VEVENT: name -> [(parameters, value)]."""

    properties: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        found = self.properties.get(name)
        return re.sub(r"\\([nN;,\\])", lambda m: "\n" if m[1] in "nN" else m[1], found[0][1]) if found else ""


def read_trips(text: str, now: datetime, tz: ZoneInfo, soc_pct: float | None) -> Trips:
    """text: the file. tz: the zone of times that name none, or one that is unknown. soc_pct: of events that name none.
    Raises CalendarError."""
    if "BEGIN:VCALENDAR" not in text[:1000].upper():
        raise CalendarError("this is not a calendar file: BEGIN:VCALENDAR is missing at its beginning")
    events = list(_events(text))
    if len(events) > MOST_EVENTS:
        raise CalendarError(f"{len(events)} events are too many: at most {MOST_EVENTS} are read")
    left_out: Counter[str] = Counter()
    moved = {key for event in events if (key := _moved(event, tz)) is not None}
    trips: list[Trip] = []
    for event in events:
        try:
            departures = [at for at in _departures(event, now, tz, moved) if now < at <= now + AHEAD]
        except (ValueError, OverflowError):
            left_out["unread"] += 1
            continue
        if not departures:
            continue
        soc = _soc_pct(event, soc_pct)
        if _is_all_day(event) or soc is None:
            left_out["all-day" if _is_all_day(event) else "no soc"] += 1
            continue
        trips += [Trip(at, soc, _name(event)) for at in departures]
    return Trips(tuple(sorted(trips, key=lambda trip: trip.at)[:MOST_TRIPS]), left_out)


def _events(text: str) -> Iterator[_Event]:
    """Each VEVENT; what stands within it, such as an alarm, is left out."""
    inside: list[str] = []
    event = _Event()
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        head, _, value = _split(line)
        name, *parameters = head.split(";")
        name, value = name.upper(), value.strip()
        if name == "BEGIN":
            inside.append(value.upper())
            event = _Event() if value.upper() == "VEVENT" else event
        elif name == "END" and inside:
            if inside.pop() == "VEVENT":
                yield event
        elif inside and inside[-1] == "VEVENT":
            given = [parameter.partition("=") for parameter in parameters]
            named = {key.upper(): text.strip('"') for key, _, text in given}
            event.properties.setdefault(name, []).append((named, value))


def _split(line: str) -> tuple[str, str, str]:
    """Name with parameters, colon, value: at the first colon that is not in quotes."""
    found = re.match(r'((?:[^":]|"[^"]*")*)(:)(.*)', line)
    return (found[1], found[2], found[3]) if found else (line, "", "")


def _departures(event: _Event, now: datetime, tz: ZoneInfo, moved: set[tuple[str, datetime]]) -> Iterable[datetime]:
    """The instants at which the event begins, of a repeated one those of the coming time. Raises ValueError."""
    if event.text("STATUS").upper() == "CANCELLED":
        return ()
    start, there = _start(event, tz)
    if "RRULE" not in event.properties:
        return (instant(start, there),)
    rule = read_rule(event.text("RRULE"))
    until = _instant({}, rule.until, there, end_of_day=True) if rule.until else None
    last = (now + AHEAD).astimezone(there).date()
    excluded = {
        _instant(parameters, value, there)
        for parameters, values in event.properties.get("EXDATE", ())
        for value in values.split(",")
    }
    excluded |= {at for uid, at in moved if uid == event.text("UID")}
    since = now.astimezone(there).date() - timedelta(days=1)
    comings = (instant(datetime.combine(day, start.time()), there) for day in days(rule, start.date(), since, last))
    return [at for at in comings if at not in excluded and (until is None or at <= until)]


def _moved(event: _Event, tz: ZoneInfo) -> tuple[str, datetime] | None:
    """Which occurrence of a repeated event this one replaces."""
    found = event.properties.get("RECURRENCE-ID")
    try:
        return None if found is None else (event.text("UID"), _instant(*found[0], tz))
    except (ValueError, OverflowError):
        return None


def _start(event: _Event, tz: ZoneInfo) -> tuple[datetime, ZoneInfo]:
    """The wall-clock time of the first departure, and its zone."""
    parameters, value = (event.properties.get("DTSTART") or [({}, "")])[0]
    there = _zone(parameters, value, tz)
    moment = _moment(value)
    if moment.year not in YEARS:
        raise ValueError(value)
    return moment, there


def _is_all_day(event: _Event) -> bool:
    return len((event.properties.get("DTSTART") or [({}, "")])[0][1]) == len("20261224")


def _instant(parameters: Mapping[str, str], value: str, tz: ZoneInfo, *, end_of_day: bool = False) -> datetime:
    """end_of_day: of a value without a time of day."""
    moment = _moment(value)
    if end_of_day and "T" not in value:
        moment += timedelta(days=1, seconds=-1)
    return instant(moment, _zone(parameters, value, tz))


def _moment(value: str) -> datetime:
    """'20261224T060000Z' as a naive time. Raises ValueError."""
    if not re.fullmatch(r"\d{8}(T\d{6}Z?)?", value, re.ASCII):
        raise ValueError(value[:40])
    day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    clock = time(int(value[9:11]), int(value[11:13]), min(int(value[13:15]), 59)) if len(value) > 8 else time()
    return datetime.combine(day, clock)


def _zone(parameters: Mapping[str, str], value: str, tz: ZoneInfo) -> ZoneInfo:
    if value.endswith("Z"):
        return ZoneInfo("UTC")
    try:
        return zone(parameters["TZID"])
    except (KeyError, ZoneError):  # no zone, or one by Windows' names
        return tz


def _soc_pct(event: _Event, usual_pct: float | None) -> float | None:
    for name in ("SUMMARY", "DESCRIPTION"):
        found = re.search(r"(?<![\d.,])(\d{1,3}) ?%", event.text(name), re.ASCII)
        if found:
            return float(found[1])
    return usual_pct


def _name(event: _Event) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in event.text("SUMMARY"))
    return text.strip()[:NAME].strip()
