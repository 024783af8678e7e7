"""Energy counters: watt hours per local day through charger and grid, and the money that they saved; pure.

Between two readings the power is taken as a straight line (trapezoid). Where the line crosses zero, each side of the
crossing is counted with its own sign, so import never cancels export. An interval belongs to the day of its end.
Energy that was not measured is not estimated: an interval with an unknown power at one end, or longer than LONGEST_S,
only adds its length to the missed seconds of that day. The time between two runs of the program is not counted here.

Saved money is the bill without the charger minus the bill with it. Without the charger, the grid would have carried
grid - charger; import costs the import price, export earns the export price. So charging reduces the saving at the time
when it is paid, and discharge increases it. The cost is that first part alone: what charging cost at the prices of its
time, where energy from the own sun costs the export that it replaces.

The battery's side of the converter is counted as well: the two sides together give its efficiency. Where no meter
measures the charger, its mains' side is estimated, and the seconds of that are counted.

Times are monotonic seconds; power W, grid + import, charger + charging; prices are money per kWh.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from v2h.checks import finite

LONGEST_S = 90.0
"""One and a half times the interval of the slowest meter that may be configured (60 s); a longer gap is an outage."""
KEEP_DAYS = 40
"""How many days are kept here, the newest ones; a caller that needs more must store them before they are dropped."""
WH_PER_WS = 1 / 3600
MONEY = ("saved", "cost")
"""Totals that are unknown while no price was known."""


class CountersError(ValueError):
    """A stored total is not valid. The text names the day, the field, the value and what is allowed."""


@dataclass(slots=True)
class Day:
    """Totals of one local day. charged, discharged: at the mains. saved, cost: money, None while no price was known.
    missed: seconds that were not counted. battery_in, battery_out: at the battery. estimated_s: how long energy flowed
    while the mains' side was estimated."""

    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    imported_wh: float = 0.0
    exported_wh: float = 0.0
    saved: float | None = None
    grid_missed_s: float = 0.0
    charger_missed_s: float = 0.0
    cost: float | None = None
    battery_in_wh: float = 0.0
    battery_out_wh: float = 0.0
    estimated_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Reading:
    t: float
    grid_w: float | None
    charger_w: float | None
    battery_w: float | None


class Counters:
    """Running totals. Feed add(); read `days` (ISO date -> Day)."""

    def __init__(self) -> None:
        self.days: dict[str, Day] = {}
        self._last: _Reading | None = None

    def add(
        self,
        now: float,
        day: str,
        grid_w: float | None,
        charger_w: float | None,
        import_price: float | None = None,
        export_price: float | None = None,
        *,
        battery_w: float | None = None,
        estimated: bool = False,
    ) -> None:
        """Count up to `now` with the powers at `now` (None: unknown), on the local date `day` ("2026-11-22").

        The prices are those of the time since the last reading. With an unknown export price, export earns nothing; an
        unknown import price leaves the saving as it is. estimated: charger_w is not measured. A `now` that does not
        advance adds nothing. Raises ValueError for a number that is not finite.
        """
        if not isfinite((grid_w or 0.0) + (charger_w or 0.0) + (import_price or 0.0) + (export_price or 0.0)):
            raise ValueError(
                f"{grid_w = }, {charger_w = }, {import_price = }, {export_price = }: not all finite numbers"
            )
        last, self._last = self._last, _Reading(now, grid_w, charger_w, battery_w)
        if day not in self.days:
            self.put(day, Day())
        if last is None or now <= last.t:
            return
        total, spent_s = self.days[day], now - last.t
        grid = _ends(last.grid_w, grid_w, spent_s)
        charger = _ends(last.charger_w, charger_w, spent_s)
        if grid is None:
            total.grid_missed_s += spent_s
        else:
            above_wh, below_wh = _halves_wh(*grid, spent_s)
            total.imported_wh += above_wh
            total.exported_wh += below_wh
        if charger is None:
            total.charger_missed_s += spent_s
        else:
            above_wh, below_wh = _halves_wh(*charger, spent_s)
            total.charged_wh += above_wh
            total.discharged_wh += below_wh
            total.estimated_s += spent_s if estimated and charger != (0.0, 0.0) else 0.0
        battery = _ends(last.battery_w, battery_w, spent_s)
        if battery is not None:
            above_wh, below_wh = _halves_wh(*battery, spent_s)
            total.battery_in_wh += above_wh
            total.battery_out_wh += below_wh
        if grid is not None and charger is not None and import_price is not None:
            without = (grid[0] - charger[0], grid[1] - charger[1])
            earn = export_price or 0.0
            saved = _bill(*without, spent_s, import_price, earn) - _bill(*grid, spent_s, import_price, earn)
            total.saved = (total.saved or 0.0) + saved
            total.cost = (total.cost or 0.0) + max(0.0, -saved)

    def put(self, day: str, total: Day) -> None:
        """Continue from these totals of that day. If there are too many days, the oldest ones are dropped, but never
        this one, even if it is the oldest because the clock was set back."""
        for oldest in sorted(self.days.keys() - {day})[: 1 - KEEP_DAYS]:
            del self.days[oldest]
        self.days[day] = total

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """Every day as plain values, for JSON."""
        return {day: asdict(total) for day, total in self.days.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Counters":
        """Counters from what to_dict() returned. A missing field has its start value. Raises CountersError."""
        counters = cls()
        known = {field.name for field in fields(Day)}
        for day, totals in stored.items():
            if not isinstance(totals, Mapping):
                raise CountersError(f"{day}: {totals!r} is not a table of totals")
            for name, value in totals.items():
                if name not in known:
                    raise CountersError(f"{day}.{name}: unknown total; known are {', '.join(sorted(known))}")
                _check(f"{day}.{name}", value, money=name in MONEY)
            counters.days[day] = Day(**totals)
        return counters


def _check(where: str, value: object, *, money: bool) -> None:
    if money and value is None:
        return
    if not finite(value) or (not money and value < 0):
        allowed = "a finite number or nothing" if money else "a finite number, 0 or more"
        raise CountersError(f"{where} = {value!r} is not {allowed}")


def _ends(before_w: float | None, after_w: float | None, spent_s: float) -> tuple[float, float] | None:
    if before_w is None or after_w is None or spent_s > LONGEST_S:
        return None
    return before_w, after_w


def _halves_wh(before_w: float, after_w: float, spent_s: float) -> tuple[float, float]:
    """Wh above and below zero (both positive) under the straight line from before_w to after_w."""
    if before_w * after_w >= 0:
        area = (before_w + after_w) / 2 * spent_s * WH_PER_WS
        return max(0.0, area), max(0.0, -area)
    share = before_w / (before_w - after_w)
    first = abs(before_w) / 2 * spent_s * share * WH_PER_WS
    second = abs(after_w) / 2 * spent_s * (1 - share) * WH_PER_WS
    return (first, second) if before_w > 0 else (second, first)


def _bill(before_w: float, after_w: float, spent_s: float, import_price: float, export_price: float) -> float:
    above_wh, below_wh = _halves_wh(before_w, after_w, spent_s)
    return (above_wh * import_price - below_wh * export_price) / 1000
