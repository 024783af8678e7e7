"""guard's end of the safety wire: one client at a time, of the right user, never waited for."""

import os
import pwd
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from v2h.safety.guardlink import PACKET, Loop

CHARGER_USER = "v2h-charger"
_UCRED = struct.Struct("iII")  # struct ucred: pid, uid, gid


class WireServer:
    """on_packet(now, packet) for each packet, on_gone(now) when the client closed, on_refused(why) for strangers.

    A stale socket file of a killed guard is replaced. Raises OSError when the socket cannot be made.
    """

    def __init__(
        self,
        path: Path,
        loop: Loop,
        on_packet: Callable[[float, bytes], None],
        on_gone: Callable[[float], None],
        on_refused: Callable[[str], None],
    ) -> None:
        self._loop, self._on_packet, self._on_gone, self._on_refused = loop, on_packet, on_gone, on_refused
        self._allowed_uid = _allowed_uid()
        self._client: socket.socket | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._server.bind(str(path))
        path.chmod(0o666)  # who may speak is decided by the peer's user, not by the file
        self._server.listen(4)
        loop.watch(self._server, self._accept)

    def tell(self, packet: bytes) -> None:
        """Send to the client, if there is one that reads; its silence or end is noticed elsewhere."""
        if self._client is not None:
            try:
                self._client.send(packet)
            except OSError:
                return

    def close(self) -> None:
        self._server.close()
        if self._client is not None:
            self._client.close()

    def _accept(self, now: float) -> None:
        try:
            client, _ = self._server.accept()
        except OSError:  # it went before it was greeted
            return
        client.setblocking(False)
        self._read(now)  # the end of the client before may be what made room
        _, uid, _ = _UCRED.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        if uid != self._allowed_uid or self._client is not None:
            client.close()
            self._on_refused("one charger is enough" if uid == self._allowed_uid else f"user {uid} is not charger")
            return
        self._client = client
        self._loop.watch(client, self._read)

    def _read(self, now: float) -> None:
        while self._client is not None:
            try:
                packet = self._client.recv(PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if packet:
                self._on_packet(now, packet)
            else:
                self._loop.unwatch(self._client.fileno())
                self._client.close()
                self._client = None
                self._on_gone(now)


def _allowed_uid() -> int:
    """charger's user where it exists (the board), else our own (the desk). Asked once: the answer is on the disk."""
    try:
        return pwd.getpwnam(CHARGER_USER).pw_uid
    except KeyError:
        return os.getuid()
