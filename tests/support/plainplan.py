"""The plan of a schedule by the plain rule: at each moment at which anything begins or ends, look at every entry.

Slow and short; a test compares energy/planning with it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any

from v2h.energy.readyby import CarNow, Span, cheapest, need_s
from v2h.energy.schedule import Price, Rate, ReadyBy, Schedule, Want, Weekly
from v2h.energy.walltime import at_second

DAY = timedelta(days=1)
Row = tuple[datetime, datetime, Any]
Target = tuple[datetime, ReadyBy, list[Span]]


def plain_prices(schedule: Schedule, start: datetime, end: datetime) -> list[Row]:
    """(begin, end, rate or None) from start to end; neighbours differ."""
    rates = [(Rate(price.import_price, price.export_price), price) for price in schedule.prices]
    spans = [(a, b, rate) for rate, price in rates for a, b in _times(price, schedule, start, end)]
    rows = []
    for begin, finish in _between({start, end} | {edge for a, b, _ in spans for edge in (a, b)}, start, end):
        rows.append((begin, finish, next((price for a, b, price in spans if a <= begin < b), None)))
    return _joined(rows)


def plain_targets(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[Target]:
    """(time, entry, when to charge) of each ready-by target up to a day after end."""
    found = []
    for entry in schedule.ready_by:
        need = timedelta(seconds=need_s(car, entry.soc_pct, entry.amps))
        days = [day for day in _days(schedule, start, end) if day.weekday() in entry.days]
        for at in [entry.at] if entry.at else [at_second(day, entry.time_s, schedule.zone) for day in days]:
            if start < at <= end + DAY:
                rows = plain_prices(schedule, max(start, at - DAY), at)
                costs = [(a, b, inf if price is None else price.import_price) for a, b, price in rows]
                costs = [cost for cost in costs if entry.max_price is None or cost[2] <= entry.max_price]
                found.append((at, entry, cheapest(costs, need, car.busy_until == at)))
    return sorted(found, key=lambda target: target[0])


def plain_parts(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[Row]:
    """(begin, end, (want, key, keep_soc_pct, target)) from start to end; neighbours differ."""
    targets = plain_targets(schedule, start, end, car)
    spans: list[tuple[datetime, datetime, Want, str, datetime | None]] = []
    prices = plain_prices(schedule, start, end)
    for n, one in enumerate(schedule.overrides):
        key = f"override {n} {one.start.timestamp():.0f}"
        spans += [(a, b, one.want, key, None) for a, b in _cheap(one.start, one.end, one.want, prices)]
    for at, entry, charge in targets:
        want = Want("charge", entry.amps, entry.soc_pct)
        spans += [(a, b, want, f"ready-by {at.timestamp():.0f}", at) for a, b in charge]
    for n, window in enumerate(schedule.weekly):
        times = _times(window, schedule, start, end)
        for since, until in times:
            key = f"weekly {n} {since.timestamp():.0f}"
            spans += [(a, b, window.want, key, None) for a, b in _cheap(since, until, window.want, prices)]
    edges = {edge for a, b, *_ in spans for edge in (a, b)} | {at for at, _, _ in targets} | {start, end}
    rows = []
    for begin, finish in _between(edges, start, end):
        held = next((tuple(what) for a, b, *what in spans if a <= begin < b), (schedule.otherwise, "", None))
        keep = [entry.soc_pct for at, entry, charge in targets if charge and charge[0][0] <= begin < at]
        rows.append((begin, finish, (*held, max(keep, default=None))))
    return _joined(rows)


def _cheap(start: datetime, end: datetime, want: Want, prices: list[Row]) -> list[Span]:
    if want.max_price is None:
        return [(start, end)]
    cheap = [(a, b) for a, b, rate in prices if rate is not None and rate.import_price <= want.max_price]
    return [(max(a, start), min(b, end)) for a, b in cheap if a < end and b > start]


def _times(entry: Weekly | Price, schedule: Schedule, start: datetime, end: datetime) -> Iterator[Span]:
    for day in _days(schedule, start, end):
        begin, finish = (at_second(day, second, schedule.zone) for second in (entry.start_s, entry.end_s))
        if day.weekday() in entry.days and begin < finish:
            yield begin, finish


def _days(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Any]:
    first = start.astimezone(schedule.zone).date()
    for n in range(-3, (end - start).days + 4):
        yield first + timedelta(days=n)


def _between(edges: set[datetime], start: datetime, end: datetime) -> Iterator[Span]:
    return pairwise(sorted(edge for edge in edges if start <= edge <= end))


def _joined(rows: list[Row]) -> list[Row]:
    joined: list[Row] = []
    for begin, finish, what in rows:
        if joined and joined[-1][2] == what:
            joined[-1] = (joined[-1][0], finish, what)
        else:
            joined.append((begin, finish, what))
    return joined
