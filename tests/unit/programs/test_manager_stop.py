"""The owner's stop through manager in virtual time: a stop that cannot be written at once is written later."""

import json
from pathlib import Path

import pytest

import v2h.programs.manager
from tests.support.messages import charger
from tests.support.standin import StandIn
from v2h.bus.messages import Command, Reply
from v2h.programs.manager import Manager


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    Manager(program)  # type: ignore[arg-type]
    program.run(5)
    return program


def say(program: StandIn, name: str) -> Reply:
    program.hear(Command("ask-1", "test"), name)
    return [message for _, message in program.published if isinstance(message, Reply)][-1]


def test_a_stop_that_the_card_refused_is_written_when_it_can_be(
    program: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, mode: int = 0o644) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.runtime.atomic_file.write_text", full)
        for _ in range(2):
            answer = say(program, "stop")
            assert answer.ok and "could not be written to the card (No space left on device)" in answer.text
            program.run(20)
    assert not (tmp_path / "stopped.json").exists()
    program.run(11)
    assert json.loads((tmp_path / "stopped.json").read_text())["stopped"] is True
    assert say(program, "stop").text == "Stopped; stays stopped until you start something."


def test_a_stop_that_nobody_can_read_becomes_one_that_everybody_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    (tmp_path / "stopped.json").write_text("{half")
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    Manager(program)  # type: ignore[arg-type]
    program.run(2)
    assert json.loads((tmp_path / "stopped.json").read_text())["stopped"] is True
    assert "stop-bad" in [code for code, _ in program.events()]
    assert say(program, "resume").ok
    assert json.loads((tmp_path / "stopped.json").read_text())["stopped"] is False


def test_a_charge_that_had_nothing_to_do_leaves_the_stop_in_the_file_too(program: StandIn, tmp_path: Path) -> None:
    assert say(program, "stop").ok
    program.hear(charger(t=program.now, state="idle", soc_pct=None))
    program.hear(Command("ask-2", "test", {"mode": "charge", "soc_limit_pct": 50}), "mode")
    assert json.loads((tmp_path / "stopped.json").read_text())["stopped"] is False
    program.run(1)
    program.hear(charger(t=program.now, soc_pct=62.0))
    program.run(11)
    assert json.loads((tmp_path / "stopped.json").read_text())["stopped"] is True
    assert "Nothing to do: the car has 62 % already, 50 % are asked for." in [text for _, text in program.events()]
