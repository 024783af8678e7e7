"""Receive CAN frames for the black box with little CPU time: in batches, with the kernel's time stamps. Never sends.

On SocketCAN one system call (recvmmsg) writes up to BATCH frames and their time stamps into memory that was allocated
before; no code runs, and no object is created, for a single frame. Python's socket module has neither recvmmsg nor this
time stamp, so ctypes is used; the numbers are from linux/can.h, linux/socket.h and asm-generic/socket.h.
The rig's hub on the desk is read by the same calls.
"""

import ctypes
import os
import socket
import struct
from typing import Protocol

from v2h.ports.can import hub_socket, split_can
from v2h.ports.url import PortUrlError
from v2h.runtime.confine import RECEIVE_ONLY

BATCH = 128
FRAME_BYTES = 16
"""struct can_frame: identifier with flags (4), length, three spare bytes, data (8)."""
ROOM_BYTES = 1 << 20
"""Size of the socket's queue that we request from the kernel (it grants what rmem_max allows): at least a second of
traffic."""
_SO_TIMESTAMPNS = 64  # the time stamp with 64-bit seconds on every machine
_MSG_DONTWAIT = 0x40


class Sink(Protocol):
    """Receives the frames: `frames` holds `count` struct can_frame, seconds and nanos their wall-clock times."""

    def add(self, bus: int, count: int, frames: memoryview, seconds: memoryview, nanos: memoryview) -> None: ...


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


class CanListener:
    """Reads one bus from a socket with one struct can_frame per packet. Takes over the socket; `held`: it stays open
    after close(), because this program cannot open another one."""

    def __init__(self, source: socket.socket, bus: int, *, held: bool = False) -> None:
        self._socket, self._bus, self._held = source, bus, held
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
        self._fresh = bytes(self._messages)  # the kernel overwrites the headers; each batch begins with this copy
        words = memoryview(self._controls).cast("I")
        low = 0 if struct.pack("=H", 1)[0] else 1  # the half of a 64-bit number that holds what fits into 32
        self._seconds = words[_HEAD_WORDS + low :: _CONTROL_WORDS]
        self._nanos = words[_HEAD_WORDS + 2 + low :: _CONTROL_WORDS]

    def drain(self, sink: Sink) -> None:
        """Pass to sink all frames since the last call. Raises OSError when the bus is lost."""
        count = BATCH
        while count == BATCH:
            ctypes.memmove(self._messages, self._fresh, len(self._fresh))
            count = self._receive(self._socket.fileno(), self._messages, BATCH, _MSG_DONTWAIT, None)
            if count < 0:
                error = ctypes.get_errno()
                if error in (socket.EAGAIN, socket.EWOULDBLOCK):
                    return
                raise OSError(error, os.strerror(error))
            if count and not self._messages[0].received:
                raise ConnectionResetError("the rig's hub has gone")
            if count:
                sink.add(self._bus, count, memoryview(self._frames), self._seconds, self._nanos)

    def close(self) -> None:
        if self._held:
            self._socket.detach()
        else:
            self._socket.close()


def open_listener(url: str, bus: int) -> CanListener:
    """Open `can:socketcan/can1` or the desk's `can:rig/PATH`. Raises OSError, PortUrlError."""
    interface, channel = split_can(url)
    if interface not in ("socketcan", "rig"):
        raise PortUrlError(f"port {url!r} cannot be listened to; write can:socketcan/can{bus}")
    held = interface == "socketcan"
    node = held_socket(bus, channel) if held else hub_socket(channel)
    node.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
    return CanListener(node, bus, held=held)


def held_socket(bus: int, interface: str) -> socket.socket:
    """The socket that the program opened before its filter (runtime/confine.py), bound to an interface. It can be bound
    again and again. Raises OSError when the interface is absent."""
    node = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW, fileno=RECEIVE_ONLY[bus])
    try:
        node.bind((interface,))
    except OSError:
        node.detach()
        raise
    return node
