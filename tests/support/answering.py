"""A server of raw HTTP answers, for the tests of a client whose peer is busy, silent or no charger."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.hangup import hang_up

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
JSON = HEAD % b"application/json" + b"Connection: close\r\n\r\n"
BUSY = b'HTTP/1.1 503 NO\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"ok": false, "error": "Full."}'


@contextmanager
def answering(answers: list[bytes], *, silent_after: bytes = b"") -> Iterator[str]:
    """A server that sends each caller the next answer and hangs up, except after the answer `silent_after`."""
    listening, held = socket.create_server(("127.0.0.1", 0)), list[socket.socket]()
    place = f"127.0.0.1:{listening.getsockname()[1]}"

    def serve() -> None:
        for answer in answers:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            link.recv(4000)
            link.sendall(answer)
            held.append(link)
            if answer is not silent_after:
                link.shutdown(socket.SHUT_RDWR)
        listening.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        hang_up(listening, *held)
        thread.join(5)
