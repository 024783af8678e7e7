"""A week of an appliance in use: log, settings, schedule, counters. For tests and pictures of the page.

The loads are the rig's synthetic house; the car is a simple sum: it covers the load as far as it can and charges at
night.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

from v2h.bus.messages import ManagerSchedule, ManagerSettings
from v2h.bus.states import STATE_EVENT

CAPACITY_WH = 24000.0
NIGHT_W, MOST_W = 3600.0, 5800.0
WINDOW = (30.0, 90.0)
STEP_S = 300
ENERGY = ("charged_wh", "discharged_wh", "imported_wh", "exported_wh")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@cache
def _loads() -> list[float]:
    """Mean load, in W, of each step from 07:00 to 07:00."""
    text = files("v2h.rig").joinpath("data/house.csv").read_text(encoding="utf-8")
    points = [tuple(map(float, line.split(","))) for line in text.splitlines() if line[:1].isdigit()]
    sums = [0.0] * (86400 // STEP_S)
    for (t_s, watts), (next_s, _) in zip(points, [*points[1:], (86400.0, 0.0)], strict=True):
        while t_s < min(next_s, 86400):
            end_s = min(next_s, (t_s // STEP_S + 1) * STEP_S)
            sums[int(t_s // STEP_S)] += watts * (end_s - t_s) / STEP_S
            t_s = end_s
    return sums


def solar_w(hour: float) -> float:
    """Weak winter sun."""
    return max(0.0, 1900.0 * (1 - ((hour - 12.3) / 3.9) ** 2))


class Week:
    """Answers as the log would at `now` (aware)."""

    def __init__(self, now: datetime, trouble: str = "") -> None:
        self.now, self.trouble = now, trouble
        self.steps = list(self._run())

    def _run(self) -> Any:
        soc_pct, loads = 62.0, _loads()
        at = _midnight(self.now) - timedelta(days=8)
        while at < self.now:
            hour = at.hour + at.minute / 60
            load_w = 1.6 * loads[int((hour - 7) % 24 * 3600 // STEP_S)]
            net_w = load_w - solar_w(hour)
            night = 0.5 <= hour < 5.5
            car_w = NIGHT_W if night else max(-MOST_W, min(MOST_W, -net_w))
            if (soc_pct > (80 if night else WINDOW[1]) and car_w > 0) or (soc_pct < WINDOW[0] and car_w < 0):
                car_w = 0.0
            soc_pct += car_w * STEP_S / 36 / CAPACITY_WH
            noise_w = (int(at.timestamp()) * 7919 % 61) - 30
            yield {"t": at.timestamp(), "grid_w": net_w + car_w + noise_w, "power_w": car_w, "soc_pct": soc_pct}
            at += timedelta(seconds=STEP_S)

    def samples(self, from_t: float, to_t: float, step_s: float = 60.0) -> Sequence[Mapping[str, Any]]:
        self._check()
        rows = [row for row in self.steps if from_t <= row["t"] < to_t]
        every = max(1, int(step_s // STEP_S))
        groups = [rows[i : i + every] for i in range(0, len(rows), every)]
        keys = ("t", "grid_w", "power_w", "soc_pct")
        return [{key: round(sum(row[key] for row in group) / len(group), 1) for key in keys} for group in groups]

    def days(self, count: int = 30) -> Sequence[Mapping[str, Any]]:
        self._check()
        found: dict[str, dict[str, Any]] = {}
        for row in self.steps:
            day = f"{datetime.fromtimestamp(row['t'], self.now.tzinfo):%Y-%m-%d}"
            sums = found.setdefault(
                day,
                {
                    "day": day,
                    "charged_wh": 0.0,
                    "discharged_wh": 0.0,
                    "imported_wh": 0.0,
                    "exported_wh": 0.0,
                    "saved": 0.0,
                },
            )
            grid_wh, car_wh = row["grid_w"] * STEP_S / 3600, row["power_w"] * STEP_S / 3600
            sums["imported_wh" if grid_wh > 0 else "exported_wh"] += abs(grid_wh)
            sums["charged_wh" if car_wh > 0 else "discharged_wh"] += abs(car_wh)
            sums["saved"] += -car_wh / 1000 * (0.28 if car_wh < 0 else 0.07)
        return list(found.values())[-count:]

    def events(self, limit: int = 50, before: int | None = None, level: str = "info") -> Sequence[Mapping[str, Any]]:
        self._check()
        said = [
            ("info", STATE_EVENT, "energy may flow", "charger", {"state": "energy"}),
            ("info", "command", "Applied: mode v2h.", "manager", {}),
            ("warning", "meter-slow", "The grid meter was silent for 4 s; 0 A until it spoke again", "manager", {}),
            ("info", STATE_EVENT, "the plug is unlocked", "charger", {"state": "idle"}),
            ("fault", STATE_EVENT, "the car fell silent", "charger", {"state": "make-safe", "fault": "car_lost"}),
        ]
        grave = {"warning": ("warning", "fault"), "fault": ("fault",)}.get(level, ("info", "warning", "fault"))
        rows = []
        for number in range((before or 400) - 1, 0, -1):
            kind = said[number % 5] if number % 35 == 4 or number % 5 < 2 else said[number % 2]
            if kind[0] in grave:
                at = self.now - timedelta(minutes=23 * (400 - number))
                names = ("level", "code", "text", "source", "values")
                rows.append(
                    {"id": number, "at": at.isoformat(), "synchronised": 1, **dict(zip(names, kind, strict=True))}
                )
        return rows[:limit]

    def _check(self) -> None:
        if self.trouble:
            raise OSError(self.trouble)


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
