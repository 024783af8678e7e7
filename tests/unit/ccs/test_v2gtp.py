"""The frame around messages, and the discovery."""

import pytest

from v2h.ccs.exi import LONGEST_B
from v2h.ccs.sdp import TCP_PORT, Asked, read_request, response
from v2h.ccs.v2gtp import Payload, V2gtpError, pack, take_messages

ONE, TWO = pack(Payload.EXI, b"one"), pack(Payload.EXI, b"second")


def test_a_message_in_pieces_and_two_in_a_segment() -> None:
    buffer = bytearray()
    found = []
    for byte in ONE + TWO:
        buffer.append(byte)
        found += take_messages(buffer)
    assert found == [b"one", b"second"] and not buffer
    buffer = bytearray(ONE + TWO + TWO[:10])
    assert take_messages(buffer) == [b"one", b"second"]
    assert buffer == TWO[:10]
    assert take_messages(bytearray(pack(Payload.EXI, b""))) == [b""]


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        ("01fe8001ffffffff", "announces 4294967295 bytes; at most 2048"),
        ("01fe800100000801", "announces 2049 bytes; at most 2048"),
        ("01fd800100000001", "starts with 01 fd"),
        ("02fd800100000001", "starts with 02 fd"),
        ("01fe900000000002", "payload type 0x9000; 0x8001 is expected"),
    ],
)
def test_a_wrong_header_is_refused_before_its_payload_comes(sent: str, what: str) -> None:
    with pytest.raises(V2gtpError, match=what):
        take_messages(bytearray.fromhex(sent))


def test_the_longest_message_passes() -> None:
    assert take_messages(bytearray(pack(Payload.EXI, bytes(LONGEST_B)))) == [bytes(LONGEST_B)]


def test_the_discovery_answers_with_address_and_port() -> None:
    assert read_request(bytes.fromhex("01fe9000000000021000")) == Asked(tls=False)
    assert read_request(bytes.fromhex("01fe9000000000020000")) == Asked(tls=True)
    address = bytes.fromhex("fe80000000000000000000fffe005e01")
    assert response(address, 49152).hex() == "01fe900100000014" + address.hex() + "c000" + "1000"


def test_the_car_is_sent_to_a_dynamic_port() -> None:
    """RFC 6335; the car of iso15118 0.31.2 hung up without a word when it was sent to port 15118."""
    assert TCP_PORT in range(49152, 65536)


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        ("", "a datagram of 0 bytes; a question has 10"),
        ("01fe90000000000210", "a datagram of 9 bytes"),
        ("01fe9000000000031000", "a question of 3 bytes; it has 2"),
        ("01fe9000000000021010", "transport 0x10; only TCP"),
        ("01fe8001000000021000", "payload type 0x8001; 0x9000 is expected"),
    ],
)
def test_any_other_datagram_is_refused(sent: str, what: str) -> None:
    with pytest.raises(V2gtpError, match=what):
        read_request(bytes.fromhex(sent))
