"""guard's second: a sleeping child process that makes safe when guard dies or hangs while something live is on.

A new guard takes an interpreter's start, seconds on this board, and the kernel holds the contactors meanwhile. The
second is forked with everything loaded: it sleeps on a pipe into which guard says, whenever it acts, whether something
live is on. The pipe's end means that guard is gone; SILENCE_S without a word while live, that guard hangs: then it is
killed first, for two owners of the outputs are one too many. What follows is make-safe as systemd runs it, and the end
of this process; supervisor's new guard starts another second.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable

from v2h.realtime import GUARD_PRIORITY, claim

SILENCE_S = 0.3
SAY_S = 0.08
"""guard acts every 0.1 s while something live is on, at charger's words, and says so each time."""
LATE_S = 0.05
"""Woken later than this after its own deadline, the second has slept itself, and guard gets another SILENCE_S."""
LIVE, RESTS = b"L", b"R"


class Standby:
    """guard's end of it. say() never raises; a second that is gone is started again."""

    def __init__(self, make_safe: Callable[[], int], log: logging.Logger) -> None:
        self._make_safe, self._log = make_safe, log
        self._live, self._said_t = False, float("-inf")
        self._start()

    def say(self, now: float, live: bool) -> None:
        """Whenever guard has acted: whether anything live is on or wanted on."""
        if live is not self._live or (live and now >= self._said_t + SAY_S):
            self._live, self._said_t = live, now
            try:
                os.write(self._pipe, LIVE if live else RESTS)
            except BlockingIOError:
                pass  # it is stopped; the pipe is full of words that say the same
            except BrokenPipeError:
                self._log.warning("guard's second is gone; starting another")
                self.close()
                self._start()

    def close(self) -> None:
        """The end of guard: what the second does now depends on the last word."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, os.WNOHANG)

    def _start(self) -> None:
        reader, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        guard = os.getpid()
        gc.freeze()  # what exists now is not touched by the child's collector, so its pages stay shared
        self._pid = os.fork()
        if self._pid == 0:
            _child(reader, guard, self._make_safe, self._log)
        os.close(reader)


def _child(pipe: int, guard: int, make_safe: Callable[[], int], log: logging.Logger) -> None:
    """Never returns. Everything of guard's but the pipe is closed: on the desk a relay shall drop with its owner."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the pipe tells when it is time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.closerange(3, pipe)
        os.closerange(pipe + 1, os.sysconf("SC_OPEN_MAX"))
        for handler in log.handlers:
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
        if code:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)


def wait_for_need(pipe: int) -> tuple[bool, bool]:
    """(something live was on when guard's words ended, guard hangs): returns when either is known."""
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
