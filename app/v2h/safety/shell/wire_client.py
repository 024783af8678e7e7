"""charger's end of the safety wire. It never blocks, and never raises when guard is gone: it reconnects, and reports
the age of its last report.

The age of a report counts from the moment at which the request that it answers was sent, not from its arrival: a
charger that was stopped and goes on finds old reports in its socket, and must not take them for new ones.
"""

import math
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from v2h.safety.wire import SILENCE_S, Report, Request, WireError, pack_request, unpack_report

RETRY_S = 0.1
REMEMBERED = 16
PACKET = 64


class Loop(Protocol):
    """What the link needs from its program: a call when something arrives."""

    def watch(self, readable: socket.socket, action: Callable[[float], None]) -> None: ...
    def unwatch(self, fileno: int) -> None: ...


class WireClient:
    """Call poll(now) at every turn of the loop, and directly before a decision that depends on guard's state.

    on_report(now, report) is called for each report as it arrives: a K edge or a trip does not wait for the next
    poll. latest is None until the first answer and whenever the wire is down.
    """

    def __init__(self, path: Path, loop: Loop, on_report: Callable[[float, Report], None] | None = None) -> None:
        self._path, self._loop, self._on_report = path, loop, on_report
        self._socket: socket.socket | None = None
        self._next_try = -math.inf
        self._sequence = 0
        self._sent: OrderedDict[int, float] = OrderedDict()
        self._unanswered_t = math.inf
        self._asked_t = -math.inf
        self.latest: Report | None = None

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def age_s(self, now: float) -> float:
        """Age of `latest` in seconds, from the sending of the request that it answers; infinite without one."""
        return now - self._asked_t if self.latest is not None else math.inf

    def lost(self, now: float) -> bool:
        """Whether guard counts as gone: no report is younger than 300 ms. Then charger orders 0 A from the
        converter."""
        return self.age_s(now) > SILENCE_S

    def poll(self, now: float) -> None:
        """Connect when due, read what has arrived, and drop the connection when guard has not answered for 300 ms."""
        if self._socket is None:
            if now >= self._next_try:
                self._connect(now)
            return
        self._read(now)
        if now - self._unanswered_t > SILENCE_S:
            self._drop(now)

    def send(self, now: float, request: Request) -> bool:
        """Send a request (its sequence is set here); False when guard is not connected or does not read."""
        if self._socket is None:
            return False
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        try:
            self._socket.send(pack_request(replace(request, sequence=self._sequence)))
        except BlockingIOError:
            return False  # guard does not read; poll() drops the connection in time
        except OSError:
            self._drop(now)
            return False
        self._sent[self._sequence] = now
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        self._unanswered_t = min(self._unanswered_t, now)
        return True

    def close(self) -> None:
        """charger ends; guard makes safe if a live output is on."""
        if self._socket is not None:
            self._drop(math.inf)

    def _connect(self, now: float) -> None:
        self._next_try = now + RETRY_S
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            link.connect(str(self._path))
        except OSError:
            link.close()
            return
        self._socket = link
        self._loop.watch(link, self._read)

    def _read(self, now: float) -> None:
        while self._socket is not None:
            try:
                packet = self._socket.recv(PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._drop(now)
                return
            try:
                report = unpack_report(packet)
            except (WireError, ValueError):  # another version, or a state that this charger does not know
                self._drop(now)
                return
            self._take(now, report)

    def _take(self, now: float, report: Report) -> None:
        asked_t = self._sent.get(report.sequence)
        if asked_t is None:
            return  # it answers no request that we remember: too old
        while self._sent and next(iter(self._sent)) != report.sequence:
            self._sent.popitem(last=False)
        self._unanswered_t = min((t for s, t in self._sent.items() if s != report.sequence), default=math.inf)
        self._asked_t, self.latest = asked_t, report
        if self._on_report is not None:
            self._on_report(now, report)

    def _drop(self, now: float) -> None:
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
        self._socket, self.latest = None, None
        self._next_try = now + RETRY_S
        self._sent.clear()
        self._unanswered_t, self._asked_t = math.inf, -math.inf
