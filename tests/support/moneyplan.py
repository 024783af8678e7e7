"""A plan by prices as manager tells it, for tests of the page and of the command."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from v2h.bus.messages import HouseLoad, ManagerPlan
from v2h.config.site import Limits
from v2h.energy.owner_settings import check
from v2h.energy.plan.making import Known, made
from v2h.energy.readyby import CarNow
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result

PRICES = [
    {"days": "daily", "start": "00:30", "end": "05:30", "import_price": 0.07, "export_price": 0.05},
    {"days": "daily", "start": "16:00", "end": "19:00", "import_price": 0.35, "export_price": 0.22},
    {"days": "daily", "start": "00:00", "end": "24:00", "import_price": 0.24, "export_price": 0.05},
]
EVENINGS = [[300.0] * 7 + [700.0] * 2 + [350.0] * 8 + [1500.0] * 4 + [500.0] * 3] * 7
TARGET = {"name": "work", "days": "daily", "time": "07:00", "soc_pct": 75}


def money_plan(
    wall: datetime | None = None, *, document: Mapping[str, Any] | None = None, on: bool = True, t: float = 0.0
) -> ManagerPlan:
    """The plan of a house with a cheap night and a dear evening, and a car with 55 %."""
    content = {"version": 1, "prices": PRICES, "ready_by": [TARGET]} if document is None else document
    schedule = read_schedule(content, Limits(), "Europe/London")
    owners = check({"plan": on}, Limits(), "Europe/London")
    known = Known(schedule, owners, CarNow(55.0, 40.0), 55.0, HouseLoad(0.0, EVENINGS, [], 40))
    return result(made(known, t, wall or datetime.now(UTC))).message
