"""Listening to a CAN bus cheaply: counts what passes, in batches, and never sends.

On SocketCAN this is a plain raw socket: 16 bytes a frame, read in one go when asked, with no object made for a frame
(python-can costs about twenty times as much, which the board would feel at 200 frames a second). On the desk, where
the bus is not SocketCAN, python-can reads.
"""

import socket
import struct
from collections import Counter
from typing import Protocol

from v2h.ports.url import split

_ID = struct.Struct("=I")
_STANDARD_ID = 0x7FF
_NOT_DATA = 0xE0000000
"""Extended, remote and error flags of struct can_frame's identifier."""
ROOM_BYTES = 1 << 20
"""Asked of the kernel for the socket's queue (it grants what rmem_max allows): several seconds of traffic."""


class CanListener(Protocol):
    """One bus, heard. count() adds the frames since the last call by identifier; raises OSError when it is gone."""

    def count(self, into: Counter[int]) -> None: ...
    def close(self) -> None: ...


class KernelListener:
    """A raw SocketCAN socket. Raises OSError when the interface is absent or down."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
            self._socket.bind((interface,))
        except OSError:
            self._socket.close()
            raise

    def count(self, into: Counter[int]) -> None:
        receive, unpack = self._socket.recv, _ID.unpack_from
        while True:
            try:
                (word,) = unpack(receive(16))
            except BlockingIOError:
                return
            if not word & _NOT_DATA:
                into[word & _STANDARD_ID] += 1

    def close(self) -> None:
        self._socket.close()


class DeskListener:
    """Any other python-can interface; its errors become OSError."""

    def __init__(self, url: str) -> None:
        import can

        from v2h.ports.can import open_can

        self._error = can.CanError
        try:
            self._port = open_can(url, 0)
        except can.CanError as error:
            raise OSError(str(error)) from error

    def count(self, into: Counter[int]) -> None:
        try:
            for frame in self._port.frames():
                into[frame.can_id] += 1
        except self._error as error:
            raise OSError(str(error)) from error

    def close(self) -> None:
        self._port.close()


def open_listener(url: str) -> CanListener:
    """Open `can:socketcan/can1` or the desk's `can:serial/...`. Raises OSError, PortUrlError."""
    _, rest = split(url, "can")
    interface, _, channel = rest.partition("/")
    return KernelListener(channel) if interface == "socketcan" else DeskListener(url)
