"""Quarters of an hour as the plan needs them: what was measured in each, at which price, and what was planned. Pure.

Energy counts as in v2h.datalog.counters: a straight line between two readings, and nothing of a time that was not
measured. The power of the house is that of the grid less the charger's own at the mains.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from v2h.datalog.counters import Counters
from v2h.datalog.schema import QUARTER_S

HELD = ("import_price", "export_price", "bare_mode", "bare_until_pct", "goal_pct")
"""Of these the first value of the quarter that is known counts."""
LEAST_S = 60.0
"""A quarter of which less was measured is no quarter."""


class Reading(NamedTuple):
    """What is known at one moment, W; None where it is not. mains_w: the charger's own power at the mains, + charging;
    dc_w: at the battery. sun_w: of the sun, measured or forecast."""

    grid_w: float | None
    mains_w: float | None
    dc_w: float | None
    sun_w: float | None
    soc_pct: float | None


class Quarters:
    """The present quarter. Call add() about once a second."""

    def __init__(self) -> None:
        self._powers, self._others = Counters(), Counters()
        self._number: int | None = None
        self._last_t: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._spent_s = 0.0
        self._held: dict[str, Any] = dict.fromkeys(HELD)
        self._soc_pct: float | None = None
        self._planned = False

    def add(self, now: float, wall_s: float, seen: Reading, plan: Mapping[str, Any]) -> dict[str, Any] | None:
        """Add what is known at `now` (monotonic s), which is wall_s since 1970. plan: HELD and "planned". Returns the
        row of the table quarters that has just ended; None before its end, or when hardly anything was measured."""
        number, ended = int(wall_s // QUARTER_S), None
        if number != self._number:
            ended = self._row(str(self._number))
            self._begin()
            self._number = number
        key = str(number)
        known = seen.grid_w is not None and seen.mains_w is not None
        self._powers.add(now, key, seen.grid_w if known else None, seen.mains_w if known else None)
        self._others.add(now, key, seen.dc_w, seen.sun_w)
        self._spent_s += 0.0 if self._last_t is None else max(0.0, now - self._last_t)
        self._last_t = now
        self._soc_pct = self._soc_pct if seen.soc_pct is None else seen.soc_pct
        for name in HELD:
            self._held[name] = plan.get(name) if self._held[name] is None else self._held[name]
        self._planned = self._planned or bool(plan.get("planned"))
        return ended

    def _row(self, key: str) -> dict[str, Any] | None:
        powers, others = (counters.days.pop(key, None) for counters in (self._powers, self._others))
        if powers is None or others is None:
            return None
        measured_s, sun_s = self._spent_s - powers.grid_missed_s, self._spent_s - others.charger_missed_s
        if measured_s < LEAST_S:
            return None
        net_wh = powers.imported_wh - powers.exported_wh - powers.charged_wh + powers.discharged_wh
        return {
            "quarter": self._number,
            "measured_s": round(measured_s, 1),
            "net_w": round(net_wh * 3600 / measured_s, 1),
            "sun_w": round(others.charged_wh * 3600 / sun_s, 1) if sun_s >= LEAST_S else None,
            "imported_wh": round(powers.imported_wh, 2),
            "exported_wh": round(powers.exported_wh, 2),
            "dc_wh": round(others.imported_wh - others.exported_wh, 2),
            "discharged_wh": round(others.exported_wh, 2),
            "soc_pct": self._soc_pct,
            "planned": int(self._planned),
            **self._held,
        }
