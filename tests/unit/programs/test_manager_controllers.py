"""Other controllers through manager: the owner comes first, and a repeated order does not fill the log."""

from pathlib import Path
from typing import Any

import pytest

import v2h.programs.manager
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import Command, ManagerState, Reply
from v2h.programs.manager import Manager


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    Manager(program)  # type: ignore[arg-type]
    program.hear(charger(t=program.now, state="idle", soc_pct=60.0))
    program.run(2)
    return program


def ask(program: StandIn, name: str, **values: Any) -> Reply:
    program.hear(Command("ask-1", "gateway", values), name)
    program.run(1)
    return [message for _, message in program.published if isinstance(message, Reply)][-1]


def state(program: StandIn) -> ManagerState:
    return [message for _, message in program.published if isinstance(message, ManagerState)][-1]


def test_the_owners_hand_and_the_owners_stop_come_first(program: StandIn) -> None:
    evcc = {"mode": "charge", "lifetime_s": 60, "by": "evcc"}
    assert ask(program, "mode", **evcc).ok and state(program).by == "evcc"
    assert ask(program, "mode", mode="solar").ok and state(program).by == ""
    refused = ask(program, "mode", **evcc)
    assert not refused.ok and not refused.bad_input
    assert "the owner’s hand comes first" in refused.text
    assert ask(program, "stop").ok
    refused = ask(program, "mode", **evcc)
    assert "only the owner can start something" in refused.text
    assert ask(program, "mode", mode="v2h", by="Home Assistant").ok, "without a lifetime it is the owner's own hand"


def test_a_mode_that_is_prolonged_is_written_down_once(program: StandIn) -> None:
    for amps in (10, 10, 10, 12):
        assert ask(program, "mode", mode="charge", amps=amps, lifetime_s=90, by="EMS").ok
        program.run(30)
    assert len([text for code, text in program.events() if code == "command"]) == 2
    program.run(65)
    assert state(program).by == "" and "mode-ended" in [code for code, _ in program.events()]


def test_a_repeated_order_is_answered_and_written_down_once(program: StandIn) -> None:
    ask(program, "mode", mode="v2h")
    for _ in range(10):
        assert ask(program, "slot", slot="hold", lifetime_s=90, by="evcc").ok
        program.run(30)
    texts = [text for code, text in program.events() if code == "command" and "slot" in text]
    assert len(texts) == 1
    later = ask(program, "slot", slot="charge", lifetime_s=90, by="Predbat")
    assert later.ok and later.applied["slot"] == "charge"
    waits = ask(program, "slot", slot="hold", lifetime_s=90, by="evcc")
    assert "Another controller’s newer order is in force" in waits.text
    assert ask(program, "slot", slot="none", by="Predbat").ok
    assert state(program).by == "evcc"


OLDER = {
    "mode": {"mode": "charge", "amps": 8, "lifetime_s": 90, "by": "EMHASS"},
    "slot": {"slot": "charge", "amps": 8, "lifetime_s": 90, "by": "EMHASS"},
    "setpoint": {"power_w": 2000, "lifetime_s": 90, "by": "EMHASS"},
}
NEWER = {
    "mode": {"mode": "discharge", "lifetime_s": 90, "by": "Predbat"},
    "slot": {"slot": "discharge", "lifetime_s": 90, "by": "Predbat"},
    "setpoint": {"power_w": -2000, "lifetime_s": 90, "by": "Predbat"},
}


@pytest.mark.slow
@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("newer", NEWER)
def test_two_controllers_that_fight_fill_no_log_and_the_older_one_is_told(
    program: StandIn, older: str, newer: str
) -> None:
    assert ask(program, older, **OLDER[older]).ok and state(program).by == "EMHASS"
    for _ in range(20):
        first = ask(program, newer, **NEWER[newer])
        assert first.ok and "Another controller" not in first.text and "no effect" not in first.text
        later = ask(program, older, **OLDER[older])
        assert later.ok and "Another controller’s newer order is in force" in later.text
        assert state(program).by == "Predbat"
        program.run(20)
    assert len([text for code, text in program.events() if code == "command"]) == 2
    ends = {"slot": "none"} if newer == "slot" else {"power_w": None}
    if newer != "mode":
        assert ask(program, newer, **ends, by="Predbat").ok
    program.run(100 if newer == "mode" else 1)
    assert state(program).by == ("" if newer == "mode" else "EMHASS")


def test_the_owner_is_told_apart_from_another_controller(program: StandIn) -> None:
    ask(program, "mode", mode="charge", amps=6)
    assert "because the owner chose otherwise" in ask(program, "slot", **OLDER["slot"]).text
