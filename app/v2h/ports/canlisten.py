"""Listening to a CAN bus cheaply, for the black box: frames in batches, with the kernel's time stamps, never sending.

On SocketCAN one system call (recvmmsg) brings up to BATCH frames and their time stamps into memory laid out
beforehand; nothing is done, and no object made, for a single frame. Python's own socket module knows neither
recvmmsg nor that time stamp, hence ctypes; the numbers are from linux/can.h, linux/socket.h and asm-generic/socket.h.
On the desk, where the buses are python-can's serial framing over loopback TCP, the bytes are split by hand.
"""

import ctypes
import os
import socket
import struct
import time
from typing import Protocol
from urllib.parse import urlsplit

from v2h.ports.url import PortUrlError, split

BATCH = 128
FRAME_BYTES = 16
"""struct can_frame: identifier with flags (4), length, three spare bytes, data (8)."""
ROOM_BYTES = 1 << 20
"""Asked of the kernel for the socket's queue (it grants what rmem_max allows): a second of traffic at least."""
_SO_TIMESTAMPNS = 64  # the one with 64-bit seconds on every machine
_MSG_DONTWAIT = 0x40


class Sink(Protocol):
    """What takes the frames: `frames` are count struct can_frames, seconds and nanos their wall-clock times."""

    def add(self, bus: int, count: int, frames: memoryview, seconds: memoryview, nanos: memoryview) -> None: ...


class CanListener(Protocol):
    """One bus, heard. drain() hands over what has come since the last call; raises OSError when the bus is gone."""

    def drain(self, sink: Sink) -> None: ...
    def close(self) -> None: ...


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):  # struct msghdr
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Iovec)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):  # struct mmsghdr
    _fields_ = (("header", _Header), ("received", ctypes.c_uint))


_HEAD_WORDS = (ctypes.sizeof(ctypes.c_size_t) + 8) // 4
"""struct cmsghdr in 32-bit words: its size, level and type; the time stamp (two 64-bit numbers) follows."""
_CONTROL_WORDS = _HEAD_WORDS + 4


class KernelListener:
    """A datagram socket that brings one struct can_frame a packet. Takes the socket over."""

    def __init__(self, source: socket.socket, bus: int) -> None:
        self._socket, self._bus = source, bus
        source.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._receive = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._frames = bytearray(FRAME_BYTES * BATCH)
        self._controls = bytearray(4 * _CONTROL_WORDS * BATCH)
        frames_at = ctypes.addressof((ctypes.c_char * len(self._frames)).from_buffer(self._frames))
        controls_at = ctypes.addressof((ctypes.c_char * len(self._controls)).from_buffer(self._controls))
        self._vectors = (_Iovec * BATCH)(*(_Iovec(frames_at + FRAME_BYTES * n, FRAME_BYTES) for n in range(BATCH)))
        self._messages = (_Message * BATCH)()
        for n, message in enumerate(self._messages):
            header = message.header
            header.vectors, header.vector_count = ctypes.pointer(self._vectors[n]), 1
            header.control, header.control_size = controls_at + 4 * _CONTROL_WORDS * n, 4 * _CONTROL_WORDS
        self._fresh = bytes(self._messages)  # the kernel writes into these; each batch begins with them as they were
        words = memoryview(self._controls).cast("I")
        low = 0 if struct.pack("=H", 1)[0] else 1  # the half of a 64-bit number that holds what fits into 32
        self._seconds = words[_HEAD_WORDS + low :: _CONTROL_WORDS]
        self._nanos = words[_HEAD_WORDS + 2 + low :: _CONTROL_WORDS]

    def drain(self, sink: Sink) -> None:
        count = BATCH
        while count == BATCH:
            ctypes.memmove(self._messages, self._fresh, len(self._fresh))
            count = self._receive(self._socket.fileno(), self._messages, BATCH, _MSG_DONTWAIT, None)
            if count < 0:
                error = ctypes.get_errno()
                if error in (socket.EAGAIN, socket.EWOULDBLOCK):
                    return
                raise OSError(error, os.strerror(error))
            if count:
                sink.add(self._bus, count, memoryview(self._frames), self._seconds, self._nanos)

    def close(self) -> None:
        self._socket.close()


_SERIAL = struct.Struct("<BIBI")  # start, time stamp (ms), data length, identifier; then data and an end byte
_START, _END = 0xAA, 0xBB
_CAN = struct.Struct("=IB3x8s")


class DeskListener:
    """The desk's hub over loopback TCP. Frames bear its milliseconds, or else the time at which they were read."""

    def __init__(self, host: str, port: int, bus: int) -> None:
        self._bus = bus
        self._socket = socket.create_connection((host, port), timeout=1.0)
        self._socket.setblocking(False)
        self._waiting = bytearray()

    def drain(self, sink: Sink) -> None:
        try:
            while data := self._socket.recv(65536):
                self._waiting += data
            raise ConnectionResetError("the hub has gone")
        except BlockingIOError:
            pass
        now_ms, wall_ns = time.monotonic_ns() // 1_000_000, time.time_ns()
        frames, times = bytearray(), []
        for stamp_ms, can_id, data in self._split():
            age_ms = (now_ms - stamp_ms) & 0xFFFF_FFFF if stamp_ms else 0
            frames += _CAN.pack(can_id, len(data), data)
            times.append(divmod(wall_ns - age_ms * 1_000_000, 1_000_000_000))
        if times:
            seconds, nanos = (memoryview(bytearray(4 * len(times))).cast("I") for _ in range(2))
            for n, (second, nano) in enumerate(times):
                seconds[n], nanos[n] = second, nano
            sink.add(self._bus, len(times), memoryview(frames), seconds, nanos)

    def _split(self) -> list[tuple[int, int, bytes]]:
        """Whole frames out of what is waiting; what does not begin like one is skipped byte by byte."""
        found, at, waiting = [], 0, self._waiting
        while at + _SERIAL.size < len(waiting):
            start, stamp_ms, length, can_id = _SERIAL.unpack_from(waiting, at)
            end = at + _SERIAL.size + length
            if start != _START or length > 8:
                at += 1
                continue
            if end >= len(waiting):
                break
            if waiting[end] == _END:
                found.append((stamp_ms, can_id & 0x7FF, bytes(waiting[at + _SERIAL.size : end])))
                at = end + 1
            else:
                at += 1
        del waiting[:at]
        return found

    def close(self) -> None:
        self._socket.close()


def open_listener(url: str, bus: int) -> CanListener:
    """Open `can:socketcan/can1` or the desk's `can:serial/socket://HOST:PORT`. Raises OSError, PortUrlError."""
    _, rest = split(url, "can")
    interface, _, channel = rest.partition("/")
    if interface == "serial":
        place = urlsplit(channel)
        if place.scheme == "socket" and place.hostname and place.port:
            return DeskListener(place.hostname, place.port, bus)
    if interface != "socketcan":
        raise PortUrlError(f"port {url!r} cannot be listened to; write can:socketcan/can{bus}")
    raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    try:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
        raw.bind((channel,))
        return KernelListener(raw, bus)
    except OSError:
        raw.close()
        raise
