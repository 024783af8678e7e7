"""Our frames to the car, every 100 ms on a clock of their own: a small child process of charger.

charger hands over the frames it wants sent; the child repeats the last ones at absolute times, SCHED_FIFO above
charger, 108 before 109 in every cycle and never two generations in one cycle. Words older than FRESH_S are not
repeated, so a hung charger is silent within 0.3 s; a dead one at once (the child sees its end of the socket close).

Why a process: charger reads two buses, the wire and the broker in one loop, and a busy turn would move the next frame.
Why not the kernel's broadcast manager: it sends as evenly (measured side by side, see tests/image), but it has a timer
for each frame, re-armed from the moment of sending: the four drift apart, and an update of one may meet the old
generation of another in the same cycle.
Why a fork and not a program: it shares the port (the desk's bus is one TCP stream) and the interpreter's memory.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Iterable

from v2h.ports.can import CanPort
from v2h.realtime import SENDER_PRIORITY, claim

PERIOD_S = 0.1
"""CHAdeMO: every 100 ms; the vendor's firmware was recorded at 99.99 ms, sd 0.52 ms."""
FRESH_S = 0.25
"""Age at which frames are not repeated: two updates of charger's may be late, and silence comes within 0.3 s."""
LEAD_S = 0.005
"""Words are read so long before the frames leave: what reading takes does not move them."""
LATE_S = 0.5
"""The child has not sent for so long though it had fresh frames: it hangs."""

_STAMP = struct.Struct("=d")
_FRAME = struct.Struct("=HB8s")
Messages = list[tuple[int, bytes]]


class SenderError(OSError):
    """The child is gone or hangs."""


def pack(now: float, messages: Iterable[tuple[int, bytes]]) -> bytes:
    """One datagram to the child: monotonic time, then the frames in the order of sending."""
    return _STAMP.pack(now) + b"".join(_FRAME.pack(can_id, len(data), data) for can_id, data in messages)


def unpack(packet: bytes) -> tuple[float, Messages]:
    """The other way."""
    frames = _FRAME.iter_unpack(packet[_STAMP.size :])
    return _STAMP.unpack_from(packet)[0], [(can_id, data[:length]) for can_id, length, data in frames]


class EvseSender:
    """charger's end. Raises SenderError from update(). `port` stays open here for reading; only the child writes."""

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
        self._sent_t = float("-inf")

    def update(self, now: float, messages: Messages) -> None:
        """From now on these, in this order; none: silence. Call every 100 ms while there are any."""
        if messages and self._asked_t is None:
            self._asked_t = now
        elif not messages:
            self._asked_t = None
        try:
            self._hear(now)
            with contextlib.suppress(BlockingIOError):  # it does not read; LATE_S decides
                self._wire.send(pack(now, messages))
        except OSError as error:
            raise SenderError(error.errno, f"the sender of our frames is gone: {error}") from error
        if self._asked_t is not None and now - max(self._asked_t, self._sent_t) > LATE_S:
            raise SenderError(f"the sender of our frames has not sent for {now - self._sent_t:.1f} s")

    @property
    def speaking(self) -> bool:
        return self._asked_t is not None

    def close(self) -> None:
        """End the child that this object started."""
        self._wire.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _hear(self, now: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wire.recv(8):
                self._sent_t = now


def _child(port: CanPort, wire: socket.socket) -> None:
    """Never returns: what charger has besides the bus and the wire is closed first (guard watches for that)."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # charger ends its session in order and needs us until then
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        keep = sorted({0, 1, 2, port.fileno(), wire.fileno()})
        for low, high in zip(keep, [*keep[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        gc.disable()
        quiet = logging.getLogger("v2h.evsesender")
        quiet.addHandler(logging.NullHandler())  # what is not permitted here charger has logged for itself
        quiet.propagate = False
        claim(SENDER_PRIORITY, quiet)
        _repeat(port, wire)
        code = 0
    finally:
        if code:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)


def _repeat(port: CanPort, wire: socket.socket) -> None:
    """Until the wire closes."""
    stamp, messages, due = float("-inf"), Messages(), 0.0
    while True:
        wire.setblocking(not messages)  # nothing to say: wait for words, not for time
        with contextlib.suppress(BlockingIOError):
            while packet := wire.recv(1024):
                stamp, messages = unpack(packet)
                wire.setblocking(False)
            return
        now = time.monotonic()
        if now - stamp > FRESH_S:
            messages = Messages()
        if not messages:
            continue
        time.sleep(max(0.0, due - time.monotonic()))
        for can_id, data in messages:
            port.send(can_id, data)
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            wire.send(b"\x01")
        due += PERIOD_S
        if due <= now:  # late by a whole period, or the first words: stay on the grid, drop the missed slots
            due += ((now - due) // PERIOD_S + 1) * PERIOD_S
        time.sleep(max(0.0, due - LEAD_S - time.monotonic()))
