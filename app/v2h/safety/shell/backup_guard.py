"""guard's second: a sleeping child process that makes safe when guard dies or hangs while a live output is on.

A new guard needs the start of an interpreter, which takes seconds on this board, and the kernel holds the contactors
meanwhile. The second is forked with everything loaded. It sleeps on a pipe; at each of its acts, guard writes into the
pipe whether a live output is on, and since when it has commanded 0 A, if it has. The end of the pipe means that guard
is gone. SILENCE_S without a message while live means that guard hangs: the second kills it first, because only one
process may control the outputs. Then the second makes safe as systemd's program does, but from the time at which guard
began, and ends; the new guard that supervisor starts forks another second.
"""

import contextlib
import gc
import logging
import math
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from v2h.runtime.forked import leave
from v2h.runtime.realtime import GUARD_PRIORITY, claim

SILENCE_S = 0.3
SAY_S = 0.08
"""The shortest time between two equal messages. While a live output is on, guard acts at each request of charger, every
0.1 s, and sends a message each time."""
LATE_S = 0.05
"""When the second wakes later than this after its own deadline, the second itself did not run, and guard gets another
SILENCE_S."""
_MESSAGE = struct.Struct("=?dd")
"""A live output is on; the time of the message; the time since which guard commands 0 A (infinity: it does not)."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the second has to do. live: a live output was on at guard's last message. hangs: guard lives but is silent.
    since_t: when guard began to command 0 A; None: it had not, or its last message is too old to tell."""

    live: bool
    hangs: bool
    since_t: float | None


class BackupGuard:
    """guard's end of the pipe. say() does not raise when the second is stopped or gone; when the second is gone, it
    starts another."""

    def __init__(self, make_safe: Callable[[float | None], int], log: logging.Logger) -> None:
        self._make_safe, self._log = make_safe, log
        self._said, self._said_t = (False, math.inf), -math.inf
        self._start()

    def say(self, now: float, live: bool, since_t: float | None) -> None:
        """Call it at each act of guard. live: whether a live output is on or wanted on. since_t: the time since which
        guard commands 0 A; None: it does not."""
        words = live, math.inf if since_t is None else since_t
        if words != self._said or (live and now >= self._said_t + SAY_S):
            self._said, self._said_t = words, now
            try:
                os.write(self._pipe, _MESSAGE.pack(live, now, words[1]))
            except BlockingIOError:
                pass  # the second is stopped; it will find that its last message is old
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


def _child(pipe: int, guard: int, make_safe: Callable[[float | None], int], log: logging.Logger) -> None:
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
        need = wait_for_need(pipe)
        if need.hangs:
            log.critical("guard is silent for %.1f s with live outputs: killed", SILENCE_S)
            with contextlib.suppress(ProcessLookupError):
                os.kill(guard, signal.SIGKILL)
        code = make_safe(need.since_t) if need.live else 0
    finally:
        leave(code)


def wait_for_need(pipe: int) -> Need:
    """Wait until guard is gone or hangs."""
    live, said_t, since_t = False, -math.inf, math.inf
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while True:
        asked = time.monotonic()
        if not poll.poll(SILENCE_S * 1000 if live else None):
            if time.monotonic() - asked > SILENCE_S + LATE_S:
                continue
            return Need(True, True, _known(said_t, since_t, SILENCE_S + LATE_S))
        words = os.read(pipe, _MESSAGE.size * 128)
        if not words:
            return Need(live, False, _known(said_t, since_t))
        live, said_t, since_t = _MESSAGE.unpack(words[-_MESSAGE.size :])


def _known(said_t: float, since_t: float, silent_s: float = 0.0) -> float | None:
    """since_t when the message of said_t is the last that guard wanted to send; else None. The pipe of a second that
    was stopped may be full, and then guard's later messages are lost."""
    fresh = time.monotonic() - said_t < silent_s + SILENCE_S
    return since_t if fresh and since_t < math.inf else None
