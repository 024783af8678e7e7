"""The hub's bookkeeping for nodes that do not read."""

import socket
from collections.abc import Callable

import pytest

from v2h.rig.hub import TcpHub, frame_bytes


class Watched:
    """What the hub asks the loop to watch; a test plays the loop."""

    def __init__(self) -> None:
        self.actions: dict[int, Callable[[], None]] = {}

    def watch(self, readable: socket.socket, action: Callable[[], None] | None) -> None:
        if action is None:
            self.actions.pop(readable.fileno(), None)
        else:
            self.actions[readable.fileno()] = action

    def turn(self) -> None:
        for action in list(self.actions.values()):
            action()


def unstamped(frame: bytes | bytearray) -> bytes:
    """The frame without the hub's milliseconds."""
    return bytes(frame[:1]) + bytes(4) + bytes(frame[5:])


@pytest.mark.timeout(30)
def test_a_node_that_never_reads_gets_whole_frames_and_is_cut_off_in_the_end() -> None:
    watched = Watched()
    hub = TcpHub(0, lambda bus, can_id, data: None, watched.watch)
    with socket.create_connection(("127.0.0.1", hub.ports[0])) as lazy:
        listener = next(iter(watched.actions.values()))
        listener()
        open_before = len(watched.actions)
        sent = 0
        while len(watched.actions) == open_before:
            hub.send(0, 0x123, sent.to_bytes(8, "little"))
            sent += 1
        received = b"".join(iter(lambda: lazy.recv(65536), b""))
    size = len(frame_bytes(0x123, bytes(8)))
    whole = len(received) // size
    assert whole > 100
    assert [unstamped(received[n * size : (n + 1) * size]) for n in range(whole)] == [
        frame_bytes(0x123, n.to_bytes(8, "little")) for n in range(whole)
    ]
    hub.close()


def test_a_slow_node_catches_up_without_losing_a_byte() -> None:
    watched = Watched()
    hub = TcpHub(0, lambda bus, can_id, data: None, watched.watch)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.connect(("127.0.0.1", hub.ports[1]))
    list(watched.actions.values())[1]()
    size = len(frame_bytes(0x1, bytes(8)))
    node = hub._nodes[1][0]
    total = 0
    while not node.outgoing:  # until the kernel takes no more
        hub.send(1, 0x1, total.to_bytes(8, "little"))
        total += 1
    received = bytearray()
    while len(received) < total * size:
        received += slow.recv(65536)
        hub.send(1, 0x2, bytes(8))  # the next frame takes the waiting bytes along
    frames = [unstamped(received[n * size : (n + 1) * size]) for n in range(total)]
    assert frames == [frame_bytes(0x1, n.to_bytes(8, "little")) for n in range(total)]
    slow.close()
    hub.close()
