"""The `charger` end of the safety wire with a listening socket: reconnecting, ages, a `guard` that dies or hangs."""

import math
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v2h.safety.outputs import NONE
from v2h.safety.shell.wire_client import WireClient
from v2h.safety.wire import GuardState, Report, Request, Trip, pack_report, unpack_request

WISH = Request(NONE, session=3, sequence=0, loop_age_ms=1, pre_current_a=None, cable_v=None)


class Loop:
    """Keeps the action of each watched socket; a test calls the actions."""

    def __init__(self) -> None:
        self.watched: dict[int, Callable[[float], None]] = {}

    def watch(self, readable: socket.socket, action: Callable[[float], None]) -> None:
        self.watched[readable.fileno()] = action

    def unwatch(self, fileno: int) -> None:
        del self.watched[fileno]


class Server:
    """The `guard` end, which the test operates."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(path))
        self.socket.listen(1)
        self.socket.settimeout(2)
        self.peer: socket.socket | None = None

    def accept(self) -> None:
        self.peer, _ = self.socket.accept()
        self.peer.settimeout(2)

    def hear(self) -> Request:
        assert self.peer is not None
        return unpack_request(self.peer.recv(64))

    def tell(self, sequence: int, state: GuardState = GuardState.READY) -> None:
        assert self.peer is not None
        self.peer.send(pack_report(Report(NONE, state, Trip.NONE, 3, sequence, True, True)))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "wire.sock")
    yield server
    server.socket.close()
    if server.peer is not None:
        server.peer.close()


def linked(server: Server, tmp_path: Path) -> tuple[WireClient, Loop]:
    loop = Loop()
    link = WireClient(tmp_path / "wire.sock", loop)
    link.poll(0.0)
    server.accept()
    return link, loop


def test_no_guard_is_no_error_and_infinitely_old(tmp_path: Path) -> None:
    link = WireClient(tmp_path / "nobody.sock", Loop())
    for tick in range(10):
        link.poll(tick * 0.1)
        assert link.send(tick * 0.1, WISH) is False
    assert (link.latest, link.age_s(1.0), link.lost(1.0), link.connected) == (None, math.inf, True, False)


def test_a_request_and_its_report(server: Server, tmp_path: Path) -> None:
    link, loop = linked(server, tmp_path)
    seen: list[tuple[float, Report]] = []
    link._on_report = lambda now, report: seen.append((now, report))
    assert link.send(1.0, WISH)
    sequence = server.hear().sequence
    server.tell(sequence)
    (action,) = loop.watched.values()
    action(1.01)
    assert link.latest is not None and link.latest.state is GuardState.READY
    assert seen == [(1.01, link.latest)]
    assert link.age_s(1.05) == pytest.approx(0.05)
    assert not link.lost(1.29)
    assert link.lost(1.31)


def test_age_counts_from_the_request_so_that_a_stopped_charger_sees_how_old_its_news_is(
    server: Server, tmp_path: Path
) -> None:
    link, _ = linked(server, tmp_path)
    link.send(1.0, WISH)
    server.tell(server.hear().sequence)
    link.poll(9.0)  # stopped for 8 s with the answer waiting in the socket
    assert link.latest is not None
    assert link.age_s(9.0) == pytest.approx(8.0)
    assert link.lost(9.0)
    assert link.connected, "guard did answer; it is charger that was away"


def test_a_report_that_answers_nothing_is_no_news(server: Server, tmp_path: Path) -> None:
    link, _ = linked(server, tmp_path)
    server.tell(77)
    link.poll(0.1)
    assert link.latest is None


def test_an_unasked_report_is_taken_but_makes_nothing_younger(server: Server, tmp_path: Path) -> None:
    link, _ = linked(server, tmp_path)
    link.send(1.0, WISH)
    sequence = server.hear().sequence
    server.tell(sequence)
    server.tell(sequence, GuardState.MAKING_SAFE)
    link.poll(1.2)
    assert link.latest is not None and link.latest.state is GuardState.MAKING_SAFE
    assert link.age_s(1.2) == pytest.approx(0.2)


def test_a_guard_silent_for_300_ms_is_given_up_and_found_again(server: Server, tmp_path: Path) -> None:
    link, loop = linked(server, tmp_path)
    link.send(1.0, WISH)
    server.tell(server.hear().sequence)
    link.poll(1.05)
    link.send(1.1, WISH)
    link.send(1.2, WISH)
    link.poll(1.39)
    assert link.connected
    link.poll(1.41)
    assert (link.connected, link.latest, loop.watched) == (False, None, {})
    link.poll(1.45)
    assert not link.connected, "not in a hurry"
    link.poll(1.52)
    assert link.connected
    server.accept()
    link.send(1.6, WISH)
    server.tell(server.hear().sequence)
    link.poll(1.61)
    assert not link.lost(1.61)


def test_on_a_new_connection_a_report_with_an_old_number_is_no_answer(server: Server, tmp_path: Path) -> None:
    link, _ = linked(server, tmp_path)
    link.send(1.0, WISH)
    unanswered = server.hear().sequence
    link.poll(1.31)
    link.poll(1.42)
    assert link.connected
    server.accept()
    server.tell(unanswered)
    link.poll(1.43)
    assert (link.latest, link.age_s(1.43)) == (None, math.inf)


def test_an_answer_to_an_older_request_keeps_the_younger_ones_waiting(server: Server, tmp_path: Path) -> None:
    link, _ = linked(server, tmp_path)
    link.send(1.0, WISH)
    first = server.hear().sequence
    link.send(1.1, WISH)
    server.tell(first)
    link.poll(1.2)
    link.poll(1.39)
    assert link.connected
    link.poll(1.41)
    assert not link.connected


def test_a_wish_that_no_longer_fits_on_the_wire_is_not_called_sent(server: Server, tmp_path: Path) -> None:
    """The wire is full because `guard` hangs. `charger` gives it up 300 ms after the first request that was sent, not
    after the last."""
    link, _ = linked(server, tmp_path)
    sent = [link.send(1.0 + tick / 10000, WISH) for tick in range(2000)]
    assert sent[0] is True and sent[-1] is False
    assert link.connected, "a full wire alone is no reason"
    link.poll(1.29)
    assert link.connected
    link.poll(1.31)
    assert not link.connected


def test_a_guard_that_dies_drops_what_was_known(server: Server, tmp_path: Path) -> None:
    link, loop = linked(server, tmp_path)
    link.send(1.0, WISH)
    server.tell(server.hear().sequence)
    link.poll(1.01)
    assert server.peer is not None
    server.peer.close()
    link.poll(1.02)
    assert (link.latest, link.age_s(1.02), loop.watched) == (None, math.inf, {})
    assert link.send(1.03, WISH) is False


def test_a_wish_to_a_guard_that_has_died_is_not_called_sent_and_not_held_against_the_next(
    server: Server, tmp_path: Path
) -> None:
    link, _ = linked(server, tmp_path)
    assert server.peer is not None
    server.peer.close()
    assert link.send(1.0, WISH) is False
    link.poll(1.5)
    server.accept()
    link.poll(1.51)
    assert link.connected, "this guard has not been asked anything yet"
    link.send(1.52, WISH)
    server.tell(server.hear().sequence)
    link.poll(1.53)
    assert not link.lost(1.53)


def test_a_guard_of_another_version_is_no_guard(server: Server, tmp_path: Path) -> None:
    link, _ = linked(server, tmp_path)
    assert server.peer is not None
    server.peer.send(b"\x02" + bytes(17))
    link.poll(0.1)
    assert not link.connected
