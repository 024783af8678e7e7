"""One session from its first state to rest: when, how much energy on both sides, money, and why it ended; pure."""

import json
from collections.abc import Mapping
from typing import Any

from v2h.bus.messages import ChargerState
from v2h.bus.sentences import fault_words, to_json
from v2h.bus.states import ENDING, RESTING

SUMS = ("charged_wh", "discharged_wh", "battery_in_wh", "battery_out_wh")


class Session:
    """The session that began at `began` (monotonic s). totals: those of the program at that time
    (summaries.Days.totals()). over: it has ended."""

    def __init__(self, began: float, totals: Mapping[str, float]) -> None:
        self.began, self.over = began, False
        self._before, self._totals = dict(totals), dict(totals)
        self._lasted_s = 0.0
        self._modes: list[str] = []
        self._socs_pct: list[float] = []
        self._why = ""

    def add(
        self, now: float, values: Mapping[str, Any], totals: Mapping[str, float], charger: ChargerState | None
    ) -> None:
        """Follow it to `now`. values: columns of the table samples. charger: its state, None while it is silent: then
        nothing is known, and the session goes on."""
        self._lasted_s, self._totals = now - self.began, dict(totals)
        mode, soc_pct = values.get("mode"), values.get("soc_pct")
        if mode is not None and mode not in self._modes:
            self._modes.append(mode)
        if soc_pct is not None:
            self._socs_pct = [*self._socs_pct[:1], soc_pct]
        if charger is None:
            return
        self.over = charger.state in RESTING
        ends = self.over or charger.state in ENDING
        words = fault_words(charger.faults[0]) if charger.faults else None
        if words is not None:
            self._why = json.dumps(to_json(words[0]))
        elif ends and not self._why and charger.reason:
            self._why = json.dumps(to_json(charger.reason))

    def row(self) -> dict[str, Any]:
        """Columns of the table sessions. Money is None where no price was known."""
        gone = {name: total - self._before.get(name, 0.0) for name, total in self._totals.items()}
        money = {name: round(gone[name], 4) if gone["saved"] or gone["cost"] else None for name in ("cost", "saved")}
        return {
            "lasted_s": round(self._lasted_s, 1),
            "modes": ", ".join(self._modes),
            **{name: round(gone[name], 3) for name in SUMS},
            **money,
            "estimated": int(gone["estimated_s"] > 0),
            "soc_begin_pct": self._socs_pct[0] if self._socs_pct else None,
            "soc_end_pct": self._socs_pct[-1] if self._socs_pct else None,
            "why": self._why,
        }
