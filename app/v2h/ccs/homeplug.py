"""The management messages of HomePlug GreenPHY that matching needs: frames of Ethernet <-> frozen dataclasses.

A frame has 14 bytes of Ethernet (type 88E1), the version, the type of the message, two bytes of fragment, and the body.
Numbers are little endian. Peers pad short frames and cut long ones (Debian's pev sends a sound of 64 bytes instead of
71), so a body is read by its offsets: what follows the known fields is ignored. Layouts as in recordings and in the
open programs pyPLC and open-plc-utils; all names as there, without CM_.
"""

import hashlib
import struct
from dataclasses import astuple, dataclass
from typing import ClassVar, NamedTuple

ETHERTYPE = 0x88E1
VERSION = 1
"""HomePlug AV 1.1. Version 0 frames are the vendors' own and are not needed here."""
BROADCAST = b"\xff" * 6
LOCAL_MODEM = bytes.fromhex("00b052000001")
"""Whatever its own address is, the modem at our end of the Ethernet cable listens to this one."""
SHORTEST_B = 60
"""Ethernet's shortest frame, without its checksum."""
GROUPS = 58
"""Groups of carriers; the modem reports one attenuation for each."""
_HEADER = struct.Struct("<6s6s2sBHH")
_TYPE_BYTES = ETHERTYPE.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class SetKeyReq:
    """To our modem: use this key (NMK, 16 bytes) and network id (NID, 7 bytes) from now on."""

    TYPE: ClassVar[int] = 0x6008
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<B4s4sBHBB7sB16s")
    key_type: int
    my_nonce: bytes
    your_nonce: bytes
    protocol: int
    run: int
    message: int
    coordinator: int
    nid: bytes
    key_select: int
    nmk: bytes


@dataclass(frozen=True, slots=True)
class SetKeyCnf:
    """From the modem. result is unreliable: modems say that they failed although they took the key."""

    TYPE: ClassVar[int] = 0x6009
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<B")
    result: int


@dataclass(frozen=True, slots=True)
class ParmReq:
    """The car looks for a charger. run_id (8 bytes) names this matching in all that follows."""

    TYPE: ClassVar[int] = 0x6064
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB8s")
    application: int
    security: int
    run_id: bytes


@dataclass(frozen=True, slots=True)
class ParmCnf:
    """Our answer: how many sounds we want, within timeout x 100 ms."""

    TYPE: ClassVar[int] = 0x6065
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<6sBBB6sBB8s")
    sound_target: bytes
    sounds: int
    timeout: int
    response_type: int
    forwarding: bytes
    application: int
    security: int
    run_id: bytes


@dataclass(frozen=True, slots=True)
class StartAttenCharInd:
    """The car announces its sounds; broadcast, usually three times."""

    TYPE: ClassVar[int] = 0x606A
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBBBB6s8s")
    application: int
    security: int
    sounds: int
    timeout: int
    response_type: int
    forwarding: bytes
    run_id: bytes


@dataclass(frozen=True, slots=True)
class SoundInd:
    """One sound of the car. left: how many follow."""

    TYPE: ClassVar[int] = 0x6076
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB17sB8s")
    application: int
    security: int
    sender: bytes
    left: int
    run_id: bytes


@dataclass(frozen=True, slots=True)
class AttenProfileInd:
    """From our own modem, one for each sound: how much of it was lost on the way, in dB for each group of carriers."""

    TYPE: ClassVar[int] = 0x6086
    LAYOUT: ClassVar[struct.Struct] = struct.Struct(f"<6sBB{GROUPS}s")
    car: bytes
    groups: int
    zero: int
    attenuation_db: bytes


@dataclass(frozen=True, slots=True)
class AttenCharInd:
    """Our result for the car: the mean attenuation in dB for each group. The car compares the chargers it hears."""

    TYPE: ClassVar[int] = 0x606E
    LAYOUT: ClassVar[struct.Struct] = struct.Struct(f"<BB6s8s17s17sBB{GROUPS}s")
    application: int
    security: int
    car: bytes
    run_id: bytes
    source: bytes
    response: bytes
    sounds: int
    groups: int
    attenuation_db: bytes


