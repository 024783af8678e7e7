"""CAN ports: the kernel's raw CAN sockets on the board, the rig's hub on the desk, whose kernel may have no vcan.

Both are sockets that carry one struct can_frame a packet, so the same code reads and writes them. At the hub (a Unix
seqpacket socket) every frame that one node sends reaches all others, and never leaves the machine. Any other interface
goes through python-can. The first two do not: importing python-can takes the board more than a second, and reading a
frame takes several times as long as from a socket; make-safe has the time for neither.

The kernel also delivers the frames that other programs of this machine send on the same interface, and marks them
(MSG_DONTROUTE in net/can/raw.c). A port drops them, so that no program here can speak as the car or the converter. The
mark is missing if the sender has closed its socket before the controller takes the frame; v2h.runtime.confine decides
who can open a socket at all. The rig's hub and python-can have no mark.
"""

import errno
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from v2h.canframe import Frame
from v2h.ports.url import PortUrlError, split

_FRAME = struct.Struct("=IB3x8s")  # struct can_frame of linux/can.h
_FILTER = struct.Struct("=II")  # struct can_filter: can_id, can_mask
NOT_PLAIN = 0xE000_0000
"""Extended, remote and error flags (linux/can.h). Not those of `socket`: there the first is negative on a 32-bit
board."""
PLAIN_MASK = 0xC000_07FF
"""Filter mask for one plain id. With the error flag in the mask the kernel would receive only error frames."""

LEAST_QUEUE_B = 1
"""SO_SNDBUF that makes the kernel use its minimum, some 4.5 kB (twice 2048 B and a struct sk_buff).

Derived from the kernel's sources: a raw CAN socket is charged the truesize of each frame (768 B for 16 B of payload,
measured at a Unix socket, which allocates in the same way; on a 32-bit board a little less) and refuses the next frame
with EAGAIN once the charge has reached SO_SNDBUF. So 6 or 7 frames can wait; a cycle to the car has up to 5. The charge
ends when the driver takes the frame (can_create_echo_skb), so frames that wait in the controller itself are not
counted: the c_can driver of this board sends from 32 of the 64 message objects, and only taking the interface down
empties them. How many stale frames a car really gets when it acknowledges again has to be checked on the bench."""

_FROM_HERE = int(socket.MSG_DONTROUTE)
"""The kernel's mark of a frame that a program of this machine sent; the enum itself would cost 5 us a frame."""


class CanPortError(OSError):
    """The bus is gone, down, or does not take the frame (errno ENOBUFS: nobody acknowledges, the queue is full)."""


class CanPort(Protocol):
    """One node on one bus. All methods except close() raise CanPortError.

    forged: how many frames were dropped because a program of this machine sent them."""

    forged: int

    def send(self, can_id: int, data: bytes) -> None: ...
    def frame(self) -> Frame | None: ...
    def frames(self) -> Iterator[Frame]: ...
    def drop_queued(self) -> int: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class SocketPort:
    """A socket that carries one struct can_frame a packet. This object owns the socket. It receives neither error
    frames nor the frames that it sends itself. can_ids: the ids to receive, None for all. ours: the ids that it also
    receives from other programs of this machine."""

    def __init__(
        self,
        node: socket.socket,
        bus: int,
        can_ids: frozenset[int] | None = None,
        ours: frozenset[int] = frozenset(),
    ) -> None:
        node.setblocking(False)
        self._number, self._socket, self._ids, self._ours = bus, node, can_ids, ours
        self.forged = 0

    def send(self, can_id: int, data: bytes) -> None:
        try:
            self._socket.send(pack_frame(can_id, data))
        except BlockingIOError as error:
            raise CanPortError(errno.ENOBUFS, "socket buffer full: nobody acknowledges") from error
        except OSError as error:
            raise CanPortError(error.errno, str(error)) from error

    def frame(self) -> Frame | None:
        """The first frame that has arrived and is not read yet, stamped with the monotonic time of reading."""
        return next(self.frames(), None)

    def frames(self) -> Iterator[Frame]:
        """The frames that have arrived and are not read yet, stamped with the monotonic time at which reading began."""
        now = time.monotonic()
        while True:
            try:
                packet, _, flags, _ = self._socket.recvmsg(_FRAME.size)
            except BlockingIOError:
                return
            except OSError as error:
                raise CanPortError(error.errno, str(error)) from error
            if not packet:
                raise CanPortError(errno.ENETDOWN, "the rig's hub has gone")
            frame = unpack_frame(packet, now, self._number)
            if frame is None or (self._ids is not None and frame.can_id not in self._ids):
                continue
            if flags & _FROM_HERE and frame.can_id not in self._ours:
                self.forged += 1
                continue
            yield frame

    def drop_queued(self) -> int:
        """Discard the frames that arrived before now; returns how many."""
        return sum(1 for _ in self.frames())

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


