"""CAN ports: the kernel's frame layout, python-can for other interfaces, and which controller is behind a name."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.ports.can import SocketPort, open_can, pack_frame, unpack_frame
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller
from v2h.pre import objects as pre


def test_the_kernels_frame() -> None:
    packet = pack_frame(0x630, bytes.fromhex("2B0A210000000000"))
    assert packet == bytes.fromhex("30060000 08 000000 2B0A210000000000")
    assert unpack_frame(packet, 1.5, PRE_BUS) == Frame(1.5, 0x630, bytes.fromhex("2B0A210000000000"), PRE_BUS)
    assert unpack_frame(pack_frame(0x102, b"\x01\x02"), 0.0, 1) == Frame(0.0, 0x102, b"\x01\x02", 1)


def test_extended_remote_and_error_frames_are_none_of_ours() -> None:
    for flag in (socket.CAN_EFF_FLAG, socket.CAN_RTR_FLAG, socket.CAN_ERR_FLAG):
        assert unpack_frame(pack_frame(0x630 | flag, b""), 0.0, PRE_BUS) is None


@pytest.mark.slow
def test_another_interface_of_python_can_hears_the_wanted_ids_and_never_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hub:
        port = open_can(f"can:serial/socket://127.0.0.1:{hub.getsockname()[1]}", PRE_BUS, [0x5B0])
        node, _ = hub.accept()
        with node:
            for can_id in (0x5B0, 0x630, 0x5B0):
                node.sendall(b"\xaa\0\0\0\0\x02" + can_id.to_bytes(4, "little") + b"\x11\x22\xbb")
            heard: list[Frame] = []
            deadline = time.monotonic() + 5
            while len(heard) < 2 and time.monotonic() < deadline:
                heard += port.frames()
            assert [(f.can_id, f.data, f.bus) for f in heard] == [(0x5B0, b"\x11\x22", PRE_BUS)] * 2
            start = time.monotonic()
            assert sum(len(list(port.frames())) for _ in range(20)) == 0
            assert time.monotonic() - start < 1.0, "python-can's serial interface would wait 0.1 s each time"
            port.send(0x630, b"\x40")
            assert node.recv(64) == b"\xaa\0\0\0\0\x01\x30\x06\0\0\x40\xbb"
        port.close()


def test_the_controller_behind_a_name(tmp_path: Path) -> None:
    device = tmp_path / "devices" / "ocp" / PRE_CONTROLLER / "net" / "can0"
    device.mkdir(parents=True)
    nets = tmp_path / "net"
    nets.mkdir()
    (nets / "can0").symlink_to(device)
    assert wrong_controller("can:socketcan/can0", PRE_CONTROLLER, nets) is None
    assert "not 481d0000.can" in (wrong_controller("can:socketcan/can0", CAR_CONTROLLER, nets) or "")
    assert "no network interface can1" in (wrong_controller("can:socketcan/can1", CAR_CONTROLLER, nets) or "")
    assert "cannot be checked" in (wrong_controller("can:serial/socket://x:1", PRE_CONTROLLER, nets) or "")


# Frames of this machine. Only a kernel with CAN sets the mark: tests/image/test_guest_forged.py has one.


class Marking(socket.socket):
    """A real socket that stands in for the kernel's mark: a packet with 0xFF in its first spare byte is local."""

    def recvmsg(self, size: int, *_: int) -> Any:  # type: ignore[override]
        packet, rest, flags, sender = super().recvmsg(size)
        return packet, rest, flags | (socket.MSG_DONTROUTE if packet[5:6] == b"\xff" else 0), sender


def local(packet: bytes) -> bytes:
    return packet[:5] + b"\xff" + packet[6:]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, Marking(fileno=ours.detach()) as marking:
        yield marking, theirs


def test_no_program_of_this_machine_speaks_as_the_car(ends: tuple[socket.socket, socket.socket]) -> None:
    port = SocketPort(ends[0], CAR_BUS)
    for packet in (pack_frame(0x102, b"\x01"), local(pack_frame(0x102, b"\x02")), pack_frame(0x102, b"\x03")):
        ends[1].send(packet)
    assert [frame.data for frame in port.frames()] == [b"\x01", b"\x03"]
    assert port.forged == 1
    ends[1].send(local(pack_frame(0x102, b"\x04")))
    assert port.frame() is None and port.drop_queued() == 0
    assert port.forged == 2


def test_guard_receives_what_any_program_orders_and_only_the_converters_own_answers(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    port = SocketPort(ends[0], PRE_BUS, ours=frozenset({pre.REQUEST_ID}))
    order, answer = pack_frame(pre.REQUEST_ID, pre.write_amps(10.0)), pack_frame(pre.ANSWER_ID, bytes(8))
    for packet in (order, local(order), answer, local(answer)):
        ends[1].send(packet)
    assert [frame.can_id for frame in port.frames()] == [pre.REQUEST_ID, pre.REQUEST_ID, pre.ANSWER_ID]
    assert port.forged == 1


def test_an_extended_frame_of_this_machine_is_no_forgery(ends: tuple[socket.socket, socket.socket]) -> None:
    port = SocketPort(ends[0], CAR_BUS)
    ends[1].send(local(pack_frame(0x102 | socket.CAN_EFF_FLAG, b"")))
    assert port.drop_queued() == 0 and port.forged == 0
