"""The state of the programs as a running supervisord reports it, with retries."""

import contextlib
import time
from pathlib import Path

from v2h.runtime.supervisor_rpc import SupervisorError, states

ANSWER_S = 10.0
"""supervisord answers within 1 s, unless its machine is busy with something else."""


def processes(socket: Path) -> dict[str, tuple[str, int]]:
    """(state, pid) of every program. Asks a busy supervisord again; empty when it did not answer at all."""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        with contextlib.suppress(SupervisorError):
            return states(socket)
        time.sleep(0.1)
    return {}
