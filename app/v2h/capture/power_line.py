"""The black box of the power line to a CCS car: the last minutes of matching and messages, read out as a pcap. Pure.

The matching is kept as the frames that it is. Of the messages the EXI is kept; in the pcap each is one TCP segment
between two made-up addresses, so that `v2h decode`, `v2h replay` and Wireshark read it as a recording at the modem. The
discovery, and what a car sends that is no message, are not in it.
"""

import struct
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from v2h.capture.ring import KEEP_S
from v2h.capture.v2g import IPV6, TCP
from v2h.ccs.sdp import TCP_PORT
from v2h.ccs.traffic import BEGIN, CHARGER, FRAME
from v2h.ccs.v2gtp import Payload, pack

CAPACITY_B = 2_000_000
"""Ten minutes in the charging loop are 1.3 MB with what Python itself needs left out; a car cannot fill more."""
PACKET_B = 150
"""Headers of a packet in the pcap, and the longest usual message."""
CAR_PORT = 49_152
PORTS = 16_384
_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
_RECORD = struct.Struct("<IIII")
_MAC = {True: bytes.fromhex("0200000000c1"), False: bytes.fromhex("0200000000e1")}
_ADDRESS = {True: bytes.fromhex("fe80") + bytes(13) + b"\x0c", False: bytes.fromhex("fe80") + bytes(13) + b"\x0e"}
"""Made up: of the charger (True) and of the car."""
_IPV6 = struct.Struct(">IHBB16s16s")
_TCP = struct.Struct(">HHIIBBHHH")
_PUSH_ACK = 0x18


class _Packet(NamedTuple):
    t: float
    kind: str
    data: bytes


class PowerLineBox:
    """A ring buffer of packets, at most capacity_b of their bytes."""

    def __init__(self, capacity_b: int = CAPACITY_B) -> None:
        self._capacity_b, self._size_b = capacity_b, 0
        self._packets: deque[_Packet] = deque()

    def add(self, t: float, kind: str, data: bytes) -> None:
        """t: monotonic seconds; kind, data: as in ccs.traffic."""
        self._packets.append(_Packet(t, kind, data))
        self._size_b += len(data) + PACKET_B
        while self._size_b > self._capacity_b:
            self._size_b -= len(self._packets.popleft().data) + PACKET_B

    def __len__(self) -> int:
        return len(self._packets)

    def pcap(self, wall_offset_s: float, keep_s: float = KEEP_S, chunk: int = 200) -> Iterator[bytes]:
        """The file up to now, in pieces of about `chunk` packets. wall_offset_s: wall clock minus monotonic clock.

        Packets that are added after this call are not in it."""
        newest_t = self._packets[-1].t if self._packets else 0.0
        kept = [packet for packet in self._packets if packet.t >= newest_t - keep_s]
        return _pieces(kept, wall_offset_s, chunk)


def _pieces(packets: list[_Packet], wall_offset_s: float, chunk: int) -> Iterator[bytes]:
    yield _FILE
    talk = _Talk()
    for at in range(0, len(packets), chunk):
        piece = b""
        for packet in packets[at : at + chunk]:
            frame = packet.data if packet.kind == FRAME else talk.frame(packet)
            if frame:
                micros = round((packet.t + wall_offset_s) * 1e6)
                piece += _RECORD.pack(micros // 1_000_000, micros % 1_000_000, len(frame), len(frame)) + frame
        yield piece


class _Talk:
    """The TCP connections that carry the messages, one after another, each with a port of the car's own."""

    def __init__(self) -> None:
        self._number = 0
        self._said_b = {True: 1, False: 1}

    def frame(self, packet: _Packet) -> bytes:
        """The frame of a message; b"" for the beginning of a connection."""
        if packet.kind == BEGIN:
            self._number, self._said_b = self._number + 1, {True: 1, False: 1}
            return b""
        ours = packet.kind == CHARGER
        data = pack(Payload.EXI, packet.data)
        ports = TCP_PORT, CAR_PORT + self._number % PORTS
        source, destination = ports if ours else ports[::-1]
        said, heard = self._said_b[ours], self._said_b[not ours]
        self._said_b[ours] = said + len(data) & 0xFFFFFFFF
        segment = _TCP.pack(source, destination, said, heard, 5 << 4, _PUSH_ACK, 65_535, 0, 0) + data
        header = _IPV6.pack(6 << 28, len(segment), TCP, 64, _ADDRESS[ours], _ADDRESS[not ours])
        return _MAC[not ours] + _MAC[ours] + IPV6.to_bytes(2, "big") + header + segment
