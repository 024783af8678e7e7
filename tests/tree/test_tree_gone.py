"""supervisord is killed while current flows. On the desk nothing runs after it, so the make-safe seen here is that of
`guard`. The board's times, and the stand-alone program after `guard`, are in tests/image and test_guard.py."""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.chargingtree import charging
from tests.support.runningtree import Tree
from v2h.rig.desk import desk_tree
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
