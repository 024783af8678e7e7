"""SDP: the car asks by multicast where the charger listens, and the charger names its address and port.

The car sends UDP from any port to ff02::1, port 15118, on the interface of the modem, up to 50 times; every question
gets an answer. Layouts as in recordings of cars (docs/ccs.md).
"""

import struct
from typing import NamedTuple

from v2h.ccs.v2gtp import HEADER_B, Payload, V2gtpError, pack, unpack_header

PORT = 15118
"""For the question alone."""
TCP_PORT = 61851
"""Where the car connects. It must be a dynamic port, 49152 to 65535 (RFC 6335): the car of the open package iso15118
refuses any other answer. Linux gives 32768 to 60999 to outgoing connections, so this one is free."""
GROUP = "ff02::1"
NO_TLS, TCP = 0x10, 0x00
_REQUEST = struct.Struct(">BB")  # security, transport
_RESPONSE = struct.Struct(">16sHBB")  # address, port, security, transport


class Asked(NamedTuple):
    """What the car wants. It gets a connection without TLS in any case, which DIN 70121 and external payment allow."""

    tls: bool


def read_request(datagram: bytes) -> Asked:
    """Read the car's question. Raises V2gtpError for any other datagram."""
    if len(datagram) < HEADER_B + _REQUEST.size:
        raise V2gtpError(f"a datagram of {len(datagram)} bytes; a question has {HEADER_B + _REQUEST.size}")
    if (length := unpack_header(datagram, Payload.SDP_REQUEST)) != _REQUEST.size:
        raise V2gtpError(f"a question of {length} bytes; it has {_REQUEST.size}")
    security, transport = _REQUEST.unpack_from(datagram, HEADER_B)
    if transport != TCP:
        raise V2gtpError(f"transport {transport:#04x}; only TCP (0x00) is served")
    return Asked(tls=security != NO_TLS)


def response(address: bytes, port: int) -> bytes:
    """The answer: our link-local IPv6 address (16 bytes) on the interface of the modem, and the port for TCP."""
    return pack(Payload.SDP_RESPONSE, _RESPONSE.pack(address, port, NO_TLS, TCP))
