"""Lets the browser of this machine in to a demo that runs in a network namespace of its own.

A socket stays in the namespace in which it was made: the demo makes its door outside, moves into a new namespace
(`unshare`, with the door as an open file), and passes each connection on to the page in there.
"""

import os
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

PIECE_B = 65_536


def open_door(port: int) -> socket.socket:
    """The door on the loopback of the machine, kept open across exec. Raises OSError."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen(32)
    door.set_inheritable(True)
    return door


def into_namespace(words: Sequence[str]) -> None:
    """Become `python -m WORDS...` in a network namespace of its own. Raises OSError where `unshare` is missing."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", ["unshare", "--net", *as_root, sys.executable, "-m", *words])


def serve_door(fileno: int, port: int) -> None:
    """Pass each connection at the door on to this port of the loopback in here. The threads end with the process."""
    door = socket.socket(fileno=fileno)
    threading.Thread(target=_accept, args=(door, port), daemon=True).start()


def _accept(door: socket.socket, port: int) -> None:
    while True:
        outer, _ = door.accept()
        try:
            inner = socket.create_connection(("127.0.0.1", port))
        except OSError:  # the page is not up yet, or not any more
            outer.close()
            continue
        for one, other in ((outer, inner), (inner, outer)):
            threading.Thread(target=_pass, args=(one, other), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(PIECE_B):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
