"""Closes sockets that another thread waits on."""

import contextlib
import socket


def hang_up(*links: socket.socket) -> None:
    """Wakes any thread that accepts or receives there, which closing alone does not do, and closes the sockets."""
    for link in links:
        with contextlib.suppress(OSError):  # the other end has closed already
            link.shutdown(socket.SHUT_RDWR)
        link.close()
