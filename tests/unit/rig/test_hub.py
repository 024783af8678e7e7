"""The hub: which node receives which frame, and what happens to nodes that do not read or are gone."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.ports.can import CanPortError, SocketPort, open_can, pack_frame
from v2h.rig.hub import Hub


class Watched:
    """Records what the hub asks the loop to watch; a test runs the loop."""

    def __init__(self) -> None:
        self.actions: dict[socket.socket, Callable[[], None]] = {}

    def watch(self, readable: socket.socket, action: Callable[[], None] | None) -> None:
        if action is None:
            self.actions.pop(readable, None)
        else:
            self.actions[readable] = action

    def turn(self) -> None:
        for readable, action in list(self.actions.items()):
            readable.setblocking(False)
            try:
                action()
            except BlockingIOError:  # a listening socket without a connection
                continue


class Desk:
    """A hub, its loop, and the frames that reached the rig."""

    def __init__(self, folder: Path) -> None:
        self.loop = Watched()
        self.heard: list[tuple[int, int, bytes]] = []
        self.hub = Hub(folder, lambda *frame: self.heard.append(frame), self.loop.watch)

    def node(self, bus: int, can_ids: list[int] | None = None) -> SocketPort:
        port = open_can(self.hub.urls()[bus], bus, can_ids)
        assert isinstance(port, SocketPort)
        self.loop.turn()
        return port


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.hub.close()


def frames(port: SocketPort) -> list[tuple[int, bytes, int]]:
    return [(frame.can_id, frame.data, frame.bus) for frame in port.frames()]


def test_a_frame_reaches_the_rig_and_every_other_node_of_its_bus(desk: Desk) -> None:
    sender, other, elsewhere = desk.node(CAR_BUS), desk.node(CAR_BUS), desk.node(PRE_BUS)
    sender.send(0x108, b"\x01\x02")
    desk.loop.turn()
    desk.hub.send(CAR_BUS, 0x102, bytes(8))
    assert desk.heard == [(CAR_BUS, 0x108, b"\x01\x02")]
    assert frames(other) == [(0x108, b"\x01\x02", CAR_BUS), (0x102, bytes(8), CAR_BUS)]
    assert frames(sender) == [(0x102, bytes(8), CAR_BUS)]
    assert frames(elsewhere) == []


def test_a_node_hears_the_ids_it_asked_for(desk: Desk) -> None:
    node = desk.node(PRE_BUS, [0x5B0])
    for can_id in (0x5B0, 0x630, 0x5B0):
        desk.hub.send(PRE_BUS, can_id, b"\x11")
    assert frames(node) == [(0x5B0, b"\x11", PRE_BUS)] * 2
    assert node.frame() is None


def test_frames_that_are_not_plain_go_nowhere(desk: Desk) -> None:
    sender, other = desk.node(CAR_BUS), desk.node(CAR_BUS)
    sender._socket.send(pack_frame(0x102 | socket.CAN_RTR_FLAG, b""))
    desk.loop.turn()
    assert desk.heard == []
    assert frames(other) == []


def test_a_node_that_does_not_read_loses_the_newest_and_holds_nobody_up(desk: Desk) -> None:
    lazy, busy = desk.node(CAR_BUS), desk.node(CAR_BUS)
    for number in range(1000):
        desk.hub.send(CAR_BUS, 0x123, number.to_bytes(8, "little"))
        assert busy.frame() == Frame(pytest.approx(0.0, abs=1e12), 0x123, number.to_bytes(8, "little"), CAR_BUS)
    kept = [int.from_bytes(data, "little") for _, data, _ in frames(lazy)]
    assert kept == list(range(len(kept)))
    assert 100 < len(kept) < 1000
    desk.hub.send(CAR_BUS, 0x124, b"")
    assert [can_id for can_id, _, _ in frames(lazy)] == [0x124]


def test_who_goes_is_forgotten_and_a_hub_that_goes_is_told(desk: Desk) -> None:
    gone, stays = desk.node(CAR_BUS), desk.node(CAR_BUS)
    gone.close()
    desk.loop.turn()
    desk.hub.send(CAR_BUS, 0x102, b"")
    assert len(frames(stays)) == 1
    assert len(desk.hub._nodes[CAR_BUS]) == 1
    url = desk.hub.urls()[CAR_BUS]
    desk.hub.close()
    with pytest.raises(CanPortError, match="hub has gone"):
        stays.frame()
    with pytest.raises(CanPortError):
        stays.send(0x108, b"")
    with pytest.raises(CanPortError, match="is the rig running"):
        open_can(url, CAR_BUS)
