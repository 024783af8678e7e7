"""What an event loop can wait for."""

from typing import Protocol


class HasFileno(Protocol):
    """A socket, a device file, or an object that takes the place of one."""

    def fileno(self) -> int: ...
