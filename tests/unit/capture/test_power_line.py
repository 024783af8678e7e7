"""The black box of the power line to a CCS car: what was said is read again by `v2h decode` and `v2h replay`."""

from pathlib import Path

import pytest

import v2h.capture.recorder
from tests.support.plugbench import PlugBench, charging
from tests.support.standin import WALL_OFFSET_S, StandIn
from v2h.bus.coding import MessageError
from v2h.bus.messages import CcsTraffic
from v2h.capture.capture_files import FOLDER
from v2h.capture.pcap import packets
from v2h.capture.power_line import PACKET_B, PowerLineBox
from v2h.capture.recorder import CanRecorder
from v2h.capture.replay_v2g import replay_v2g
from v2h.capture.v2g import conversation
from v2h.ccs.messages import DIN, ISO2, Dialect
from v2h.ccs.record import Phase
from v2h.ccs.traffic import BEGIN, CAR, CHARGER, FRAME, MOST_B, Traffic
from v2h.config.ccs import Ccs


def spoken(bench: PlugBench) -> list[CcsTraffic]:
    """A whole session, as ccs tells it: a message of the bus each second."""
    bench.car.stops = True
    bench.until(Phase.END)
    told, at = list[CcsTraffic](), 0
    while at < len(bench.traffic):
        traffic, until_t = Traffic(), bench.traffic[at][0] + 1.0
        while at < len(bench.traffic) and bench.traffic[at][0] <= until_t:
            traffic.note(*bench.traffic[at])
            at += 1
        told.append(CcsTraffic.from_json(CcsTraffic(until_t, traffic.take()).to_json()))
    return told


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_a_session_that_was_told_is_decoded_and_replayed(dialect: Dialect) -> None:
    bench = charging(dialect)
    box = PowerLineBox()
    for message in spoken(bench):
        for t, kind, digits in message.packets:
            box.add(t, kind, bytes.fromhex(digits))
    found = conversation(b"".join(box.pcap(WALL_OFFSET_S)))
    assert (found.skipped, found.remarks) == ([], [])
    said = [data for _, kind, data in bench.traffic if kind in (CAR, CHARGER)]
    assert [frame.data for frame in found.frames if frame.namespace] == said
    names = [frame.name for frame in found.frames]
    assert names[0] == "SetKeyReq" and "MatchCnf" in names and names[-1] == "SessionStopRes"
    assert {frame.sender for frame in found.frames if frame.name.endswith("Req") and frame.namespace} == {"car"}
    result = replay_v2g(found)
    assert result.ended and all(exchange.code == exchange.recorded for exchange in result.sessions[0])


def test_the_times_are_those_of_the_wall_clock_and_old_packets_are_left_out() -> None:
    box = PowerLineBox()
    for t in (100.0, 690.0, 701.25):
        box.add(t, FRAME, bytes(60))
    times = [packet.t for packet in packets(b"".join(box.pcap(WALL_OFFSET_S)))]
    assert times == pytest.approx([690.0 + WALL_OFFSET_S, 701.25 + WALL_OFFSET_S])


def test_the_box_has_a_bound() -> None:
    box = PowerLineBox(capacity_b=10 * (PACKET_B + 60))
    for number in range(1000):
        box.add(float(number), FRAME, bytes(60))
    assert len(box) == 10
    assert next(packets(b"".join(box.pcap(0.0)))).t == 990.0


def test_a_new_connection_is_another_one_in_the_file() -> None:
    box = PowerLineBox()
    for number in range(2):
        box.add(float(number), BEGIN, b"")
        box.add(float(number), CAR, bytes.fromhex("80"))
    ports = [packet.payload[40:42] for packet in packets(b"".join(box.pcap(0.0)))]
    numbers = [packet.payload[44:48] for packet in packets(b"".join(box.pcap(0.0)))]
    assert ports[0] != ports[1] and numbers[0] == numbers[1]


def test_a_car_that_says_too_much_does_not_make_a_message_too_large() -> None:
    traffic = Traffic()
    for number in range(1000):
        traffic.note(float(number), FRAME, bytes(1500))
    assert traffic.lost > 900
    assert len(CcsTraffic(0.0, traffic.take()).to_json()) < 4 * MOST_B
    assert (traffic.lost, traffic.take()) == (0, [])


@pytest.mark.parametrize("packet", ["[1.0, 'car', 'zz']", "[1.0, 'other', '00']", "['x', 'car', '00']", "[1.0]", "7"])
def test_traffic_that_cannot_be_is_refused(packet: str) -> None:
    text = f'{{"t": 1.0, "packets": [{packet}]}}'.replace("'", '"')
    with pytest.raises(MessageError, match="CcsTraffic"):
        CcsTraffic.from_json(text.encode())


def recorder(folder: Path, monkeypatch: pytest.MonkeyPatch, *, ccs: bool) -> tuple[StandIn, CanRecorder]:
    monkeypatch.setattr(v2h.capture.recorder, "DATA", folder)
    program = StandIn("datalog", monkeypatch, v2h.capture.recorder)
    if ccs:
        object.__setattr__(program.config, "ccs", Ccs("serial:/dev/box", "serial:/dev/monitor"))
    made = CanRecorder(program, lambda: program.wall_offset_s, lambda what, text: None)  # type: ignore[arg-type]
    made.start()
    return program, made


def test_a_fault_keeps_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, made = recorder(tmp_path, monkeypatch, ccs=True)
    told = spoken(charging(DIN))
    for message in told:
        program.hear(message)
    made.fault("ccs_lost", program.now + 0.1)
    program.run(20.0)
    names = [path.name.partition("-")[2] for path in sorted((tmp_path / FOLDER).iterdir())]
    assert names == ["ccs_lost.log", "ccs_lost.pcap"]
    found = conversation(next((tmp_path / FOLDER).glob("*.pcap")).read_bytes())
    assert found.frames[-1].name == "SessionStopRes" and found.skipped == []
    assert [code for code, _ in program.events()] == ["capture", "capture"]


def test_without_ccs_nothing_of_it_is_heard_or_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, made = recorder(tmp_path, monkeypatch, ccs=False)
    assert CcsTraffic.TOPIC not in program._handlers
    made.fault("tripped", program.now + 0.1)
    program.run(20.0)
    assert [path.suffix for path in (tmp_path / FOLDER).iterdir()] == [".log"]
