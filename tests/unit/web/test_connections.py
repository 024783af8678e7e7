"""Silent and slow connections, with real sockets from several addresses of the loopback."""

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from tests.support.servedapp import serving
from tests.support.webapp import JSON, WebApp
from v2h.web.connections import FOR_ALL, FOR_ONE, to_close
from v2h.web.server import make_server

PATIENCE_S = 10.0
START = b"GET /login HTTP/1.1\r\nHost: localhost\r\nX-Long: "


@dataclass
class Line:
    place: str
    begun_t: float
    waiting: bool = True

    def is_waiting(self) -> bool:
        return self.waiting


def test_one_address_loses_its_own_oldest_connection_that_waits() -> None:
    held = [Line("other", 0), Line("busy", 1, waiting=False), Line("busy", 2), Line("busy", 3)]
    assert to_close(held, "busy", for_one=3) is held[2]
    assert to_close(held, "other", for_one=3) is None


def test_when_every_connection_is_busy_the_oldest_goes() -> None:
    held = [Line("busy", t, waiting=False) for t in (2, 1, 3)]
    assert to_close(held, "busy", for_one=3) is held[1]


def test_at_the_common_ceiling_the_address_with_most_gives() -> None:
    held = [Line("owner", 0), *(Line(f"x{n % 2}", n) for n in range(1, 6))]
    assert to_close(held, "new", for_one=5, for_all=6) is held[1]
    assert to_close(held, "new", for_one=5, for_all=7) is None


@pytest.fixture
def links() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def dial(links: contextlib.ExitStack, port: int, source: str, count: int) -> list[socket.socket]:
    return [
        links.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S, (source, 0)))
        for _ in range(count)
    ]


def closed(among: list[socket.socket], count: int) -> set[int]:
    """Places in the list of those that the server has closed, as soon as there are `count`."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        ready = select.select(among, [], [], 0.05)[0]
        if len(ready) >= count or time.monotonic() > deadline:
            return {among.index(one) for one in ready}


def answer(port: int, source: str, path: str, web: WebApp | None = None) -> int:
    """The status of a GET, or of a POST as the owner if `web` is given."""
    link = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S, source_address=(source, 0))
    with contextlib.closing(link):
        if web is None:
            link.request("GET", path)
        else:
            link.request("POST", path, b"{}", JSON | web.token())
        return link.getresponse().status


def test_an_address_keeps_only_its_newest_connections(tmp_path: Path, links: contextlib.ExitStack) -> None:
    web = WebApp(tmp_path)
    with serving(web.make(), web.state.close) as port:
        owner = dial(links, port, "127.0.0.2", 1)
        silent = dial(links, port, "127.0.0.3", FOR_ONE + 3)
        assert closed(silent, 3) == {0, 1, 2}
        assert closed(owner, 0) == set(), "the owner's own connection stays"


def test_the_stop_passes_a_full_table(tmp_path: Path, links: contextlib.ExitStack) -> None:
    """Silent ones from so many addresses that the common ceiling is reached, and the owner at any address."""
    web = WebApp(tmp_path)
    addresses = [f"127.0.1.{n}" for n in range(1, FOR_ALL // FOR_ONE + 3)]
    with serving(web.make(), web.state.close, idle_s=60) as port:
        silent = [one for address in addresses for one in dial(links, port, address, FOR_ONE)]
        over = len(silent) - FOR_ALL
        assert len(closed(silent, over)) == over > 0
        for source in ("127.0.0.1", addresses[0]):
            assert answer(port, source, "/login") == 200
            assert answer(port, source, "/api/v1/command/stop", web) == 200


def test_one_round_accepts_all_that_wait(links: contextlib.ExitStack) -> None:
    """With one connection a round, who connects again and again makes all others wait."""
    server = make_server(Flask("waiting"), "127.0.0.1:0")
    try:
        for n in range(5):
            dial(links, int(server.effective_port), f"127.0.0.{2 + n}", 8)
        server.handle_accept()
        assert len(server.active_channels) == 40
    finally:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.task_dispatcher.shutdown()
        server.close()


@pytest.mark.slow
def test_a_request_that_comes_byte_by_byte_is_given_up(tmp_path: Path, links: contextlib.ExitStack) -> None:
    """A byte now and then kept such a connection, and its memory, for as long as the client liked."""
    web = WebApp(tmp_path)
    with serving(web.make(), web.state.close, idle_s=1) as port:
        (slow,) = dial(links, port, "127.0.0.2", 1)
        slow.sendall(START)
        until_t = time.monotonic() + PATIENCE_S
        while not select.select([slow], [], [], 0.3)[0]:
            assert time.monotonic() < until_t, "it is still held"
            slow.sendall(b"x")


@pytest.mark.slow
def test_a_request_in_parts_that_is_quick_enough_is_answered(tmp_path: Path, links: contextlib.ExitStack) -> None:
    web = WebApp(tmp_path)
    with serving(web.make(), web.state.close, idle_s=2) as port:
        (link,) = dial(links, port, "127.0.0.2", 1)
        for _ in range(2):  # the second begins after more than idle_s since the first one's first byte
            link.sendall(START)
            time.sleep(1.1)
            link.sendall(b"x\r\n\r\n")
            assert link.recv(15) == b"HTTP/1.1 200 OK"
            while select.select([link], [], [], 0.2)[0]:
                link.recv(65536)
