"""Packets from the files of Wireshark and tcpdump: pcap and pcapng, with links of Ethernet or Linux's "any" interface.

Layouts: the drafts "PCAP Capture File Format" and "PCAP Next Generation" of the IETF, and tcpdump's list of link types.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

ETHERNET, LINUX_SLL, LINUX_SLL2 = 1, 113, 276
PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
"""First bytes of a pcap: its byte order, and the unit of its fractions of a second."""
PCAPNG = b"\x0a\x0d\x0d\x0a"
BLOCK_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
SECTION, INTERFACE, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 3, 6
LONGEST_BLOCK_B = 1 << 24
"""Longer blocks or packets do not exist in a recording of one power line: the file is broken there."""
OPTION_RESOLUTION = 9


class PcapError(ValueError):
    """The file is broken from some place on, or has another kind of link."""


class Packet(NamedTuple):
    """t: seconds since 1970. ethertype: what payload is, as on Ethernet. ethernet: the whole frame where the link is
    Ethernet, else empty."""

    t: float
    ethertype: int
    payload: bytes
    ethernet: bytes


def is_pcap(head: bytes) -> bool:
    """Whether a file that begins so is a pcap or a pcapng."""
    return head[:4] in PCAP or head[:4] == PCAPNG


def packets(data: bytes) -> Iterator[Packet]:
    """The packets of a file. Raises PcapError at the place from which nothing more can be read."""
    for number, (t, link, packet) in enumerate(_pcapng(data) if data[:4] == PCAPNG else _pcap(data), start=1):
        if link not in _LINKS:
            raise PcapError(f"packet {number} has link type {link}; read are {ETHERNET}, {LINUX_SLL} and {LINUX_SLL2}")
        at, length = _LINKS[link]
        if len(packet) >= length:
            ethertype = int.from_bytes(packet[at : at + 2], "big")
            yield Packet(t, ethertype, packet[length:], packet if link == ETHERNET else b"")


_LINKS = {ETHERNET: (12, 14), LINUX_SLL: (14, 16), LINUX_SLL2: (0, 20)}
"""Link type: where the Ethernet type stands, and how long the header is."""


def _pcap(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    order, fraction_s = PCAP[data[:4]]
    header = struct.Struct(f"{order}IIII")
    if len(data) < 24:
        raise PcapError("the file ends in its header")
    link = struct.unpack_from(f"{order}I", data, 20)[0] & 0x0FFFFFFF
    at = 24
    while at < len(data):
        if len(data) < at + header.size:
            raise PcapError("the file ends in the middle of a packet")
        seconds, fraction, length, _ = header.unpack_from(data, at)
        at += header.size
        if length > LONGEST_BLOCK_B or len(data) < at + length:
            raise PcapError("the file ends in the middle of a packet")
        yield seconds + fraction * fraction_s, link, data[at : at + length]
        at += length


def _pcapng(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    order, at = "<", 0
    interfaces: list[tuple[int, float]] = []
    while at < len(data):
        if len(data) < at + 12:
            raise PcapError("the file ends in the middle of a block")
        if data[at : at + 4] == PCAPNG:
            order = BLOCK_ORDER.get(data[at + 8 : at + 12], order)
            interfaces = []
        kind, length = struct.unpack_from(f"{order}II", data, at)
        if not 12 <= length <= LONGEST_BLOCK_B or len(data) < at + length:
            raise PcapError(f"a block of {length} bytes: the file is broken or ends there")
        body = data[at + 8 : at + length - 4]
        at += length
        try:
            if kind == INTERFACE:
                interfaces.append((struct.unpack_from(f"{order}H", body)[0], _resolution_s(order, body)))
            elif kind == ENHANCED:
                number, high, low, captured, _ = struct.unpack_from(f"{order}IIIII", body)
                link, unit_s = interfaces[number]
                yield (high << 32 | low) * unit_s, link, body[20 : 20 + captured]
            elif kind == SIMPLE:
                yield 0.0, interfaces[0][0], body[4:]
        except (struct.error, IndexError) as error:
            raise PcapError(f"a block is too short, or names an interface that does not exist: {error}") from error


def _resolution_s(order: str, body: bytes) -> float:
    """The unit of an interface's times, from its options; 1 us without one."""
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(f"{order}HH", body, at)
        if code == OPTION_RESOLUTION and length == 1 and at + 4 < len(body):
            value = body[at + 4]
            return 2.0 ** -(value & 0x7F) if value & 0x80 else 10.0**-value
        if code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return 1e-6
