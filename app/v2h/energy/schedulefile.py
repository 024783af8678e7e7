"""schedule.json -> Schedule. A bad document is refused as a whole; errors name entry, field, value and what is allowed.

    {"version": 1, "zone": "Europe/London", "otherwise": "v2h",
     "weekly": [{"name": "cheap night", "days": ["mon", "tue"], "start": "23:30", "end": "05:30", "mode": "charge",
                 "amps": 10, "soc_limit_pct": 80}],
     "ready_by": [{"name": "work", "days": "weekdays", "time": "07:30", "soc_pct": 80},
                  {"name": "airport", "date": "2026-12-24", "time": "05:00", "soc_pct": 90}],
     "trips": [{"name": "from a calendar", "at": "2026-12-24T05:00:00+01:00", "soc_pct": 90}],
     "overrides": [{"name": "party", "start": "2026-12-24T18:00", "end": "2026-12-25T02:00", "mode": "idle"}],
     "prices": [{"days": "daily", "start": "23:30", "end": "05:30", "import_price": 0.07, "export_price": 0.15}]}

Every key except version may be left out. A window whose end is before its start ends on the next day; 24:00
is the end of the day.
The predecessor's events.json is read too, see legacy_events.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from v2h.bus.messages import MOST_DOCUMENT_B
from v2h.bus.states import MODES, Mode
from v2h.checks import Range, hint, is_day, one_of, shown
from v2h.config.site import Limits
from v2h.config.zones import ZoneError, zone
from v2h.energy import legacy_events
from v2h.energy.calendar_file import MOST_TRIPS
from v2h.energy.price_shapes import PRICE
from v2h.energy.schedule import DAY_S, Override, Price, ReadyBy, Schedule, Want, Weekly
from v2h.energy.walltime import DAY_WORDS, DAYS, at_second, instant

VERSION = 1
MOST = {"weekly": 50, "overrides": 50, "ready_by": 14, "trips": MOST_TRIPS, "prices": 100}
"""Most entries of each kind; more is a mistake, and a slow board has to evaluate each of them for eight days. 100
prices are two days of half hours, each with 25 hours."""
MOST_CEILINGS = 10
"""Most windows and one-offs with a max_price: each is cut into pieces by up to 96 prices a day."""
LONGEST_OVERRIDE = timedelta(days=31)
YEARS = range(2000, 2100)
"""Years in which a one-off may lie: near the ends of the calendar its sums and other time zones have no dates."""
_WANT = ("mode", "amps", "soc_limit_pct", "max_price")
KEYS = {
    "weekly": ("name", "days", "start", "end", *_WANT),
    "overrides": ("name", "start", "end", *_WANT),
    "ready_by": ("name", "days", "date", "time", "soc_pct", "amps", "max_price"),
    "trips": ("name", "at", "soc_pct", "amps", "max_price"),
    "prices": ("name", "days", "start", "end", "import_price", "export_price"),
}
TOP = ("version", "zone", "otherwise", *KEYS)
NEEDED = {
    "weekly": ("start", "end", "mode"),
    "overrides": ("start", "end", "mode"),
    "ready_by": ("time", "soc_pct"),
    "trips": ("at", "soc_pct"),
    "prices": ("start", "end", "import_price"),
}
ENDS = {"overrides": "end", "trips": "at"}
"""The key of a one-off's end."""
FITS = {"charge": ("amps", "soc_limit_pct", "max_price"), "discharge": ("amps", "soc_limit_pct")}

T = TypeVar("T")


class ScheduleError(ValueError):
    """The document is not used; `errors` holds one sentence for each error."""

    def __init__(self, errors: list[str]) -> None:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0]}{more}")
        self.errors = tuple(errors)


def read_schedule(document: object, limits: Limits, zone_name: str) -> Schedule:
    """Check a whole document. limits: the site's bounds. zone_name: used where the document names none. Raises
    ScheduleError with every error found."""
    if legacy_events.is_events(document):
        document, problems = legacy_events.to_schedule(document)
        if problems:
            raise ScheduleError(problems)
    if not isinstance(document, Mapping):
        raise ScheduleError([f"the schedule is {_kind(document)}, not an object with a version"])
    try:
        size_b = len(json.dumps(document, separators=(",", ":")))
    except RecursionError:
        raise ScheduleError(["the schedule is nested too deeply: it is an object with lists of entries"]) from None
    if size_b > MOST_DOCUMENT_B:
        over_b = size_b - MOST_DOCUMENT_B
        text = f"the schedule is {size_b} bytes long, {over_b} too many: shorten the names or leave out entries"
        raise ScheduleError([text])
    return _Reader(document, limits, zone_name).schedule()


