"""The HTTP server of the board, the desk and the tests: waitress, with limits on what a client may use of it.

A client that sends a request and then does not read occupies a thread, and with it a seat, as long as its kernel
acknowledges our bytes with "no room". So the connection is closed when nothing could be delivered for UNREAD_S.
"""

import socket
from typing import Any

from flask import Flask
from waitress.server import create_server

from v2h.web.app import MAX_BODY

THREADS = 14
"""Each of the eight streams and two downloads occupies one. The others respond at once, or wait 2 s for the reply to a
command."""
UNSENT_BYTES = 65536
"""How much may be buffered for a browser that does not read; then its thread waits instead of filling the memory."""
UNREAD_S = 30.0
IDLE_S = 15
"""A connection without a request is closed after this time, and within CLEAN_S more: a browser connects again."""
CLEAN_S = 5
CONNECTIONS = 400
"""A client with a hundred silent connections must not keep the others out for as long as it likes."""
TAKEN_IN_BYTES = MAX_BODY + 8192
"""Limit of a request's body. Up to it, the application refuses a body that is too long with its own message; a longer
body is never stored."""
IDENT = "v2h"


def make_server(app: Flask, listen: str, *, unread_s: float = UNREAD_S, idle_s: int = IDLE_S) -> Any:
    """A server bound to `listen` ("address:port"); its run() serves until the process ends."""
    server = create_server(
        app,
        listen=listen,
        threads=THREADS,
        channel_timeout=idle_s,
        cleanup_interval=min(CLEAN_S, idle_s),
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,
        ident=IDENT,
        outbuf_high_watermark=UNSENT_BYTES,
        max_request_body_size=TAKEN_IN_BYTES,
        log_socket_errors=False,  # it would log a traceback for each error that a client causes
    )
    given_up = (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, int(unread_s * 1000))
    server.adj.socket_options = [*server.adj.socket_options, given_up]  # waitress accepts them in no other way
    return server
