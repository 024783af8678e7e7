"""The desk's two CAN buses: Unix seqpacket sockets with one struct can_frame per packet (v2h.ports.can).

Every frame of one node reaches all other nodes of its bus. A node that does not read loses the frames beyond its queue
(some 270 frames), as behind a CAN controller.
"""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from v2h.ports.can import pack_frame, unpack_frame

OnFrame = Callable[[int, int, bytes], None]
Watch = Callable[[socket.socket, Callable[[], None] | None], None]
_PACKET_BYTES = 64


class Hub:
    """can0.sock and can1.sock in `folder`."""

    def __init__(self, folder: Path, on_frame: OnFrame, watch: Watch) -> None:
        self._on_frame = on_frame
        self._watch = watch
        self._nodes: tuple[list[socket.socket], list[socket.socket]] = ([], [])
        self._listeners: list[socket.socket] = []
        self._paths = [folder / f"can{bus}.sock" for bus in (0, 1)]
        for bus, path in enumerate(self._paths):
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(str(path))
            path.chmod(0o666)  # the programs run as their own users; nothing behind this socket is real
            listener.listen(16)
            listener.setblocking(False)
            watch(listener, lambda bus=bus: self._accept(bus))  # type: ignore[misc]
            self._listeners.append(listener)

    def urls(self) -> tuple[str, str]:
        """Port URLs of the two buses."""
        first, second = (f"can:rig/{path}" for path in self._paths)
        return first, second

    def send(self, bus: int, can_id: int, data: bytes) -> None:
        """A frame from the rig's own nodes to every node of the bus."""
        self._deliver(bus, pack_frame(can_id, data), None)

    def look(self) -> None:
        """Does nothing: every frame wakes the rig, so no frame waits here."""

    def close(self) -> None:
        for bus, nodes in enumerate(self._nodes):
            for node in list(nodes):
                self._drop(bus, node)
        for listener, path in zip(self._listeners, self._paths, strict=True):
            self._watch(listener, None)
            listener.close()
            path.unlink(missing_ok=True)

    def _accept(self, bus: int) -> None:
        node, _ = self._listeners[bus].accept()
        node.setblocking(False)
        self._nodes[bus].append(node)
        self._watch(node, lambda: self._read(bus, node))

    def _read(self, bus: int, node: socket.socket) -> None:
        try:
            packet = node.recv(_PACKET_BYTES)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._drop(bus, node)
            return
        frame = unpack_frame(packet, 0.0, bus)
        if frame is not None:
            self._deliver(bus, packet, node)
            self._on_frame(bus, frame.can_id, frame.data)

    def _deliver(self, bus: int, packet: bytes, sender: socket.socket | None) -> None:
        for node in self._nodes[bus]:
            if node is not sender:
                with contextlib.suppress(OSError):  # full or closed: if closed, its read end reports it
                    node.send(packet)

    def _drop(self, bus: int, node: socket.socket) -> None:
        if node in self._nodes[bus]:
            self._nodes[bus].remove(node)
            self._watch(node, None)
            node.close()
