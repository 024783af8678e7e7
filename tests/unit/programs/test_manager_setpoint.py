"""A setpoint of another program that reaches manager: in force at once, and one event of each change, not of each."""

from pathlib import Path
from typing import Any

import pytest

import v2h.programs.manager
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import Command, Event, ManagerState, Reply, Setpoint
from v2h.programs.manager import Manager


def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(v2h.programs.manager, "DATA", folder)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    program.on_stop(Manager(program).stop)  # type: ignore[arg-type]
    program.hear(charger(t=program.now, state="idle", soc_pct=None))
    return program


def asked(program: StandIn, command: str = "setpoint", **values: Any) -> Reply:
    program.hear(Command("ask", "web", values), command)
    return [message for _, message in program.published if isinstance(message, Reply)][-1]


def events(program: StandIn) -> list[str]:
    return [message.code for _, message in program.published if isinstance(message, Event)]


def test_it_is_carried_out_with_the_answer_and_the_log_has_its_begin_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started(tmp_path, monkeypatch)
    before = len(events(program))
    assert asked(program, power_w=1500, lifetime_s=10, by="Predbat").ok
    setpoints = [message for _, message in program.published if isinstance(message, Setpoint)]
    assert setpoints[-1].wanted
    state = [message for _, message in program.published if isinstance(message, ManagerState)][-1]
    assert (state.chosen_by, state.external["by"], state.external["in_force"]) == ("setpoint", "Predbat", True)
    for n in range(20):
        program.run(5)
        assert asked(program, power_w=1500 + n, lifetime_s=10, by="Predbat").ok
    program.run(12)
    assert events(program)[before:] == ["command", "setpoint-over"]


def test_a_refusal_that_is_repeated_is_logged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = started(tmp_path, monkeypatch)
    assert asked(program, "stop").ok
    before = len(events(program))
    for _ in range(20):
        refused = asked(program, power_w=1500, lifetime_s=10, by="Predbat")
        assert not refused.ok and not refused.bad_input and "the owner stopped the charger" in refused.text
        program.run(5)
    assert events(program)[before:] == ["command"]
    assert asked(program, "resume").ok
    assert asked(program, power_w=1500, lifetime_s=10, by="Predbat").ok
