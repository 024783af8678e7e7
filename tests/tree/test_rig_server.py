"""The running rig, used through its sockets with the ports of the programs."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from v2h.canframe import CAR_BUS, Frame
from v2h.config.loading import load
from v2h.config.site import Config
from v2h.ports.can import CanPort, open_can
from v2h.ports.i2c import open_i2c
from v2h.ports.keys import open_keys
from v2h.ports.lines import open_input, open_output, open_pwm
from v2h.ports.rig import RigLinkError
from v2h.ports.spi import open_spi

LIMIT_S = 10.0


class RunningRig:
    """One process `python -m v2h.rig serve` and its configuration."""

    def __init__(self, run: Path, process: "subprocess.Popen[bytes]") -> None:
        self.run = run
        self.process = process
        self.config: Config = load([run / "none.toml", run / "rig.toml"])

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "v2h.rig", *arguments], env=_environment(self.run), capture_output=True, text=True
        )

    def state(self) -> dict[str, object]:
        done = self.command("state")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def url(self, chip: str) -> str:
        return f"rig:{self.run / 'rig.sock'}/{chip}"


def _environment(run: Path) -> dict[str, str]:
    return os.environ | {"V2H_RUN": str(run)}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RunningRig]:
    """A rig on free ports that is ready: it has sent READY=1, as to systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(LIMIT_S)
        process = subprocess.Popen(
            [sys.executable, "-m", "v2h.rig", "serve"],
            env=_environment(tmp_path) | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert notify.recv(64) == b"READY=1"
    yield RunningRig(tmp_path, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert not (tmp_path / "rig.sock").exists()


def node(url: str) -> CanPort:
    return open_can(url, CAR_BUS)


def next_frame(bus: CanPort, limit_s: float) -> Frame | None:
    """Return the next frame, or None when none comes within `limit_s`."""
    select.select([bus.fileno()], [], [], limit_s)
    return bus.frame()


def hear(bus: CanPort, can_id: int, limit_s: float = LIMIT_S) -> bytes:
    """Return the data of the next frame with this identifier; raise AssertionError when none comes within `limit_s`."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        frame = next_frame(bus, 0.1)
        if frame is not None and frame.can_id == can_id:
            return frame.data
    raise AssertionError(f"no frame 0x{can_id:03x} within {limit_s} s")


def test_the_overlay_is_a_good_configuration(rig: RunningRig) -> None:
    config = rig.config
    assert config.errors == ()
    assert config.hardware.pca9552 == rig.url("pca9552")
    assert config.hardware.outputs == rig.url("")
    assert not config.hardware.can_identity
    assert config.cable.scale_v_per_v == 100
    assert {name: meter.channel for name, meter in config.meter.items()} == {"grid": 1, "charger": 2}


def test_d1_wakes_the_car_and_its_frames_reach_every_node(rig: RunningRig) -> None:
    first, second = node(rig.config.hardware.car_can), node(rig.config.hardware.car_can)
    d1 = open_output(rig.url("d1"))
    d1.write(True)
    for bus in (first, second):
        assert hear(bus, 0x100)[6] == 240  # the peculiar value of the car's first frame
        assert hear(bus, 0x200)[0] == 0xFF
    d1.close()  # d1 goes off when its connection closes
    end = time.monotonic() + LIMIT_S
    while rig.state()["car"]["phase"] != "asleep" and time.monotonic() < end:  # type: ignore[index]
        time.sleep(0.05)
    state = rig.state()
    assert (state["outputs"], state["car"]["phase"]) == ([], "asleep")  # type: ignore[index]
    for bus in (first, second):
        bus.close()


def test_frames_pass_between_nodes_but_not_between_buses_or_back(rig: RunningRig) -> None:
    sender, receiver = node(rig.config.hardware.car_can), node(rig.config.hardware.car_can)
    other = node(rig.config.hardware.pre_can)
    for number in range(100):
        sender.send(0x108, bytes((number,) * 8))
    receiver_got = [hear(receiver, 0x108)[0] for _ in range(100)]
    assert receiver_got == list(range(100))
    receiver.send(0x7FF, b"done")
    assert hear(sender, 0x7FF) == b"done"  # hear() skips other frames, so the next line looks for the sender's own
    assert next_frame(sender, 0.1) is None
    assert next_frame(other, 0.1) is None
    for bus in (sender, receiver, other):
        bus.close()


def test_the_converter_answers_on_its_bus_once_it_has_ac(rig: RunningRig) -> None:
    bus = node(rig.config.hardware.pre_can)
    ac = open_output(rig.url("pre-ac"))
    name = bytes.fromhex("40 08 10 04 00 00 00 00")
    bus.send(0x630, name)
    assert next_frame(bus, 0.1) is None
    ac.write(True)
    end = time.monotonic() + LIMIT_S
    answer = None
    while answer is None and time.monotonic() < end:
        bus.send(0x630, name)
        answer = next_frame(bus, 0.1)
    assert answer is not None
    assert answer.data.hex(" ") == "43 08 10 04 56 47 36 20"
    bus.close()
    ac.close()


def test_spi_i2c_pwm_and_outputs_through_the_programs_own_ports(rig: RunningRig) -> None:
    meter = open_spi(rig.url("stpm3x"), mode=3)
    meter.transfer(bytes.fromhex("24 FF FF FF 99"))
    assert meter.transfer(bytes.fromhex("FF FF FF FF DE")).hex(" ") == "07 40 00 00 e4"
    adc = open_spi(rig.url("ad7327"), mode=2)
    adc.transfer(b"\x80\x10")
    assert adc.transfer(b"\0\0") == b"\0\0"
    panel = open_i2c(rig.url("pca9552"))
    panel.write(bytes.fromhex("12 2b 80 0a c0 54 55 55 40"))
    assert panel.write_read(b"\x12", 4) == bytes.fromhex("2b 80 0a c0")
    with pytest.raises(RigLinkError, match="no acknowledge"):
        panel.write(b"\x0f\x00")
    open_pwm(rig.url("fan")).write_duty(0.5)
    lock = open_output(rig.url("plug-lock"))
    lock.write(True)
    assert lock.read()
    state = rig.state()
    assert state["locked"] is True
    assert state["pre"]["fan_duty"] == 0.5  # type: ignore[index]
    assert 0 in state["panel_low_pins"]  # type: ignore[operator]
    refused = rig.command("set", "plugged=false")
    assert refused.returncode == 2
    assert "locked" in refused.stderr


def test_k_tells_its_edges_and_buttons_theirs(rig: RunningRig) -> None:
    k, keys = open_input(rig.url("k")), open_keys(rig.url("buttons"))
    assert k.read() is True  # K is high: not permitted
    assert rig.command("set", "press=boost").returncode == 0
    assert list(keys.events()) == [("boost", True)]
    assert select.select([keys.fileno()], [], [], LIMIT_S)[0]
    assert list(keys.events()) == [("boost", False)]
    bus = node(rig.config.hardware.car_can)
    d1 = open_output(rig.url("d1"))
    d1.write(True)
    evse = {
        0x108: "01 f4 01 0f b3 01 00 00",
        0x109: "02 00 00 00 01 20 00 00",
        0x208: "ff f4 01 f0 00 00 fa 00",
        0x209: "02 00 00 00 00 00 00 00",
    }
    end = time.monotonic() + LIMIT_S
    while not select.select([k.fileno()], [], [], 0.1)[0] and time.monotonic() < end:
        for can_id, data in evse.items():
            bus.send(can_id, bytes.fromhex(data))
    k.take_edges()
    assert k.read() is False
    d1.close()
    k.take_edges()
    assert k.read() is True
    bus.close()


def test_state_and_set_report_bad_input_and_a_missing_rig(rig: RunningRig, tmp_path: Path) -> None:
    done = rig.command("set", "soc=42", "load_w=1234", "plugged=0")
    state = json.loads(done.stdout)
    assert (state["car"]["soc_pct"], state["load_w"], state["plugged"]) == (42.0, 1234.0, False)
    for bad, why in (("soc=200", "0 to 100"), ("sock=1", "known: soc"), ("press=x", "boost"), ("soc", "KEY=VALUE")):
        done = rig.command("set", bad)
        assert done.returncode == 2
        assert why in done.stderr
    missing = subprocess.run(
        [sys.executable, "-m", "v2h.rig", "state"], env=_environment(tmp_path / "x"), capture_output=True, text=True
    )
    assert missing.returncode == 1
    assert "is the rig running" in missing.stderr


def test_an_unknown_chip_is_refused_by_name(rig: RunningRig) -> None:
    with pytest.raises(RigLinkError, match="unknown chip; known: stpm3x"):
        open_spi(rig.url("nosuch"), mode=0)
