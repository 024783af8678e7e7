"""A week of an appliance in use: log, settings, schedule, counters. For tests and pictures of the page.

The week is that of the demo (v2h.rig.past_week).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from v2h.bus.messages import LEVELS, ManagerSchedule, ManagerSettings
from v2h.rig import past_week
from v2h.rig.past_week import STEP_S

KEYS = ("t", "grid_w", "power_w", "soc_pct")


class Week:
    """Answers as the log would at `now` (aware)."""

    def __init__(self, now: datetime, trouble: str = "") -> None:
        self.now, self.trouble = now, trouble
        self.steps = list(past_week.steps(now))

    def samples(self, from_t: float, to_t: float, step_s: float = 60.0) -> Sequence[Mapping[str, Any]]:
        self._check()
        rows = [row for row in self.steps if from_t <= row["t"] < to_t]
        every = max(1, int(step_s // STEP_S))
        groups = [rows[i : i + every] for i in range(0, len(rows), every)]
        return [{key: round(sum(row[key] for row in group) / len(group), 1) for key in KEYS} for group in groups]

    def energy(self, spans: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float] | None]:
        self._check()
        found = []
        for from_t, to_t in spans:
            spent = [past_week.energy_wh(row) for row in self.steps if from_t - 60 <= row["t"] <= to_t]
            found.append((sum(one["charged_wh"] for one in spent), sum(one["discharged_wh"] for one in spent)))
        return found

    def days(self, count: int = 30, by: str = "day") -> Sequence[Mapping[str, Any]]:
        self._check()
        found: dict[str, dict[str, Any]] = {}
        for day, totals in past_week.days(self.steps).items():
            row = found.setdefault(day[: {"day": 10, "month": 7, "year": 4}[by]], dict.fromkeys(totals, 0.0))
            row.update({name: row[name] + (value or 0.0) for name, value in totals.items()})
        return [{"day": day, **totals} for day, totals in found.items()][-count:]

    def sessions(self, count: int = 50) -> Sequence[Mapping[str, Any]]:
        """One session of this morning, whose mains' side is estimated."""
        self._check()
        at = datetime.fromtimestamp(self.steps[-1]["t"] - 7200, UTC).isoformat()
        row = {"id": 1, "at": at, "synchronised": 1, "lasted_s": 5400.0, "modes": "charge", "estimated": 1}
        energy = {"charged_wh": 6400.0, "battery_in_wh": 6000.0, "discharged_wh": 0.0, "battery_out_wh": 0.0}
        why = {"id": "fixed.charged", "values": {"soc_pct": 80}}
        money = {"cost": 0.45, "saved": -0.45, "soc_begin_pct": 65.0, "soc_end_pct": 80.0, "why": why}
        return [{**row, **energy, **money}][:count]

    def plan_days(self, count: int = 30) -> Sequence[Mapping[str, Any]]:
        self._check()
        return []

    def events(self, limit: int = 50, before: int | None = None, level: str = "info") -> Sequence[Mapping[str, Any]]:
        self._check()
        rows = [
            {
                "id": number,
                "at": datetime.fromtimestamp(event.t, UTC).isoformat(),
                "synchronised": 1,
                "boot": 1,
                **{name: getattr(event, name) for name in ("t", "level", "code", "text", "source", "values")},
            }
            for number, event in enumerate(past_week.events(self.steps), 1)
            if event.level in LEVELS[LEVELS.index(level) :]
        ]
        return [row for row in rows if before is None or row["id"] < before][::-1][:limit]

    def _check(self) -> None:
        if self.trouble:
            raise OSError(self.trouble)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def settings(t: float) -> ManagerSettings:
    percent = {"low": 5, "high": 100, "unit": "%"}
    amps = {"low": 1, "high": 16, "unit": "A"}
    return ManagerSettings(
        t,
        {
            "soc_min_pct": 30.0,
            "soc_max_pct": 90.0,
            "reserve_soc_pct": 45.0,
            "max_charge_a": 15.0,
            "max_discharge_a": 15.0,
            "grid_target_w": 0.0,
            "export_limit_w": None,
            "fuse_a": None,
            "idle_end_min": 30.0,
            "time_zone": "Europe/London",
            "currency": "GBP",
            "evcharge_protect_w": None,
        },
        {
            "soc_min_pct": percent,
            "soc_max_pct": percent,
            "reserve_soc_pct": percent,
            "max_charge_a": amps,
            "max_discharge_a": amps,
            "grid_target_w": {"low": -6000, "high": 6000, "unit": "W"},
            "export_limit_w": {"low": 0, "high": 20000, "unit": "W", "null": True},
            "fuse_a": {"low": 6, "high": 125, "unit": "A", "null": True},
            "idle_end_min": {"low": 1, "high": 1440, "unit": "min"},
            "evcharge_protect_w": {"low": 500, "high": 20000, "unit": "W", "null": True},
        },
    )


DOCUMENT = {
    "version": 1,
    "otherwise": "v2h",
    "weekly": [
        {
            "name": "cheap night",
            "days": "daily",
            "start": "00:30",
            "end": "05:30",
            "mode": "charge",
            "amps": 10,
            "soc_limit_pct": 80,
        },
        {"name": "midday sun", "days": ["sat", "sun"], "start": "10:00", "end": "15:00", "mode": "solar"},
    ],
    "ready_by": [{"name": "work", "days": "weekdays", "time": "07:30", "soc_pct": 80}],
    "overrides": [],
    "prices": [
        {"days": "daily", "start": "00:30", "end": "05:30", "import_price": 0.07, "export_price": 0.15},
        {"days": "daily", "start": "05:30", "end": "00:30", "import_price": 0.28, "export_price": 0.15},
    ],
}


def plan(t: float, now: datetime) -> ManagerSchedule:
    """The preview of DOCUMENT, written by hand, from the last full minute on."""
    marks = []
    for day in range(-1, 8):
        date = _midnight(now).date() + timedelta(days=day)

        def at(clock: str, date: Any = date, zone: tzinfo | None = now.tzinfo) -> datetime:
            return datetime.combine(date, time.fromisoformat(clock), zone)

        marks += [(at("00:30"), "charge", "cheap night"), (at("05:30"), "v2h", "")]
        if date.weekday() >= 5:
            marks += [(at("10:00"), "solar", "midday sun"), (at("15:00"), "v2h", "")]
    first = max(i for i, mark in enumerate(marks) if mark[0] <= now)
    end = now + timedelta(days=7)
    preview = []
    for (start, mode, name), (until, _, _) in zip(marks[first:], marks[first + 1 :], strict=False):
        begin, finish = max(start, now.replace(second=0, microsecond=0)), min(until, end)
        if begin < finish:
            part: dict[str, Any] = {"start": begin.isoformat(), "end": finish.isoformat(), "mode": mode, "entry": name}
            part["why"] = f"Every week: {name}" if name else "The rest of the time"
            if mode == "charge":
                part |= {"amps": 10, "soc_limit_pct": 80}
            preview.append(part)
    return ManagerSchedule(t, DOCUMENT, preview)
