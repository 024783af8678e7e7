"""The schedule, settings, five events and one day that an application of the page has in tests."""

from collections.abc import Sequence

from v2h.bus.messages import ManagerPlan, ManagerSchedule, ManagerSettings
from v2h.web.log_source import Row
from v2h.web.state import LiveState

SCHEDULE = {"version": 1, "weekly": [{"days": "daily", "start": "23:30", "end": "05:30", "mode": "charge"}]}
PREVIEW = [{"start": "2026-11-22T23:30:00+00:00", "end": "2026-11-23T05:30:00+00:00", "mode": "charge", "why": "cheap"}]


class Log:
    """Five events, newest first, and one day; `broken`: it fails as a disk that refuses."""

    broken = False

    def events(self, limit: int, before: int | None, level: str) -> Sequence[Row]:
        if self.broken:
            raise OSError("disk I/O error")
        rows = [{"id": i, "at": f"2026-11-22T00:00:0{i}Z", "synchronised": 1, "level": "info", "code": "x",
                 "text": 'says "no", then ü', "source": "manager"} for i in range(5, 0, -1)]  # fmt: skip
        return [row for row in rows if before is None or row["id"] < before][:limit] if level == "info" else []

    def days(self, count: int, by: str = "day") -> Sequence[Row]:
        return [{"day": "2026-11-22"[: {"day": 10, "month": 7, "year": 4}[by]], "charged_wh": 1200.0}][:count]

    def sessions(self, count: int) -> Sequence[Row]:
        why = {"id": "fault.car_fault", "values": {}}
        row = {"id": 1, "at": "2026-11-22T00:00:00Z", "synchronised": 1, "lasted_s": 3600.0, "charged_wh": 1200.0}
        return [{**row, "discharged_wh": 0.0, "cost": 0.1, "saved": -0.1, "estimated": 1, "why": why}][:count]

    def plan_days(self, count: int) -> Sequence[Row]:
        if self.broken:
            raise OSError("disk I/O error")
        return [{"day": "2026-11-22", "cost": 2.1, "cost_without": 3.4, "saved": 1.3, "quarters": 96}][:count]

    def energy(self, spans: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float] | None]:
        return [None for _ in spans]

    def samples(self, from_s: float, to_s: float, step_s: float) -> Sequence[Row]:
        return [{"t": from_s, "grid_w": 12.0, "power_w": None, "soc_pct": 50.0}]


def known(state: LiveState) -> None:
    state.put_settings(ManagerSettings(1.0, {"soc_min_pct": 30}, {"soc_min_pct": {"low": 5, "high": 95, "unit": "%"}}))
    state.put_plan(ManagerSchedule(1.0, SCHEDULE, PREVIEW, [], "schedule.json"))
    state.put_money_plan(ManagerPlan(1.0, False))
