"""Two CAN buses over loopback TCP in python-can's serial framing: every frame of one node reaches all the others.

A frame is AA, 4 bytes time stamp, data length, 4 bytes identifier, data, BB (little endian), as python-can documents
for its `serial` interface. Nodes join with `can:serial/socket://127.0.0.1:PORT`.
"""

import socket
import struct
import time
from collections.abc import Callable

_HEAD = struct.Struct("<BIBI")
_START, _END = 0xAA, 0xBB
_BACKLOG_BYTES = 65_536
"""A node that does not read is cut off at this backlog."""

OnFrame = Callable[[int, int, bytes], None]
Watch = Callable[[socket.socket, Callable[[], None] | None], None]


def frame_bytes(can_id: int, data: bytes, stamp_ms: int = 0) -> bytes:
    """One frame on the wire."""
    return _HEAD.pack(_START, stamp_ms, len(data), can_id) + data + b"\xbb"


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000 & 0xFFFF_FFFF


class _Node:
    def __init__(self, connection: socket.socket, bus: int) -> None:
        self.connection = connection
        self.bus = bus
        self.incoming = bytearray()
        self.outgoing = bytearray()


class TcpHub:
    """Bus 0 listens at `port`, bus 1 at port + 1 (port 0: two free ones); `ports` tells which."""

    def __init__(self, port: int, on_frame: OnFrame, watch: Watch) -> None:
        self._on_frame = on_frame
        self._watch = watch
        self._nodes: list[list[_Node]] = [[], []]
        self._listeners = [socket.create_server(("127.0.0.1", port and port + bus)) for bus in (0, 1)]
        self.ports = tuple(int(listener.getsockname()[1]) for listener in self._listeners)
        for bus, listener in enumerate(self._listeners):
            listener.setblocking(False)
            watch(listener, lambda bus=bus: self._accept(bus))  # type: ignore[misc]

    def urls(self) -> tuple[str, str]:
        """Port URLs of the two buses."""
        first, second = (f"can:serial/socket://127.0.0.1:{port}" for port in self.ports)
        return first, second

    def send(self, bus: int, can_id: int, data: bytes) -> None:
        """A frame from the rig's own nodes to every node of the bus."""
        packet = frame_bytes(can_id, data, _now_ms())
        for node in list(self._nodes[bus]):
            self._deliver(node, packet)

    def look(self) -> None:
        """Nothing waits here: every frame wakes the rig."""

    def close(self) -> None:
        for nodes in self._nodes:
            for node in list(nodes):
                self._drop(node)
        for listener in self._listeners:
            self._watch(listener, None)
            listener.close()

    def _accept(self, bus: int) -> None:
        connection, _ = self._listeners[bus].accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        node = _Node(connection, bus)
        self._nodes[bus].append(node)
        self._watch(connection, lambda: self._read(node))

    def _read(self, node: _Node) -> None:
        try:
            received = node.connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(node)
            return
        buffer = node.incoming
        buffer += received
        while len(buffer) > _HEAD.size:
            start, _, length, can_id = _HEAD.unpack_from(buffer)
            if start != _START or length > 8:
                del buffer[0]  # out of step: look for the next start
                continue
            size = _HEAD.size + length + 1
            if len(buffer) < size:
                break
            if buffer[size - 1] != _END:
                del buffer[0]
                continue
            data = bytes(buffer[_HEAD.size : size - 1])
            del buffer[:size]
            packet = frame_bytes(can_id, data, _now_ms())
            for other in list(self._nodes[node.bus]):
                if other is not node:
                    self._deliver(other, packet)
            self._on_frame(node.bus, can_id & 0x7FF, data)

    def _deliver(self, node: _Node, packet: bytes) -> None:
        waiting = node.outgoing
        if waiting:
            packet = bytes(waiting) + packet
        try:
            sent = node.connection.send(packet)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(node)
            return
        if sent < len(packet) or waiting:
            waiting[:] = packet[sent:]
            if len(waiting) > _BACKLOG_BYTES:
                self._drop(node)

    def _drop(self, node: _Node) -> None:
        if node in self._nodes[node.bus]:
            self._nodes[node.bus].remove(node)
            self._watch(node.connection, None)
            node.connection.close()
