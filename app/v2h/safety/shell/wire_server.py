"""The listening end of a wire: guard's for charger, and charger's for ccs. It serves one client at a time, only of the
right user, and never waits for it."""

import contextlib
import os
import pwd
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from v2h.safety.shell.wire_client import PACKET, Loop

_UCRED = struct.Struct("iII")  # struct ucred: pid, uid, gid


class WireServer:
    """Calls on_packet(now, packet) for each packet, on_gone(now) when the client has closed, and on_refused(why) when a
    client is refused.

    peer: the program that may connect. It replaces a stale socket file of a killed server. Raises OSError when the
    socket cannot be made.
    """

    def __init__(
        self,
        path: Path,
        loop: Loop,
        on_packet: Callable[[float, bytes], None],
        on_gone: Callable[[float], None],
        on_refused: Callable[[str], None],
        peer: str = "charger",
    ) -> None:
        self._loop, self._on_packet, self._on_gone, self._on_refused = loop, on_packet, on_gone, on_refused
        self._peer, self._allowed_uid = peer, _allowed_uid(f"v2h-{peer}")
        self._client: socket.socket | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._server.bind(str(path))
        path.chmod(0o666)  # the peer's user decides who may connect, not the file
        self._server.listen(4)
        loop.watch(self._server, self._accept)

    def tell(self, packet: bytes) -> None:
        """Send to the client, if there is one that reads; guard notices its silence or end elsewhere."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.send(packet)

    def close(self) -> None:
        self._server.close()
        if self._client is not None:
            self._client.close()

    def _accept(self, now: float) -> None:
        try:
            client, _ = self._server.accept()
        except OSError:  # the client closed before it was accepted
            return
        client.setblocking(False)
        self._read(now)  # the previous client may have closed just now, which makes room for this one
        _, uid, _ = _UCRED.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        if uid != self._allowed_uid or self._client is not None:
            client.close()
            self._on_refused(
                f"one {self._peer} is enough" if uid == self._allowed_uid else f"user {uid} is not {self._peer}"
            )
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


def _allowed_uid(user: str) -> int:
    """The uid of this user where it exists (the board), else our own (the desk). Asked once, because the answer is
    read from the disk."""
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return os.getuid()
