"""The HTTP server, as the board, the desk and the tests have it: waitress, with bounds on what a client may take of it.

A client that asks and does not read on holds a thread, and with it a seat, for as long as its kernel acknowledges our
bytes with "no room". So the connection is given up once nothing could be delivered for UNREAD_S.
"""

import socket
from typing import Any

from flask import Flask
from waitress.server import create_server

from v2h.web.app import MAX_BODY

THREADS = 14
"""Eight streams hold one each, two downloads too; the rest answer at once, or wait 2 s for a command's reply."""
UNSENT_BYTES = 65536
"""What may wait for a browser that does not read on; its thread then waits too instead of filling the memory."""
UNREAD_S = 30.0
TAKEN_IN_BYTES = 2 * MAX_BODY
"""Of a request's body. Up to here the application refuses a long one in its own words; a longer one is never stored."""
IDENT = "v2h"


def make_server(app: Flask, listen: str, *, unread_s: float = UNREAD_S) -> Any:
    """A server bound to `listen` ("address:port"); its run() serves until the process ends."""
    server = create_server(
        app,
        listen=listen,
        threads=THREADS,
        ident=IDENT,
        outbuf_high_watermark=UNSENT_BYTES,
        max_request_body_size=TAKEN_IN_BYTES,
        log_socket_errors=False,  # with a traceback each, for what is a client's doing
    )
    given_up = (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, int(unread_s * 1000))
    server.adj.socket_options = [*server.adj.socket_options, given_up]  # waitress takes them in no other way
    return server
