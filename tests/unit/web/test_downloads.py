"""Downloads: files are complete, at most two run at a time, and a client that does not read leaves nothing behind."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from tests.support.servedapp import serving
from tests.support.webapp import WebApp, browser
from v2h.bus.messages import Event
from v2h.datalog.reader import COPY_S, LogReader
from v2h.datalog.writer import StoreWriter
from v2h.web.rest_log import DOWNLOADS

DATABASE = "/api/v1/database"


def until(what: str, done: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


def nameless_copies(folder: Path) -> list[Path]:
    """The open handles of this process on deleted files in `folder`: one of the copy that is kept for an
    hour, and one of each download of it."""
    handles = [handle.readlink() for handle in Path("/proc/self/fd").iterdir() if handle.is_symlink()]
    return [path for path in handles if f"{folder}/.copy-" in str(path) and str(path).endswith("(deleted)")]


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


@pytest.fixture
def archive(web: WebApp) -> LogReader:
    return LogReader(web.data)


@pytest.fixture
def client(web: WebApp, archive: LogReader) -> FlaskClient:
    return browser(web.make(archive=archive), web.session())[0]


@pytest.fixture
def writer(web: WebApp) -> Iterator[StoreWriter]:
    """A log of some 20 MB: more than the kernel's buffers of two connections can hold."""
    store = StoreWriter(web.data, "boot-1", "0.1.0")
    store._connection.execute("pragma synchronous = off")  # type: ignore[union-attr]
    for n in range(10):
        store.add_event(Event(float(n), "info", "x", "y" * 2_000_000, "guard"))
    yield store
    store.close()


def test_a_log_that_is_not_there_is_refused(client: FlaskClient) -> None:
    for _ in range(DOWNLOADS + 1):
        answer = client.get(DATABASE)
        assert answer.status_code == 503 and "v2h.sqlite3" in answer.get_json()["error"]


def test_the_database_is_a_whole_copy_while_somebody_writes(
    client: FlaskClient, writer: StoreWriter, tmp_path: Path
) -> None:
    with writer._transaction() as connection:
        connection.execute("delete from events where id > 5")
        answer = client.get(DATABASE)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="v2h.sqlite3"'
    assert answer.mimetype == "application/vnd.sqlite3"
    (tmp_path / "got.sqlite3").write_bytes(answer.data)
    with sqlite3.connect(tmp_path / "got.sqlite3") as got:
        assert got.execute("pragma integrity_check").fetchone() == ("ok",)
        assert got.execute("select count(*) from events").fetchone() == (10,)


def test_a_third_download_waits_until_one_has_been_read(client: FlaskClient, web: WebApp, writer: StoreWriter) -> None:
    there = sorted(path.name for path in web.data.iterdir())
    running = [client.get(DATABASE, buffered=False), client.get("/api/v1/log.csv", buffered=False)]
    for path in (DATABASE, "/api/v1/log.csv", "/api/v1/samples.csv"):
        refused = client.get(path)
        assert refused.status_code == 503 and "2 downloads are running" in refused.get_json()["error"]
    assert sorted(path.name for path in web.data.iterdir()) == there and len(nameless_copies(web.data)) == 2
    for answer in running:
        answer.close()
    again = client.get(DATABASE)
    assert again.status_code == 200
    again.close()
    assert len(nameless_copies(web.data)) == 1


@pytest.mark.slow
def test_only_the_owner_downloads_the_database(client: FlaskClient, web: WebApp, writer: StoreWriter) -> None:
    stranger = client.application.test_client()
    assert stranger.get(DATABASE).status_code == 401
    assert DATABASE not in stranger.get("/log").get_data(as_text=True) and len(nameless_copies(web.data)) == 0
    assert stranger.get("/api/v1/log.csv").status_code == 200, "the rest is open"
    answer = stranger.get(DATABASE, headers=web.token("read"), buffered=False)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.slow
def test_downloads_of_one_hour_write_the_card_once(
    client: FlaskClient, web: WebApp, archive: LogReader, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download() -> tuple[bytes, set[Path]]:
        """The file, and the copies on the card after it."""
        with client.get(DATABASE) as answer:
            return answer.data, set(nameless_copies(web.data))

    first = download()
    writer.add_event(Event(99.0, "info", "x", "later", "guard"))
    assert [download() == first for _ in range(5)] == [True] * 5
    archive.drop_old_copy()
    assert len(nameless_copies(web.data)) == 1
    hour_later = time.monotonic() + COPY_S
    monkeypatch.setattr("v2h.datalog.reader.time", SimpleNamespace(monotonic=lambda: hour_later))
    archive.drop_old_copy()
    assert len(nameless_copies(web.data)) == 0
    assert download()[0] != first[0], "a new one"


def test_a_card_without_room_refuses_and_says_how_much_it_needs(
    client: FlaskClient, web: WebApp, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.runtime.disk_space.FREE_BYTES", 2**60)
        for _ in range(DOWNLOADS + 1):
            answer = client.get(DATABASE)
            assert answer.status_code == 503 and "MiB must be free" in answer.get_json()["error"]
    answer = client.get(DATABASE)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.slow
def test_clients_that_do_not_read_hold_two_seats_and_free_them_when_they_go(web: WebApp, writer: StoreWriter) -> None:
    """Served as on the board: the server itself must not take over the file and free the seat."""
    app, bearer = web.make(archive=LogReader(web.data)), web.token()["Authorization"]
    links: list[socket.socket] = []

    def ask() -> socket.socket:
        links.append(socket.create_connection(("127.0.0.1", port), timeout=20))
        links[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        links[-1].sendall(f"GET {DATABASE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n\r\n".encode())
        return links[-1]

    with serving(app) as port:
        try:
            for n in range(1, DOWNLOADS + 1):
                ask()
                until("a copy is being sent", lambda n=n: len(nameless_copies(web.data)) == 1 + n)  # type: ignore[misc]
            for _ in range(3):
                assert b" 503 " in ask().recv(100)
            assert len(nameless_copies(web.data)) == 1 + DOWNLOADS
            assert not list(web.data.glob(".copy-*"))
            for link in links:
                link.close()
            until("the copies are gone", lambda: len(nameless_copies(web.data)) == 1)
            until("there are seats again", lambda: b" 200 " in ask().recv(100))
        finally:
            for link in links:
                link.close()
            until("nothing is left", lambda: len(nameless_copies(web.data)) == 1)
