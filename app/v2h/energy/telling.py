"""The schedule as the page, the API and the command line are told it: seven days ahead, targets, prices; pure."""

from datetime import datetime, timedelta
from typing import Any

from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Schedule, Target, local_iso, price_spans, targets, timeline

AHEAD = timedelta(days=7)


def schedule_parts(schedule: Schedule, wall: datetime, car: CarNow) -> dict[str, list[dict[str, Any]]]:
    """What a ManagerSchedule tells beside the document."""
    end = wall + AHEAD
    return {
        "preview": preview_json(schedule, wall, end, car),
        "ready_by": [_target(schedule, target) for target in targets(schedule, wall, end, car)],
        "prices": prices_json(schedule, wall, end),
    }


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
    """The prices of the same time, spans without one left out."""
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
