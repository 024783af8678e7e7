"""manager makes the plan in money beside its setpoints: when, how often, and what becomes of the orders."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import v2h.manager.planner
import v2h.programs.manager
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import (
    SETPOINT_PERIOD_S,
    Command,
    ConverterLosses,
    HouseLoad,
    ManagerPlan,
    ManagerState,
    MeterReading,
    Reply,
    Setpoint,
)
from v2h.energy.clock_trust import Trust
from v2h.energy.losses import usual
from v2h.energy.plan.making import made
from v2h.manager.clock_setter import ClockSetter
from v2h.manager.planner import OLD_S
from v2h.programs.manager import Manager

UNIT_S = 30e-6
"""What a unit of work takes the board: 1 us of a desk, 30 times."""
WALL = datetime(2026, 11, 30, 17, 4, tzinfo=UTC)
PRICES = [
    {"days": "daily", "start": "00:00", "end": "06:00", "import_price": 0.1, "export_price": 0.0},
    {"days": "daily", "start": "06:00", "end": "24:00", "import_price": 0.5, "export_price": 0.0},
]
HOUSE = HouseLoad(0.0, [[900.0] * 24] * 7, [], 30)
Start = Callable[..., StandIn]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """manager on a slow board: the clock moves on by what each step of a plan takes."""

    def begin(*, plan: bool = True, house: bool = True, **schedule: Any) -> StandIn:
        (tmp_path / "schedule.json").write_text(json.dumps({"version": 1, "prices": PRICES, **schedule}))
        (tmp_path / "settings.json").write_text(json.dumps({"plan": plan}))
        monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
        program = StandIn("manager", monkeypatch, v2h.programs.manager)

        def slow(*given: Any) -> Iterator[int]:
            steps = made(*given)
            while True:
                try:
                    size = next(steps)
                except StopIteration as end:
                    return end.value
                program.now += size * UNIT_S
                yield size

        monkeypatch.setattr(v2h.manager.planner, "made", slow)
        monkeypatch.setattr(v2h.programs.manager, "_wall", lambda: WALL + timedelta(seconds=program.now - 1000))
        monkeypatch.setattr(ClockSetter, "trust", lambda setter, wall: Trust(True, "ntp", 1.0))
        Manager(program)  # type: ignore[arg-type]
        if house:
            program.hear(HOUSE)
        run(program, 12)
        return program

    return begin


def run(program: StandIn, seconds: float, step_s: float = 0.05) -> None:
    def report() -> None:
        program.hear(charger(t=program.now, state="energy", soc_pct=60.0, capacity_kwh=40.0))
        program.hear(MeterReading(program.now, 900.0, 0.5, 0.1, "test"), "grid")

    program.run(seconds, report, step_s=step_s)


def heard(program: StandIn, kind: type[Any]) -> list[Any]:
    return [message for _, message in program.published if isinstance(message, kind)]


def test_it_is_off_until_the_owner_turns_it_on(start: Start) -> None:
    program = start(plan=False)
    assert [(plan.on, plan.acts) for plan in heard(program, ManagerPlan)] == [(False, [])]
    assert heard(program, ManagerState)[-1].chosen_by == "nobody"
    program.hear(Command("on", "test", {"plan": True}), "settings")
    run(program, 150, step_s=0.5)
    plan = heard(program, ManagerPlan)[-1]
    assert plan.on and plan.acts and plan.load_w[0] == 900
    state = heard(program, ManagerState)[-1]
    assert (state.mode, state.chosen_by) == ("v2h", "plan")
    assert "plan: buying at 0.500 costs more than a kWh from the battery" in state.why
    assert heard(program, Setpoint)[-1].wanted
    program.hear(Command("off", "test", {"plan": False}), "settings")
    run(program, 3)
    assert not heard(program, ManagerPlan)[-1].on
    assert heard(program, ManagerState)[-1].chosen_by == "nobody"


@pytest.mark.slow
def test_no_setpoint_is_late_while_a_plan_is_made(start: Start) -> None:
    program = start()
    program.published.clear()
    for n in range(4):
        program.hear(Command(f"ask-{n}", "test", {}), "plan")
        run(program, 12)
    assert len(heard(program, ManagerPlan)) >= 4
    times = [setpoint.t for setpoint in heard(program, Setpoint)]
    assert max(b - a for a, b in pairwise(times)) <= SETPOINT_PERIOD_S * 1.5


def test_a_dry_run_answers_with_the_plan_and_changes_nothing(start: Start) -> None:
    program = start(plan=False)
    program.hear(Command("dry", "test", {}), "plan")
    run(program, 12)
    plan = heard(program, ManagerPlan)[-1]
    assert not plan.on and plan.acts and plan.saved > 0
    kinds = [type(message) for _, message in program.published if isinstance(message, ManagerPlan | Reply)]
    assert kinds[-2:] == [ManagerPlan, Reply] and heard(program, Reply)[-1].id == "dry"
    assert heard(program, ManagerState)[-1].chosen_by == "nobody"


@pytest.mark.slow
def test_it_is_made_again_each_quarter_of_an_hour_and_when_prices_come(start: Start) -> None:
    program = start()
    program.published.clear()
    run(program, 930, step_s=1.0)
    assert 1 <= len(heard(program, ManagerPlan)) <= 2
    program.published.clear()
    start_at = WALL.replace(minute=0, second=0, microsecond=0).isoformat()
    values = {"start": start_at, "step_min": 60, "values": [0.1] * 3}
    program.hear(Command("push", "test", {"import": values}), "prices")
    run(program, 12)
    assert [plan.import_price[0] for plan in heard(program, ManagerPlan)] == [0.1]


def test_the_owner_comes_before_the_plan(start: Start) -> None:
    program = start()
    program.hear(Command("hand", "test", {"mode": "solar"}), "mode")
    run(program, 3)
    assert heard(program, ManagerState)[-1].chosen_by == "owner"
    program.hear(Command("stop", "test", {}), "stop")
    run(program, 20)
    state = heard(program, ManagerState)[-1]
    assert (state.mode, state.stopped_by_owner) == ("idle", True)


def test_an_entry_of_the_schedule_comes_before_the_plan(start: Start) -> None:
    program = start(weekly=[{"days": "daily", "start": "00:00", "end": "24:00", "mode": "solar"}])
    state = heard(program, ManagerState)[-1]
    assert (state.mode, state.chosen_by) == ("solar", "schedule")


@pytest.mark.slow
def test_a_plan_that_cannot_be_made_again_is_not_used_any_more(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    program = start()
    assert heard(program, ManagerState)[-1].chosen_by == "plan"
    monkeypatch.setattr(v2h.manager.planner.Planner, "turn", lambda planner: False)
    run(program, OLD_S + 5, step_s=1.5)
    assert heard(program, ManagerState)[-1].chosen_by == "nobody"


@pytest.mark.slow
def test_without_a_price_the_schedule_decides_and_the_page_is_told_why(start: Start) -> None:
    program = start(prices=[], otherwise="v2h")
    assert heard(program, ManagerPlan)[-1].trouble.id == "plan.no_price"
    assert heard(program, ManagerState)[-1].chosen_by == "schedule"


def test_the_next_plan_is_made_with_the_losses_that_were_learned(start: Start) -> None:
    program = start()
    used = heard(program, ManagerPlan)[-1]
    program.hear(ConverterLosses(0.0, 120.0, 0.1, 0.05, 20, 85.0))
    program.hear_raw(ConverterLosses.TOPIC, b'{"t": 1, "own_w": -5, "share": 0, "full_share": 0, "steps": 1}')
    program.hear(Command("ask", "test", {}), "plan")
    run(program, 12)
    lossy = heard(program, ManagerPlan)[-1]
    covers = next(n for n, act in enumerate(lossy.acts) if act == used.acts[n] == "v2h" and lossy.grid_w[n] == 0)
    assert used.power_w[covers] == pytest.approx(usual().dc_w(-900.0), abs=1)
    assert lossy.power_w[covers] == pytest.approx(usual(120.0, 0.1, 0.05).dc_w(-900.0), abs=1)


def test_a_summary_of_the_house_that_cannot_be_read_costs_nothing(start: Start) -> None:
    program = start()
    program.hear_raw(HouseLoad.TOPIC, b'{"t": 1, "net_w": [[1]], "gross_w": [], "days": 3}')
    run(program, 2)
    assert heard(program, ManagerPlan)[-1].load_w[0] == 900