def known_part(document: object) -> tuple[object, list[str]]:
    """The document without the fields that this version does not know, and their names ("weekly: tariff"). For a
    document that a newer version has written; what is no schedule stays, for read_schedule() to judge."""
    if not isinstance(document, Mapping) or legacy_events.is_events(document):
        return document, []
    left_out = [str(key) for key in document if key not in TOP]
    known: dict[str, Any] = {key: value for key, value in document.items() if key in TOP}
    for kind, keys in KEYS.items():
        entries = known.get(kind)
        if not isinstance(entries, list):
            continue
        left_out += [
            f"{kind}: {key}" for entry in entries if isinstance(entry, Mapping) for key in entry if key not in keys
        ]
        known[kind] = [
            {key: value for key, value in entry.items() if key in keys} if isinstance(entry, Mapping) else entry
            for entry in entries
        ]
    return known, list(dict.fromkeys(left_out))


def without_past(document: object, now: datetime, zone_name: str) -> object:
    """The document without the one-offs that are over at `now`: an automation that adds its announced slots never
    removes them. What is not a one-off with an end stays, for read_schedule() to judge."""
    if not isinstance(document, Mapping):
        return document
    reader = _Reader(document, Limits(), zone_name)
    kept = {
        kind: [entry for entry in entries if not reader.is_over(kind, entry, now)]
        for kind in ("overrides", "ready_by", "trips")
        if isinstance(entries := document.get(kind), list)
    }
    return {**document, **kept}


