"""The far end of a serial line: a Unix socket that a program opens by its path, one program at a time.

It is no pseudo-terminal: there a worker of the kernel carries the bytes, at the priority of any process. Beside two
emulated boards they came up to 0.16 s late, while no process in real time woke late. The rig stands for hardware, which
a busy machine does not delay.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from v2h.rig.server import Readable

Watch = Callable[[Readable, Callable[[], None] | None], None]
LONGEST_B = 4096


class SerialLine:
    """path: of its socket. heard: called when the program has sent something."""

    def __init__(self, path: Path, watch: Watch, heard: Callable[[], None]) -> None:
        self.path, self._watch, self._heard = path, watch, heard
        self._line: socket.socket | None = None
        path.unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(path))
        path.chmod(0o666)  # on the emulated board each program has its own user, and the rig is root
        self._door.listen()
        watch(self._door, self._open)

    def read(self) -> bytes:
        """What has arrived; b"" if nothing has, or no program is there."""
        if self._line is None:
            return b""
        try:
            data = self._line.recv(LONGEST_B)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop()
        return data

    def write(self, data: bytes) -> None:
        """Send; it is lost when no program is there or reads."""
        if self._line is not None:
            with suppress(OSError):
                self._line.send(data)

    def close(self) -> None:
        self._drop()
        self._watch(self._door, None)
        self._door.close()
        self.path.unlink(missing_ok=True)

    def _open(self) -> None:
        """A program that starts again takes the place of the one before."""
        self._drop()
        self._line, _ = self._door.accept()
        self._line.setblocking(False)
        self._watch(self._line, self._heard)

    def _drop(self) -> None:
        if self._line is not None:
            self._watch(self._line, None)
            self._line.close()
            self._line = None
