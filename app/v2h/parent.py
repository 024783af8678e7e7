"""The process that started this one, supervisord: what guard does when it dies or is stopped.

Stopped (SIGSTOP, a debugger) it starts nothing again, and after a minute the service's watchdog would end the tree
under load: guard makes safe before. One that is only slow cannot be told from one that works, here; pulse knows it by
its events.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_STOPPED = (b"T", b"t")
"""proc_pid_stat(5): stopped by a signal, by a tracer."""


def end_with_parent() -> None:
    """SIGTERM for this process when its parent dies (prctl(2)); systemd would say it too, some processes later."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def open_process(pid: int) -> int:
    """A descriptor for is_stopped(); it stays with this process, whoever gets its number later. Raises OSError."""
    return os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)


def is_stopped(process: int) -> bool:
    """Whether it exists and is stopped; the state stands behind the name, which may hold any character."""
    try:
        return os.pread(process, 512, 0).rpartition(b") ")[2][:1] in _STOPPED
    except ProcessLookupError:
        return False
