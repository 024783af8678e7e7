"""CAN ports over python-can: SocketCAN on the board, its serial framing over loopback TCP on the desk.

The desk's kernel may have no vcan. python-can's `serial` interface opens any pyserial URL, so `can:serial/socket://...`
joins the rig's hub, where every frame one node sends reaches all others: a bus of any number of nodes that never
leaves the machine.
"""

import select
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import can

from v2h.canframe import Frame
from v2h.ports.url import PortUrlError, split


class CanPort(Protocol):
    """One node on one bus."""

    def send(self, can_id: int, data: bytes) -> None: ...
    def frames(self) -> Iterator[Frame]: ...
    def drop_queued(self) -> int: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class PythonCanPort:
    """A node through python-can. send() raises can.CanError when the bus does not take the frame."""

    def __init__(self, interface: str, channel: str, bus: int, can_ids: Sequence[int] | None) -> None:
        filters = None if can_ids is None else [{"can_id": i, "can_mask": 0x7FF, "extended": False} for i in can_ids]
        self._bus = can.Bus(interface=interface, channel=channel, can_filters=filters)
        self._number = bus

    def send(self, can_id: int, data: bytes) -> None:
        self._bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=False))

    def frames(self) -> Iterator[Frame]:
        """What has arrived and is not read yet, stamped with the monotonic time of reading; error frames left out."""
        # Looked at first because python-can's serial interface ignores recv's timeout and would wait 0.1 s for a byte.
        while select.select([self.fileno()], [], [], 0)[0] and (message := self._bus.recv(0)) is not None:
            if not (message.is_error_frame or message.is_remote_frame or message.is_extended_id):
                yield Frame(time.monotonic(), message.arbitration_id, bytes(message.data), self._number)

    def drop_queued(self) -> int:
        """Throw away what arrived before now; returns how many frames."""
        return sum(1 for _ in self.frames())

    def fileno(self) -> int:
        return int(self._bus.fileno())

    def close(self) -> None:
        self._bus.shutdown()


def open_can(url: str, bus: int, can_ids: Sequence[int] | None = None) -> CanPort:
    """Open `can:socketcan/can1` or `can:serial/socket://127.0.0.1:29501`, hearing only `can_ids` where given.

    Raises OSError or can.CanError when the interface is absent, PortUrlError when the URL is malformed.
    """
    _, rest = split(url, "can")
    interface, slash, channel = rest.partition("/")
    if not slash:
        raise PortUrlError(f"port {url!r} names no channel; write can:socketcan/can1")
    return PythonCanPort(interface, channel, bus, can_ids)
