"""The largest schedule that the editor allows."""

from typing import Any

from v2h.energy.schedulefile import MOST

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def full(name: str) -> dict[str, Any]:
    """Every list as long as it may be, with windows that cut each other into pieces. name: of each entry."""
    named = {"name": name} if name else {}
    windows = [
        {"days": DAYS, "start": clock(28 * n), "end": clock(28 * n + 14), "mode": "charge", "amps": 10.5}
        | {"soc_limit_pct": 80.5, **named}
        for n in range(MOST["weekly"])
    ]
    prices = [
        {
            "days": DAYS,
            "start": clock(14 * n),
            "end": clock(14 * n + 14),
            "import_price": 0.1234,
            "export_price": 0.1512,
        }
        | named
        for n in range(MOST["prices"])
    ]
    overrides = [
        {"start": f"2026-12-{1 + n // 12:02}T{n % 12 * 2:02}:00", "end": f"2026-12-{1 + n // 12:02}T{n % 12 * 2:02}:30"}
        | {"mode": "idle", **named}
        for n in range(MOST["overrides"])
    ]
    ready = [{"days": DAYS, "time": clock(100 * n), "soc_pct": 80, **named} for n in range(MOST["ready_by"])]
    trips = [
        {"at": f"2026-12-{1 + n // 5:02}T{n % 5 * 4:02}:10:00+00:00", "soc_pct": 70, **named}
        for n in range(MOST["trips"])
    ]
    lists = {"weekly": windows, "prices": prices, "overrides": overrides, "ready_by": ready, "trips": trips}
    return {"version": 1, "zone": "Europe/London", "otherwise": "v2h", **lists}
