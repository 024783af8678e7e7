"""Prices that are pushed to manager: in force at once, told to all, written once an hour, there after a restart."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import v2h.programs.manager
from tests.support.standin import StandIn
from v2h.bus.messages import Command, Event, ManagerPrices, ManagerSchedule, Reply
from v2h.energy.clock_trust import Trust
from v2h.manager.clock_setter import ClockSetter
from v2h.programs.manager import Manager

HOUR = datetime(2026, 11, 30, 17, tzinfo=UTC)
WALL = HOUR + timedelta(minutes=4)
"""The wall clock of manager at its start."""


def started(folder: Path, monkeypatch: pytest.MonkeyPatch, *, clock: bool = True) -> StandIn:
    monkeypatch.setattr(v2h.programs.manager, "DATA", folder)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    monkeypatch.setattr(v2h.programs.manager, "_wall", lambda: WALL + timedelta(seconds=program.now - 1000))
    monkeypatch.setattr(ClockSetter, "trust", lambda setter, wall: Trust(clock, "ntp" if clock else "none", 1.0))
    program.on_stop(Manager(program).stop)  # type: ignore[arg-type]
    program.run(3)
    return program


def push(program: StandIn, *values: float | None, hours: int = 0, **more: Any) -> Reply:
    start = (HOUR + timedelta(hours=hours)).isoformat()
    series = {"start": start, "step_min": 60, "values": list(values)}
    program.hear(Command("push", "test", {"import": series, **more}), "prices")
    program.run(3)
    return [message for _, message in program.published if isinstance(message, Reply)][-1]


def last(program: StandIn, topic: str) -> Any:
    return [message for name, message in program.published if name == topic][-1]


def test_a_push_is_in_force_at_once_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = started(tmp_path, monkeypatch)
    reply = push(program, 0.1, 0.2)
    assert reply.ok and reply.text.startswith("The prices are in force: import from ")
    told: ManagerPrices = last(program, "v2h/manager/prices/import")
    assert (told.step_min, told.values) == (60, [0.1, 0.2])
    schedule: ManagerSchedule = last(program, "v2h/manager/schedule")
    assert [row["import_price"] for row in schedule.prices] == [0.1, 0.2]
    refused = push(program, 24.5)
    assert refused.bad_input and "the prices before stay. import entry 1: 24.5 is not a number" in refused.text
    assert last(program, "v2h/manager/prices/import") is told
    assert "is that in hundredths" in push(program, 5.0).text


@pytest.mark.slow
def test_one_write_an_hour_and_one_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An automation pushes every five minutes for three hours and a half."""
    program, writes, before = started(tmp_path, monkeypatch), 0, b""
    for n in range(42):
        push(program, 0.1, n / 1000)
        program.run(297)
        content = (tmp_path / "prices.json").read_bytes()
        writes, before = writes + (content != before), content
    assert writes == 4
    push(program, 0.1, 0.9)
    assert b"0.9" not in (tmp_path / "prices.json").read_bytes()
    program.terminate()
    assert b"0.9" in (tmp_path / "prices.json").read_bytes()


def test_the_prices_are_there_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = started(tmp_path, monkeypatch)
    push(program, 0.1, None, 0.2)
    told = last(program, "v2h/manager/prices/import")
    again = started(tmp_path, monkeypatch, clock=False)
    kept = last(again, "v2h/manager/prices/import")
    assert (kept.start, kept.values, kept.pushed) == (told.start, told.values, told.pushed)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"import": 3}', '{"import": {"start": "x", "values": [1], "pushed": "y"}}']
)
def test_a_bad_file_of_prices_is_reported_and_forgotten(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices.json").write_text(content)
    program = started(tmp_path, monkeypatch)
    [event] = [m for _, m in program.published if isinstance(m, Event) and m.code == "prices-bad"]
    assert "prices.json" in event.text and "the weekly prices count" in event.text
    assert push(program, 0.1).ok


def test_without_the_time_of_day_no_price_with_a_date_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = started(tmp_path, monkeypatch, clock=False)
    reply = push(program, 0.1)
    assert not reply.ok and not reply.bad_input and "need the time of day" in reply.text


def test_past_one_offs_are_dropped_when_a_schedule_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """51 announced slots that are over, and one that is not."""
    program = started(tmp_path, monkeypatch)
    times = [HOUR + timedelta(days=1 - n if n == 0 else -n) for n in range(52)]
    slots = [{"start": f"{t:%Y-%m-%dT%H:00}", "end": f"{t:%Y-%m-%dT%H:30}", "mode": "charge"} for t in times]
    program.hear(Command("store", "test", {"schedule": {"version": 1, "overrides": slots}}), "schedule")
    program.run(3)
    schedule: ManagerSchedule = last(program, "v2h/manager/schedule")
    assert schedule.schedule["overrides"] == slots[:1]
    assert json.loads((tmp_path / "schedule.json").read_text())["overrides"] == slots[:1]
    bad = {"version": 1, "overrides": [{"end": "soon"}, 3, *slots]}
    program.hear(Command("bad", "test", {"schedule": bad}), "schedule")
    program.run(1)
    assert "overrides entry 1: start, mode is missing" in last(program, "v2h/reply/bad").text
