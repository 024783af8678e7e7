"""Recordings of the power line: pcap and pcapng, TCP as it was recorded, and the conversation in it."""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.support.ccsvectors import session
from v2h.capture.formats import CaptureError
from v2h.capture.pcap import ETHERNET, LINUX_SLL, PcapError, packets
from v2h.capture.tcpstream import MOST_WAITING, TcpStream
from v2h.capture.v2g import Conversation, conversation
from v2h.ccs.v2gtp import Payload, pack

DATA = Path(__file__).parents[2] / "data" / "ccs"
DIN = (DATA / "din.pcap").read_bytes()
PEV = (DATA / "pev-slac.pcap").read_bytes()
MESSAGES = 54
"""Two of the discovery, and the 52 of the session."""


def records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Seconds, microseconds and bytes of the packets of a pcap."""
    at = 24
    while at < len(data):
        seconds, micros, length, _ = struct.unpack_from("<IIII", data, at)
        yield seconds, micros, data[at + 16 : at + 16 + length]
        at += 16 + length


def pcap(packets: list[bytes], order: str = "<", link: int = ETHERNET) -> bytes:
    """A pcap with a packet each second."""
    head = struct.pack(f"{order}IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    rows = [struct.pack(f"{order}IIII", n, 0, len(data), len(data)) + data for n, data in enumerate(packets)]
    return head + b"".join(rows)


def pcapng(data: bytes, order: str = "<") -> bytes:
    """The same packets as pcapng, with times in nanoseconds and a block that nobody knows."""

    def block(kind: int, body: bytes) -> bytes:
        body = body.ljust((len(body) + 3) // 4 * 4, b"\0")
        size = struct.pack(f"{order}I", len(body) + 12)
        return struct.pack(f"{order}I", kind) + size + body + size

    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    options = struct.pack(f"{order}HHB3xHH", 9, 1, 9, 0, 0)
    interface = block(1, struct.pack(f"{order}HHI", ETHERNET, 0, 65535) + options)
    rows = []
    for seconds, micros, packet in records(data):
        stamp = seconds * 10**9 + micros * 1000
        head = struct.pack(f"{order}IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(packet), len(packet))
        rows.append(block(6, head + packet))
    return section + interface + block(0x0BAD, b"abc") + b"".join(rows)


def names(found: Conversation) -> list[str]:
    return [frame.name for frame in found.frames]


def test_a_whole_session_is_found_with_its_values() -> None:
    found = conversation(DIN)
    assert (len(found.frames), found.skipped, found.remarks) == (MESSAGES, [], [])
    assert names(found)[:3] == ["SDPRequest", "SDPResponse", "supportedAppProtocolReq"]
    assert [frame.data for frame in found.frames[2:]] == [vector.data for vector in session("din")]
    assert {frame.sender for frame in found.frames} == {"car", "charger"}
    setup = found.frames[5]
    assert (setup.name, setup.session, setup.sender) == ("SessionSetupRes", "C96F26D73B2CABC2", "charger")
    assert found.frames[0].t == 0.0 and setup.t == pytest.approx(2.502, abs=0.001)


def test_a_matching_is_found() -> None:
    found = conversation(PEV)
    assert names(found)[:4] == ["SetKeyReq", "SetKeyCnf", "ParmReq", "ParmCnf"]
    assert names(found)[-3:] == ["AttenCharRsp", "MatchReq", "MatchCnf"]
    assert names(found).count("SoundInd") == names(found).count("AttenProfileInd") == 10
    assert {frame.sender for frame in found.frames} == {"car", "charger", "modem"}


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_holds_the_same(order: str) -> None:
    found, ours = conversation(pcapng(DIN, order)), conversation(DIN)
    assert [frame._replace(t=0.0) for frame in found.frames] == [frame._replace(t=0.0) for frame in ours.frames]
    assert [frame.t for frame in found.frames] == pytest.approx([frame.t for frame in ours.frames], abs=1e-6)


def test_a_recording_of_all_interfaces_and_one_of_another_byte_order() -> None:
    whole = [packet for _, _, packet in records(DIN)]
    cooked = [bytes(14) + packet[12:] for packet in whole]
    assert names(conversation(pcap(cooked, link=LINUX_SLL))) == names(conversation(DIN))
    assert names(conversation(pcap(whole, ">"))) == names(conversation(DIN))


def without(*numbers: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda packets: [packet for number, packet in enumerate(packets) if number not in numbers]


def swapped(packets: list[bytes]) -> list[bytes]:
    """Neighbours in the wrong order, as two queues of a network card deliver them; the first five connect."""
    pairs = [packets[at : at + 2][::-1] for at in range(5, len(packets), 2)]
    return packets[:5] + [packet for pair in pairs for packet in pair]


@pytest.mark.parametrize(
    "change",
    [lambda packets: [packet for packet in packets for _ in (1, 2)], swapped, without(2, 3, 4)],
    ids=["twice", "wrong order", "from the middle"],
)
def test_tcp_as_it_is_recorded(change: Callable[[list[bytes]], list[bytes]]) -> None:
    found = conversation(pcap(change([packet for _, _, packet in records(DIN)])))
    assert set(names(found)) == set(names(conversation(DIN)))
    assert sorted(frame.data for frame in found.frames if frame.namespace) == sorted(v.data for v in session("din"))


def test_a_stream_in_pieces_with_a_number_that_wraps() -> None:
    sent = Random(4).randbytes(3000)
    first = 2**32 - 1500
    stream = TcpStream()
    stream.take(first - 1, b"", begins=True)
    pieces = [(at, sent[at : at + 100]) for at in range(0, 3000, 70)]
    for at in range(0, len(pieces), 4):
        for number, piece in reversed(pieces[at : at + 4]):
            assert not stream.take((first + number) % 2**32, piece, begins=False)
    assert bytes(stream.buffer) == sent


def test_a_gap_is_reported_and_the_rest_is_read() -> None:
    stream = TcpStream()
    assert not stream.take(0, b"a", begins=False)
    reported = [stream.take(10 + number, b"x", begins=False) for number in range(MOST_WAITING + 1)]
    assert reported == [False] * MOST_WAITING + [True]
    assert bytes(stream.buffer) == b"x" * (MOST_WAITING + 1)


@pytest.mark.parametrize("cut", [30, 100, len(DIN) - 3])
def test_a_file_that_is_cut_is_read_up_to_there(cut: int) -> None:
    if cut < 150:
        with pytest.raises(CaptureError, match=r"no message .* the file ends in the middle of a packet"):
            conversation(DIN[:cut])
    else:
        found = conversation(DIN[:cut])
        assert 50 < len(found.frames) <= MESSAGES
        assert "the file ends in the middle of a packet" in found.remarks[0]


def test_what_cannot_be_used_is_named() -> None:
    whole = [packet for _, _, packet in records(DIN)]
    question = bytearray(whole[0])
    question[-1] = 0x77
    with pytest.raises(CaptureError, match="transport 0x77"):
        conversation(pcap([bytes(question)]))
    with pytest.raises(CaptureError, match="link type 147"):
        conversation(pcap(whole, link=147))
    with pytest.raises(CaptureError, match="it has no packet of a power line"):
        conversation(pcap([bytes(60)]))
    stray = next(number for number, packet in enumerate(whole) if pack(Payload.EXI, b"")[:4] in packet)
    spoilt = whole[stray].replace(b"\x01\xfe\x80\x01", b"\x01\xfe\x80\x02")
    found = conversation(pcap([*whole[:stray], spoilt, *whole[stray + 1 :]]))
    assert found.skipped == [(stray + 1, "payload type 0x8002; 0x8001 is expected here")]
    assert len(found.frames) == MESSAGES - 1


@pytest.mark.parametrize("seed", range(20))
def test_a_broken_file_raises_only_what_is_said(seed: int) -> None:
    chance = Random(seed)
    for whole in (DIN, pcapng(DIN), PEV):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 60)):
            spoilt[chance.randrange(4, len(spoilt))] = chance.randrange(256)
        with suppress(CaptureError):
            conversation(bytes(spoilt))


def test_an_unknown_link_is_refused_at_its_packet() -> None:
    with pytest.raises(PcapError, match="packet 1 has link type 147"):
        list(packets(pcap([bytes(60)], link=147)))
