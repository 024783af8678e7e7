"""What the schedule wants, now and in the coming days; pure.

A schedule consists of weekly windows, one-off overrides, ready-by targets, and a mode for the rest of the time. Where
several cover a moment, the strongest wins: an override, then charging for a ready-by target, then a weekly window;
within one kind the one listed first. `timeline` returns the result as parts without gaps. The first part is what is
active now, so preview and present cannot disagree. Instants are aware UTC times; walltime converts wall-clock times to
instants.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from math import inf
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.readyby import CarNow, Span, cheapest, need_s
from v2h.energy.walltime import at_second

T = TypeVar("T")
DAY_S = 86400
PLAN_AHEAD = timedelta(hours=24)
"""How long before a ready-by target the charging for it may begin."""


@dataclass(frozen=True, slots=True)
class Want:
    """What an entry asks for. amps, soc_limit_pct: as in a mode command, None: all that is allowed."""

    mode: str = "idle"
    amps: float | None = None
    soc_limit_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Weekly:
    """days: 0 is Monday. start_s, end_s: seconds of the wall clock's day; an end above 86400 lies on the next day."""

    name: str
    days: frozenset[int]
    start_s: int
    end_s: int
    want: Want


@dataclass(frozen=True, slots=True)
class Override:
    """A one-off: start and end are instants."""

    name: str
    start: datetime
    end: datetime
    want: Want


@dataclass(frozen=True, slots=True)
class ReadyBy:
    """The car is to have soc_pct at time_s of the wall clock's day. amps: the most to charge with."""

    name: str
    days: frozenset[int]
    time_s: int
    soc_pct: float
    amps: float | None


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a kWh in a weekly window, in the owner's currency. The first one listed counts where two overlap. An
    hour without a price counts as dearer than any hour with one."""

    name: str
    days: frozenset[int]
    start_s: int
    end_s: int
    import_price: float
    export_price: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """A checked schedule. document: as it was read, for showing and editing."""

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    overrides: tuple[Override, ...] = ()
    ready_by: tuple[ReadyBy, ...] = ()
    prices: tuple[Price, ...] = ()
    otherwise: Want = Want()
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """True when the schedule never asks for anything."""
        return not (self.weekly or self.overrides or self.ready_by) and self.otherwise.mode == Mode.IDLE


@dataclass(frozen=True, slots=True)
class Part:
    """A span of time with one reason. entry: kind and name of its entry, "" for the rest of the time. key: identifies
    this occurrence of the entry. keep_soc_pct: the car is not discharged below it, for a ready-by target. target: the
    ready-by time for which it charges."""

    start: datetime
    end: datetime
    want: Want
    entry: str = ""
    key: str = ""
    why: str = ""
    keep_soc_pct: float | None = None
    target: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One occurrence of a ready-by entry. charge: when the car is charged for it; empty when the SoC is enough."""

    entry: ReadyBy
    at: datetime
    charge: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Layer(Generic[T]):
    """Something that holds from start to end; the lowest rank is the strongest."""

    rank: tuple[int, int]
    start: datetime
    end: datetime
    what: T


