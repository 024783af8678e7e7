"""A small part of the campaign in every test run, and proof that its own tools work. All of it: `make faults`."""

import re
import threading
import time
from pathlib import Path

import pytest

from tests.faults import defects, scenarios, sessions, snapshots
from tests.faults.faults import BY_NAME, FAULTS
from tests.faults.seeding import Defect
from tests.faults.snapshots import Snapshot
from tests.support.safetypage import PAGE
from v2h.bus.states import State

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def taken() -> list[Snapshot]:
    return snapshots.take()


@pytest.fixture(scope="module")
def starts() -> list[sessions.Start]:
    return sessions.starts()


def test_there_is_a_moment_in_every_state(taken: list[Snapshot]) -> None:
    assert {snapshot.state for snapshot in taken} == set(State)


def test_without_a_fault_every_plan_is_carried_out(taken: list[Snapshot]) -> None:
    assert scenarios.broken([scenarios.run(snapshot, BY_NAME["none"]) for snapshot in taken[::4]]) == []


@pytest.mark.parametrize("part", range(4))
def test_some_scenarios_of_every_state(taken: list[Snapshot], part: int) -> None:
    jobs = [(snapshot, fault) for snapshot in taken for fault in FAULTS][part * 13 :: 4 * 61]
    assert scenarios.broken([scenarios.run(snapshot, fault) for snapshot, fault in jobs]) == []


@pytest.mark.parametrize("how", ["ADC zero", "ADC stuck", "ADC drift", "ADC drift down"])
def test_a_sensor_that_lies_unlocks_nothing(taken: list[Snapshot], how: str) -> None:
    states = (State.LOCK, State.INSULATION, State.BLEED, State.MATCH, State.READY)
    outcomes = [scenarios.run(snapshot, BY_NAME[how]) for snapshot in taken if snapshot.state in states]
    assert scenarios.broken(outcomes) == []


@pytest.mark.parametrize("fault", ["PRE silent", "PRE does not stop", "converter's bus off"])
def test_a_silent_converter_is_cut_off_in_time_after_k(taken: list[Snapshot], fault: str) -> None:
    outcomes = [scenarios.run(snapshot, BY_NAME[fault]) for snapshot in taken if snapshot.state is State.ENERGY]
    assert scenarios.broken(outcomes) == []


def test_contactors_close_on_equal_volts_although_guard_is_slow(taken: list[Snapshot]) -> None:
    states = (State.HANDSHAKE, State.CAR_CONTACTORS, State.MATCH)
    slow = BY_NAME["guard 0.15 s slow"]
    assert scenarios.broken([scenarios.run(snapshot, slow) for snapshot in taken if snapshot.state in states]) == []


@pytest.mark.parametrize("first", [1, 101, 201])
def test_random_sessions(starts: list[sessions.Start], first: int) -> None:
    assert scenarios.broken([sessions.run_seed(seed, starts) for seed in range(first, first + 40)]) == []


def test_a_seed_is_a_session(starts: list[sessions.Start]) -> None:
    once, again = (sessions.run_seed(7, starts, trace=True) for _ in range(2))
    assert once == again
    assert len(once.trace) > 10


def test_a_broken_session_is_shortened(starts: list[sessions.Start], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(board: object, value: object) -> None:
        board.judge.fail(board, "planted", "by the test")  # type: ignore[attr-defined]

    monkeypatch.setitem(sessions.DO, "power", breaks)
    _, steps, outcome = sessions.shrink(11, starts)
    assert [step.what for step in steps] == ["power"]
    assert outcome.broken[0].rule == "planted"


def test_a_sensor_that_died_before_charger_started_again_unlocks_nothing_soon(starts: list[sessions.Start]) -> None:
    """The new charger has never seen it alive: SAFETY.md allows it to be believed after 120 s, and not before."""
    steps = [
        sessions.Step(0.0, "energy"),
        sessions.Step(1.0, "fault", "ADC zero"),
        sessions.Step(0.3, "charger"),
        sessions.Step(10.0, "end"),
    ]
    ready = [start for start in starts if start.state is State.READY and "assumed" not in start.name]
    outcomes = [sessions.run(start.name, start, steps) for start in ready[:6]]
    assert scenarios.broken(outcomes) == [] and all(outcome.flowed for outcome in outcomes)


def test_the_clock_is_watched(taken: list[Snapshot]) -> None:
    board = taken[0].load()
    board.clock_jumps = True
    with scenarios.watched_clock(board):
        time.monotonic()
    assert [found.rule for found in board.judge.broken] == ["no clock is read"]


def test_another_threads_clock_is_not_judged(taken: list[Snapshot]) -> None:
    """A server that another test left running reads the clock too, and must get the true time."""
    board = taken[0].load()
    board.clock_jumps = True
    before_s, read_s = time.monotonic(), []
    with scenarios.watched_clock(board):
        other = threading.Thread(target=lambda: read_s.append(time.monotonic()))
        other.start()
        other.join()
    assert board.judge.broken == []
    assert before_s <= read_s[0] < before_s + 60.0


@pytest.mark.parametrize("defect", defects.DEFECTS, ids=lambda defect: defect.name)
def test_each_defect_finds_its_place(defect: Defect) -> None:
    compile(defect.seeded(), defect.file, "exec")
    assert set(defect.aims) <= set(BY_NAME)


def test_there_are_30_defects_in_session_guard_and_client() -> None:
    assert len(defects.DEFECTS) >= 30
    assert {defect.file.split("/")[0] for defect in defects.DEFECTS} == {"chademo", "pre", "safety"}


@pytest.mark.parametrize("name", [defect.name for defect in defects.DEFECTS])
def test_every_seeded_defect_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'app'}:{ROOT}")
    monkeypatch.chdir(ROOT)
    assert defects.run_one(name)[1]


def test_every_fault_and_defect_that_the_safety_page_names_exists() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r'[Cc]ampaign "([^"]+)"', page):
        beginning = re.escape(name).replace(r"\.\.\.", ".*")
        assert any(re.match(beginning, fault) for fault in BY_NAME), name
    for name in re.findall(r'campaign defect "(\w+)"', page):
        assert name in defects.BY_NAME