@dataclass(frozen=True, slots=True)
class AttenCharRsp:
    """The car has received our result; 0 is success."""

    TYPE: ClassVar[int] = 0x606F
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB6s8s17s17sB")
    application: int
    security: int
    car: bytes
    run_id: bytes
    source: bytes
    response: bytes
    result: int


@dataclass(frozen=True, slots=True)
class ValidateReq:
    """The car offers to toggle its pilot so that we can recognise it by this."""

    TYPE: ClassVar[int] = 0x6078
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBB")
    signal: int
    timer: int
    result: int


@dataclass(frozen=True, slots=True)
class ValidateCnf:
    """Our answer."""

    TYPE: ClassVar[int] = 0x6079
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBB")
    signal: int
    toggles: int
    result: int


@dataclass(frozen=True, slots=True)
class MatchReq:
    """The car has chosen us."""

    TYPE: ClassVar[int] = 0x607C
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBH17s6s17s6s8s8s")
    application: int
    security: int
    length: int
    car_id: bytes
    car: bytes
    charger_id: bytes
    charger: bytes
    run_id: bytes
    reserved: bytes


@dataclass(frozen=True, slots=True)
class MatchCnf:
    """Our answer: the key of our network, with which the car's modem joins it."""

    TYPE: ClassVar[int] = 0x607D
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBH17s6s17s6s8s8s7sB16s")
    application: int
    security: int
    length: int
    car_id: bytes
    car: bytes
    charger_id: bytes
    charger: bytes
    run_id: bytes
    reserved: bytes
    nid: bytes
    zero: int
    nmk: bytes


FromCar = ParmReq | StartAttenCharInd | SoundInd | AttenCharRsp | ValidateReq | MatchReq
FromModem = SetKeyCnf | AttenProfileInd
FromCharger = SetKeyReq | ParmCnf | AttenCharInd | ValidateCnf | MatchCnf
Mme = FromCar | FromModem | FromCharger
_KINDS: tuple[type[Mme], ...] = (
    *(SetKeyReq, SetKeyCnf, ParmReq, ParmCnf, StartAttenCharInd, SoundInd, AttenProfileInd, AttenCharInd),
    *(AttenCharRsp, ValidateReq, ValidateCnf, MatchReq, MatchCnf),
)
KINDS = {kind.TYPE: kind for kind in _KINDS}


class Frame(NamedTuple):
    """One message with its Ethernet addresses, 6 bytes each."""

    destination: bytes
    source: bytes
    message: Mme


def pack(frame: Frame) -> bytes:
    """The frame for Ethernet, padded to its shortest length. Raises struct.error for a number that does not fit."""
    message = frame.message
    header = _HEADER.pack(frame.destination, frame.source, _TYPE_BYTES, VERSION, message.TYPE, 0)
    return (header + message.LAYOUT.pack(*astuple(message))).ljust(SHORTEST_B, b"\0")


def unpack(data: bytes) -> Frame | None:
    """The frame in these bytes; None for every other message, and for one that is too short."""
    if len(data) < _HEADER.size:
        return None
    destination, source, ethertype, version, kind, _ = _HEADER.unpack_from(data)
    known = KINDS.get(kind)
    if ethertype != _TYPE_BYTES or version != VERSION or known is None:
        return None
    if len(data) < _HEADER.size + known.LAYOUT.size:
        return None
    return Frame(destination, source, known(*known.LAYOUT.unpack_from(data, _HEADER.size)))


def nid_of(nmk: bytes) -> bytes:
    """The id of a network (7 bytes) follows from its key: SHA-256 five times, the last byte shifted right by 4."""
    digest = nmk
    for _ in range(5):
        digest = hashlib.sha256(digest).digest()
    return digest[:6] + bytes([digest[6] >> 4])
