"""SMA and TQ meters: datagrams as SMA's EMETER-Protokoll describes them, and real multicast on the loopback."""

import socket
import struct
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2h.config.meter_kinds import SmaMeter
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError, MeterSource, open_meter
from v2h.meters.reading import implausible
from v2h.meters.sma import measurement, read_datagram


def datagram(serial: int, values: Iterable[tuple[int, int, int]]) -> bytes:
    """(channel, kind, value) each, written a second time and not taken from the reader."""
    body = b"".join(
        struct.pack(">BBBB", 0, channel, kind, 0) + value.to_bytes(8 if kind == 8 else 4, "big")
        for channel, kind, value in values
    )
    data = struct.pack(">HHHII", 0x0010, 0x6069, 349, serial, 123_456) + body
    tail = bytes.fromhex("90000000") + bytes.fromhex("02000452") + bytes(4)
    return b"SMA\0" + bytes.fromhex("000402a000000001") + struct.pack(">H", len(data) + 8) + data + tail


GIVING = [
    (1, 4, 0), (1, 8, 3_600_000 * 5), (2, 4, 12_345), (2, 8, 3_600_000), (14, 4, 49_980),
    (21, 4, 1000), (22, 4, 0), (31, 4, 450), (32, 4, 231_500),
    (41, 4, 0), (42, 4, 13_345), (51, 4, 5800), (52, 4, 230_100),
    (61, 4, 0), (62, 4, 0), (71, 4, 0), (72, 4, 229_900),
]  # fmt: skip


def test_a_datagram_of_three_phases() -> None:
    read = read_datagram(datagram(3_003_004_005, GIVING))
    assert read is not None and read[0] == 3_003_004_005
    value = measurement(read[1], 7.0)
    assert value is not None
    assert (value.t, value.power_w, value.frequency_hz) == (7.0, -1234.5, 49.98)
    assert (value.import_wh, value.export_wh) == (5000, 1000)
    assert value.phases[0] == {"power_w": 100.0, "voltage_v": 231.5, "current_a": 0.45}
    assert value.phases[1]["power_w"] == -1334.5


def test_an_import_without_its_export_is_no_value() -> None:
    read = read_datagram(datagram(1, [(1, 4, 5000)]))
    assert read is not None and measurement(read[1], 0.0) is None


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 700), st.integers(0, 255))
def test_no_datagram_does_anything_but_measure_or_nothing(noise: bytes, at: int, byte: int) -> None:
    whole = bytearray(datagram(1, GIVING))
    whole[at % len(whole)] = byte
    for sent in (noise, bytes(whole), bytes(whole[: at % len(whole)]), whole[:28] + noise):
        read = read_datagram(bytes(sent))
        value = None if read is None else measurement(read[1], 0.0)
        assert value is None or implausible(value) or abs(value.power_w) <= 100e3


def answers(source: MeterSource, send: socket.socket, sent: Iterable[bytes]) -> list[Measurement]:
    for one in sent:
        send.sendto(one, ("239.12.255.254", 9522))
    deadline = time.monotonic() + 5
    while not (found := source.read(5.0)):
        assert time.monotonic() < deadline, source.note
        time.sleep(0.01)
    return [one for one in found if isinstance(one, Measurement)]


@pytest.fixture
def sender() -> Iterable[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        yield made


def test_the_meter_is_heard_by_multicast_and_another_is_not_taken_for_it(sender: socket.socket) -> None:
    source = open_meter(SmaMeter(interface="127.0.0.1"), Hardware())
    try:
        assert "does the switch pass multicast" in source.note and source.read(0.0) == []
        assert answers(source, sender, [b"SMA\0noise", datagram(7, GIVING)])[-1].power_w == -1234.5
        with pytest.raises(MeterError, match="several meters send, 7 and 9: write serial"):
            answers(source, sender, [datagram(9, GIVING)])
    finally:
        source.close()
    source = open_meter(SmaMeter(interface="127.0.0.1", serial=9), Hardware())
    try:
        sent = [datagram(9, [(1, 4, 10), (2, 4, 0)]), datagram(7, GIVING)]
        assert answers(source, sender, sent)[-1].power_w == 1.0
        assert source.read(6.0) == []
        assert "nothing is heard of the meter 9; heard of 7" in source.note
    finally:
        source.close()


def test_a_network_that_refuses_is_said() -> None:
    with pytest.raises(MeterError, match="cannot be joined"):
        open_meter(SmaMeter(interface="203.0.113.1"), Hardware())
