"""The WebSocket's frames, with the examples of RFC 6455, and with what no client may send."""

import pytest

from v2h.gateway.frames import (
    CLOSE,
    MOST_MESSAGE_B,
    PING,
    TEXT,
    Decoder,
    Message,
    ProtocolError,
    frame,
    is_same,
    opening,
)

REQUEST = (
    b"GET /chat?token=abc HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Origin: http://example.com\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")


def test_the_opening_of_the_rfc() -> None:
    found = opening(REQUEST)
    assert found is not None and found.answer.startswith(b"HTTP/1.1 101 ") and found.answer.endswith(b"\r\n\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in found.answer
    assert (found.origin, found.target) == ("http://example.com", "/chat?token=abc")
    assert opening(REQUEST[:-1]) is None


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        REQUEST.replace(b"13", b"8"),
        REQUEST.replace(b"GET", b"POST"),
        REQUEST.replace(b"dGhl", b"xx"),
        b"x" * 9000,
        b"\r\n\r\n",
    ],
)
def test_any_other_request_is_refused(request_bytes: bytes) -> None:
    with pytest.raises(ProtocolError):
        opening(request_bytes)


def test_the_hello_of_the_rfc_in_any_pieces() -> None:
    assert Decoder().feed(HELLO) == [Message(TEXT, b"Hello")]
    decoder = Decoder()
    assert [message for byte in HELLO + HELLO for message in decoder.feed(bytes([byte]))] == [
        Message(TEXT, b"Hello"),
        Message(TEXT, b"Hello"),
    ]


def masked(head: bytes, payload: bytes = b"") -> bytes:
    return head + bytes(4) + payload


def test_a_message_in_parts_with_a_ping_between() -> None:
    parts = masked(b"\x01\x82", b"Hi") + masked(b"\x89\x81", b"!") + masked(b"\x80\x83", b" yo")
    assert Decoder().feed(parts) == [Message(PING, b"!"), Message(TEXT, b"Hi yo")]


def test_a_long_message() -> None:
    payload = b"a" * 300
    assert Decoder().feed(masked(b"\x81\xfe\x01\x2c", payload)) == [Message(TEXT, payload)]
    assert frame(TEXT, payload)[:4] == b"\x81\x7e\x01\x2c" and frame(TEXT, b"a" * 70_000)[:2] == b"\x81\x7f"
    assert frame(CLOSE, b"\x03\xe8") == b"\x88\x02\x03\xe8"


@pytest.mark.parametrize(
    "data",
    [
        masked(b"\x01\x80"),  # an empty part, of which a message could have any number
        b"\x81\x05Hello",  # not masked
        masked(b"\xc1\x80"),  # a reserved bit
        masked(b"\x83\x80"),  # an unknown kind
        masked(b"\x09\x80"),  # a ping in parts
        b"\x89\xfe\x00\x7e",  # a long ping
        masked(b"\x80\x80"),  # a part of nothing
        masked(b"\x01\x81", b"a") + masked(b"\x81\x80"),  # a new message within another
        b"\x81\xff" + (MOST_MESSAGE_B + 1).to_bytes(8, "big"),
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_breaks_the_protocol(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(data)


def test_no_token_is_never_the_right_one() -> None:
    assert is_same("abc", "abc") and not is_same("abd", "abc") and not is_same("", "") and not is_same("ü", "abc")
