"""Fills what the schedule leaves open with the parts of the plan (energy/plan); pure.

An entry of the schedule comes before the plan. Two things are open: the time without an entry, and charging for a
ready-by target, which the plan does when it is best. But when only just enough time is left for a target, the schedule
charges for it, whatever the plan says.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from v2h.energy.readyby import CarNow, need_s
from v2h.energy.schedule import Part


def filled(parts: Sequence[Part], planned: Sequence[Part], car: CarNow) -> list[Part]:
    """parts: of the schedule, without gaps. planned: of the plan, in order. Returns parts without gaps."""
    if not planned:
        return list(parts)
    found: list[Part] = []
    for part in parts:
        until = open_until(part, car)
        if part.start < until:
            found += _within(replace(part, end=until), planned)
        if until < part.end:
            found.append(replace(part, start=max(part.start, until)))
    return found


def open_until(part: Part, car: CarNow) -> datetime:
    """Until when the plan decides in this part of the schedule; its start when it does not."""
    if not part.entry:
        return part.end
    if part.target is None or part.target == car.busy_until or part.want.soc_limit_pct is None:
        return part.start
    must = part.target - timedelta(seconds=need_s(car, part.want.soc_limit_pct, part.want.amps))
    return min(part.end, max(part.start, must))


def _within(part: Part, planned: Iterable[Part]) -> Iterator[Part]:
    """The part, with those of the plan laid over it."""
    begin = part.start
    for over in planned:
        start, end = max(over.start, begin), min(over.end, part.end)
        if start >= end:
            continue
        if begin < start:
            yield replace(part, start=begin, end=start)
        yield replace(over, start=start, end=end)
        begin = end
    if begin < part.end:
        yield replace(part, start=begin)
