"""The common part of every program: filter of sockets, config, log, bus, beat, timers, SIGTERM -> safe stop.

One thread, one loop: `select` over sockets and timers. A program registers what it reads and how often it acts, then
runs. An unknown exception ends the loop: it is logged with its traceback, the `at_exit` function makes the program
safe, the exit code is 1, and supervisor restarts the program.
"""

import contextlib
import logging
import logging.handlers
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from v2h.bus.client import BusClient
from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.config.site import Config
from v2h.runtime.confine import confine
from v2h.runtime.newest import has_run_newer
from v2h.runtime.paths import BEAT_SOCKET, RUN, SITE_EDITS
from v2h.runtime.pollable import HasFileno

BEAT_S = 1.0
"""Time between two beats to pulse."""
BUS_CARE_S = 0.5
"""Time between two calls for keep-alive and reconnecting."""
STOPPING_S = 0.05
"""Longest wait between two questions whether the program may end, after it was asked to stop."""
SLACK_S = 0.2
"""A call that is not urgent may be this late, so that it can share a wake with another call: a wake costs more than the
work done in it."""


class Timer:
    """A repeating call. Its owner may set `due` to an earlier time: the loop checks it at every turn."""

    def __init__(self, period_s: float, slack_s: float, action: Callable[[float], None], now: float) -> None:
        self.period_s, self.slack_s, self.action, self.due = period_s, slack_s, action, now


