"""Random documents that every door of the owner must accept, up to every limit."""

import random
from datetime import timedelta
from typing import Any

from tests.support.fullschedule import DAYS, clock
from tests.support.restarts import BEGIN
from v2h.bus.states import MODES
from v2h.config.site import Limits
from v2h.energy.owner_settings import TABLE, defaults

BOUNDING = ("soc_", "reserve_", "max_")
"""Settings that bound what later orders may say."""


class Legal:
    """Makes documents that must be accepted."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def command(self) -> tuple[str, dict[str, Any]]:
        return self.chance.choice((self.mode, self.slot, self.settings, self.schedule, self.schedule))()

    def mode(self) -> tuple[str, dict[str, Any]]:
        mode = self.chance.choice(MODES)
        values: dict[str, Any] = {"mode": mode}
        if mode in ("charge", "discharge"):
            soc_pct = self.chance.uniform(61, 90) if mode == "charge" else self.chance.uniform(30, 59)  # the car has 60
            values |= self._some({"amps": self.chance.uniform(1, 15), "soc_limit_pct": soc_pct})
        return "mode", values

    def slot(self) -> tuple[str, dict[str, Any]]:
        kind = self.chance.choice(("charge", "hold", "none"))
        if kind == "none":
            return "slot", {"slot": kind}
        until = (BEGIN + timedelta(days=6)).isoformat()
        return "slot", {"slot": kind, "until": until, **({"amps": 5} if kind == "charge" else {})}

    def settings(self) -> tuple[str, dict[str, Any]]:
        chosen: dict[str, Any] = {}
        for key, row in self._some(TABLE).items():
            if row.range is not None and not key.startswith(BOUNDING):
                allowed = row.range(Limits())
                chosen[key] = self.chance.choice(
                    (allowed.low, allowed.high, self.chance.uniform(allowed.low, allowed.high))
                )
        zone = self.chance.choice(("UTC", "Europe/London", "Pacific/Kiritimati", "America/St_Johns"))
        return "settings", chosen | self._some({"time_zone": zone, "currency": "EUR"})

    def schedule(self) -> tuple[str, dict[str, Any]]:
        chance, slots = self.chance, self.chance.choice((0, 1, 24, 48, 50))
        minutes = 1440 // max(slots, 1)
        document: dict[str, Any] = {"version": 1, "otherwise": chance.choice(("idle", "v2h", "solar"))}
        document["prices"] = [
            {"start": clock(n * minutes), "end": clock((n + 1) * minutes), "import_price": chance.uniform(-10, 10)}
            for n in range(slots)
        ]
        document["weekly"] = [
            {"days": chance.sample(DAYS, chance.randint(1, 7)), **self._window(), "mode": "charge", **self._name()}
            for _ in range(chance.choice((0, 1, 7, 50)))
        ]
        document["ready_by"] = [
            {"days": "daily", "time": clock(chance.randrange(1440)), "soc_pct": chance.uniform(30, 90), **self._name()}
            for _ in range(chance.choice((0, 1, 14)))
        ]
        first = BEGIN.replace(tzinfo=None) + timedelta(days=chance.choice((-9000, -1, 0, 2, 300, 9000)))
        document["overrides"] = [
            {
                "start": (first + timedelta(hours=n)).isoformat(),
                "end": (first + timedelta(hours=n, minutes=chance.randint(1, 40_000))).isoformat(),
                "mode": chance.choice(MODES),
            }
            for n in range(chance.choice((0, 1, 50)))
        ]
        return "schedule", {"schedule": document}

    def backup(self) -> dict[str, Any]:
        """A document for the restore door."""
        return {"v2h_backup": 1, "settings": self.settings()[1], **self.schedule()[1]}

    def _window(self) -> dict[str, str]:
        start, length = self.chance.randrange(1440), self.chance.randrange(1, 1440)
        return {"start": clock(start), "end": clock((start + length) % 1440)}

    def _name(self) -> dict[str, str]:
        return self._some({"name": self.chance.choice(("night", "é" * 40, "🔌", "<b>"))})

    def _some(self, values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if self.chance.random() < 0.7}


WHOLE: dict[str, dict[str, Any]] = {
    "mode": {"mode": "charge", "amps": 6, "soc_limit_pct": 60, "until": (BEGIN + timedelta(days=6)).isoformat()},
    "slot": {"slot": "charge", "amps": 6, "soc_limit_pct": 60, "until": (BEGIN + timedelta(days=6)).isoformat()},
    "settings": defaults(Limits(), "UTC").as_json(),
    "clock": {"at": BEGIN.isoformat()},
    "schedule": {
        "schedule": {
            "version": 1, "zone": "UTC", "otherwise": "v2h",
            "weekly": [{"name": "n", "days": ["mon"], "start": "01:00", "end": "02:00", "mode": "charge", "amps": 6,
                        "soc_limit_pct": 60}],
            "ready_by": [{"name": "n", "days": "daily", "time": "07:00", "soc_pct": 60, "amps": 6}],
            "overrides": [{"name": "n", "start": "2026-12-24T18:00", "end": "2026-12-25T18:00", "mode": "discharge",
                           "amps": 6, "soc_limit_pct": 60}],
            "prices": [{"name": "n", "days": "daily", "start": "01:00", "end": "02:00", "import_price": 0.1,
                        "export_price": 0.1}],
        }
    },
}  # fmt: skip
"""Every field of every command that has fields, once."""
