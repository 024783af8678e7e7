"""The server's side of a WebSocket connection (RFC 6455), without sockets: bytes in, messages and bytes out.

It is here because Debian's packages for it are not on the card, and the predecessor's page needs little of it: short
text messages, one answer each. No extension, no compression.
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
CONTROL_B = 125
"""Bytes that the payload of a control frame may have."""
MOST_REQUEST_B, MOST_MESSAGE_B = 8192, 65_536
NORMAL, PROTOCOL, NOT_UTF8, TOO_BIG = 1000, 1002, 1007, 1009


class ProtocolError(ValueError):
    """The peer breaks the protocol. code: for our closing frame."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class Opening(NamedTuple):
    """The request that opens a connection. answer: what to send. origin: "" from a client that is no browser. target:
    the path and the query of the address."""

    answer: bytes
    origin: str
    target: str


def opening(request: bytes) -> Opening | None:
    """The opening of a connection; None while the request is not complete. Raises ProtocolError for any other."""
    head, ended, _ = request.partition(b"\r\n\r\n")
    if not ended:
        if len(request) > MOST_REQUEST_B:
            raise ProtocolError(TOO_BIG, "the request is too long")
        return None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    headers = _headers(lines[1:])
    key = headers.get("sec-websocket-key", "")
    good = len(words) == 3 and words[0] == "GET" and headers.get("upgrade", "").lower() == "websocket"
    good = good and "upgrade" in headers.get("connection", "").lower().replace(" ", "").split(",")
    if not good or headers.get("sec-websocket-version") != "13" or not _is_key(key):
        raise ProtocolError(PROTOCOL, "this is no opening of a WebSocket of version 13")
    accept = base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest())
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    answer += b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    return Opening(answer, headers.get("origin", ""), words[1])


def is_same(given: str, wanted: str) -> bool:
    """Whether a token is the right one; never for an empty one."""
    return bool(wanted) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame of ours, unmasked."""
    size = len(payload)
    if size <= CONTROL_B:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload


def closing(code: int) -> bytes:
    return frame(CLOSE, struct.pack("!H", code))


class Message(NamedTuple):
    """opcode: TEXT (also for a binary message, whose bytes are read as text), CLOSE, PING or PONG."""

    opcode: int
    payload: bytes


@dataclass(slots=True)
class Decoder:
    """What has come of a frame and of a message in several frames."""

    _buffer: bytearray = field(default_factory=bytearray)
    _parts: bytearray = field(default_factory=bytearray)
    _within: bool = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now. Raises ProtocolError."""
        self._buffer += data
        found = []
        while (cut := self._cut()) is not None:
            message = self._join(*cut)
            if message is not None:
                found.append(message)
        return found

    def _cut(self) -> tuple[bool, int, bytes] | None:
        """The next whole frame: whether it is the last of its message, its opcode and its payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        final, opcode, size, at = bool(buffer[0] & 0x80), buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if buffer[0] & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise ProtocolError(PROTOCOL, "a reserved bit or an unknown kind of frame")
        if not buffer[1] & 0x80:
            raise ProtocolError(PROTOCOL, "a frame of a client must be masked")
        if opcode >= CLOSE and (not final or size > CONTROL_B):
            raise ProtocolError(PROTOCOL, "a control frame must be short and whole")
        for mark, code, width in ((126, "!H", 2), (127, "!Q", 8)):
            if size == mark and at == 2:
                if len(buffer) < at + width:
                    return None
                (size,) = struct.unpack_from(code, buffer, at)
                at += width
                break
        if size + len(self._parts) > MOST_MESSAGE_B:
            raise ProtocolError(TOO_BIG, f"a message of more than {MOST_MESSAGE_B} bytes")
        if len(buffer) < at + 4 + size:
            return None
        mask, payload = buffer[at : at + 4], buffer[at + 4 : at + 4 + size]
        del buffer[: at + 4 + size]
        key = (bytes(mask) * (size // 4 + 1))[:size]
        plain = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        return final, opcode, plain

    def _join(self, final: bool, opcode: int, payload: bytes) -> Message | None:
        if opcode >= CLOSE:
            return Message(opcode, payload)
        if (opcode == CONTINUATION) is not self._within:
            raise ProtocolError(PROTOCOL, "a part of a message at the wrong place")
        if not (final or payload):
            raise ProtocolError(PROTOCOL, "an empty part, of which a message could have any number")
        self._parts += payload
        self._within = not final
        if not final:
            return None
        whole = bytes(self._parts)
        self._parts.clear()
        return Message(TEXT, whole)


def _headers(lines: list[str]) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        return False
