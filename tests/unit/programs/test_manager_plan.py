"""The plan that manager publishes follows the car: its charge, its battery and what is not known of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import v2h.programs.manager
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import Command, ManagerSchedule, ManagerState
from v2h.programs.manager import Manager


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    at = datetime.now(UTC) + timedelta(hours=12)  # far enough for every charge of these tests
    target = {"name": "work", "time": f"{at:%H:%M}", "soc_pct": 80}
    (tmp_path / "schedule.json").write_text(json.dumps({"version": 1, "ready_by": [target]}))
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    Manager(program)  # type: ignore[arg-type]
    program.hear(Command("ask-1", "test", {"at": datetime.now(UTC).isoformat()}), "clock")
    program.run(3)
    return program


def last(program: StandIn) -> ManagerSchedule:
    return [message for _, message in program.published if isinstance(message, ManagerSchedule)][-1]


def plans(program: StandIn) -> int:
    return sum(isinstance(message, ManagerSchedule) for _, message in program.published)


def hear(program: StandIn, **changes: object) -> None:
    program.hear(charger(t=program.now, state="idle", **changes))
    program.run(2)


def minutes_of_charge(plan: ManagerSchedule) -> float:
    spans = [(part["start"], part["end"]) for part in plan.preview if part["mode"] == "charge"]
    # The first target only: of a later one the preview begins with the same charge.
    first = [(a, b) for a, b in spans if b <= plan.ready_by[0]["time"]]
    return sum((datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds() for a, b in first) / 60


def test_the_plan_is_made_anew_as_soon_as_the_car_is_known(program: StandIn) -> None:
    assert last(program).assumed.startswith(
        "The car’s charge is not known: this is planned as if its battery of 40 kWh"
    )
    hear(program, soc_pct=60.0, capacity_kwh=22.0)
    assert last(program).assumed == ""
    assert last(program).ready_by[0]["charge_from"] is not None
    state = [message for _, message in program.published if isinstance(message, ManagerState)][-1]
    assert state.next_entry is not None
    need_min = (80 - 60) / 100 * 22_000 / (15 * 385 * 0.9) * 60 + 10
    assert minutes_of_charge(last(program)) == pytest.approx(need_min, abs=1)


def test_the_plan_follows_the_charge_but_not_each_tenth_of_it(program: StandIn) -> None:
    hear(program, soc_pct=60.0, capacity_kwh=22.0)
    before = plans(program)
    for soc_pct in (60.5, 61.0, 61.5):
        hear(program, soc_pct=soc_pct, capacity_kwh=22.0)
    assert plans(program) == before
    hear(program, soc_pct=62.0, capacity_kwh=22.0)
    assert plans(program) == before + 1
    hear(program, soc_pct=79.0, capacity_kwh=22.0)
    need_min = 1 / 100 * 22_000 / (15 * 385 * 0.9) * 60 + 10
    assert minutes_of_charge(last(program)) == pytest.approx(need_min, abs=1)


def test_a_car_that_keeps_the_size_of_its_battery_to_itself(program: StandIn) -> None:
    hear(program, soc_pct=60.0, capacity_kwh=None)
    assert last(program).assumed == "The size of the car’s battery is not known: this is planned for 40 kWh."
