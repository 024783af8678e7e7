"""guard's second: a sleeping child process that makes safe when guard dies or hangs while a live output is on.

A new guard needs the start of an interpreter, which takes seconds on this board, and the kernel holds the contactors
meanwhile. The second is forked with everything loaded. It sleeps on a pipe; at each of its acts, guard writes into the
pipe whether a live output is on. The end of the pipe means that guard is gone. SILENCE_S without a message while live
means that guard hangs: the second kills it first, because only one process may control the outputs. Then the second
makes safe as systemd's program does, and ends; the new guard that supervisor starts forks another second.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable

from v2h.runtime.forked import leave
from v2h.runtime.realtime import GUARD_PRIORITY, claim

SILENCE_S = 0.3
SAY_S = 0.08
"""The shortest time between two equal messages. While a live output is on, guard acts at each request of charger, every
0.1 s, and sends a message each time."""
LATE_S = 0.05
"""When the second wakes later than this after its own deadline, the second itself did not run, and guard gets another
SILENCE_S."""
LIVE, RESTS = b"L", b"R"


class BackupGuard:
    """guard's end of the pipe. say() does not raise when the second is stopped or gone; when the second is gone, it
    starts another."""

    def __init__(self, make_safe: Callable[[], int], log: logging.Logger) -> None:
        self._make_safe, self._log = make_safe, log
        self._live, self._said_t = False, float("-inf")
        self._start()

    def say(self, now: float, live: bool) -> None:
        """Call it at each act of guard. live: whether a live output is on or wanted on."""
        if live is not self._live or (live and now >= self._said_t + SAY_S):
            self._live, self._said_t = live, now
            try:
                os.write(self._pipe, LIVE if live else RESTS)
            except BlockingIOError:
                pass  # the second is stopped; the pipe is full of equal messages
            except BrokenPipeError:
                self._log.warning("guard's second is gone; starting another")
                self.close()
                self._start()

    def close(self) -> None:
        """guard ends. The second makes safe if the last message said that a live output was on."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, os.WNOHANG)

    def _start(self) -> None:
        reader, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        guard = os.getpid()
        gc.freeze()  # the child's collector does not touch what exists now, so its pages stay shared
        self._pid = os.fork()
        if self._pid == 0:
            _child(reader, guard, self._make_safe, self._log)
        os.close(reader)


def _child(pipe: int, guard: int, make_safe: Callable[[], int], log: logging.Logger) -> None:
    """Never returns. Closes all files of guard but the pipe: on the desk a relay drops when its owner's file closes."""
    code = 1
    try:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # only the pipe decides when it ends
        signal.set_wakeup_fd(-1)
        os.closerange(3, pipe)
        os.closerange(pipe + 1, os.sysconf("SC_OPEN_MAX"))
        for handler in list(log.handlers):
            log.removeHandler(handler)  # their sockets are closed
        log.addHandler(logging.StreamHandler(sys.stderr))
        claim(GUARD_PRIORITY, log)
        live, hangs = wait_for_need(pipe)
        if hangs:
            log.critical("guard is silent for %.1f s with live outputs: killed", SILENCE_S)
            with contextlib.suppress(ProcessLookupError):
                os.kill(guard, signal.SIGKILL)
        code = make_safe() if live else 0
    finally:
        leave(code)


def wait_for_need(pipe: int) -> tuple[bool, bool]:
    """Wait until guard is gone or hangs; return (a live output was on at guard's last message, guard hangs)."""
    live = False
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while True:
        asked = time.monotonic()
        if not poll.poll(SILENCE_S * 1000 if live else None):
            if time.monotonic() - asked > SILENCE_S + LATE_S:
                continue
            return True, True
        words = os.read(pipe, 4096)
        if not words:
            return live, False
        live = words[-1:] == LIVE
