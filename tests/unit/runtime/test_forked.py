"""A forked child ends where it is told to, also when it cannot even say why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[3] / "app"
CHILD = """
import os, sys
from v2h.runtime.forked import leave
def child():
    try:
        {spoil}
        raise ValueError("what went wrong")
    finally:
        leave(3)
pid = os.fork()
if pid == 0:
    child()
_, status = os.waitpid(pid, 0)
print("one process comes here, the child ended with", os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("pass", True),
        ("os.close(2)", False),
        ("sys.stderr = open('/dev/full', 'w')", False),
        ("sys.stderr.close()", False),
    ],
)
def test_a_child_never_goes_on_as_a_second_parent(spoil: str, said: bool) -> None:
    environment = {**os.environ, "PYTHONPATH": str(APP)}
    command = [sys.executable, "-c", CHILD.format(spoil=spoil)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "one process comes here, the child ended with 3\n"
    assert ("what went wrong" in done.stderr) is said
