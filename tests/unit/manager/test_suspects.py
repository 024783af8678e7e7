"""A stored file with which manager dies again and again is set aside; the appliance is idle until a person chooses."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from v2h.manager.suspects import WITHIN_S, note_death, set_aside

POISON = '{"version": 1, "otherwise": "v2h", "weekly": [{"start": "01:00", "end": "02:00", "mode": "v2h"}]}'
TRAP = """
import v2h.programs.manager as program
import sys

def trap(schedule, wall, car):
    if schedule.weekly:
        raise ZeroDivisionError("a mistake that nobody knows yet")
    yield 1
    return {}

program.schedule_parts = trap
from v2h.energy.clock_trust import Trust
program.ClockSetter.trust = lambda self, wall: Trust(True, "ntp", 1.0)
sys.exit(program.main())
"""
"""manager with a fault in the making of the preview: the file is legal, and each start ends."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("schedule.json", "settings.json", "stopped.json"):
        (tmp_path / name).write_text('{"stopped": false}')
    return tmp_path


def test_the_schedule_is_suspected_first_then_the_settings_and_never_the_stop(folder: Path) -> None:
    for n in range(1, 10):
        note_death(folder, "boot", n * 10.0)
        said = set_aside(folder)
        assert list(said) == {3: ["schedule.json"], 6: ["settings.json"]}.get(n, [])
    assert sorted(path.name for path in folder.glob("s*")) == [
        "schedule.json.bad",
        "settings.json.bad",
        "stopped.json",
    ]


@pytest.mark.parametrize("what", ["changed", "another boot", "long ago"])
def test_deaths_that_do_not_belong_together_are_not_added_up(folder: Path, what: str) -> None:
    for n in range(12):
        if what == "changed":
            (folder / "schedule.json").write_text(f'{{"version": {n}}}')
            (folder / "settings.json").write_text(f'{{"fuse_a": {n}}}')
        note_death(
            folder, f"boot {n}" if what == "another boot" else "boot", n * (WITHIN_S + 1 if what == "long ago" else 1)
        )
        assert set_aside(folder) == {}


def test_a_record_that_nobody_can_read_sets_nothing_aside(folder: Path) -> None:
    (folder / "manager-crashes.json").write_text("[half")
    assert set_aside(folder) == {}
    note_death(folder, "boot", 1.0)
    assert json.loads((folder / "manager-crashes.json").read_text())["schedule.json"]["count"] == 1


@pytest.mark.slow
def test_manager_dies_three_times_and_lives_idle_without_the_file(tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    data.mkdir(), run.mkdir()
    (data / "schedule.json").write_text(POISON)
    path = f"{Path(__file__).resolve().parents[3] / 'app'}"
    env = {**os.environ, "V2H_DATA": str(data), "V2H_RUN": str(run), "V2H_CONFIG": str(tmp_path / "v2h.toml")}
    env |= {"PYTHONPATH": path, "V2H_LOG_STDERR": "1"}
    words = [sys.executable, "-c", TRAP]
    for _ in range(3):
        assert subprocess.run(words, env=env, timeout=30, capture_output=True).returncode == 1
    assert (data / "schedule.json").exists()
    child = subprocess.Popen(words, env=env, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not (data / "stopped.json").exists():
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(2.5)
        assert child.poll() is None, "it lives"
    finally:
        child.terminate()
        child.wait(10)
    assert (data / "schedule.json.bad").read_text() == POISON and not (data / "schedule.json").exists()
    assert json.loads((data / "stopped.json").read_text())["stopped"] is True
