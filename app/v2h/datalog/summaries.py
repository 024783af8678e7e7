"""The log's summaries of a minute and of a day: means, extremes, energy. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from v2h.bus.states import State
from v2h.checks import finite
from v2h.datalog.counters import MONEY, Counters, CountersError, Day

MINUTE_S = 60.0
MEANS = ("power_w", "grid_w")
LAST = ("state", "mode", "soc_pct")
ENERGY = ("charged_wh", "discharged_wh", "imported_wh", "exported_wh")
EXTRAS = ("energy_s", "soc_min_pct", "soc_max_pct")
"""The columns of a day besides the counters."""
SUMMED = (*ENERGY, "battery_in_wh", "battery_out_wh", "estimated_s", *MONEY)
"""What totals() sums up over all days."""
COUNTED = tuple(field.name for field in fields(Day))
LONGEST_LOOK_S = 5.0
"""A longer time between two calls of add() does not count as seconds with energy flowing."""


class Minute:
    """The minute that starts at `began` (monotonic s). totals: the totals of the energy counters at that time, Wh."""

    def __init__(self, began: float, totals: Mapping[str, float]) -> None:
        self.began = began
        self._totals = dict(totals)
        self._last: dict[str, Any] = {}
        self._seen: dict[str, list[float]] = {name: [] for name in MEANS}

    def add(self, values: Mapping[str, Any]) -> None:
        """Add the values of one moment: columns of the table samples; None where unknown."""
        self._last = {name: values.get(name) for name in LAST}
        for name, seen in self._seen.items():
            value = values.get(name)
            if value is not None:
                seen.append(value)

    def row(self, totals: Mapping[str, float]) -> dict[str, Any]:
        """Columns of the table minutes. Energy is the difference of the totals, and at least 0."""
        row = dict(self._last)
        for name, seen in self._seen.items():
            stem = name.removesuffix("_w")
            row[name] = round(sum(seen) / len(seen), 1) if seen else None
            row[f"{stem}_min_w"], row[f"{stem}_max_w"] = (min(seen), max(seen)) if seen else (None, None)
        for name in ENERGY:
            row[name] = round(max(0.0, totals.get(name, 0.0) - self._totals.get(name, 0.0)), 3)
        return row


class Days:
    """Running totals of the days since the program began, added to the totals that the log already had."""

    def __init__(self) -> None:
        self._counters = Counters()
        self._added = dict.fromkeys(SUMMED, 0.0)
        self._extras: dict[str, dict[str, float | None]] = {}
        self._last_t: float | None = None

    def knows(self, day: str) -> bool:
        return day in self._counters.days

    def load(self, day: str, row: Mapping[str, Any]) -> None:
        """Continue from the totals that the log has for that day ({}: none). Raises CountersError for invalid ones."""
        counted = {name: value for name, value in row.items() if name not in EXTRAS}
        counted = {name: value for name, value in counted.items() if value is not None or name == "saved"}
        try:
            self._counters.put(day, Counters.from_dict({day: counted}).days[day])
        except TypeError as error:
            raise CountersError(f"{day}: {error}") from error
        self._extras = {held: self._extras[held] for held in self._counters.days if held in self._extras}
        self._extras[day] = {name: row.get(name) for name in EXTRAS}

    def forget(self, prefix: str) -> None:
        """Drop the days whose name begins with this prefix."""
        for day in [day for day in self._counters.days if day.startswith(prefix)]:
            del self._counters.days[day]
            self._extras.pop(day, None)

    def add(
        self,
        now: float,
        day: str,
        values: Mapping[str, Any],
        charger_w: float | None,
        prices: tuple[float | None, float | None],
        *,
        estimated: bool = False,
    ) -> None:
        """Add the values at `now` (monotonic s): grid_w, power_w, state and soc_pct from `values`; charger_w at the
        mains side, estimated: not by a meter; prices: import and export price."""
        before = self._summed(day)
        grid_w, battery_w = values.get("grid_w"), values.get("power_w")
        self._counters.add(now, day, grid_w, charger_w, *prices, battery_w=battery_w, estimated=estimated)
        for name, total in self._summed(day).items():
            self._added[name] += total - before[name]
        extras = self._extras.setdefault(day, dict.fromkeys(EXTRAS))
        looked_s = 0.0 if self._last_t is None else now - self._last_t
        self._last_t = now
        flowing = values.get("state") == State.ENERGY and looked_s <= LONGEST_LOOK_S
        extras["energy_s"] = round((extras["energy_s"] or 0.0) + (looked_s if flowing else 0.0), 1)
        soc_pct = values.get("soc_pct")
        if soc_pct is not None:
            low, high = extras["soc_min_pct"], extras["soc_max_pct"]
            extras["soc_min_pct"] = soc_pct if low is None else min(low, soc_pct)
            extras["soc_max_pct"] = soc_pct if high is None else max(high, soc_pct)

    def totals(self) -> dict[str, float]:
        """What add() has counted of SUMMED since the program began, over all days; load() adds nothing to it."""
        return dict(self._added)

    def row(self, day: str) -> dict[str, Any]:
        """Columns of the table days."""
        counted = {name: value if value is None else round(value, 3) for name, value in self._counted(day).items()}
        return {**counted, **self._extras.get(day, {})}

    def _summed(self, day: str) -> dict[str, float]:
        total = self._counters.days.get(day)
        return {name: getattr(total, name, None) or 0.0 for name in SUMMED}

    def _counted(self, day: str) -> dict[str, float | None]:
        counted = self._counters.days[day]
        return {name: getattr(counted, name) for name in COUNTED}


def prices_at(prices: Iterable[Mapping[str, Any]], wall_s: float) -> tuple[float | None, float | None]:
    """Import and export price per kWh at a time (s since 1970), from a ManagerSchedule's prices; None where unknown."""
    for span in prices:
        try:
            begin_s, end_s = (datetime.fromisoformat(span[key]).timestamp() for key in ("start", "end"))
        except (KeyError, TypeError, ValueError):
            continue
        if begin_s <= wall_s < end_s:
            bought, sold = span.get("import_price"), span.get("export_price")
            return _number(bought), _number(sold)
    return None, None


def _number(value: object) -> float | None:
    return float(value) if finite(value) else None
