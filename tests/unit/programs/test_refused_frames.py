"""A bus that takes no frames: charger and its sender drop them, go on and log it once; only a dead bus is closed."""

import errno
import socket
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

import v2h.ports.can
import v2h.ports.evsesender
import v2h.programs.charger
from tests.support.standin import StandIn
from v2h.bus.messages import Event
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo.charger import Turn
from v2h.ports.can import CanPort, CanPortError, open_can
from v2h.ports.evsesender import PERIOD_S, REFUSED_S, Messages, pack
from v2h.programs.charger import ChargerShell

CYCLE: Messages = [(0x108, bytes(range(8))), (0x109, bytes(8))]
NOT_TAKEN = CanPortError(errno.ENOBUFS, "No buffer space available")
DOWN = CanPortError(errno.ENETDOWN, "Network is down")


class Bus:
    """A port. taken: what it took, with the time of `clock`; error: what send() raises now."""

    def __init__(self, clock: "Clock | None" = None) -> None:
        self.clock, self.taken = clock or Clock(), list[tuple[float, int]]()
        self.error: CanPortError | None = None
        self.closed = False
        self.forged = 0

    def send(self, can_id: int, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append((round(self.clock.now, 6), can_id))

    def frame(self) -> Frame | None:
        return None

    def frames(self) -> Iterator[Frame]:
        return iter(())

    def drop_queued(self) -> int:
        return 0

    def fileno(self) -> int:
        return 99

    def close(self) -> None:
        self.closed = True


class Clock:
    """The virtual time of the child's loop."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Parent:
    """The other end of the child's wire: sends a new message every 50 ms until end_t. told: the child's bytes."""

    def __init__(self, clock: Clock, end_t: float) -> None:
        self.clock, self.end_t, self.told = clock, end_t, list[bytes]()
        self._next_t, self._blocking = 0.0, True

    def setblocking(self, flag: bool) -> None:
        self._blocking = flag

    def recv(self, size: int) -> bytes:
        if self.clock.now >= self.end_t:
            return b""
        if self.clock.now < self._next_t:
            if not self._blocking:
                raise BlockingIOError
            self.clock.now = self._next_t
        self._next_t = self.clock.now + PERIOD_S / 2
        return pack(self.clock.now, CYCLE)

    def send(self, data: bytes) -> None:
        self.told.append(data)


def child(
    monkeypatch: pytest.MonkeyPatch, refuses_from_s: float, refuses_to_s: float, error: CanPortError
) -> tuple[Bus, Parent]:
    """The bus and the parent after the child has run with a bus that is off for a while."""
    clock = Clock()
    bus, parent = Bus(clock), Parent(clock, 2.0)
    take = bus.send

    def send(can_id: int, data: bytes) -> None:
        bus.error = error if refuses_from_s <= clock.now < refuses_to_s else None
        take(can_id, data)

    monkeypatch.setattr(bus, "send", send)
    monkeypatch.setattr(v2h.ports.evsesender, "time", clock)
    v2h.ports.evsesender._repeat(bus, parent)  # type: ignore[arg-type]
    return bus, parent


def test_the_child_goes_on_on_the_same_grid_after_frames_that_were_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    well, _ = child(monkeypatch, 9.0, 9.0, NOT_TAKEN)
    bus, parent = child(monkeypatch, 0.45, 1.25, NOT_TAKEN)
    assert bus.taken == [(t, can_id) for t, can_id in well.taken if not 0.45 <= t < 1.25]
    assert parent.told.count(b"\x02") == 8, "one byte a cycle, and the refused ones are told apart"
    assert set(parent.told[:4]) == set(parent.told[-4:]) == {b"\x01"}


def test_any_other_error_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CanPortError, match="down"):
        child(monkeypatch, 0.45, 1.25, DOWN)


class Sender:
    """charger's end of the child. error: what the next update raises; refusing: whether the bus refuses frames."""

    def __init__(self, port: CanPort) -> None:
        self.updates, self.refusing, self.error, self.speaking = 0, False, None, True

    def update(self, now: float, messages: Messages) -> None:
        if self.error is not None:
            raise self.error
        self.updates += 1

    def refused(self, now: float) -> bool:
        return self.refusing

    def close(self) -> None: ...


class Bench:
    """charger's shell with both buses open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = StandIn("charger", monkeypatch, v2h.programs.charger)
        config = self.program.config
        self.program.config = replace(config, hardware=replace(config.hardware, can_identity=False))
        self.opened: list[tuple[int, bool]] = []
        self.buses = {PRE_BUS: Bus(), CAR_BUS: Bus()}
        monkeypatch.setattr(v2h.programs.charger, "open_can", self._open)
        monkeypatch.setattr(v2h.programs.charger, "EvseSender", Sender)
        self.shell = ChargerShell(self.program)  # type: ignore[arg-type]
        self.program.run(1.5)
        self.program.published.clear()

    def _open(self, url: str, bus: int, can_ids: list[int], *, short_queue: bool = False) -> Bus:
        self.opened.append((bus, short_queue))
        return self.buses[bus]

    @property
    def sender(self) -> Sender:
        sender = self.shell._sender
        assert isinstance(sender, Sender)
        return sender

    def send(self, cycles: int) -> None:
        for _ in range(cycles):
            self.program.now += PERIOD_S
            self.shell._send(self.program.now, Turn(to_pre=[(0x630, bytes(8))], to_car=CYCLE))

    def said(self) -> list[tuple[str, str]]:
        events = [message for _, message in self.program.published if isinstance(message, Event)]
        return [(event.level, event.text) for event in events if "bus" in event.text]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_converter_that_does_not_acknowledge_costs_requests_and_not_the_port(bench: Bench) -> None:
    bus = bench.buses[PRE_BUS]
    bus.error = NOT_TAKEN
    bench.send(100)
    assert not bus.closed and bench.shell._pre is bus
    assert bench.said() == [("warning", "nobody acknowledges on the converter's bus: frames are dropped")]
    bus.error = None
    bench.send(round(REFUSED_S / PERIOD_S) + 1)
    assert len(bus.taken) == round(REFUSED_S / PERIOD_S) + 1
    assert bench.said()[1:] == [("info", "the converter's bus takes frames again")]


def test_a_car_that_does_not_acknowledge_is_said_once_and_once_when_it_is_over(bench: Bench) -> None:
    bench.send(3)
    before = bench.sender.updates
    bench.sender.refusing = True
    bench.send(100)
    bench.sender.refusing = False
    bench.send(100)
    assert bench.said() == [
        ("warning", "nobody acknowledges on the car's bus: frames are dropped"),
        ("info", "the car's bus takes frames again"),
    ]
    assert bench.sender.updates == before + 200 and not bench.buses[CAR_BUS].closed


def test_a_bus_that_takes_everything_is_not_worth_a_word(bench: Bench) -> None:
    bench.send(100)
    assert bench.said() == []


def test_frames_in_the_cars_name_are_said_once(bench: Bench) -> None:
    bus = bench.buses[CAR_BUS]
    bus.forged = 3
    bench.program.run(1.5)
    bus.forged = 400
    bench.program.run(5.0)
    (event,) = (message for _, message in bench.program.published if isinstance(message, Event))
    assert (event.level, event.code) == ("warning", "can-forged")
    assert event.text.startswith("a program of this board sends CAN frames as the car (3 so far): they are dropped")


@pytest.mark.parametrize("code", [errno.ENETDOWN, errno.ENODEV, errno.ENXIO])
def test_a_bus_that_is_gone_is_closed_and_looked_for_again(bench: Bench, code: int) -> None:
    for bus in bench.buses.values():
        bus.error = CanPortError(code, "gone")
    bench.sender.error = OSError(errno.EPIPE, "the sender of our frames is gone")  # type: ignore[assignment]
    bench.send(1)
    assert [bus.closed for bus in bench.buses.values()] == [True, True]
    assert [text.partition(":")[0] for _, text in bench.said()] == [
        "the converter's bus is lost",
        "the car's bus is lost",
    ]
    bench.program.run(1.5)
    assert sorted(bench.opened[2:]) == [(PRE_BUS, False), (CAR_BUS, True)]


def test_only_the_cars_frames_rather_fail_than_wait(bench: Bench) -> None:
    assert sorted(bench.opened) == [(PRE_BUS, False), (CAR_BUS, True)]


@pytest.mark.parametrize(("short_queue", "least", "most"), [(True, 5, 9), (False, 50, 100_000)])
def test_how_many_frames_wait_in_the_kernel(
    monkeypatch: pytest.MonkeyPatch, short_queue: bool, least: int, most: int
) -> None:
    """Uses a Unix socket: the kernel counts its memory as for a raw CAN socket. A cycle of 5 frames fits, two do
    not."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    monkeypatch.setattr(v2h.ports.can, "kernel_socket", lambda interface, can_ids: near)
    port = open_can("can:socketcan/can1", CAR_BUS, [0x102], short_queue=short_queue)
    waiting = 0
    with pytest.raises(CanPortError) as caught:
        while waiting <= most:
            port.send(0x108, bytes(8))
            waiting += 1
    assert caught.value.errno == errno.ENOBUFS
    assert least <= waiting <= most
    far.recv(64)
    port.close()
    far.close()


def test_the_parent_remembers_a_refusal_for_a_second() -> None:
    sender = v2h.ports.evsesender.EvseSender.__new__(v2h.ports.evsesender.EvseSender)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    near.setblocking(False)
    sender._wire, sender._asked_t, sender._sent_t, sender._refused_t = near, None, float("-inf"), float("-inf")
    told = SimpleNamespace(send=far.send)
    for now, byte, refused in (
        (1.0, b"\x01", False),
        (1.1, b"\x02", True),
        (1.2, b"\x01", True),
        (2.2, b"\x01", False),
    ):
        told.send(byte)
        sender.update(now, CYCLE)
        assert sender.refused(now) is refused, now
    near.close()
    far.close()
