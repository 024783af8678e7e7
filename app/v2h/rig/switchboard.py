"""The rig's socket: one connection is one chip, one packet is one transaction (protocol: v2h.ports.rig)."""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from v2h.ports.rig import MAX_PACKET
from v2h.rig.hub import Watch

Transaction = Callable[[bytes], bytes | None]
"""A chip: takes a packet, returns the answer; None sends nothing."""


def spi(transfer: Transaction) -> Transaction:
    """CS periods, one after the other; the packet's first byte is their length."""

    def transact(packet: bytes) -> bytes:
        size = packet[0]
        return b"".join(transfer(packet[n : n + size]) or b"" for n in range(1, len(packet), size))

    return transact


class Switchboard:
    """Listens on a seqpacket socket and connects each client to the chip that it names."""

    def __init__(self, path: Path, chips: dict[str, Transaction], watch: Watch) -> None:
        self._chips = chips
        self._watch = watch
        self._open: dict[str, list[socket.socket]] = {name: [] for name in chips}
        self.on_close: Callable[[str], None] = lambda chip: None
        """Called when the last connection of a chip has closed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        path.chmod(0o666)  # the programs run as their own users; nothing behind this socket is real
        self._listener.listen(32)
        self._listener.setblocking(False)
        watch(self._listener, self._accept)

    def tell(self, chip: str, packet: bytes) -> None:
        """Send an unsolicited packet to every client of `chip` (edges, key events)."""
        for connection in self._open[chip]:
            with contextlib.suppress(OSError):  # the loop notices the closed connection
                connection.send(packet)

    def close(self) -> None:
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        self._watch(connection, lambda: self._introduce(connection))

    def _introduce(self, connection: socket.socket) -> None:
        """Read the first packet: the chip's name."""
        packet = self._receive(connection)
        if not packet:
            self._drop(connection)
            return
        chip = packet.decode(errors="replace")
        transaction = self._chips.get(chip)
        if transaction is None:
            with contextlib.suppress(OSError):
                connection.send(f"no: unknown chip; known: {', '.join(self._chips)}".encode())
            self._drop(connection)
            return
        self._open[chip].append(connection)
        self._watch(connection, lambda: self._serve(connection, chip, transaction))
        connection.send(b"ok")

    def _serve(self, connection: socket.socket, chip: str, transaction: Transaction) -> None:
        try:
            packet = connection.recv(MAX_PACKET)
            answer = transaction(packet) if packet else None
            if answer is not None:
                connection.send(answer)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._open[chip].remove(connection)
            self._drop(connection)
            if not self._open[chip]:
                self.on_close(chip)

    def _receive(self, connection: socket.socket) -> bytes:
        try:
            return connection.recv(MAX_PACKET)
        except OSError:
            return b""

    def _drop(self, connection: socket.socket) -> None:
        self._watch(connection, None)
        connection.close()
