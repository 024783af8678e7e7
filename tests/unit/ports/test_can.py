"""CAN ports: the kernel's frame layout, python-can for other interfaces, and which controller is behind a name."""

import socket
import time
from pathlib import Path

from v2h.canframe import PRE_BUS, Frame
from v2h.ports.can import open_can, pack_frame, unpack_frame
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller


def test_the_kernels_frame() -> None:
    packet = pack_frame(0x630, bytes.fromhex("2B0A210000000000"))
    assert packet == bytes.fromhex("30060000 08 000000 2B0A210000000000")
    assert unpack_frame(packet, 1.5, PRE_BUS) == Frame(1.5, 0x630, bytes.fromhex("2B0A210000000000"), PRE_BUS)
    assert unpack_frame(pack_frame(0x102, b"\x01\x02"), 0.0, 1) == Frame(0.0, 0x102, b"\x01\x02", 1)


def test_extended_remote_and_error_frames_are_none_of_ours() -> None:
    for flag in (socket.CAN_EFF_FLAG, socket.CAN_RTR_FLAG, socket.CAN_ERR_FLAG):
        assert unpack_frame(pack_frame(0x630 | flag, b""), 0.0, PRE_BUS) is None


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
