"""The schedule in the form for the page, the API and the command line: seven days ahead, targets, prices; pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Schedule, Target, local_iso, price_spans, targets, timeline

AHEAD = timedelta(days=7)
MOST_PREVIEW_B, MOST_PRICES_B, MOST_TARGETS_B = 110_000, 55_000, 30_000
"""With the document's 49,152 bytes one message of the bus carries it all."""


def revision(document: Mapping[str, Any]) -> str:
    """Identifies the content of a schedule document: an editor sends the one that it began with."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def schedule_parts(schedule: Schedule, wall: datetime, car: CarNow) -> dict[str, list[dict[str, Any]]]:
    """What a ManagerSchedule contains besides the document."""
    end = wall + AHEAD
    return {
        "preview": _first(preview_json(schedule, wall, end, car), MOST_PREVIEW_B),
        "ready_by": _first([_target(schedule, one) for one in targets(schedule, wall, end, car)], MOST_TARGETS_B),
        "prices": _first(prices_json(schedule, wall, end), MOST_PRICES_B),
    }


def _first(rows: list[dict[str, Any]], most_b: int) -> list[dict[str, Any]]:
    """As many rows from the first on as fit into so many bytes of JSON: of a full schedule the nearest days."""
    sizes = accumulate(len(json.dumps(row, separators=(",", ":"))) + 1 for row in rows)
    return [row for row, size_b in zip(rows, sizes, strict=True) if size_b <= most_b]


def preview_json(schedule: Schedule, start: datetime, end: datetime, car: CarNow) -> list[dict[str, Any]]:
    """Parts without gaps; times are ISO with offset in the schedule's zone."""
    return [
        {
            "start": local_iso(part.start, schedule.zone),
            "end": local_iso(part.end, schedule.zone),
            "mode": part.want.mode,
            "why": part.why,
            "entry": part.entry,
            "amps": part.want.amps,
            "soc_limit_pct": part.want.soc_limit_pct,
            "keep_soc_pct": part.keep_soc_pct,
        }
        for part in timeline(schedule, start, end, car)
    ]


def prices_json(schedule: Schedule, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The prices from start to end; spans without a price are left out."""
    return [
        {
            "start": local_iso(begin, schedule.zone),
            "end": local_iso(finish, schedule.zone),
            "import_price": price.import_price,
            "export_price": price.export_price,
        }
        for begin, finish, price in price_spans(schedule, start, end)
        if price is not None
    ]


def _target(schedule: Schedule, target: Target) -> dict[str, Any]:
    charge_from = target.charge[0][0] if target.charge else None
    return {
        "time": local_iso(target.at, schedule.zone),
        "soc_pct": target.entry.soc_pct,
        "entry": target.entry.name,
        "charge_from": None if charge_from is None else local_iso(charge_from, schedule.zone),
    }