class Program:
    """A supervised program. Use: make one, register, `sys.exit(program.run())`.

    beat_s: time between two beats to pulse.
    """

    def __init__(self, name: str, *, beat_s: float = BEAT_S) -> None:
        self.name = name
        self.log = _logger(name)
        confine(name, self.log)  # before any input is read and any thread starts
        self.config: Config = load(config_paths(), read_edits(SITE_EDITS), newer=has_run_newer())
        for error in self.config.errors:
            self.log.error("configuration: %s", error)
        self.stopping = False
        self._timers: list[Timer] = []
        self._readers: dict[int, tuple[HasFileno, Callable[[float], None]]] = {}
        self._stop: Callable[[float], bool] = lambda now: True
        self._exit: Callable[[], None] = lambda: None
        self._last_said: dict[str, str] = {}
        self._beat = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        self._epoll = select.epoll()
        self._epoll.register(self._wake_r.fileno(), select.EPOLLIN)
        self._looked_t = time.monotonic()
        self._bus_socket: HasFileno | None = None
        self._bus_fd: int | None = None
        self._bus_writes = False
        self.every(beat_s, self._send_beat, slack_s=SLACK_S)
        self.bus: BusClient = BusClient(name, RUN, self.log)
        self.every(BUS_CARE_S, self.bus.maintain, slack_s=SLACK_S)

    def every(self, period_s: float, action: Callable[[float], None], *, slack_s: float = 0.0) -> Timer:
        """Call action(now) each period, on an absolute grid; a missed slot is skipped and not repeated.

        slack_s: for this timer alone the program is woken only when the call is this late; in any other wake the call
        is made as soon as it is due."""
        timer = Timer(period_s, slack_s, action, time.monotonic())
        self._timers.append(timer)
        return timer

    def watch(self, readable: HasFileno, action: Callable[[float], None]) -> None:
        """Call action(now) whenever `readable` has something to read."""
        self.unwatch(readable.fileno())
        self._readers[readable.fileno()] = (readable, action)
        self._epoll.register(readable.fileno(), select.EPOLLIN)

    def unwatch(self, fileno: int) -> None:
        """Stop watching. Call it before or after closing the file; a number that is not watched is ignored."""
        if self._readers.pop(fileno, None) is not None:
            with contextlib.suppress(OSError):  # closed: the kernel has removed it already
                self._epoll.unregister(fileno)

    def is_news(self, about: str, text: str) -> bool:
        """Whether `text` differs from the last one about the same thing, so that a lasting state is logged once. ""
        means that nothing is wrong, and is the initial state."""
        if self._last_said.get(about, "") == text:
            return False
        self._last_said[about] = text
        return True

    def on_stop(self, done: Callable[[float], bool]) -> None:
        """After SIGTERM call done(now) at every turn until it returns True; then the program ends with 0."""
        self._stop = done

    def at_exit(self, go_safe: Callable[[], None]) -> None:
        """go_safe() is called once on every way out, also after an unknown exception."""
        self._exit = go_safe

    def run(self) -> int:
        """Run the loop; return the exit code."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.set_wakeup_fd(self._wake_w.fileno(), warn_on_full_buffer=False)
        self.log.info("started, pid %d", os.getpid())
        try:
            while not (self.stopping and self._stop(time.monotonic())):
                self._turn()
        except Exception:  # the outermost loop: log it, go safe, let supervisor restart
            self.log.critical("unknown error", exc_info=True)
            return 1
        finally:
            self._exit()
            self.bus.close()
        self.log.info("stopped")
        return 0

    def _turn(self) -> None:
        due = math.inf
        for timer in self._timers:
            if timer.due + timer.slack_s < due:
                due = timer.due + timer.slack_s
        wait_s = min(due - self._looked_t, STOPPING_S) if self.stopping else due - self._looked_t
        self._follow_bus()
        wake_fd = self._wake_r.fileno()
        # Rounded up to the poll's millisecond: a timer that is slightly late is better than a wake without work.
        for fd, mask in self._epoll.poll(math.ceil(wait_s * 1000) / 1000 if wait_s > 0 else 0):
            if fd == wake_fd:
                self._wake_r.recv(64)
            elif fd == self._bus_fd:
                if mask & ~select.EPOLLOUT:
                    self.bus.read()
                if mask & select.EPOLLOUT:
                    self.bus.write()
            elif fd in self._readers:
                self._readers[fd][1](time.monotonic())
        now = time.monotonic()  # read rarely: without a counter that the kernel can map, each read is slow
        for timer in self._timers:
            if now >= timer.due:
                timer.due += timer.period_s
                if timer.due <= now:  # late by a whole period: keep the grid, drop the missed slots
                    timer.due += ((now - timer.due) // timer.period_s + 1) * timer.period_s
                timer.action(now)
                now = time.monotonic()
        self._looked_t = now

    def _follow_bus(self) -> None:
        """Register the broker's present socket with the poll: it changes at each connect, and it is polled for writing
        only while it has something to send."""
        bus_socket, writes = self.bus.socket(), self.bus.wants_write()
        if bus_socket is self._bus_socket and writes is self._bus_writes:
            return
        if self._bus_fd is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(self._bus_fd)
        self._bus_fd = None if bus_socket is None else bus_socket.fileno()
        if self._bus_fd is not None:
            self._epoll.register(self._bus_fd, select.EPOLLIN | (select.EPOLLOUT if writes else 0))
        self._bus_socket, self._bus_writes = bus_socket, writes

    def _send_beat(self, now: float) -> None:
        with contextlib.suppress(OSError):  # pulse is not up (yet); it notices missing programs by itself
            self._beat.sendto(f"{self.name} {os.getpid()}".encode(), str(BEAT_SOCKET))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True


def _logger(name: str) -> logging.Logger:
    """A logger with its own name: v2h-NAME in the journal, plain stderr on the desk."""
    log = logging.getLogger(f"v2h.{name}")
    log.setLevel(logging.INFO)
    log.propagate = False
    if not log.handlers:
        handler: logging.Handler
        if Path("/dev/log").exists() and not os.environ.get("V2H_LOG_STDERR"):
            handler = logging.handlers.SysLogHandler("/dev/log")
            handler.setFormatter(logging.Formatter(f"v2h-{name}[{os.getpid()}]: %(message)s"))
        else:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter(f"%(asctime)s {name} %(levelname)s %(message)s"))
        log.addHandler(handler)
    return log
