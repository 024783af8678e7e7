"""The HTTP server against faulty clients: they send too much, or read nothing of what they requested."""

import contextlib
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.servedapp import serving
from tests.support.webapp import JSON, WebApp
from v2h.web.app import MAX_BODY
from v2h.web.log_source import Row
from v2h.web.rest import MOST_PRICES_B
from v2h.web.server import THREADS

UNREAD_S = 3.0
PATIENCE_S = 20.0


class LongLog:
    """A log so long that no buffer of the kernel can hold it."""

    def samples(self, from_s: float, to_s: float, step_s: float) -> Sequence[Row]:
        return [{"t": float(n), "grid_w": 12.0, "text": "x" * 500} for n in range(2000)]

    def events(self, limit: int, before: int | None, level: str) -> Sequence[Row]:
        return [{"id": n, "text": "x" * 500} for n in range((before or 10**6) - 1, 0, -1)[:limit]]


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


@pytest.fixture
def port(web: WebApp) -> Iterator[int]:
    with serving(web.make(archive=LongLog(), streams=2), web.state.close, unread_s=UNREAD_S) as served:
        yield served


def silent(port: int, links: contextlib.ExitStack, count: int) -> list[socket.socket]:
    return [links.enter_context(socket.create_connection(("127.0.0.1", port), 5)) for _ in range(count)]


def test_silent_connections_keep_nobody_out(web: WebApp) -> None:
    """A hundred of them once took the page from everybody for as long as they were held."""
    with serving(web.make(), web.state.close, idle_s=60) as port, contextlib.ExitStack() as links:
        silent(port, links, 150)
        link = HTTPConnection("127.0.0.1", port, timeout=5)
        link.request("GET", "/login")
        assert link.getresponse().status == 200
        link.close()


@pytest.mark.slow
def test_a_silent_connection_is_closed(web: WebApp) -> None:
    with serving(web.make(), web.state.close, idle_s=2) as port, contextlib.ExitStack() as links:
        for one in silent(port, links, 3):
            one.settimeout(PATIENCE_S)
            assert one.recv(1) == b""


@pytest.fixture
def deaf() -> Iterator[Callable[..., socket.socket]]:
    """Sends a request and never reads the answer: its kernel reports a full window and still acknowledges packets."""
    links: list[socket.socket] = []

    def ask(port: int, request: str, source: str = "127.0.0.1") -> socket.socket:
        link = socket.socket()
        link.bind((source, 0))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", port))
        link.sendall(request.encode())
        links.append(link)
        return link

    yield ask
    for link in links:
        link.close()


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"


def status(port: int, path: str) -> int | None:
    """The HTTP status; None when no answer comes within a second."""
    link = HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        link.request("GET", path)
        return link.getresponse().status
    except TimeoutError:
        return None
    finally:
        link.close()


def until(wanted: int | None, port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while status(port, path) != wanted:
        assert time.monotonic() < deadline, f"{path} does not answer {wanted}"
        time.sleep(0.1)


@pytest.mark.slow
def test_clients_that_read_nothing_do_not_keep_the_threads(
    port: int, deaf: Callable[..., socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for n in range(THREADS):  # from two addresses: one may not have as many connections
        deaf(port, get("/api/v1/samples") * 40, f"127.0.0.{2 + n % 2}")
    until(None, port, "/api/v1/health")
    until(200, port, "/api/v1/health")
    assert [record for record in caplog.records if record.exc_info] == [], "nothing of this is worth a traceback"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/v1/log.csv", "/api/v1/stream"])
def test_a_client_that_reads_nothing_gives_its_seat_back(
    port: int, deaf: Callable[..., socket.socket], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "v2h.web.state.SLOWEST_S", 0.001
    )  # sends minutes of documents in a moment, to fill the kernel's buffers
    monkeypatch.setattr("v2h.web.state.FASTEST_S", 0.001)
    for _ in range(2):
        deaf(port, get(path))
    until(503, port, path)
    until(200, port, path)


def test_a_body_that_is_too_long_is_refused_in_our_words(port: int, web: WebApp) -> None:
    link = HTTPConnection("127.0.0.1", port, timeout=5)
    link.request("POST", "/api/v1/command/stop", b"x" * (MAX_BODY + 1), JSON | web.token())
    answer = link.getresponse()
    assert answer.status == 413 and b'"ok":false' in answer.read()
    link.close()


def test_14_days_of_quarter_hours_are_taken_as_evcc_sends_them(port: int, web: WebApp) -> None:
    zone = timezone(timedelta(hours=1))
    start = datetime.now(zone).replace(minute=0, second=0, microsecond=0)
    times = [(start + timedelta(minutes=15 * n)).isoformat() for n in range(14 * 96 + 1)]
    rates = [{"start": a, "end": b, "value": 0.10001 + n / 1e4} for n, (a, b) in enumerate(pairwise(times))]
    link = HTTPConnection("127.0.0.1", port, timeout=20)
    link.request("POST", "/api/v1/prices", json.dumps({"rates": rates}), JSON | web.token())
    answer = link.getresponse()
    said = answer.read()
    assert answer.status == 200, said
    [(name, values)] = web.orders
    assert (name, values["import"]["step_min"], len(values["import"]["values"])) == ("prices", 15, 14 * 96)
    link.request("POST", "/api/v1/prices", b"x" * (MOST_PRICES_B + 3), JSON | web.token())
    answer = link.getresponse()
    assert answer.status == 413 and b" bytes, 3 too many" in answer.read()
    link.close()


def test_a_body_without_end_is_not_taken_in(port: int) -> None:
    link = socket.create_connection(("127.0.0.1", port), timeout=5)
    link.sendall(f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2**30 - 1}\r\n\r\n".encode())
    assert b" 413 " in link.recv(200), "before any of it has come"
    link.close()