def pack_frame(can_id: int, data: bytes) -> bytes:
    """A struct can_frame of the kernel."""
    return _FRAME.pack(can_id, len(data), data)


def unpack_frame(packet: bytes, t: float, bus: int) -> Frame | None:
    """The frame in a struct can_frame; None for extended, remote and error frames, which no node here sends."""
    can_id, length, data = _FRAME.unpack(packet)
    return None if can_id & NOT_PLAIN else Frame(t, can_id, data[:length], bus)


class PythonCanPort:
    """A node through python-can."""

    def __init__(self, interface: str, channel: str, bus: int, can_ids: Sequence[int] | None) -> None:
        import can

        self.forged = 0
        self._make_message, self._errors = can.Message, (can.CanError, OSError)
        # python-can's own filters are not used: its serial interface marks every frame as extended, whatever its id.
        self._ids = None if can_ids is None else frozenset(can_ids)
        try:
            self._bus = can.Bus(interface=interface, channel=channel)
        except can.CanError as error:
            raise CanPortError(errno.ENODEV, str(error)) from error
        self._number = bus

    def send(self, can_id: int, data: bytes) -> None:
        try:
            self._bus.send(self._make_message(arbitration_id=can_id, data=data, is_extended_id=False))
        except self._errors as error:
            raise CanPortError(errno.ENETDOWN, str(error)) from error

    def frame(self) -> Frame | None:
        """The first frame that has arrived and is not read yet, stamped with the monotonic time of reading."""
        return next(self.frames(), None)

    def frames(self) -> Iterator[Frame]:
        """The frames that have arrived and are not read yet, stamped with the monotonic time of reading."""
        # select() first, because python-can's serial interface ignores recv's timeout and would wait 0.1 s for a byte.
        while select.select([self.fileno()], [], [], 0)[0]:
            try:
                message = self._bus.recv(0)
            except self._errors as error:
                raise CanPortError(errno.ENETDOWN, str(error)) from error
            if message is None:
                return
            can_id = message.arbitration_id
            wanted = can_id <= socket.CAN_SFF_MASK if self._ids is None else can_id in self._ids
            if wanted and not (message.is_error_frame or message.is_remote_frame):
                yield Frame(time.monotonic(), can_id, bytes(message.data), self._number)

    def drop_queued(self) -> int:
        """Discard the frames that arrived before now; returns how many."""
        return sum(1 for _ in self.frames())

    def fileno(self) -> int:
        return int(self._bus.fileno())

    def close(self) -> None:
        self._bus.shutdown()


def kernel_socket(interface: str, can_ids: Sequence[int] | None = None) -> socket.socket:
    """A raw CAN socket on an interface; the kernel filters the ids. Raises OSError when the interface is absent."""
    node = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    try:
        if can_ids is not None:
            filters = b"".join(_FILTER.pack(i, PLAIN_MASK) for i in can_ids)
            node.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, filters)
        node.bind((interface,))
    except OSError:
        node.close()
        raise
    return node


def hub_socket(path: str) -> socket.socket:
    """A node at the rig's hub. Raises OSError when no rig is there."""
    node = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        node.connect(path)
    except OSError as error:
        node.close()
        raise CanPortError(error.errno, f"{path}: {error.strerror}; is the rig running?") from error
    return node


def open_can(
    url: str,
    bus: int,
    can_ids: Sequence[int] | None = None,
    *,
    short_queue: bool = False,
    ours: frozenset[int] = frozenset(),
) -> CanPort:
    """Open `can:socketcan/can1`, `can:rig//run/v2h/can1.sock` or another interface of python-can. Only `can_ids` are
    received, where given; from other programs of this machine only `ours`. short_queue: the kernel's queue is as short
    as possible, so that frames which the bus does not take are refused rather than sent late.

    Raises OSError (CanPortError among them) when the interface is absent, PortUrlError when the URL is malformed.
    """
    interface, channel = split_can(url)
    if interface == "socketcan":
        node = kernel_socket(channel, can_ids)
        if short_queue:
            node.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LEAST_QUEUE_B)
        return SocketPort(node, bus, ours=ours)
    if interface == "rig":
        return SocketPort(hub_socket(channel), bus, None if can_ids is None else frozenset(can_ids))
    return PythonCanPort(interface, channel, bus, can_ids)


def split_can(url: str) -> tuple[str, str]:
    """'can:socketcan/can1' -> ('socketcan', 'can1'). Raises PortUrlError."""
    _, rest = split(url, "can")
    interface, slash, channel = rest.partition("/")
    if not slash:
        raise PortUrlError(f"port {url!r} names no channel; write can:socketcan/can1")
    return interface, channel
