"""The HTTP server of the board, the desk and the tests: waitress, with limits on what a client may use of it.

A client that sends a request and then does not read occupies a thread, and with it a seat, as long as its kernel
acknowledges our bytes with "no room". So the connection is closed when nothing could be delivered for UNREAD_S.
"""

import socket
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from v2h.web.app import MAX_BODY
from v2h.web.connections import FOR_ALL, Connection
from v2h.web.rest import MOST_PRICES_B

THREADS = 14
"""Each of the eight streams and two downloads occupies one. The others respond at once, or wait 2 s for the reply to a
command."""
UNSENT_BYTES = 65536
"""How much may be buffered for a browser that does not read; then its thread waits instead of filling the memory."""
UNREAD_S = 30.0
IDLE_S = 15
"""A connection that sends nothing is closed after this time, and within CLEAN_S more; so is one that has not sent the
whole of its request. A browser connects again."""
CLEAN_S = 5
AT_ONCE = 50
"""Most connections that are accepted in one round. They may come beside those that are about to be closed for them:
connections.py makes room, and waitress must never reach its own limit, at which it stops to accept."""
TAKEN_IN_BYTES = max(MAX_BODY, MOST_PRICES_B) + 8192
"""Limit of a request's body. Up to it, the application refuses a body that is too long with its own message; a longer
body is never stored."""
IDENT = "v2h"


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Accepts every connection that waits, in one round of the loop. waitress accepts one; while the threads are busy
    a round takes a tenth of a second, and a client that connects quickly would make all others wait."""

    channel_class = Connection

    def handle_accept(self) -> None:
        for _ in range(AT_ONCE):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) == before:
                return


def make_server(app: Flask, listen: str, *, unread_s: float = UNREAD_S, idle_s: int = IDLE_S) -> Server:
    """A server bound to `listen` ("address:port"); its run() serves until the process ends."""
    adjustments = Adjustments(
        listen=listen,
        threads=THREADS,
        channel_timeout=idle_s,
        cleanup_interval=min(CLEAN_S, idle_s),
        connection_limit=FOR_ALL + 2 * AT_ONCE,
        asyncore_use_poll=True,
        ident=IDENT,
        outbuf_high_watermark=UNSENT_BYTES,
        max_request_body_size=TAKEN_IN_BYTES,
        log_socket_errors=False,  # it would log a traceback for each error that a client causes
    )
    given_up = (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, int(unread_s * 1000))
    adjustments.socket_options = [*adjustments.socket_options, given_up]  # it accepts them in no other way
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(THREADS)
    files: dict[int, Any] = {}
    # A name may have several addresses, each with its socket; the loop of the first serves all files.
    first, *_ = [Server(app, files, dispatcher=threads, adj=adjustments, sockinfo=one) for one in adjustments.listen]
    return first