class _Reader:
    """Reads one document. It collects the errors in a list and replaces a wrong value by a harmless one."""

    def __init__(self, document: Mapping[str, Any], limits: Limits, zone_name: str) -> None:
        self._document, self._limits = document, limits
        self._errors: list[str] = []
        self._tz = self._zone(document.get("zone", zone_name))

    def schedule(self) -> Schedule:
        document = self._document
        self._known("", document, TOP)
        version = document.get("version")
        if version != VERSION or isinstance(version, bool):
            self._errors.append(f"version = {version!r} is not {VERSION}")
        otherwise = self._choice("", "otherwise", document.get("otherwise", "idle"), ("idle", "v2h", "solar", "cover"))
        schedule = Schedule(
            self._tz,
            self._entries("weekly", self._weekly),
            self._entries("overrides", self._override),
            (*self._entries("ready_by", self._ready_by), *self._entries("trips", self._trip)),
            self._entries("prices", self._price),
            Want(otherwise),
            dict(document),
        )
        wants = [entry.want for entry in schedule.weekly] + [entry.want for entry in schedule.overrides]
        ceilings = sum(want.max_price is not None for want in wants)
        if ceilings > MOST_CEILINGS:
            text = f"{ceilings} entries of weekly and overrides have max_price; at most {MOST_CEILINGS} are allowed"
            self._errors.append(text)
        if self._errors:
            raise ScheduleError(self._errors)
        return schedule

    def is_over(self, kind: str, entry: object, now: datetime) -> bool:
        """Whether a one-off has ended; False when its end cannot be read, and for an entry that repeats."""
        before = len(self._errors)
        if not isinstance(entry, Mapping) or (kind == "ready_by" and "date" not in entry):
            return False
        end = self._dated("", entry) if kind == "ready_by" else self._moment("", ENDS[kind], entry.get(ENDS[kind]))
        return len(self._errors) == before and end < now

    def _entries(self, kind: str, read: Callable[[str, Mapping[str, Any]], T]) -> tuple[T, ...]:
        entries = self._document.get(kind, [])
        if not isinstance(entries, list):
            self._errors.append(f"{kind} = {shown(entries)} is not a list of entries")
            return ()
        if len(entries) > MOST[kind]:
            self._errors.append(f"{kind} has {len(entries)} entries; at most {MOST[kind]} are allowed")
            return ()
        found: list[T] = []
        for n, entry in enumerate(entries, 1):
            where = f"{kind} entry {n}: "
            if not isinstance(entry, Mapping):
                self._errors.append(f"{where}{shown(entry)} is not an object with {', '.join(NEEDED[kind])}")
                continue
            if isinstance(entry.get("name"), str) and _printable(entry["name"]):
                where = f"{kind} entry {n} “{entry['name'][:40]}”: "
            self._known(where, entry, KEYS[kind])
            missing = [key for key in NEEDED[kind] if key not in entry]
            if missing:
                self._errors.append(f"{where}{', '.join(missing)} is missing")
            else:
                found.append(read(where, entry))
        return tuple(found)

    def _weekly(self, where: str, entry: Mapping[str, Any]) -> Weekly:
        return Weekly(
            self._name(where, entry), self._days(where, entry), *self._window(where, entry), self._want(where, entry)
        )

    def _price(self, where: str, entry: Mapping[str, Any]) -> Price:
        return Price(
            self._name(where, entry),
            self._days(where, entry),
            *self._window(where, entry),
            self._number(where, "import_price", entry["import_price"], PRICE),
            self._number(where, "export_price", entry.get("export_price", 0), PRICE),
        )

    def _ready_by(self, where: str, entry: Mapping[str, Any]) -> ReadyBy:
        if "date" not in entry:
            return self._target(where, entry, self._days(where, entry), self._second(where, "time", entry["time"]))
        if "days" in entry:
            self._errors.append(f"{where}days = {shown(entry['days'])} does not fit date: a date is one day")
        return self._target(where, entry, at=self._dated(where, entry))

    def _trip(self, where: str, entry: Mapping[str, Any]) -> ReadyBy:
        return self._target(where, entry, at=self._moment(where, "at", entry["at"]))

    def _target(
        self,
        where: str,
        entry: Mapping[str, Any],
        days: frozenset[int] = frozenset(),
        time_s: int = 0,
        at: datetime | None = None,
    ) -> ReadyBy:
        limits, amps = self._limits, entry.get("amps")
        return ReadyBy(
            self._name(where, entry),
            days,
            time_s,
            self._number(where, "soc_pct", entry["soc_pct"], Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
            None if amps is None else self._number(where, "amps", amps, Range(1, limits.max_charge_a, "A")),
            at,
            self._max_price(where, entry),
        )

    def _dated(self, where: str, entry: Mapping[str, Any]) -> datetime:
        """The instant of an entry with date and time."""
        second, day = self._second(where, "time", entry.get("time")), entry.get("date")
        if not is_day(day) or int(str(day)[:4]) not in YEARS:
            expected = f"a date such as 2026-12-24, of the years {YEARS[0]} to {YEARS[-1]}"
            self._errors.append(f"{where}date = {shown(day)} is not {expected}")
            return datetime(YEARS[0], 1, 1, tzinfo=UTC)
        return at_second(date.fromisoformat(str(day)), second, self._tz)

    def _override(self, where: str, entry: Mapping[str, Any]) -> Override:
        errors_before = len(self._errors)
        start = self._moment(where, "start", entry["start"])
        end = self._moment(where, "end", entry["end"])
        if len(self._errors) == errors_before and not start < end <= start + LONGEST_OVERRIDE:
            days = LONGEST_OVERRIDE.days
            self._errors.append(f"{where}end = {entry['end']!r} is not after start and within {days} days of it")
        return Override(self._name(where, entry), start, end, self._want(where, entry))

    def _want(self, where: str, entry: Mapping[str, Any]) -> Want:
        limits = self._limits
        mode = self._choice(where, "mode", entry["mode"], MODES)
        if mode != entry["mode"]:
            return Want(mode)  # the intended mode is unknown, so the other values cannot be checked
        for key in ("amps", "soc_limit_pct", "max_price"):
            if entry.get(key) is not None and key not in FITS.get(mode, ()):
                takes = " and ".join(name for name, keys in FITS.items() if key in keys)
                self._errors.append(f"{where}{key} = {entry[key]!r} does not fit mode {mode}; only {takes}")
                return Want(mode)
        most_a = limits.max_discharge_a if mode == Mode.DISCHARGE else limits.max_charge_a
        amps, soc_pct = entry.get("amps"), entry.get("soc_limit_pct")
        return Want(
            mode,
            None if amps is None else self._number(where, "amps", amps, Range(1, most_a, "A")),
            None
            if soc_pct is None
            else self._number(where, "soc_limit_pct", soc_pct, Range(limits.soc_min_pct, limits.soc_max_pct, "%")),
            self._max_price(where, entry),
        )

    def _max_price(self, where: str, entry: Mapping[str, Any]) -> float | None:
        price = entry.get("max_price")
        return None if price is None else self._number(where, "max_price", price, PRICE)

    # One value each

    def _zone(self, name: object) -> ZoneInfo:
        try:
            return zone(name)
        except ZoneError as error:
            self._errors.append(f"zone = {error}")
            return ZoneInfo("UTC")

    def _known(self, where: str, entry: Mapping[str, Any], keys: tuple[str, ...]) -> None:
        for key in entry:
            if key not in keys:
                self._errors.append(f"{where}unknown field {key!r}{hint(key, keys)}")

    def _name(self, where: str, entry: Mapping[str, Any]) -> str:
        name = entry.get("name", "")
        if isinstance(name, str) and len(name) <= 40 and (_printable(name) or not name):
            return name
        self._errors.append(f"{where}name = {shown(name)} is not a text of at most 40 printable letters")
        return ""

    def _choice(self, where: str, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        self._errors.append(f"{where}{key} = {shown(value)} is not {one_of(allowed)}")
        return allowed[0]

    def _number(self, where: str, key: str, value: Any, allowed: Range) -> float:
        if allowed.fits(value):
            return float(value)
        self._errors.append(f"{where}{key} = {shown(value)} is not {allowed}")
        return allowed.low

    def _days(self, where: str, entry: Mapping[str, Any]) -> frozenset[int]:
        days = entry.get("days", "daily")
        words = DAY_WORDS.get(days, ()) if isinstance(days, str) else days
        if isinstance(words, list | tuple) and words and all(isinstance(d, str) and d in DAYS for d in words):
            return frozenset(DAYS.index(day) for day in words)
        expected = f"one of {', '.join(DAY_WORDS)}, or a list of {', '.join(DAYS)}"
        self._errors.append(f"{where}days = {shown(days)} is not {expected}")
        return frozenset()

    def _window(self, where: str, entry: Mapping[str, Any]) -> tuple[int, int]:
        start_s = self._second(where, "start", entry["start"])
        end_s = self._second(where, "end", entry["end"], last=DAY_S)
        if start_s == end_s:
            text = f"{where}end = {entry['end']!r} is the same as start; for a whole day write 00:00 to 24:00"
            self._errors.append(text)
        return start_s, end_s if end_s > start_s else end_s + DAY_S

    def _second(self, where: str, key: str, value: object, last: int = DAY_S - 1) -> int:
        parts = value.split(":") if isinstance(value, str) else []
        if len(parts) in (2, 3) and all(len(p) == 2 and p.isascii() and p.isdigit() for p in parts):
            hour, minute, second = [*map(int, parts), 0][:3]
            total_s = hour * 3600 + minute * 60 + second
            if minute < 60 and second < 60 and total_s <= last:
                return total_s
        short = isinstance(value, str) and re.fullmatch(r"\d:[0-5]\d", value, re.ASCII)
        hint = f"; write 0{value}" if short else ""
        self._errors.append(f"{where}{key} = {shown(value)} is not a time from 00:00 to {_hhmm(last)}{hint}")
        return 0

    def _moment(self, where: str, key: str, value: object) -> datetime:
        try:
            moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            self._errors.append(f"{where}{key} = {shown(value)} is not a date and time such as 2026-12-24T18:00")
            return datetime(YEARS[0], 1, 1, tzinfo=UTC)
        if moment.year not in YEARS:
            self._errors.append(f"{where}{key} = {shown(value)} is not in the years {YEARS[0]} to {YEARS[-1]}")
            return datetime(YEARS[0], 1, 1, tzinfo=UTC)
        return instant(moment, self._tz) if moment.tzinfo is None else moment.astimezone(UTC)


def _printable(name: str) -> bool:
    """Without line ends, control characters and halves of characters. The joiner within an emoji is allowed."""
    return name != "" and name.replace("\u200d", "").isprintable()


def _hhmm(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "empty"}.get(type(value), f"a {type(value).__name__}")
