"""The loop hears the broker on every new socket, against a real broker."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import v2h.bus.client
import v2h.runtime.program
from tests.support.homebroker import Broker
from v2h.runtime.program import Program


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    with tempfile.TemporaryDirectory(prefix="v2h-broker-") as directory:
        broker = Broker(Path(directory))
        (Path(directory) / "secrets").mkdir()
        (Path(directory) / "secrets" / "me").write_text("right")
        monkeypatch.setattr(v2h.bus.client, "PORT", broker.port)
        monkeypatch.setattr(v2h.runtime.program, "RUN", Path(directory))
        # The filter cannot be removed again, and this process also runs other tests: test_confine.py tests it.
        monkeypatch.setattr(v2h.runtime.program, "confine", lambda name, log: True)
        yield Program("me")
        broker.close()


def turn_until(program: Program, done: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline
        program._turn()


@pytest.mark.slow
def test_a_new_socket_with_the_number_of_the_old_one_is_heard(program: Program) -> None:
    """The connection breaks and the next one opens within one turn of the loop. Unheard, the broker's answer would wait
    for the keep-alive of 5 s."""
    turn_until(program, lambda: program.bus.connected, 10)
    before, link = program.bus.fileno(), program.bus._client.socket()
    assert isinstance(link, socket.socket)
    link.shutdown(socket.SHUT_RDWR)
    program.bus.read()
    assert not program.bus.connected
    program.bus._connect()
    assert program.bus.fileno() == before
    turn_until(program, lambda: program.bus.connected, 3)
    program.bus.close()
