"""The frame every program stands in: config, log, bus, beat, timers, SIGTERM -> safe stop.

One thread, one loop: `select` over sockets and timers. A program registers what it reads and how often it acts, then
runs. Unknown exceptions end the loop: logged with traceback, `at_exit` goes safe, exit 1, and supervisor restarts.
"""

import contextlib
import logging
import logging.handlers
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from v2h.busclient import BusClient
from v2h.config import Config, config_paths, load
from v2h.paths import BEAT_SOCKET, RUN

BEAT_S = 0.5
"""Beat to pulse; guard must be missed within 2 s."""


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Timer:
    """A repeating call. `due` may be set earlier by its owner: the loop looks at it every turn."""

    def __init__(self, period_s: float, action: Callable[[float], None], now: float) -> None:
        self.period_s, self.action, self.due = period_s, action, now


class Program:
    """A supervised program. Use: make one, register, `sys.exit(program.run())`.

    with_bus: connect to the broker (guard's loop has none of it in its way when False).
    """

    def __init__(self, name: str, *, with_bus: bool = True) -> None:
        self.name = name
        self.log = _logger(name)
        self.config: Config = load(config_paths())
        for error in self.config.errors:
            self.log.error("configuration: %s", error)
        self.stopping = False
        self._timers: list[Timer] = []
        self._readers: dict[int, tuple[HasFileno, Callable[[float], None]]] = {}
        self._stop: Callable[[float], bool] = lambda now: True
        self._exit: Callable[[], None] = lambda: None
        self._beat = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        self.every(BEAT_S, self._send_beat)
        self.bus: BusClient = BusClient(name, RUN, self.log)
        if with_bus:
            self.every(0.2, self.bus.maintain)

    def every(self, period_s: float, action: Callable[[float], None]) -> Timer:
        """Call action(now) each period, on an absolute grid; a missed slot is skipped, not made up."""
        timer = Timer(period_s, action, time.monotonic())
        self._timers.append(timer)
        return timer

    def watch(self, readable: HasFileno, action: Callable[[float], None]) -> None:
        """Call action(now) whenever `readable` has something."""
        self._readers[readable.fileno()] = (readable, action)

    def unwatch(self, fileno: int) -> None:
        self._readers.pop(fileno, None)

    def on_stop(self, done: Callable[[float], bool]) -> None:
        """After SIGTERM call done(now) every loop until it returns True; then the program ends with 0."""
        self._stop = done

    def at_exit(self, go_safe: Callable[[], None]) -> None:
        """Called once on every way out, also after an unknown exception."""
        self._exit = go_safe

    def run(self) -> int:
        """The loop; returns the exit code."""
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
        now = time.monotonic()
        wait_s = max(0.0, min(timer.due for timer in self._timers) - now)
        if self.stopping:
            wait_s = min(wait_s, 0.05)
        bus_fd = self.bus.fileno()
        want_r: list[int] = [*self._readers, self._wake_r.fileno()]
        want_w: list[int] = []
        if bus_fd is not None:
            want_r.append(bus_fd)
            if self.bus.wants_write():
                want_w.append(bus_fd)
        readable, writable, _ = select.select(want_r, want_w, [], wait_s)
        now = time.monotonic()
        for fd in readable:
            if fd == self._wake_r.fileno():
                self._wake_r.recv(64)
            elif fd == bus_fd:
                self.bus.read()
            elif fd in self._readers:
                self._readers[fd][1](now)
        if writable:
            self.bus.write()
        for timer in self._timers:
            now = time.monotonic()
            if now >= timer.due:
                timer.due += timer.period_s
                if timer.due <= now:  # late by a whole period: keep the grid, drop the missed slots
                    timer.due += ((now - timer.due) // timer.period_s + 1) * timer.period_s
                timer.action(now)

    def _send_beat(self, now: float) -> None:
        with contextlib.suppress(OSError):  # pulse is not up (yet); it notices by itself who is missing
            self._beat.sendto(f"{self.name} {os.getpid()}".encode(), str(BEAT_SOCKET))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True


def _logger(name: str) -> logging.Logger:
    """A logger with its own identity: v2h-NAME in the journal, plain stderr on the desk."""
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
