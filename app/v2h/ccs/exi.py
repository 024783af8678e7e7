"""Encode and decode the messages between car and charger: EXI 1.0, schema-informed, not strict, bit-packed.

`fields` of a message are plain dicts, lists, numbers, booleans and texts, named as in the schema. A dialect is named by
the namespace of its schema. Pinned by messages of the open package iso15118 (encoder EXIficient) in tests/data/ccs.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from v2h.ccs import din, handshake, iso2
from v2h.ccs.bits import BitReader, BitWriter, ExiError
from v2h.ccs.grammar import Complex, Fields, build

HANDSHAKE, DIN, ISO2 = handshake.NAMESPACE, din.NAMESPACE, iso2.NAMESPACE
V2G_MESSAGE = "V2G_Message"
FIRST_BYTE = 0x80
"""Every message starts with it: EXI version 1, no options in the header."""
LONGEST_B = 2048
"""Longest message that is decoded. The longest of a whole DC session has about 200 bytes; certificates, which would
need more, are not supported."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. name: the element in the body, for example CableCheckReq. fields: its content.

    session: the session id of the header, 0 to 8 bytes; None for a message of the handshake, which has no header.
    notification: the header's part with this name, which a car may send with any message.
    trailing_zero: one zero byte followed the message, as some cars send it (Tesla). It is not part of the message.
    """

    name: str
    session: bytes | None
    fields: Fields
    notification: Fields | None = None
    trailing_zero: bool = field(default=False, compare=False)


class Roots(NamedTuple):
    """The elements with which a message of a dialect may start: name and type by event code, of `width` bits."""

    elements: dict[int, tuple[str, Complex]]
    width: int


def decode(namespace: str, data: bytes) -> Message:
    """Decode one message of the dialect. Raises ExiError."""
    if len(data) > LONGEST_B:
        raise ExiError(f"{len(data)} bytes; at most {LONGEST_B} are read")
    roots = _roots(namespace)
    bits = BitReader(data)
    if (first := bits.take(8)) != FIRST_BYTE:
        raise ExiError(f"the first byte is {first:#04x}; EXI without options starts with {FIRST_BYTE:#04x}")
    code = bits.take(roots.width)
    if code not in roots.elements:
        raise ExiError(f"the message starts with global element {code}, which is no message of {namespace}")
    name, kind = roots.elements[code]
    content = kind.read(bits)
    if (rest := bits.rest()) not in (b"", b"\0"):
        raise ExiError(f"{len(rest)} bytes follow the end of the message; only one zero byte is tolerated")
    if namespace == HANDSHAKE:
        return Message(name, None, content, None, bool(rest))
    return _without_header(content, bool(rest))


def encode(namespace: str, message: Message) -> bytes:
    """Encode one message of the dialect. Raises ExiError, with the field and what is allowed."""
    roots = _roots(namespace)
    wanted, content = (message.name, message.fields) if namespace == HANDSHAKE else (V2G_MESSAGE, _with_header(message))
    for code, (name, kind) in roots.elements.items():
        if name == wanted:
            bits = BitWriter()
            bits.put(FIRST_BYTE, 8)
            bits.put(code, roots.width)
            kind.write(bits, content)
            return bits.data()
    raise ExiError(f"{message.name!r} is no message of {namespace}")


def namespace_of(data: bytes) -> str:
    """The dialect of a message, by its first element: no two dialects begin with the same bits. Raises ExiError.

    For recordings that begin after the handshake. A charger knows the dialect, and must not ask the message.
    """
    for namespace in (HANDSHAKE, DIN, ISO2):
        roots = _roots(namespace)
        bits = BitReader(data)
        if bits.take(8) == FIRST_BYTE and bits.take(roots.width) in roots.elements:
            return namespace
    raise ExiError(f"{data[:2].hex()} begins no message of the handshake, DIN 70121 or ISO 15118-2")


@cache
def _roots(namespace: str) -> Roots:
    if namespace == HANDSHAKE:
        names = enumerate(handshake.ROOTS)
        elements = {code: (name, build(handshake.TYPES, handshake.ENUMS, name)) for code, name in names}
        return Roots(elements, len(handshake.ROOTS).bit_length())
    for dialect in (din, iso2):
        if namespace == dialect.NAMESPACE:
            kind = build(dialect.TYPES, dialect.ENUMS, V2G_MESSAGE)
            return Roots({dialect.ROOT: (V2G_MESSAGE, kind)}, dialect.ROOTS.bit_length())
    raise ExiError(f"namespace {namespace!r}; known are {HANDSHAKE}, {DIN} and {ISO2}")


def _without_header(content: Fields, trailing_zero: bool) -> Message:
    """Take the parts of V2G_Message out of their elements. Header and Body always exist; the table demands them."""
    header, body = content["Header"], content["Body"]
    assert isinstance(header, dict) and isinstance(body, dict)
    if not body:
        raise ExiError("the body is empty", ("Body",))
    ((name, fields),) = body.items()
    return Message(name, bytes.fromhex(header["SessionID"]), fields, header.get("Notification"), trailing_zero)


def _with_header(message: Message) -> Fields:
    if message.session is None:
        raise ExiError(f"{message.name} has no session id; only the handshake has none")
    header: Fields = {"SessionID": message.session.hex()}
    if message.notification is not None:
        header["Notification"] = message.notification
    return {"Header": header, "Body": {message.name: message.fields}}
