"""supervisord is killed while current flows. On the desk nothing runs after it, so the make-safe seen here is that of
`guard`. The board's times, and the stand-alone program after `guard`, are in tests/image and test_guard.py."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.chargingtree import charging
from tests.support.runningtree import Tree
from v2h.rig.desk import desk_tree

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def own_tree() -> Iterator[Tree]:
    """A tree that no other test uses, because its supervisord does not come back."""
    with desk_tree() as desk:
        yield Tree(desk)


def test_guard_makes_safe_when_supervisord_is_killed(own_tree: Tree) -> None:
    charging(own_tree)
    before = own_tree.rig()["violation_count"]
    left = [pid for _, pid in own_tree.processes().values()]
    try:
        own_tree.desk.supervisord.kill()
        own_tree.desk.supervisord.wait()
        deadline = time.monotonic() + 15
        while {"c1", "c2", "d1", "d2", "pre-ac"} & set((truth := own_tree.rig())["outputs"]):
            assert time.monotonic() < deadline, truth
            time.sleep(0.1)
        assert truth["violation_count"] == before, truth["violations"]
    finally:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
