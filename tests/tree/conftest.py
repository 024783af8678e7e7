"""The running tree of programs that all tests of this directory share."""

import os
from collections.abc import Iterator

import pytest

from tests.support.runningtree import NAMES, Tree
from v2h.rig.desk import desk_tree


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="session")
def tree() -> Iterator[Tree]:
    with desk_tree() as desk:
        running = Tree(desk)
        running.until(lambda: running.alive() == NAMES - {"broker"}, 60, "all programs are on the bus")
        yield running
        pids = [pid for _, pid in running.processes().values()]
    assert len(pids) == len(NAMES)
    assert all(gone(pid) for pid in [*pids, desk.supervisord.pid, desk.rig.pid]), "the desk left a process behind"
    assert desk.supervisord.returncode == 0, "supervisord did not end in order"
