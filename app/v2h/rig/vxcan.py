"""The two CAN buses of the emulated board, with raw sockets: a library would cost time.

can0 and can1 are ends of vxcan pairs, and the rig holds the other ends, rig0 and rig1. A frame that crosses a pair
comes from outside, as one from a real bus; on a plain vcan the kernel would mark the rig's frames as local, and the
programs would drop them (v2h.ports.can). Linux before 5.18 keeps the mark across the pair.
"""

import errno
import socket
import struct

from v2h.canframe import CAR_BUS, PRE_BUS
from v2h.chademo.frames import EVSE_IDS
from v2h.ports.can import PLAIN_MASK
from v2h.pre.objects import REQUEST_ID
from v2h.rig.hub import OnFrame, Watch

_FRAME = struct.Struct("=IB3x8s")
_HEARD = (frozenset({REQUEST_ID}), EVSE_IDS)
"""What the rig's nodes listen to on each bus; the kernel filters."""
_LOST = frozenset({errno.ENOBUFS, errno.EAGAIN, errno.ENETDOWN})
"""The queue is full, or the interface is down: the frame is lost, as on a dead bus."""


class SocketCan:
    """The peers of can0 and can1. Raises OSError naming the interface that is missing."""

    def __init__(self, on_frame: OnFrame, watch: Watch) -> None:
        self._on_frame = on_frame
        self._sockets = []
        self.dropped = 0
        """Frames that the interface did not accept."""
        for bus, ids in enumerate(_HEARD):
            raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
            filters = b"".join(struct.pack("=II", can_id, PLAIN_MASK) for can_id in sorted(ids))
            raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, filters)
            raw.setblocking(False)
            try:
                raw.bind((f"rig{bus}",))
            except OSError as error:
                raise OSError(error.errno, f"rig{bus}: {error.strerror}; the rig needs rig0 and rig1") from error
            self._sockets.append(raw)
        watch(self._sockets[PRE_BUS], self._request)

    def urls(self) -> tuple[str, str]:
        """Port URLs of the programs' ends of the two buses."""
        return "can:socketcan/can0", "can:socketcan/can1"

    def send(self, bus: int, can_id: int, data: bytes) -> None:
        """Send one frame; a lost frame is counted. Raises OSError when the interface is gone."""
        try:
            self._sockets[bus].send(_FRAME.pack(can_id, len(data), data))
        except OSError as error:
            if error.errno not in _LOST:
                raise
            self.dropped += 1

    def _request(self) -> None:
        self._read(PRE_BUS)

    def look(self) -> None:
        """Read the charger's frames; the car looks at its own rate, since 40 wakes a second are expensive here."""
        while self._read(CAR_BUS):
            pass

    def close(self) -> None:
        for raw in self._sockets:
            raw.close()

    def _read(self, bus: int) -> bool:
        try:
            packet = self._sockets[bus].recv(_FRAME.size)
        except OSError as error:
            if error.errno not in _LOST:
                raise
            return False
        can_id, length, data = _FRAME.unpack(packet)
        self._on_frame(bus, can_id & socket.CAN_SFF_MASK, data[:length])
        return True
