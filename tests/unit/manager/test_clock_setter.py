"""manager's side of the socket that sets the clock, tested with a real socket."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from v2h.config.site import Config
from v2h.manager import clock_sources
from v2h.manager.clock_setter import ClockError, ClockSetter
from v2h.manager.owner_files import OwnerStore


class Loop:
    """The part of a program's loop that the setter uses."""

    def __init__(self) -> None:
        self.watched: dict[int, Callable[[float], None]] = {}

    def watch(self, readable: socket.socket, action: Callable[[float], None]) -> None:
        self.watched[readable.fileno()] = action

    def unwatch(self, fileno: int) -> None:
        self.watched.pop(fileno, None)

    def turn(self) -> None:
        for action in list(self.watched.values()):
            action(time.monotonic())


class Bench:
    """A setter, its store, and a socket on which the test answers."""

    def __init__(self, folder: Path) -> None:
        self.loop, self.warned = Loop(), list[str]()
        self.store = OwnerStore(folder, Config(), lambda code, text: self.warned.append(text))
        self.path = folder / "clock.sock"
        program: Any = self.loop
        self.keeper = ClockSetter(program, self.store, lambda code, text: self.warned.append(text), self.path)
        self.said: list[str] = []

    def take(self, at: object) -> bool:
        return self.keeper.take(at, time.monotonic(), self.said.append)

    def source(self) -> str:
        return self.keeper.trust(datetime.now(UTC)).source


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(clock_sources, "SYNCHRONISED", tmp_path / "synchronized")
    monkeypatch.setattr(clock_sources, "RTC", tmp_path / "since_epoch")
    return Bench(tmp_path)


@pytest.fixture
def door(bench: Bench) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(str(bench.path))
        server.listen(1)
        server.settimeout(5)
        yield server


def test_the_door_is_asked_with_the_time_and_its_moment(bench: Bench, door: socket.socket) -> None:
    moment = datetime(2027, 1, 15, 8, tzinfo=UTC)
    before = time.monotonic()
    assert not bench.take(moment.isoformat())
    link, _ = door.accept()
    with link:
        wall_s, at = map(float, link.recv(128).decode().split())
        assert wall_s == moment.timestamp()
        assert before - 0.01 <= at <= time.monotonic() + 0.001, "told to the millisecond"
        assert (bench.said, bench.source()) == ([], "none")
        link.send(b"ok")
    bench.loop.turn()
    assert (bench.said, bench.source(), bench.loop.watched) == ([""], "owner", {})
    assert OwnerStore(bench.path.parent, Config(), lambda code, text: None).clock == bench.store.clock


@pytest.mark.parametrize(("answer", "words"), [(b"not set: because", "not set: because"), (None, "did not answer")])
def test_a_refusal_or_a_door_that_closes_trusts_nobody(
    bench: Bench, door: socket.socket, answer: bytes | None, words: str
) -> None:
    assert not bench.take("2027-01-15T08:00:00+00:00")
    link, _ = door.accept()
    with link:
        assert link.recv(128)
        if answer is not None:
            link.send(answer)
    bench.loop.turn()
    assert words in bench.said[0]
    assert (bench.source(), bench.loop.watched) == ("none", {})


def test_without_a_door_a_device_can_only_confirm_a_clock_that_is_right(bench: Bench) -> None:
    with pytest.raises(ClockError, match="3600 s off and cannot be set here"):
        bench.take((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert bench.source() == "none"
    assert bench.take(datetime.now(UTC).isoformat())
    assert bench.source() == "owner"


def test_a_time_server_is_not_overruled_and_is_remembered(bench: Bench, door: socket.socket) -> None:
    clock_sources.SYNCHRONISED.touch()
    bench.keeper.look()
    assert (bench.source(), bench.store.clock and bench.store.clock.source) == ("ntp", "ntp")
    with pytest.raises(ClockError, match="a time server keeps the clock"):
        bench.take("2027-01-15T08:00:00+00:00")


@pytest.mark.parametrize("at", [None, 5, "soon", "2027-01-15T08:00:00", ""])
def test_a_time_without_offset_is_refused(bench: Bench, at: object) -> None:
    with pytest.raises(ClockError, match="is not an ISO time with offset such as"):
        bench.take(at)
