"""What a kWh costs and earns at this moment, and where that is from: one line below the day's energy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from v2h.bus.sentences import say
from v2h.web.view.figures import duration
from v2h.web.view.snapshot import Snapshot

DIRECTIONS = ("import", "export")
OLD_S = 36 * 3600.0
"""A tariff with dates comes once a day: pushed prices that are older say how old they are."""


def line(seen: Snapshot) -> str:
    """'Price now: import 0.245, export 0.15 GBP a kWh. Pushed 3 h ago.'; "" without any price."""
    weekly = _weekly(seen)
    dated = {name: seen.prices[name].at(seen.wall_s) for name in DIRECTIONS if name in seen.prices}
    found = {name: _first(dated.get(name), weekly.get(f"{name}_price")) for name in DIRECTIONS}
    said = [say("price.of", direction=name, price=price) for name, price in found.items() if price is not None]
    if not said and not dated:
        return ""
    currency = seen.owner().get("currency") or ""
    now = say("price.now", prices=said, currency=currency) if said else say("price.none")
    return say("price.line", now=now, source=_source(seen, any(price is not None for price in dated.values())))


def _first(*prices: float | None) -> float | None:
    return next((price for price in prices if price is not None), None)


def _source(seen: Snapshot, dated: bool) -> str:
    pushed = [prices.pushed for name, prices in seen.prices.items() if name in DIRECTIONS]
    if not pushed:
        return say("price.weekly")
    pushed_s = max(datetime.fromisoformat(at).timestamp() for at in pushed)
    age_s = max(0.0, seen.wall_s - pushed_s)
    if not dated:
        return say("price.over", age=duration(age_s))
    return say("price.old", age=duration(age_s)) if age_s > OLD_S else say("price.dated", age=duration(age_s))


def _weekly(seen: Snapshot) -> Mapping[str, Any]:
    """The row of the schedule's prices that holds now."""
    for row in seen.plan.prices if seen.plan else ():
        try:
            begin_s, end_s = (datetime.fromisoformat(row[key]).timestamp() for key in ("start", "end"))
        except (KeyError, TypeError, ValueError):
            continue
        if begin_s <= seen.wall_s < end_s:
            return row
    return {}
