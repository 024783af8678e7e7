"""The schedule in the form for the page, the API and the command line: seven days ahead, targets, prices; pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from v2h.bus.sentences import to_json
from v2h.energy.planning import plan
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Part, Rate, Schedule, Target, local_iso
from v2h.energy.steps import Steps

T = TypeVar("T")
Row = dict[str, Any]
ROW = 6
"""How much the step of one row is."""
AHEAD = timedelta(days=7)
MOST_PREVIEW_B, MOST_PRICES_B, MOST_TARGETS_B = 110_000, 55_000, 30_000
"""With the document's 49,152 bytes one message of the bus carries it all."""
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def revision(document: Mapping[str, Any]) -> str:
    """Identifies the content of a schedule document: an editor sends the one that it began with."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def schedule_parts(schedule: Schedule, wall: datetime, car: CarNow) -> Steps[dict[str, list[Row]]]:
    """What a ManagerSchedule contains besides the document."""
    end = wall + AHEAD
    planned = yield from plan(schedule, wall, end, car)
    targets = [target for target in planned.targets if target.at <= end]
    prices = [(a, min(b, end), rate) for a, b, rate in planned.prices if a < end and rate is not None]
    tz = schedule.zone
    return {
        "preview": (yield from _first(planned.parts, lambda part: _part(part, tz), MOST_PREVIEW_B)),
        "ready_by": (yield from _first(targets, lambda target: _target(target, tz), MOST_TARGETS_B)),
        "prices": (yield from _first(prices, lambda span: _price(*span, tz), MOST_PRICES_B)),
    }


def _first(found: Iterable[T], row: Callable[[T], Row], most_b: int) -> Steps[list[Row]]:
    """As many rows from the first on as fit into so many bytes of JSON: of a full schedule the nearest days."""
    rows: list[Row] = []
    size_b = 0
    for one in found:
        rows.append(row(one))
        size_b += len(_ENCODER.encode(rows[-1])) + 1
        if size_b > most_b:
            return rows[:-1]
        yield ROW
    return rows


def _part(part: Part, tz: ZoneInfo) -> Row:
    """Times are ISO with offset in the schedule's zone; why: a sentence as it travels."""
    return {
        "start": local_iso(part.start, tz),
        "end": local_iso(part.end, tz),
        "mode": part.want.mode,
        "why": to_json(part.why),
        "entry": part.entry,
        "amps": part.want.amps,
        "soc_limit_pct": part.want.soc_limit_pct,
        "keep_soc_pct": part.keep_soc_pct,
    }


def _price(begin: datetime, finish: datetime, rate: Rate, tz: ZoneInfo) -> Row:
    return {"start": local_iso(begin, tz), "end": local_iso(finish, tz), **rate._asdict()}


def _target(target: Target, tz: ZoneInfo) -> Row:
    charge_from = target.charge[0][0] if target.charge else None
    return {
        "time": local_iso(target.at, tz),
        "soc_pct": target.entry.soc_pct,
        "entry": target.entry.name,
        "charge_from": None if charge_from is None else local_iso(charge_from, tz),
    }
