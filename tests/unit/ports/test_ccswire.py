"""The end of `ccs` of its wire to `charger`, at a real socket."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v2h.ccs.record import SILENCE_S, CarRecord, ChargerRecord, Phase, pack_charger, unpack_car
from v2h.ports.ccswire import RETRY_S, ChargerWire


class Ends:
    """The wire, and a `charger` that a test plays. answers: how often the wire has reported news."""

    def __init__(self, path: Path) -> None:
        self.path, self.readers, self.answers = path, dict[int, Callable[[float], None]](), 0
        self.wire = ChargerWire(path, self._watch, self._unwatch, self._on_answer)
        self.door: socket.socket | None = None
        self.peer: socket.socket | None = None

    def listen(self) -> None:
        self.path.unlink(missing_ok=True)
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.bind(str(self.path))
        self.door.listen(1)

    def send(self, now: float) -> CarRecord | None:
        """Send a record, and return what `charger` receives."""
        record = CarRecord(Phase.LINK, 1, self.wire.next_sequence())
        self.wire.send(now, record)
        if self.door is None:
            return None
        if self.peer is None:
            self.door.setblocking(False)
            try:
                self.peer, _ = self.door.accept()
            except BlockingIOError:
                return None
        return unpack_car(self.peer.recv(100))

    def answer(self, now: float, sequence: int) -> None:
        assert self.peer is not None
        self.peer.send(pack_charger(ChargerRecord(Phase.LINK, sequence, wanted=True)))
        self.read(now)

    def read(self, now: float) -> None:
        for action in list(self.readers.values()):
            action(now)

    def _watch(self, readable: socket.socket, action: Callable[[float], None]) -> None:
        self.readers[readable.fileno()] = action

    def _unwatch(self, fileno: int) -> None:
        self.readers.pop(fileno, None)

    def _on_answer(self, now: float) -> None:
        self.answers += 1

    def close(self) -> None:
        self.wire.close()
        for node in (self.door, self.peer):
            if node is not None:
                node.close()


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path / "wire.sock")
    yield made
    made.close()


def test_a_record_goes_out_and_its_answer_is_as_old_as_the_record(ends: Ends) -> None:
    ends.listen()
    told = ends.send(10.0)
    assert told is not None and told.sequence == 1 and ends.wire.latest(10.0) is None
    ends.answer(10.2, 1)
    assert ends.answers == 1
    record = ends.wire.latest(9.99 + SILENCE_S)
    assert record is not None and record.wanted
    assert ends.wire.latest(10.01 + SILENCE_S) is None, "it answers a record of 10.0, and not one of 10.2"


def test_an_answer_to_no_record_of_ours_is_not_used(ends: Ends) -> None:
    ends.listen()
    ends.send(10.0)
    ends.answer(10.0, 99)
    assert ends.answers == 0 and ends.wire.latest(10.0) is None


def test_a_packet_that_is_no_record_is_named_and_dropped(ends: Ends) -> None:
    ends.listen()
    ends.send(10.0)
    assert ends.peer is not None
    ends.peer.send(b"x")
    ends.read(10.0)
    assert "record of 1 bytes" in ends.wire.refused and ends.wire.latest(10.0) is None
    ends.answer(10.0, 1)
    assert ends.wire.refused == "" and ends.wire.latest(10.0) is not None


def test_it_connects_again_when_charger_comes_back(ends: Ends) -> None:
    assert ends.send(9.0) is None
    ends.listen()
    assert ends.send(9.0 + RETRY_S / 2) is None, "not at each record"
    assert ends.send(10.0) is not None
    ends.answer(10.0, ends.wire.sequence)
    assert ends.peer is not None
    ends.peer.close()
    ends.peer = None
    ends.read(10.05)
    assert ends.wire.latest(10.05) is None and ends.readers == {}, "what was received over it is no longer valid"
    ends.send(10.1 + RETRY_S)
    assert ends.send(10.2 + RETRY_S) is not None
