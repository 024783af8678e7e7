"""The process that started this one, supervisord: how guard notices that it dies or is stopped.

A stopped supervisord (SIGSTOP, a debugger) restarts no program, and after a minute the service's watchdog would end the
tree while power flows: guard makes safe before that. This module cannot distinguish a slow supervisord from one that
works; pulse notices a slow one by its missing events.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_STOPPED = (b"T", b"t")
"""proc_pid_stat(5): stopped by a signal, stopped by a tracer."""


def end_with_parent() -> None:
    """Let the kernel send SIGTERM to this process when its parent dies (prctl(2)). systemd would send it too, but
    later, after other processes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def open_process(pid: int) -> int:
    """A descriptor for is_stopped(). It refers to this process even after another process gets the same pid. Raises
    OSError."""
    return os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)


def is_stopped(process: int) -> bool:
    """Whether the process exists and is stopped. The state follows the last ")", because the name in brackets may
    contain any character."""
    try:
        return os.pread(process, 512, 0).rpartition(b") ")[2][:1] in _STOPPED
    except ProcessLookupError:
        return False
