"""scripts/test: every part runs even if an earlier one failed, and the failed ones are named last."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STUB = """#!/bin/sh
echo "${0##*/} $*" >>"$RAN"
case "${0##*/} $*" in $FAILS) exit 1 ;; esac
"""


def run(folder: Path, *words: str, fails: str = "nothing") -> tuple[int, list[str], list[str]]:
    """(exit code, lines printed, commands run) in a checkout whose tools do nothing. `fails`: a shell pattern of the
    commands that fail."""
    gets = ("scripts/get-hass", "scripts/get-iso15118", "scripts/get-promtool")
    for name in (".venv/bin/pytest", ".venv/bin/python", "scripts/lint", "scripts/bench", "bin/make", *gets):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(STUB)
        (folder / name).chmod(0o755)
    shutil.copy(ROOT / "scripts" / "test", folder / "scripts")
    for name, text in {
        "tests/hass/requirements.lock": "homeassistant==2026.11.0 \\\n",
        "build/hass.why": "no root",
        "build/iso15118.why": "no index",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    ran = folder / "ran"
    ran.touch()
    env = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "RAN": str(ran), "FAILS": fails}
    command = [str(folder / "scripts" / "test"), *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines(), ran.read_text().splitlines()


def test_all_parts_run_and_the_sum_is_good(tmp_path: Path) -> None:
    code, said, ran = run(tmp_path)
    assert code == 0
    assert [line.split()[0] for line in ran] == [
        "lint", "get-promtool", "pytest", "get-iso15118", "pytest", "pytest", "get-hass", "pytest",
    ]  # fmt: skip
    assert {folder for line in ran for folder in re.findall(r"tests/\w+", line)} == {
        *(f"tests/{name}" for name in ("unit", "session", "faults", "fuzz", "tree", "independent_car", "web", "hass"))
    }
    assert {"independent car: it ran", "Home Assistant 2026.11.0: it ran"} < set(said[-7:])
    last = [line for line in said[-7:] if not line.endswith(": it ran")]
    assert len(last) == 5 and all(re.search(r": passed after \d+\.\d min$", line) for line in last)


def test_the_sum_says_when_home_assistant_did_not_run_and_why(tmp_path: Path) -> None:
    code, said, ran = run(tmp_path, fails="get-hass*")
    assert code == 0
    assert "Home Assistant: NOT RUN, no root" in said[-6:]
    assert ran[-1] == "pytest tests/hass", "its tests are skipped by themselves"


@pytest.mark.parametrize(
    ("words", "tests"),
    [
        ((), "pytest -n 3 --dist loadgroup --no-loadscope-reorder -m not long tests/tree tests/independent_car"),
        (("--long",), "pytest -s tests/independent_car"),
    ],
)
def test_the_sum_says_when_the_independent_car_did_not_run_and_why(
    tmp_path: Path, words: tuple[str, ...], tests: str
) -> None:
    code, said, ran = run(tmp_path, *words, fails="get-iso15118*")
    assert code == 0
    assert "independent car: NOT RUN, no index" in said
    assert ran[ran.index("get-iso15118 ") + 1] == tests, "its tests are skipped by themselves"


@pytest.mark.parametrize(
    ("fails", "named"),
    [
        ("lint*", ["lint"]),
        ("pytest*tests/unit*", ["unit, session, faults, fuzz"]),
        ("*", ["lint", "unit, session, faults, fuzz", "tree", "web", "home assistant"]),
    ],
)
def test_what_failed_is_named_last_and_the_rest_ran(tmp_path: Path, fails: str, named: list[str]) -> None:
    code, said, ran = run(tmp_path, fails=fails)
    assert code == 1
    assert len(ran) == 8, "an early failure ends nothing"
    last = said[-7:]
    assert [line.split(":")[0] for line in last if ": FAILED after" in line] == named
    assert all(": FAILED after" in line for line in said[-len(named) :])


def test_quick_leaves_the_slow_ones_out(tmp_path: Path) -> None:
    code, _, ran = run(tmp_path, "--quick")
    assert code == 0
    assert ran == ["lint --style", "lint --types", "pytest -n auto -p no:schemathesis -m not slow tests/unit"]


def test_what_is_too_long_for_ci_is_run_by_its_own_targets(tmp_path: Path) -> None:
    _, _, ran = run(tmp_path, "--long")
    asked = {line.split()[1] for line in ran if line.startswith("make ")}
    assert asked == {"faults", "fuzz", "powercuts"}
    assert "bench month" in ran and "make faults MUTANTS=200" in ran
    assert "pytest -s tests/unit/energy/test_lag.py" in ran
    boards = {path.name for path in (ROOT / "tests/image").glob("test_guest_*.py") if "AT_LENGTH" in path.read_text()}
    assert boards <= set(re.findall(r"image/(test_guest_\w+\.py)", "\n".join(ran))) and len(boards) > 5
    assert "pytest -s tests/image/test_u_boot.py" in ran
    assert ran[ran.index("get-iso15118 ") + 1] == "pytest -s tests/independent_car"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert asked < targets and {"quick", "test", "long"} < targets


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "--fast") == (2, ["test: unknown argument --fast; see --help"], [])


def test_without_an_environment_it_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "test", tmp_path / "scripts")
    done = subprocess.run([tmp_path / "scripts" / "test"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "test: there is no .venv yet; run scripts/setup\n")
