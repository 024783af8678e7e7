"""supervisor's own XML-RPC interface over its Unix socket, without supervisor's libraries."""

import http.client
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

TIMEOUT_S = 1.0


class SupervisorError(OSError):
    """supervisord does not answer, or refuses the call. The text names the call."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _Connection(self._path)


def call(path: Path, method: str, *arguments: object) -> Any:
    """Make one call, for example call(path, "signalProcess", "guard", "KILL"), and return its result. Blocks at most
    TIMEOUT_S for each packet. Raises SupervisorError."""
    try:
        with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(path)) as server:
            return getattr(server.supervisor, method)(*arguments)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise SupervisorError(f"supervisor, {method}: {error}") from error


def states(path: Path) -> dict[str, tuple[str, int]]:
    """Each program's (state, pid) as supervisor reports it."""
    return {info["name"]: (info["statename"], info["pid"]) for info in call(path, "getAllProcessInfo")}
