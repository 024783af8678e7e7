"""The conversation of a CCS car and its charger from a recording of their power line: matching, discovery, messages."""

import dataclasses
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from v2h.capture.formats import CaptureError, Skipped
from v2h.capture.pcap import Packet, PcapError, packets
from v2h.capture.tcpstream import TcpStream
from v2h.ccs.bits import ExiError
from v2h.ccs.exi import decode, namespace_of
from v2h.ccs.homeplug import ETHERTYPE, FromCar, FromModem, unpack
from v2h.ccs.sdp import PORT, read_request
from v2h.ccs.v2gtp import HEADER_B, Payload, V2gtpError, take_messages, unpack_header

IPV6 = 0x86DD
TCP, UDP = 6, 17
SYN = 0x02
NOTHING = "a Wireshark capture with no message between a car and a charger in it"
_IPV6 = struct.Struct(">4xHBx16s16s")  # payload length, next header, source, destination
_TCP = struct.Struct(">HHIxxxxBB")  # ports, number of the first byte, length of the header, flags
_UDP = struct.Struct(">HHHxx")
_ADDRESS = struct.Struct(">16sHBB")


class V2gFrame(NamedTuple):
    """One message. t: seconds since the first packet of the file. sender: car, charger or modem. fields: as decoded.

    namespace: the dialect of a message in EXI, else "". session: the session id, hexadecimal; "" without one.
    data: the EXI, or the whole frame. remark: what was tolerated, else "".
    """

    t: float
    sender: str
    name: str
    fields: dict[str, object]
    data: bytes
    namespace: str = ""
    session: str = ""
    remark: str = ""


class Conversation(NamedTuple):
    """frames: in order. skipped: packets that could not be used, by number from 1. remarks: about the whole file."""

    frames: list[V2gFrame]
    skipped: list[Skipped]
    remarks: list[str]


def read_conversation(path: Path) -> Conversation:
    """Read a pcap or pcapng. Raises OSError when it cannot be read, CaptureError when it has no message of a car."""
    return conversation(path.read_bytes())


def conversation(data: bytes) -> Conversation:
    """The conversation in the bytes of a pcap or pcapng. Raises CaptureError when there is no message in it."""
    found = Conversation([], [], [])
    streams: dict[bytes, TcpStream] = {}
    began_t: float | None = None
    number = 0
    try:
        for number, packet in enumerate(packets(data), start=1):
            began_t = packet.t if began_t is None else began_t
            for frame in _frames(packet._replace(t=packet.t - began_t), streams):
                if isinstance(frame, str):
                    found.skipped.append(Skipped(number, frame))
                else:
                    found.frames.append(frame)
    except PcapError as error:
        found.remarks.append(f"the file was read only up to packet {number}: {error}")
    if not found.frames:
        why = found.skipped[0].why if found.skipped else "; ".join(found.remarks) or "it has no packet of a power line"
        raise CaptureError(f"{NOTHING}: {why}. Record CAN with `candump -L`")
    return found


def _frames(packet: Packet, streams: dict[bytes, TcpStream]) -> Iterator[V2gFrame | str]:
    """The messages that one packet completes; a text for one that cannot be used."""
    if packet.ethertype == ETHERTYPE and packet.ethernet:
        yield from _matching(packet)
    if packet.ethertype != IPV6 or len(packet.payload) < _IPV6.size:
        return
    length, protocol, source, destination = _IPV6.unpack_from(packet.payload)
    body = packet.payload[_IPV6.size : _IPV6.size + length]
    if protocol == UDP and len(body) >= _UDP.size:
        source_port, destination_port, _ = _UDP.unpack_from(body)
        if PORT in (source_port, destination_port):
            yield _discovery(packet.t, body[_UDP.size :])
    elif protocol == TCP and len(body) >= _TCP.size:
        yield from _segment(packet.t, source + destination, body, streams)


def _matching(packet: Packet) -> Iterator[V2gFrame]:
    frame = unpack(packet.ethernet)
    if frame is not None:
        message = frame.message
        sender = "car" if isinstance(message, FromCar) else "modem" if isinstance(message, FromModem) else "charger"
        values = {item.name: getattr(message, item.name) for item in dataclasses.fields(message)}
        shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
        yield V2gFrame(packet.t, sender, type(message).__name__, shown, packet.ethernet)


def _discovery(t: float, datagram: bytes) -> V2gFrame | str:
    try:
        if datagram[2:4] == Payload.SDP_REQUEST.to_bytes(2, "big"):
            return V2gFrame(t, "car", "SDPRequest", {"tls": read_request(datagram).tls}, datagram)
        if len(datagram) < HEADER_B or unpack_header(datagram, Payload.SDP_RESPONSE) != _ADDRESS.size:
            return f"a datagram of {len(datagram)} bytes is no answer of the discovery"
        address, port, security, transport = _ADDRESS.unpack_from(datagram, HEADER_B)
    except (V2gtpError, struct.error) as error:
        return str(error)
    fields: dict[str, object] = {"address": address.hex(), "port": port, "security": security, "transport": transport}
    return V2gFrame(t, "charger", "SDPResponse", fields, datagram)


def _segment(t: float, pair: bytes, body: bytes, streams: dict[bytes, TcpStream]) -> Iterator[V2gFrame | str]:
    _, _, number, offset, flags = _TCP.unpack_from(body)
    stream = streams.setdefault(pair + body[:4], TcpStream())
    if stream.take(number, body[offset >> 4 << 2 :], bool(flags & SYN)):
        yield "bytes before this segment are missing from the recording"
    try:
        messages = take_messages(stream.buffer)
    except V2gtpError as error:
        stream.buffer.clear()
        yield str(error)
        return
    yield from (_message(t, data) for data in messages)


def _message(t: float, data: bytes) -> V2gFrame | str:
    try:
        namespace = namespace_of(data)
        message = decode(namespace, data)
    except ExiError as error:
        return f"{data.hex()}: {error}"
    sender = "car" if message.name.endswith("Req") else "charger"
    session = "" if message.session is None else message.session.hex().upper()
    remark = "a zero byte follows it" if message.trailing_zero else ""
    return V2gFrame(t, sender, message.name, message.fields, data, namespace, session, remark)
