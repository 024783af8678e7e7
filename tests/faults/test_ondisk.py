"""The stage "tree": the mutants of the shells run from a copy on disk, in separate processes."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.faults import mutants, mutation, ondisk
from tests.faults.mutants import Mutant
from tests.faults.ondisk import CAUGHT, SHELLS
from tests.support.leftovers import children

STANDBY = "safety/shell/backup_guard.py"
KERNEL = re.compile(r"^import (?:socket|os|select|subprocess)$", re.MULTILINE)


def mutant(file: str, old: str, new: str) -> Mutant:
    [made] = [one for one in mutants.all_of(file, mutants.sources()[file]) if (one.old, one.new) == (old, new)]
    return made


def test_the_shells_are_the_modules_that_deal_with_the_kernel() -> None:
    assert {file for file, source in mutants.sources().items() if KERNEL.search(source)} == set(SHELLS)


def test_only_a_mutant_of_a_shell_is_run_in_the_tree() -> None:
    drawn = mutants.draw(mutants.sources(), 400, 1)
    assert {one.file for one in drawn if "tree" in mutation.stages(one)} == set(SHELLS)
    assert {one.file.split("/")[0] for one in drawn if "foreign" in mutation.stages(one)} == {"pre"}


def test_a_broken_shell_is_noticed_in_its_processes_and_the_program_on_disk_stays() -> None:
    line = "if time.monotonic() - asked > SILENCE_S + LATE_S:"
    broken = mutant(STANDBY, line, line.replace(">", "<="))
    before = (mutants.APP / "v2h" / STANDBY).read_bytes()
    verdict = mutation.run(broken.module, broken.source, ["tree"])
    assert (verdict.result, verdict.by) == (CAUGHT, "tree")
    assert verdict.why.startswith("tests/tree/test_standby.py::test_")
    assert (mutants.APP / "v2h" / STANDBY).read_bytes() == before


def test_the_unchanged_shell_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = children().keys()  # pytest's own helpers are children of this process, and continue

    def end_new() -> None:
        while new := children().keys() - before:
            for pid in new:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    monkeypatch.setitem(SHELLS, STANDBY, (ondisk.STANDBY,))
    monkeypatch.setattr(ondisk, "end_children", end_new)
    assert ondisk.noticed(STANDBY, mutants.sources()[STANDBY]) is None


def test_what_a_broken_shell_leaves_running_is_ended() -> None:
    """A child whose own child outlives it, in a separate session."""
    code = """
        import ctypes, subprocess
        from tests.faults import ondisk
        ctypes.CDLL(None).prctl(36, 1)
        subprocess.run(["sh", "-c", "setsid sleep 1000 & echo $!"])
        ondisk.end_children()
    """
    env = {**os.environ, "PYTHONPATH": str(Path(ondisk.ROOT))}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=20, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), signal.SIG_DFL)
