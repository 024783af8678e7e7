"""An application served by the real server on a free port of the loopback, and shut down completely at the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from v2h.web.server import make_server

END_S = 10.0


@contextmanager
def serving(app: Flask, *closing: Callable[[], None], **options: Any) -> Iterator[int]:
    """Serve the application and yield its port. closing: functions that end the application's waits, such as streams.

    At the end its connections are closed, and its threads and the thread that served it have ended.
    """
    server = make_server(app, "127.0.0.1:0", **options)
    thread = threading.Thread(target=server.run, name="served application", daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        for close in closing:
            close()
        server.trigger.pull_trigger(lambda: _hang_up(server))
        server.task_dispatcher.shutdown(timeout=END_S)  # before the trigger closes, which a task pulls when it is done
        server.trigger.pull_trigger(lambda: _end(server))
        thread.join(END_S)
        server.close()
        assert not thread.is_alive(), "the server goes on"


# Both run in the server's own thread. The files that it selects on stay open until the thread has ended: the number of
# a closed file may belong to another file a moment later, and the trigger is pulled by writing.


def _hang_up(server: Any) -> None:
    for channel in list(server.active_channels.values()):
        channel.handle_close()  # wakes a task that waits for room in its buffer


def _end(server: Any) -> None:
    """Ends the loop: it ends when it has nothing to wait for."""
    _hang_up(server)
    server._map.clear()
