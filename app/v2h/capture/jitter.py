"""How regularly frames come: our own 0x108 and three other ways to send every 100 ms, on one machine at the same time.

The vendor's firmware was recorded at 99.99 ms, sd 0.52 ms, between 96.1 and 103.9 ms. The three others send on a
separate bus (a vcan): `plain`, a Python loop that sleeps until absolute times; `fifo`, the same with SCHED_FIFO and
locked memory; `bcm`, the kernel's broadcast manager. The times are the kernel's, taken at reception.
"""

import logging
import os
import signal
import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from v2h.ports.can import PLAIN_MASK, pack_frame
from v2h.runtime.realtime import SENDER_PRIORITY, claim

PERIOD_S = 0.1
VENDOR_MS = (96.1, 103.9)
OURS = 0x108
_SO_TIMESTAMPNS = 35  # linux: asm-generic/socket.h; Python 3.13 has no name for it
_TIMESPEC = struct.Struct("@ll")
_FILTER = struct.Struct("=II")
_BCM_HEAD = struct.Struct("@IIIllllII")  # struct bcm_msg_head: opcode flags count ival1 ival2 can_id nframes
_TX_SETUP, _SETTIMER, _STARTTIMER = 1, 0x0001, 0x0002
_DATA = bytes(8)


@dataclass(frozen=True, slots=True)
class Spread:
    """The number of frames; mean and standard deviation of the time between them in ms; share inside VENDOR_MS in %."""

    frames: int
    mean_ms: float
    sd_ms: float
    inside_pct: float


def spread(times_s: Sequence[float]) -> Spread:
    """The spread of at least three arrival times, s. Raises ValueError for fewer."""
    if len(times_s) < 3:
        raise ValueError(f"{len(times_s)} frames are too few to tell a spacing")
    gaps_ms = [(after - before) * 1000 for before, after in pairwise(times_s)]
    inside = sum(VENDOR_MS[0] <= gap <= VENDOR_MS[1] for gap in gaps_ms)
    return Spread(
        len(times_s),
        round(statistics.fmean(gaps_ms), 3),
        round(statistics.stdev(gaps_ms), 3),
        round(100 * inside / len(gaps_ms), 2),
    )


def listen(wanted: Mapping[str, Iterable[int]], seconds: float) -> dict[tuple[str, int], list[float]]:
    """Receive `wanted` (interface -> ids) for `seconds`; return (interface, id) -> kernel times, s. Raises OSError."""
    heard: dict[tuple[str, int], list[float]] = {(name, i): [] for name, ids in wanted.items() for i in ids}
    sockets = {}
    for name, ids in wanted.items():
        sock = socket.socket(socket.AF_CAN, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.CAN_RAW)
        filters = b"".join(_FILTER.pack(i, PLAIN_MASK) for i in ids)
        sock.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, filters)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.bind((name,))
        sockets[name] = sock
    end = time.monotonic() + seconds
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(left_s, 0.5))  # the kernel keeps the times, so we need not wake for each frame
        for name, sock in sockets.items():
            for can_id, at in _drain(sock):
                heard[name, can_id].append(at)
    for sock in sockets.values():
        sock.close()
    return heard


def _drain(sock: socket.socket) -> Iterable[tuple[int, float]]:
    while True:
        try:
            data, ancillary, _, _ = sock.recvmsg(16, socket.CMSG_SPACE(_TIMESPEC.size))
        except BlockingIOError:
            return
        seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
        yield struct.unpack_from("=I", data)[0], seconds + nanoseconds * 1e-9


def _absolute_loop(interface: str, can_id: int) -> None:
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.bind((interface,))
        frame, due = pack_frame(can_id, _DATA), time.monotonic()
        while True:
            sock.send(frame)
            due += PERIOD_S
            time.sleep(max(0.0, due - time.monotonic()))


def _fifo_loop(interface: str, can_id: int) -> None:
    if not claim(SENDER_PRIORITY, logging.getLogger("v2h.capture.jitter")):
        raise PermissionError("SCHED_FIFO or locked memory is not permitted here: run as root")
    _absolute_loop(interface, can_id)


def _broadcast_manager(interface: str, can_id: int) -> None:
    with socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM) as sock:
        sock.connect((interface,))
        flags, microseconds = _SETTIMER | _STARTTIMER, round(PERIOD_S * 1e6)
        head = _BCM_HEAD.pack(_TX_SETUP, flags, 0, 0, 0, 0, microseconds, can_id, 1)
        sock.send(head.ljust((len(head) + 7) & ~7, b"\0") + pack_frame(can_id, _DATA))
        signal.pause()


SENDERS: dict[str, tuple[int, Callable[[str, int], None]]] = {
    "plain": (0x701, _absolute_loop),
    "fifo": (0x702, _fifo_loop),
    "bcm": (0x703, _broadcast_manager),
}


def compare(car: str | None, other: str, seconds: float) -> dict[str, Spread | None]:
    """Run the three senders on `other`; receive there and, for the frames of `charger`, on `car`. A result is None if
    fewer than three frames came.

    Raises OSError when an interface is absent.
    """
    wanted: dict[str, Iterable[int]] = {other: [can_id for can_id, _ in SENDERS.values()]}
    if car is not None:
        wanted[car] = [OURS]
    children = []
    try:
        for can_id, send in SENDERS.values():
            pid = os.fork()
            if pid == 0:
                try:
                    send(other, can_id)
                finally:
                    os._exit(1)
            children.append(pid)
            time.sleep(PERIOD_S / 4)  # separate start times, as they would be on different machines
        heard = listen(wanted, seconds)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    result = {name: _spread_or_none(heard[other, can_id]) for name, (can_id, _) in SENDERS.items()}
    if car is not None:
        result["ours"] = _spread_or_none(heard[car, OURS])
    return result


def _spread_or_none(times_s: list[float]) -> Spread | None:
    return spread(times_s) if len(times_s) > 2 else None
