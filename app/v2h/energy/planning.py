"""What the schedule wants, now and in the coming days; pure.

Where several entries cover a moment, the strongest wins: an override, then charging for a ready-by target, then a
weekly window; within one kind the one listed first. `plan` returns the result as parts without gaps. The first part is
what is active now, so preview and present cannot disagree. It works in small steps (energy/steps): seven days of the
fullest schedule take the board half a second.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.layers import Layer, strongest
from v2h.energy.prices import dated_price
from v2h.energy.readyby import CarNow, Span, cheapest, need_s
from v2h.energy.schedule import Part, Plan, Price, PriceSpan, Rate, ReadyBy, Schedule, Target, Want, Weekly
from v2h.energy.steps import Steps, result
from v2h.energy.walltime import at_second

PLAN_AHEAD = timedelta(hours=24)
"""How long before a ready-by target the charging for it may begin."""
EDGE, ENTRY, COMINGS, TARGET = 2, 8, 20, 10
"""How much one step of a plan is: a moment at which something begins or ends, one time of an entry, all times of a
price, a target with its cheapest hours."""
CROWD = 3000
"""So many charges for targets, cut into pieces by prices, make each moment a half more work."""


@dataclass(frozen=True, slots=True)
class _Reason:
    """What a part takes from its entry; see Part."""

    want: Want
    entry: str = ""
    key: str = ""
    why: str = ""
    target: datetime | None = None


def timeline(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[Part]:
    """The parts from `start` to `end` as planned at `start`, without gaps; neighbours differ."""
    return result(plan(schedule, start, end, car)).parts


def active(schedule: Schedule, now: datetime, car: CarNow, until: datetime | None = None) -> list[Part]:
    """First what is wanted now and why, then what follows, at least to the next entry within eight days. until: also to
    this time, if it is within a day."""
    for ahead, last in ((timedelta(hours=6), False), (timedelta(hours=26), True)):
        parts = timeline(schedule, now, now + ahead, car)  # a full schedule has an entry soon, and takes long
        if next_entry(parts) and (last or until is None or until < now + ahead):
            return parts
    return timeline(schedule, now, now + timedelta(days=8), car)


def plan(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> Steps[Plan]:
    """What the schedule will do from `start` to `end`, as planned at `start`."""
    far = end + PLAN_AHEAD
    days = _days(schedule.zone, start, far)
    prices = yield from _prices(schedule, start, far, days)
    coming = yield from _targets(schedule, start, far, car, days, prices)
    parts = yield from _parts(schedule, start, end, days, coming, prices)
    return Plan(parts, coming, prices)


def _prices(schedule: Schedule, start: datetime, end: datetime, days: Sequence[date]) -> Steps[list[PriceSpan]]:
    layers: list[Layer[Price]] = []
    for n, price in enumerate(schedule.prices):
        comings = _comings(price, schedule.zone, start, end, days)
        layers += [Layer((0, n), begin, finish, price) for begin, finish in comings]
        yield COMINGS
    found: list[PriceSpan] = []
    changes = [at for prices in schedule.dated.values() for at in prices.changes()]
    yield (len(layers) + len(changes)) // 2  # to sort them
    for begin, finish, weekly in strongest(layers, start, end, changes):
        rate = _rate(schedule, begin, weekly)
        if found and found[-1][2] == rate:
            found[-1] = (found[-1][0], finish, rate)
        else:
            found.append((begin, finish, rate))
        yield EDGE
    return found


def _rate(schedule: Schedule, at: datetime, weekly: Price | None) -> Rate | None:
    """The prices at a moment: each direction has its dated price, or else the weekly one; None without any."""
    bought, sold = (dated_price(schedule.dated, direction, at) for direction in ("import", "export"))
    if weekly is not None:
        bought = weekly.import_price if bought is None else bought
        sold = weekly.export_price if sold is None else sold
    return None if bought is None and sold is None else Rate(bought, sold)


def _targets(
    schedule: Schedule, start: datetime, end: datetime, car: CarNow, days: Sequence[date], prices: Sequence[PriceSpan]
) -> Steps[list[Target]]:
    """All ready-by targets after `start` and until `end`, and when to charge for each."""
    found: list[Target] = []
    costs = [(a, b, inf if rate is None or rate.import_price is None else rate.import_price) for a, b, rate in prices]
    begins = [a for a, _, _ in costs]
    for entry in schedule.ready_by:
        need = timedelta(seconds=need_s(car, entry.soc_pct, entry.amps))
        for at in [entry.at] if entry.at is not None else _times(entry, schedule.zone, days):
            if not start < at <= end:
                continue
            since = max(start, at - PLAN_AHEAD)
            within = costs[bisect_right(begins, since) - 1 : bisect_left(begins, at)]
            within[0] = (since, *within[0][1:])
            within[-1] = (within[-1][0], at, within[-1][2])
            if entry.max_price is not None:
                within = [span for span in within if span[2] <= entry.max_price]
            found.append(Target(entry, at, tuple(cheapest(within, need, car.busy_until == at))))
            yield TARGET + len(within) // 2
    return sorted(found, key=lambda target: target.at)


def _parts(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    days: Sequence[date],
    coming: Sequence[Target],
    prices: Sequence[PriceSpan],
) -> Steps[list[Part]]:
    rest = _Reason(
        schedule.otherwise,
        why=say("scheduled.nothing" if schedule.otherwise.mode == Mode.IDLE else "scheduled.otherwise"),
    )
    layers = yield from _layers(schedule, start, end, days, coming, prices)
    yield len(layers) // 2  # to sort them
    edge = EDGE + len(layers) // CROWD
    floors = [*strongest(_floors(coming), start, end)]
    parts: list[Part] = []
    since, before, floor = start, None, 0
    for begin, _, winner in strongest(layers, start, end, [a for a, _, _ in floors]):
        while floors[floor][1] <= begin:
            floor += 1
        held = (winner or rest, floors[floor][2])
        if before is not None and before != held:
            parts.append(_part(since, begin, *before))
            since = begin
        before = held
        yield edge
    return parts if before is None else [*parts, _part(since, end, *before)]


def _part(start: datetime, end: datetime, reason: _Reason, keep_pct: float | None) -> Part:
    return Part(start, end, reason.want, reason.entry, reason.key, reason.why, keep_pct, reason.target)


def _floors(coming: Iterable[Target]) -> Iterator[Layer[float]]:
    """From the first charge for a target to the target the car is not discharged below the target's SoC, in %. The
    highest counts."""
    for target in coming:
        if target.charge:
            soc_pct = target.entry.soc_pct
            yield Layer((-soc_pct, 0), target.charge[0][0], target.at, soc_pct)


def _layers(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    days: Sequence[date],
    coming: Sequence[Target],
    prices: Sequence[PriceSpan],
) -> Steps[list[Layer[_Reason]]]:
    tz = schedule.zone
    begins = [span[0] for span in prices]
    found: list[Layer[_Reason]] = []
    for n, override in enumerate(schedule.overrides):
        if override.end > start and override.start < end:
            why = say("scheduled.one_off", name=override.name, until=_clock(override.end, tz))
            key = f"override {n} {override.start.timestamp():.0f}"
            reason = _Reason(override.want, say("entry.one_off", name=override.name), key, _priced(why, override.want))
            spans = _cheap((override.start, override.end), override.want.max_price, prices, begins)
            found += [Layer((0, n), a, b, reason) for a, b in spans]
            yield ENTRY + len(spans)
    for n, target in enumerate(coming):
        entry = target.entry
        want = Want("charge", entry.amps, entry.soc_pct)
        why = say("scheduled.ready_by", soc_pct=entry.soc_pct, time=_clock(target.at, tz))
        key = f"ready-by {target.at.timestamp():.0f}"
        reason = _Reason(want, say("entry.ready_by", name=entry.name), key, why, target.at)
        found += [Layer((1, n), begin, finish, reason) for begin, finish in target.charge]
        yield ENTRY + len(target.charge)
    for n, window in enumerate(schedule.weekly):
        for begin, finish in _comings(window, tz, start, end, days):
            why = say("scheduled.window", name=window.name, until=_clock(finish, tz))
            key = f"weekly {n} {begin.timestamp():.0f}"
            reason = _Reason(window.want, say("entry.window", name=window.name), key, _priced(why, window.want))
            spans = _cheap((begin, finish), window.want.max_price, prices, begins)
            found += [Layer((2, n), a, b, reason) for a, b in spans]
            yield ENTRY + len(spans)
    return found


def _priced(why: str, want: Want) -> str:
    return why if want.max_price is None else say("scheduled.below", why=why, price=want.max_price)


def _cheap(
    span: Span, max_price: float | None, prices: Sequence[PriceSpan], begins: Sequence[datetime]
) -> Sequence[Span]:
    """The parts of a span in which a kWh costs at most max_price; all of it where there is no such limit."""
    if max_price is None:
        return (span,)
    within = prices[max(0, bisect_right(begins, span[0]) - 1) : bisect_left(begins, span[1])]
    return [
        (max(begin, span[0]), min(finish, span[1]))
        for begin, finish, rate in within
        if rate is not None and rate.import_price is not None and rate.import_price <= max_price and finish > span[0]
    ]


def _comings(
    entry: Weekly | Price, tz: ZoneInfo, start: datetime, end: datetime, days: Sequence[date]
) -> Iterator[Span]:
    for day in days:
        if day.weekday() in entry.days:
            begin, finish = at_second(day, entry.start_s, tz), at_second(day, entry.end_s, tz)
            if begin < finish and finish > start and begin < end:
                yield begin, finish


def _times(entry: ReadyBy, tz: ZoneInfo, days: Iterable[date]) -> Iterator[datetime]:
    for day in days:
        if day.weekday() in entry.days:
            yield at_second(day, entry.time_s, tz)


def _days(tz: ZoneInfo, start: datetime, end: datetime) -> list[date]:
    """The wall clock's days from the day before `start`, as a window may end on the next day, to `end`."""
    first, last = start.astimezone(tz).date() - timedelta(days=1), end.astimezone(tz).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _clock(at: datetime, tz: ZoneInfo) -> str:
    return f"{at.astimezone(tz):%a %H:%M}"


def after(parts: Sequence[Part], until: datetime) -> Part | None:
    """What the schedule wants from `until` on, when another order ends; None when the parts do not reach it."""
    part = next((part for part in parts if part.start <= until < part.end), None)
    return None if part is None else replace(part, start=until)


def next_entry(parts: Sequence[Part]) -> Part | None:
    """The next part that belongs to an entry; None when no such part follows."""
    return next((part for part in parts[1:] if part.entry), None)
