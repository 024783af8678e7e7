"""A serial line by its URL, raw and without waiting: `serial:/dev/v2h-pilot`, `serial:/dev/v2h-imd?unit=3`, or
`rig:/run/v2h/pilot.sock` for the far end in the rig.

What stands behind `?` belongs to the driver. The kernel gives a device to one process at a time (TIOCEXCL).
"""

import fcntl
import os
import socket
import termios
from typing import Protocol
from urllib.parse import parse_qsl

from v2h.ports.url import split

SPEEDS = {9600: termios.B9600, 19200: termios.B19200, 115200: termios.B115200}
LONGEST_B = 4096
"""More than arrives between two reads; the rest follows with the next one."""


class SerialPort(Protocol):
    """An open line. Each function raises OSError when the far end is gone."""

    def read(self) -> bytes:
        """What has arrived; b"" if nothing has."""
        ...

    def write(self, data: bytes) -> None:
        """Send; what the line does not take at once is dropped."""
        ...

    def fileno(self) -> int: ...
    def close(self) -> None: ...


class KernelSerial:
    """A device of the kernel. Raises OSError when it is absent, in use, or gone."""

    def __init__(self, path: str, baud: int, *, even: bool = False) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
            # A pseudo-terminal knows no parity, and glibc reports that as an error when nothing else changes.
            parity = termios.PARENB if even and not path.startswith("/dev/pts/") else 0
            control = termios.CS8 | termios.CREAD | termios.CLOCAL | parity
            characters = termios.tcgetattr(self._fd)[6]
            characters[termios.VMIN], characters[termios.VTIME] = 0, 0
            settings = [0, 0, control, 0, SPEEDS[baud], SPEEDS[baud], characters]
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)
            termios.tcflush(self._fd, termios.TCIOFLUSH)  # what waited there is old
        except termios.error as error:
            os.close(self._fd)
            raise OSError(*error.args) from error
        except OSError:
            os.close(self._fd)
            raise

    def read(self) -> bytes:
        try:
            return os.read(self._fd, LONGEST_B)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except BlockingIOError:
            return

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


class RigSerial:
    """The same line to the rig: a Unix socket, without baud rate and parity."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    def read(self) -> bytes:
        try:
            data = self._socket.recv(LONGEST_B)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionResetError("the rig has closed the line")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except BlockingIOError:
            return

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


def open_serial(url: str, baud: int, *, even: bool = False) -> SerialPort:
    """The line behind a URL, 8 data bits, 1 stop bit. Raises OSError, PortUrlError for another kind of port."""
    scheme, rest = split(url, "serial", "rig")
    path = rest.partition("?")[0]
    return RigSerial(path) if scheme == "rig" else KernelSerial(path, baud, even=even)


def unit_of(url: str, default: int) -> int:
    """The `unit` of a URL with one, such as serial:/dev/v2h-imd?unit=3."""
    return int(dict(parse_qsl(url.partition("?")[2])).get("unit", default))