def timeline(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[Part]:
    """The parts from `start` to `end` as planned at `start`, without gaps; neighbours differ."""
    coming = targets(schedule, start, end + PLAN_AHEAD, car)
    floors = [target for target in coming if target.charge]
    cuts = [cut for target in floors for cut in (target.charge[0][0], target.at)]
    parts: list[Part] = []
    rest = say("scheduled.nothing" if schedule.otherwise.mode == Mode.IDLE else "scheduled.otherwise")
    for begin, finish, winner in _strongest(_layers(schedule, start, end, coming), start, end, cuts):
        part = winner or Part(begin, finish, schedule.otherwise, why=rest)
        keep_pct = max((f.entry.soc_pct for f in floors if f.charge[0][0] <= begin < f.at), default=None)
        part = replace(part, start=begin, end=finish, keep_soc_pct=keep_pct)
        if parts and replace(parts[-1], end=finish) == replace(part, start=parts[-1].start):
            parts[-1] = replace(parts[-1], end=finish)
        else:
            parts.append(part)
    return parts


def active(schedule: Schedule, now: datetime, car: CarNow) -> list[Part]:
    """First what is wanted now and why, then what follows, at least to the next entry within eight days."""
    parts = timeline(schedule, now, now + timedelta(hours=26), car)
    return parts if next_entry(parts) else timeline(schedule, now, now + timedelta(days=8), car)


def targets(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[Target]:
    """All ready-by targets after `start` and until `end`, and when to charge for each, as planned at `start`."""
    found: list[Target] = []
    costs = [
        (a, b, inf if price is None else price.import_price)
        for a, b, price in (price_spans(schedule, start, end) if schedule.ready_by else [])
    ]
    for entry in schedule.ready_by:
        for day in _days(schedule.zone, start, end):
            at = at_second(day, entry.time_s, schedule.zone)
            if day.weekday() not in entry.days or not start < at <= end:
                continue
            need = timedelta(seconds=need_s(car, entry.soc_pct, entry.amps))
            since = max(start, at - PLAN_AHEAD)
            within = [(max(a, since), min(b, at), cost) for a, b, cost in costs if a < at and b > since]
            found.append(Target(entry, at, tuple(cheapest(within, need, car.busy_until == at))))
    return sorted(found, key=lambda target: target.at)


def price_spans(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[datetime, datetime, Price | None]]:
    """(start, end, price) without gaps; None where no price is given."""
    layers = [
        _Layer((0, n), begin, finish, price)
        for n, price in enumerate(schedule.prices)
        for begin, finish in _comings(price, schedule.zone, start, end)
    ]
    found: list[tuple[datetime, datetime, Price | None]] = []
    for begin, finish, price in _strongest(layers, start, end):
        if found and found[-1][2] is price:
            found[-1] = (found[-1][0], finish, price)
        else:
            found.append((begin, finish, price))
    return found


def local_iso(at: datetime, tz: ZoneInfo) -> str:
    """An instant as people in that zone write it, with the offset, so that it cannot be misread."""
    return at.astimezone(tz).isoformat(timespec="seconds")


def _strongest(
    layers: Iterable[_Layer[T]], start: datetime, end: datetime, cuts: Iterable[datetime] = ()
) -> Iterator[tuple[datetime, datetime, T | None]]:
    """Yield (begin, finish, the strongest that holds, or None) from start to end, cut wherever anything changes."""
    coming = sorted((layer for layer in layers if layer.end > start and layer.start < end), key=lambda la: la.start)
    edges = {start, end, *cuts} | {edge for layer in coming for edge in (layer.start, layer.end)}
    holding: list[tuple[tuple[int, int], datetime, int]] = []
    due = 0
    for begin, finish in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
        while due < len(coming) and coming[due].start <= begin:
            heappush(holding, (coming[due].rank, coming[due].end, due))
            due += 1
        while holding and holding[0][1] <= begin:
            heappop(holding)
        yield begin, finish, coming[holding[0][2]].what if holding else None


def _layers(schedule: Schedule, start: datetime, end: datetime, coming: Sequence[Target]) -> Iterator[_Layer[Part]]:
    tz = schedule.zone
    for n, override in enumerate(schedule.overrides):
        why = say("scheduled.one_off", name=_named(override.name), until=_clock(override.end, tz))
        key = f"override {n} {override.start.timestamp():.0f}"
        part = Part(override.start, override.end, override.want, _entry("one-off", override.name), key, why)
        yield _Layer((0, n), part.start, part.end, part)
    for n, target in enumerate(coming):
        entry = target.entry
        want = Want("charge", entry.amps, entry.soc_pct)
        why = say("scheduled.ready_by", soc_pct=entry.soc_pct, time=_clock(target.at, tz))
        key = f"ready-by {target.at.timestamp():.0f}"
        for begin, finish in target.charge:
            part = Part(begin, finish, want, _entry("ready by", entry.name), key, why, None, target.at)
            yield _Layer((1, n), begin, finish, part)
    for n, window in enumerate(schedule.weekly):
        for begin, finish in _comings(window, tz, start, end):
            why = say("scheduled.window", name=_named(window.name), until=_clock(finish, tz))
            key = f"weekly {n} {begin.timestamp():.0f}"
            part = Part(begin, finish, window.want, _entry("window", window.name), key, why)
            yield _Layer((2, n), begin, finish, part)


def _comings(entry: Weekly | Price, tz: ZoneInfo, start: datetime, end: datetime) -> Iterator[Span]:
    for day in _days(tz, start - timedelta(days=1), end):
        if day.weekday() in entry.days:
            begin, finish = at_second(day, entry.start_s, tz), at_second(day, entry.end_s, tz)
            if begin < finish and finish > start and begin < end:
                yield begin, finish


def _days(tz: ZoneInfo, start: datetime, end: datetime) -> Iterator[date]:
    """The wall clock's days from a day before `start` to `end`."""
    day, last = start.astimezone(tz).date() - timedelta(days=1), end.astimezone(tz).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _clock(at: datetime, tz: ZoneInfo) -> str:
    return f"{at.astimezone(tz):%a %H:%M}"


def _named(name: str) -> str:
    return f"“{name}” " if name else ""


def _entry(kind: str, name: str) -> str:
    return f"{kind} “{name}”" if name else kind


def next_entry(parts: Sequence[Part]) -> Part | None:
    """The next part that belongs to an entry; None when no such part follows."""
    return next((part for part in parts[1:] if part.entry), None)
