"""manager sends its setpoints in time while it computes the preview of the fullest schedule, and publishes it whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import v2h.programs.manager
from tests.support.fullschedule import full
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import SETPOINT_PERIOD_S, Command, ManagerSchedule, Reply, Setpoint
from v2h.energy.schedule_json import schedule_parts
from v2h.programs.manager import PREVIEW_S, SLICE_S, Manager

UNIT_S = 30e-6
"""What a unit of work takes the board: 1 us of a desk, 30 times."""
TURN_S = SETPOINT_PERIOD_S / 5


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """manager with the fullest schedule on a slow board: the clock moves on by what each step of the preview takes."""
    (tmp_path / "schedule.json").write_text(json.dumps(full("w")))
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)

    def slow(*given: Any) -> Iterator[int]:
        steps = schedule_parts(*given)
        while True:
            try:
                size = next(steps)
            except StopIteration as end:
                return end.value
            program.now += size * UNIT_S
            yield size

    monkeypatch.setattr(v2h.programs.manager, "schedule_parts", slow)
    Manager(program)  # type: ignore[arg-type]
    program.hear(Command("ask-1", "test", {"at": datetime.now(UTC).isoformat()}), "clock")
    program.hear(charger(t=program.now, state="energy", soc_pct=60.0, capacity_kwh=22.0))
    program.hear(Command("ask-2", "test", {"mode": "charge"}), "mode")
    run(program, 5)
    return program


def run(program: StandIn, seconds: float, soc_pct: float = 60.0) -> None:
    def report() -> None:
        program.hear(charger(t=program.now, state="energy", soc_pct=soc_pct, capacity_kwh=22.0))

    for _ in range(round(seconds / 0.2)):
        report()
        program.run(0.2, step_s=0.01)


def heard(program: StandIn, kind: type[Any]) -> list[Any]:
    return [message for _, message in program.published if isinstance(message, kind)]


def test_no_setpoint_is_late_while_a_preview_is_computed(program: StandIn) -> None:
    assert heard(program, Setpoint)[-1].wanted
    program.published.clear()
    for soc_pct in (62.0, 64.0, 66.0):
        run(program, 4, soc_pct)
    assert len(heard(program, ManagerSchedule)) >= 3
    times = [setpoint.t for setpoint in heard(program, Setpoint)]
    assert max(b - a for a, b in pairwise(times)) < SETPOINT_PERIOD_S + TURN_S


def test_the_old_preview_stays_until_the_new_one_is_whole_and_a_newer_trigger_begins_again(program: StandIn) -> None:
    [*_, before] = heard(program, ManagerSchedule)
    assert len(before.preview) > 300
    program.published.clear()
    run(program, 0.2, 70.0)
    assert not heard(program, ManagerSchedule), "it is not whole yet"
    run(program, 1.2, 70.0)
    program.hear(Command("ask-3", "test", {"max_charge_a": 5}), "settings")
    assert [reply.id for reply in heard(program, Reply)] == ["ask-3"], "this answer does not wait"
    run(program, 4, 70.0)
    (after,) = heard(program, ManagerSchedule)
    assert after.t > before.t and len(after.preview) > 300
    assert after.ready_by[-1]["charge_from"] < before.ready_by[-1]["charge_from"], "5 A take longer"


def test_the_answer_to_a_new_schedule_comes_with_its_preview(program: StandIn) -> None:
    program.published.clear()
    program.hear(Command("ask-3", "test", {"schedule": {"version": 1, "otherwise": "v2h"}}), "schedule")
    assert not heard(program, Reply)
    run(program, 1)
    told = [m for _, m in program.published if isinstance(m, ManagerSchedule | Reply)]
    assert [type(message) for message in told] == [ManagerSchedule, Reply]
    assert told[0].schedule == {"version": 1, "otherwise": "v2h"} and len(told[0].preview) == 1
    assert told[1].ok and told[1].id == "ask-3"


def test_without_work_the_slices_wake_nobody(program: StandIn) -> None:
    timers = [timer for timer in program._timers if timer.period_s == SLICE_S]
    assert [timer.due > program.now + PREVIEW_S for timer in timers] == [True]
