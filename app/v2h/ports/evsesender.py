"""A small child process of `charger` that sends the charger's frames to the car, every 100 ms on its own clock.

`charger` passes the frames to send; the child repeats the last ones at absolute times, SCHED_FIFO above `charger`, 108
before 109 in every cycle and never two generations in one cycle. Frames older than FRESH_S are not repeated, so sending
stops within 0.3 s when `charger` hangs, and at once when it dies (the child sees its end of the socket close). After
each cycle the child reports with one byte whether the bus took all frames. A frame that the bus does not take (the
queue is full, because nobody acknowledges) is dropped, and the next one is tried on the same grid; any other error of
the bus ends the child.

Why a process: `charger` reads two buses, the wire and the broker in one loop, and a busy turn would delay the next
frame. Why not the kernel's broadcast manager: it sends as evenly (measured side by side, see tests/image), but it has a
timer for each frame, re-armed from the moment of sending: the four drift apart, and the new generation of one frame may
be sent in the same cycle as the old generation of another.
Why a fork and not a program: it shares the port (the desk's bus is one connection to the rig) and the interpreter's
memory.
"""

import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import struct
import time
from collections.abc import Iterable

from v2h.ports.can import CanPort, CanPortError
from v2h.runtime.forked import leave
from v2h.runtime.realtime import SENDER_PRIORITY, claim

PERIOD_S = 0.1
"""CHAdeMO: every 100 ms; the vendor's firmware was recorded at 99.99 ms, sd 0.52 ms."""
FRESH_S = 0.25
"""Age from which frames are not repeated: two updates of `charger` may be late, and sending stops within 0.3 s."""
LEAD_S = 0.005
"""An update is read this long before the frames are sent, so that the time for reading does not delay them."""
LATE_S = 0.5
"""A child that has fresh frames and has not sent for this long hangs."""
REFUSED_S = 1.0
"""For this long after the last refused frame the bus counts as refusing frames: it may take and refuse alternately."""
_ALL, _NOT_ALL = b"\x01", b"\x02"

_STAMP = struct.Struct("=d")
_FRAME = struct.Struct("=HB8s")
Messages = list[tuple[int, bytes]]


class SenderError(OSError):
    """The child is gone or hangs."""


def pack(now: float, messages: Iterable[tuple[int, bytes]]) -> bytes:
    """One datagram to the child: monotonic time, then the frames in the order of sending."""
    return _STAMP.pack(now) + b"".join(_FRAME.pack(can_id, len(data), data) for can_id, data in messages)


def unpack(packet: bytes) -> tuple[float, Messages]:
    """The reverse of pack()."""
    frames = _FRAME.iter_unpack(packet[_STAMP.size :])
    return _STAMP.unpack_from(packet)[0], [(can_id, data[:length]) for can_id, length, data in frames]


class EvseSender:
    """The end in `charger`. update() raises SenderError. `port` stays open here for reading; only the child writes."""

    def __init__(self, port: CanPort) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        gc.freeze()  # what exists now is not touched by the child's collector, so its pages stay shared
        self._pid = os.fork()
        if self._pid == 0:
            _child(port, theirs)
        theirs.close()
        self._wire = ours
        self._asked_t: float | None = None
        self._sent_t = self._refused_t = float("-inf")

    def update(self, now: float, messages: Messages) -> None:
        """Send these frames from now on, in this order; none: stop sending. Call every 100 ms while there are any."""
        if messages and self._asked_t is None:
            self._asked_t = now
        elif not messages:
            self._asked_t = None
        try:
            self._hear(now)
            with contextlib.suppress(BlockingIOError):  # the child does not read; LATE_S decides
                self._wire.send(pack(now, messages))
        except OSError as error:
            raise SenderError(error.errno, f"the sender of our frames is gone: {error}") from error
        if self._asked_t is not None and now - max(self._asked_t, self._sent_t) > LATE_S:
            raise SenderError(f"the sender of our frames has not sent for {now - self._sent_t:.1f} s")

    @property
    def speaking(self) -> bool:
        return self._asked_t is not None

    def refused(self, now: float) -> bool:
        """True when the bus does not take all frames, or did not within REFUSED_S; as known at the last update()."""
        return now - self._refused_t < REFUSED_S

    def close(self) -> None:
        """End the child that this object started."""
        self._wire.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _hear(self, now: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while said := self._wire.recv(8):
                self._sent_t = now
                if said == _NOT_ALL:
                    self._refused_t = now


def _child(port: CanPort, wire: socket.socket) -> None:
    """Never returns. It first closes what `charger` has open besides the bus and the wire: `guard` watches for the
    close of its socket."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # charger ends its session in order; needed until then
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        keep = sorted({0, 1, 2, port.fileno(), wire.fileno()})
        for low, high in zip(keep, [*keep[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        gc.disable()
        quiet = logging.getLogger("v2h.evsesender")
        quiet.addHandler(logging.NullHandler())  # charger has logged for itself what is not permitted
        quiet.propagate = False
        claim(SENDER_PRIORITY, quiet)
        _repeat(port, wire)
        code = 0
    finally:
        leave(code)


def _send(port: CanPort, can_id: int, data: bytes) -> bool:
    """False: the bus did not take this frame. Any error except a full queue is raised."""
    try:
        port.send(can_id, data)
    except CanPortError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return False
    return True


def _repeat(port: CanPort, wire: socket.socket) -> None:
    """Repeat the last frames until the wire closes."""
    stamp, messages, due = float("-inf"), Messages(), 0.0
    while True:
        wire.setblocking(not messages)  # nothing to send: wait for an update, not for time
        with contextlib.suppress(BlockingIOError):
            try:
                while packet := wire.recv(1024):
                    stamp, messages = unpack(packet)
                    wire.setblocking(False)
            except ConnectionResetError:  # the parent was killed and had not read our last report
                return
            return
        now = time.monotonic()
        if now - stamp > FRESH_S:
            messages = Messages()
        if not messages:
            continue
        time.sleep(max(0.0, due - time.monotonic()))
        taken = [_send(port, can_id, data) for can_id, data in messages]
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):  # the next recv() shows it
            wire.send(_ALL if all(taken) else _NOT_ALL)
        due += PERIOD_S
        if due <= now:  # late by a whole period, or the first update: stay on the grid, drop the missed slots
            due += ((now - due) // PERIOD_S + 1) * PERIOD_S
        time.sleep(max(0.0, due - LEAD_S - time.monotonic()))
