"""supervisord is killed while current flows. On the desk nothing runs after it, so the make-safe seen here is that of
`guard`. The board's times, and the stand-alone program after `guard`, are in tests/image and test_guard.py. And a tree
whose desk is killed ends by itself."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chargingtree import charging
from tests.support.runningtree import NAMES, Tree
from tests.support.supervised import processes
from v2h.rig.desk import STOP_S, desk_tree
from v2h.safety.outputs import CONTACTORS, Output

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def own_tree() -> Iterator[Tree]:
    """A tree that no other test uses, because its supervisord does not come back."""
    with desk_tree() as desk:
        yield Tree(desk)


def opened_t(tree: Tree) -> float:
    """The monotonic time at which c1 and c2 were last switched off, from the rig's record."""
    tree.set_rig("record=write")
    rows = json.loads((tree.desk.run / "rig-record.json").read_text())
    closed = [t for t, _, _, outputs, _ in rows if Output(outputs) & CONTACTORS]
    return next(t for t, *_ in rows if t > closed[-1])


def test_guard_makes_safe_when_supervisord_is_killed(own_tree: Tree) -> None:
    """Its second would do the same, but only after the end of `guard`: the contactors are open before that."""
    charging(own_tree)
    before = own_tree.rig()["violation_count"]
    programs = own_tree.processes()
    left = [pid for _, pid in programs.values()]
    guard = os.pidfd_open(programs["guard"][1])
    try:
        own_tree.desk.supervisord.kill()
        own_tree.desk.supervisord.wait()
        assert select.select([guard], [], [], 15)[0], "guard ends"
        guard_ended_t = time.monotonic()
        deadline = time.monotonic() + 15
        while {"c1", "c2", "d1", "d2", "pre-ac"} & set((truth := own_tree.rig())["outputs"]):
            assert time.monotonic() < deadline, truth
            time.sleep(0.1)
        assert truth["violation_count"] == before, truth["violations"]
        assert opened_t(own_tree) < guard_ended_t
    finally:
        os.close(guard)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


DESK = """
import os, sys
from v2h.rig.desk import desk_tree
with desk_tree() as desk:
    print(desk.rig.pid, desk.supervisord.pid, desk.supervisor_socket, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def short_path() -> Iterator[str]:
    """For a desk that cannot delete its directory. The path of a socket has 107 characters at most, and pytest's own
    folder takes too many of them."""
    path = tempfile.mkdtemp(prefix="v2h-")
    yield path
    shutil.rmtree(path)


def test_a_tree_whose_desk_was_killed_ends_by_itself(short_path: str) -> None:
    """A killed test or benchmark would leave a tree that takes CPU time from all later ones."""
    env = {**os.environ, "TMPDIR": short_path}
    with subprocess.Popen(
        [sys.executable, "-c", DESK], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as desk:
        assert desk.stdout is not None
        rig, supervisord, socket = desk.stdout.readline().split()
        pids = [int(rig), int(supervisord), *(pid for _, pid in processes(Path(socket)).values())]
        assert len(pids) == len(NAMES) + 2
        ends = {pid: os.pidfd_open(pid) for pid in pids}
        desk.kill()
    try:
        for pid, end in ends.items():
            assert select.select([end], [], [], STOP_S)[0], pid
    finally:
        for end in ends.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(end, signal.SIGKILL)
            os.close(end)
