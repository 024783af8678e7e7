"""The `guard` end of the safety wire with real sockets: who may connect, what is reported, and who may follow."""

import os
import pwd
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v2h.safety.shell.wire_server import WireServer


class Guard:
    """A loop that runs every socket's action in turn(), and records what the server reports to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers: dict[int, Callable[[float], None]] = {}
        self.packets: list[bytes] = []
        self.gone: list[float] = []
        self.refused: list[str] = []
        self.peers: list[socket.socket] = []
        self.server = WireServer(path, self, lambda t, p: self.packets.append(p), self.gone.append, self.refused.append)

    def watch(self, readable: socket.socket, action: Callable[[float], None]) -> None:
        readable.setblocking(False)
        self.readers[readable.fileno()] = action

    def unwatch(self, fileno: int) -> None:
        del self.readers[fileno]

    def turn(self, now: float = 1.0) -> None:
        for action in list(self.readers.values()):
            action(now)

    def connect(self) -> socket.socket:
        """Connect as a charger; the loop of `guard` has not turned yet."""
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.settimeout(2)
        peer.connect(str(self.path))
        self.peers.append(peer)
        return peer

    def close(self) -> None:
        self.server.close()
        for peer in self.peers:
            peer.close()


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    """The socket's folder does not exist yet."""
    guard = Guard(tmp_path / "guard" / "wire.sock")
    yield guard
    guard.close()


def test_a_charger_is_heard_and_answered(guard: Guard) -> None:
    charger = guard.connect()
    guard.turn()
    charger.send(b"a wish")
    charger.send(b"another")
    guard.turn()
    assert (guard.packets, guard.gone, guard.refused) == ([b"a wish", b"another"], [], [])
    guard.server.tell(b"a report")
    assert charger.recv(64) == b"a report"


def test_a_second_charger_is_sent_away_and_told_of_and_the_first_is_kept(guard: Guard) -> None:
    first = guard.connect()
    guard.turn()
    second = guard.connect()
    guard.turn()
    assert second.recv(64) == b"", "closed"
    assert len(guard.refused) == 1 and "charger" in guard.refused[0]
    first.send(b"a wish")
    guard.turn()
    assert (guard.packets, guard.gone) == ([b"a wish"], [])


def test_another_user_is_sent_away_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = pwd.struct_passwd(("v2h-charger", "x", os.getuid() + 1, 0, "", "/", "/bin/false"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: other)
    guard = Guard(tmp_path / "wire.sock")
    stranger = guard.connect()
    guard.turn()
    assert stranger.recv(64) == b""
    assert len(guard.refused) == 1 and str(os.getuid()) in guard.refused[0]
    guard.server.tell(b"a report")  # nobody is connected
    guard.close()


def test_a_charger_that_ends_is_told_of_once_and_the_next_is_welcome(guard: Guard) -> None:
    first = guard.connect()
    guard.turn()
    first.close()
    guard.turn(2.0)
    guard.turn(3.0)
    assert guard.gone == [2.0]
    second = guard.connect()
    guard.turn(4.0)
    second.send(b"a wish")
    guard.turn(5.0)
    assert (guard.packets, guard.refused, guard.gone) == ([b"a wish"], [], [2.0])


def test_a_charger_that_comes_before_the_end_of_the_last_is_seen_is_welcome(guard: Guard) -> None:
    first = guard.connect()
    guard.turn()
    first.send(b"last words")
    first.close()
    second = guard.connect()
    guard.turn(2.0)
    second.send(b"a wish")
    guard.turn(3.0)
    assert (guard.packets, guard.refused, guard.gone) == ([b"last words", b"a wish"], [], [2.0])


def test_a_report_to_a_charger_that_does_not_read_or_has_ended_raises_nothing(guard: Guard) -> None:
    charger = guard.connect()
    guard.turn()
    for _ in range(2000):
        guard.server.tell(b"a report")
    charger.close()
    guard.server.tell(b"a report")
    guard.turn()
    guard.server.tell(b"a report")
    assert len(guard.gone) == 1


def test_the_socket_of_a_guard_that_was_killed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "wire.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as left:
        left.bind(str(path))
    guard = Guard(path)
    charger = guard.connect()
    guard.turn()
    charger.send(b"a wish")
    guard.turn()
    assert guard.packets == [b"a wish"]
    assert path.stat().st_mode & 0o777 == 0o666, "who may speak is decided by the user"
    guard.close()
