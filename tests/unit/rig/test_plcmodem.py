"""The simulated modems: what reaches which host."""

import pytest

from v2h.ccs.homeplug import (
    BROADCAST,
    LOCAL_MODEM,
    AttenProfileInd,
    Frame,
    ParmReq,
    SetKeyCnf,
    SetKeyReq,
    SoundInd,
    nid_of,
    pack,
    unpack,
)
from v2h.rig.ccs.plcmodem import CHARGER, RESTART_S, Medium, Modem

CAR, OTHER = 1, 2
HOSTS = [bytes([2, 0, 0, 0, 0, number]) for number in range(3)]
IPV6 = bytes.fromhex("333300000001") + HOSTS[CAR] + b"\x86\xdd" + bytes(46)
RUN = bytes(8)


def set_key(end: int, nmk: bytes) -> bytes:
    return pack(Frame(LOCAL_MODEM, HOSTS[end], SetKeyReq(1, bytes(4), bytes(4), 4, 0, 0, 0, nid_of(nmk), 1, nmk)))


@pytest.fixture
def medium() -> Medium:
    """A charger and two cars, whose modems have no key."""
    return Medium([Modem(), Modem(loss_db=12), Modem(loss_db=50)])


def test_homeplug_reaches_all_others_and_a_sound_is_reported_to_the_charger(medium: Medium) -> None:
    ask = pack(Frame(BROADCAST, HOSTS[CAR], ParmReq(0, 0, RUN)))
    assert medium.take(0.0, CAR, ask) == [(CHARGER, ask), (OTHER, ask)]
    sound = pack(Frame(BROADCAST, HOSTS[CAR], SoundInd(0, 0, bytes(17), 9, RUN)))
    first, second, (end, report) = medium.take(0.0, CAR, sound)
    assert (first, second, end) == ((CHARGER, sound), (OTHER, sound), CHARGER)
    frame = unpack(report)
    assert frame is not None and isinstance(frame.message, AttenProfileInd)
    assert frame.message.car == HOSTS[CAR] and min(frame.message.attenuation_db) == 12


def test_a_modem_confirms_the_key_and_restarts(medium: Medium) -> None:
    ((end, answer),) = medium.take(1.0, CAR, set_key(CAR, b"k" * 16))
    frame = unpack(answer)
    assert frame is not None and (end, frame.destination, frame.message) == (CAR, HOSTS[CAR], SetKeyCnf(0))
    ask = pack(Frame(BROADCAST, HOSTS[CAR], ParmReq(0, 0, RUN)))
    assert medium.take(1.0 + RESTART_S - 0.1, CAR, ask) == []
    assert medium.take(1.0 + RESTART_S - 0.1, OTHER, ask) == [(CHARGER, ask)]
    assert medium.take(1.0 + RESTART_S, CAR, ask) == [(CHARGER, ask), (OTHER, ask)]


def test_data_reaches_only_hosts_with_the_same_key(medium: Medium) -> None:
    assert medium.take(0.0, CAR, IPV6) == []
    for end, key in ((CHARGER, b"k" * 16), (CAR, b"k" * 16), (OTHER, b"o" * 16)):
        medium.take(0.0, end, set_key(end, key))
    assert medium.take(RESTART_S, CAR, IPV6) == [(CHARGER, IPV6)]
    assert medium.take(RESTART_S, OTHER, IPV6) == []


def test_faults(medium: Medium) -> None:
    medium.modems[CHARGER] = Modem(set_key_failed=True, no_attenuation=True)
    ((_, answer),) = medium.take(0.0, CHARGER, set_key(CHARGER, b"k" * 16))
    frame = unpack(answer)
    assert frame is not None and frame.message == SetKeyCnf(1)
    assert medium.modems[CHARGER].keys == [b"k" * 16]
    medium.lose = {(SoundInd.TYPE, 1)}
    sound = pack(Frame(BROADCAST, HOSTS[CAR], SoundInd(0, 0, bytes(17), 9, RUN)))
    assert [len(medium.take(RESTART_S, CAR, sound)) for _ in range(3)] == [2, 0, 2]


def test_what_no_modem_knows_is_swallowed(medium: Medium) -> None:
    version = bytes.fromhex("00b052000001") + HOSTS[CAR] + bytes.fromhex("88e100a000")
    assert medium.take(0.0, CAR, version.ljust(60, b"\0")) == []
    assert medium.take(0.0, CAR, b"short") == []
