"""V2GTP, the frame around every message between car and charger: 8 bytes, then the payload.

Version 1, its inverse, a type of 2 bytes, a length of 4 bytes, highest byte first. A TCP segment may hold a piece of a
message or several messages, so messages are cut by their length.
"""

import struct
from enum import IntEnum

from v2h.ccs.exi import LONGEST_B

VERSION = 0x01
_HEADER = struct.Struct(">BBHI")
HEADER_B = _HEADER.size


class Payload(IntEnum):
    """Types of payload: a message in EXI, and question and answer of the discovery (sdp.py)."""

    EXI = 0x8001
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001


class V2gtpError(ValueError):
    """A header is wrong, or announces more than is accepted. What follows cannot be trusted: close the connection."""


def pack(kind: Payload, payload: bytes) -> bytes:
    """The payload with its header."""
    return _HEADER.pack(VERSION, VERSION ^ 0xFF, kind, len(payload)) + payload


def unpack_header(data: bytes | bytearray, kind: Payload) -> int:
    """The length of the payload after these 8 bytes or more. Raises V2gtpError unless they announce `kind`."""
    version, inverse, found, length = _HEADER.unpack_from(data)
    if (version, inverse) != (VERSION, VERSION ^ 0xFF):
        raise V2gtpError(f"the header starts with {version:02x} {inverse:02x}; version 1 starts with 01 fe")
    if found != kind:
        raise V2gtpError(f"payload type {found:#06x}; {kind:#06x} is expected here")
    if length > LONGEST_B:
        raise V2gtpError(f"the header announces {length} bytes; at most {LONGEST_B} are accepted")
    return int(length)


def take_messages(buffer: bytearray) -> list[bytes]:
    """Remove the complete messages from the front of what a TCP connection has received, and return their EXI.

    The buffer keeps the piece of the next message, at most LONGEST_B and a header if the caller reads no more than that
    at once. Raises V2gtpError, as soon as a header is wrong.
    """
    messages = []
    while len(buffer) >= HEADER_B:
        end = HEADER_B + unpack_header(buffer, Payload.EXI)
        if len(buffer) < end:
            break
        messages.append(bytes(buffer[HEADER_B:end]))
        del buffer[:end]
    return messages
