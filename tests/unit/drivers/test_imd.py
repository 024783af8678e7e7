"""The insulation monitor at the far end of a pseudo-terminal, by the registers of its manual."""

import os
import struct
import tty
from collections.abc import Iterator

import pytest

from v2h.ccs.insulation import INSULATION_AT, SETTINGS
from v2h.ccs.record import Isolation
from v2h.drivers.imd import ANSWER_S, InsulationMonitor
from v2h.drivers.modbusrtu import ModbusError, crc, framed, read_answer, read_request, write_request

UNIT = 3
GOOD_OHM = 2_000_000.0


def channel(ohm: float, alarm: int = 0) -> bytes:
    return struct.pack(">fBBH", ohm, alarm, 2, 0)


class Device:
    """Answers as the device does. silent: it does not."""

    def __init__(self, far: int, near: int, monitor: InsulationMonitor) -> None:
        self.far, self.near, self.monitor, self.now = far, near, monitor, 100.0
        self.ohm, self.alarm, self.silent, self.spoils = GOOD_OHM, 0, False, False
        self.written: list[tuple[int, int]] = []
        os.set_blocking(far, False)

    def run(self, seconds: float) -> tuple[Isolation, float]:
        until = self.now + seconds
        while self.now < until:
            self.now += 0.05
            self.monitor.poll(self.now)
            try:
                request = os.read(self.far, 100)
            except BlockingIOError:
                continue
            if not self.silent:
                os.write(self.far, self._answer(request))
                self.monitor.poll(self.now)
        return self.monitor.look(self.now)

    def _answer(self, request: bytes) -> bytes:
        assert crc(request[:-2]) == request[-2:] and request[0] == UNIT
        _, function, address, value = struct.unpack(">BBHH", request[:-2])
        if function == 6:
            self.written.append((address, value))
            return request
        assert (address, value) == (INSULATION_AT, 4)
        answer = framed(bytes([UNIT, 3, 8]) + channel(self.ohm, self.alarm))
        return answer[:-1] + b"\0" if self.spoils else answer


@pytest.fixture
def device() -> Iterator[Device]:
    far, near = os.openpty()
    tty.setraw(near)
    monitor = InsulationMonitor(f"serial:{os.ttyname(near)}?unit={UNIT}")
    device = Device(far, near, monitor)
    yield device
    device.monitor.close()
    os.close(near)
    os.close(far)


def test_settings_come_first_and_two_readings_are_valid(device: Device) -> None:
    word, _ = device.run(0.5)
    assert device.written == [(register, value) for register, value, _ in SETTINGS]
    assert word is Isolation.INVALID, "one reading is none"
    word, at = device.run(1.5)
    assert word is Isolation.VALID and 0.0 <= device.now - at <= 1.1


def test_a_low_resistance_and_an_alarm_are_faults(device: Device) -> None:
    device.run(3.0)
    device.ohm = 50_000.0
    assert device.run(1.1)[0] is Isolation.FAULT
    device.ohm, device.alarm = GOOD_OHM, 5
    assert device.run(3.0)[0] is Isolation.FAULT


def test_a_silent_device_measures_nothing_and_gets_its_settings_again(device: Device) -> None:
    device.run(3.0)
    device.silent = True
    assert device.run(4.0 + ANSWER_S)[0] is Isolation.INVALID
    assert device.monitor.trouble == "it does not answer"
    device.silent = False
    device.written.clear()
    assert device.run(4.0)[0] is Isolation.VALID and device.monitor.trouble == ""
    assert len(device.written) == len(SETTINGS)


def test_a_spoiled_answer_is_no_reading(device: Device) -> None:
    device.run(0.5)
    device.spoils = True
    assert device.run(3.0)[0] is Isolation.INVALID and "checksum" in device.monitor.trouble


def test_the_line_is_opened_again_after_a_restart(device: Device) -> None:
    url = f"serial:{os.ttyname(device.near)}?unit={UNIT}"
    device.monitor.close()
    device.monitor = InsulationMonitor(url)
    assert device.run(3.0)[0] is Isolation.VALID


def test_the_frames_are_those_of_the_modbus_documents() -> None:
    assert read_request(0x11, 0x6B, 3).hex() == "1103006b00037687"
    words = read_answer(read_request(0x11, 0x6B, 3), bytes.fromhex("110306ae415652434049ad"))
    assert list(words) == [0xAE41, 0x5652, 0x4340]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("110306ae41565243404900", "checksum"),
        ("1203", "length"),
        (framed(bytes.fromhex("1183 02")).hex(), "exception 2"),
        (framed(bytes.fromhex("120306ae4156524340")).hex(), "another question"),
        (framed(bytes.fromhex("110304ae4156524340")).hex(), "announces 4 bytes"),
    ],
)
def test_what_is_no_answer_is_refused(answer: str, why: str) -> None:
    with pytest.raises(ModbusError, match=why):
        read_answer(read_request(0x11, 0x6B, 3), bytes.fromhex(answer))


def test_a_write_is_confirmed_by_its_own_bytes() -> None:
    request = write_request(3, 3005, 500)
    assert list(read_answer(request, request)) == []
    with pytest.raises(ModbusError, match="another value"):
        read_answer(request, write_request(3, 3005, 501))
