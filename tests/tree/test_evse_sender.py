"""The child process of `charger` that sends to the car: its frames are evenly spaced and in order, it is silent when
`charger` is silent, and it ends when `charger` ends."""

import errno
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from v2h.canframe import Frame
from v2h.ports.can import CanPortError
from v2h.ports.evsesender import FRESH_S, PERIOD_S, EvseSender, Messages, SenderError, pack, unpack
from v2h.runtime.forked import leave

CYCLE: Messages = [(0x108, bytes(range(8))), (0x109, b"\x02\x00\x00\x00\x00\x05\x00\x00")]


class SocketPort:
    """A port whose bus is a datagram socket, so that the test can read the child's frames with their times."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.far.setblocking(False)

    def send(self, can_id: int, data: bytes) -> None:
        self.near.send(can_id.to_bytes(2, "big") + data)

    def heard(self, seconds: float) -> list[tuple[float, int, bytes]]:
        """Return (monotonic time, id, data) of each frame that arrives within `seconds`."""
        end, frames = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            if select.select([self.far], [], [], left)[0]:
                packet = self.far.recv(64)
                frames.append((time.monotonic(), int.from_bytes(packet[:2], "big"), packet[2:]))
        return frames

    def frames(self) -> Iterator[Frame]:
        return iter(())

    def drop_queued(self) -> int:
        return 0

    def fileno(self) -> int:
        return self.near.fileno()

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def port() -> Iterator[SocketPort]:
    opened = SocketPort()
    yield opened
    opened.close()


@pytest.fixture
def sender(port: SocketPort) -> Iterator[EvseSender]:
    child = EvseSender(port)
    yield child
    child.close()


def test_words_travel_whole() -> None:
    assert unpack(pack(12.5, CYCLE)) == (12.5, CYCLE)
    assert unpack(pack(0.0, [])) == (0.0, [])


def test_repeats_in_order_until_the_words_are_old(port: SocketPort, sender: EvseSender) -> None:
    assert port.heard(0.3) == [], "silent before the first words"
    said = time.monotonic()
    sender.update(said, CYCLE)
    heard = port.heard(FRESH_S + 3 * PERIOD_S)
    assert [can_id for _, can_id, _ in heard] == [0x108, 0x109] * (len(heard) // 2) and len(heard) >= 4
    assert [data for _, _, data in heard[:2]] == [data for _, data in CYCLE]
    assert heard[-1][0] - said < 0.3, "a hung charger is silent within 0.3 s"


def test_silent_at_once_when_told(port: SocketPort, sender: EvseSender) -> None:
    sender.update(time.monotonic(), CYCLE)
    assert port.heard(0.15)
    sender.update(time.monotonic(), [])
    port.heard(PERIOD_S / 2)  # a cycle that had already begun
    assert port.heard(0.3) == []


class OffForAMoment(SocketPort):
    """A bus that refuses three frames once and then works again. It runs in the child, which sends the frames."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code, self._sent = code, 0

    def send(self, can_id: int, data: bytes) -> None:
        self._sent += 1
        if 5 <= self._sent < 8:
            raise CanPortError(self._code, os.strerror(self._code))
        super().send(can_id, data)


def test_frames_that_the_bus_does_not_take_are_dropped_and_told() -> None:
    heard, refused = [], []
    with closing(OffForAMoment(errno.ENOBUFS)) as port, closing(EvseSender(port)) as sender:
        while len(heard) < 9:
            now = time.monotonic()
            sender.update(now, CYCLE)
            refused.append(sender.refused(now))
            heard += [can_id for _, can_id, _ in port.heard(PERIOD_S)]
    assert heard[:5] == [0x108, 0x109, 0x108, 0x109, 0x109]
    assert not refused[0] and any(refused)


def test_a_bus_that_is_down_ends_the_child() -> None:
    """`charger` notices that the child has ended; on a busy machine it notices that the child has not sent for long."""
    with closing(OffForAMoment(errno.ENETDOWN)) as port, closing(EvseSender(port)) as sender:
        for _ in range(30):
            try:
                sender.update(time.monotonic(), CYCLE)
            except SenderError:
                break
            port.heard(PERIOD_S)
        else:
            pytest.fail("the child lives on")


def test_a_killed_child_is_noticed(port: SocketPort, sender: EvseSender) -> None:
    sender.update(time.monotonic(), CYCLE)
    os.kill(sender._pid, signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(SenderError):
        sender.update(time.monotonic(), CYCLE)


def test_a_hung_child_is_noticed(port: SocketPort, sender: EvseSender) -> None:
    sender.update(time.monotonic(), CYCLE)
    os.kill(sender._pid, signal.SIGSTOP)
    end = time.monotonic() + 2
    with pytest.raises(SenderError):
        while time.monotonic() < end:
            sender.update(time.monotonic(), CYCLE)
            time.sleep(PERIOD_S)


def test_ends_with_its_parent_and_holds_nothing_else_of_it_open(port: SocketPort) -> None:
    """The parent is killed: its other sockets close although the child still runs for a moment."""
    watched, other_end = socket.socketpair()
    parent = os.fork()
    if parent == 0:
        try:
            watched.close()
            sender = EvseSender(port)
            while True:
                sender.update(time.monotonic(), CYCLE)
                time.sleep(PERIOD_S)
        finally:
            leave(1)
    other_end.close()
    assert port.heard(0.5)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    watched.settimeout(0.05)
    assert watched.recv(1) == b"", "open only in the killed parent"
    port.heard(2 * PERIOD_S)
    assert port.heard(0.4) == [], "no frame after the parent's death"
