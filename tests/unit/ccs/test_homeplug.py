"""The layouts of HomePlug's messages, against frames that Debian's `pev` and a foreign modem sent."""

import pytest

from v2h.ccs.homeplug import (
    BROADCAST,
    KINDS,
    MatchReq,
    ParmReq,
    SetKeyReq,
    SoundInd,
    StartAttenCharInd,
    nid_of,
    pack,
    unpack,
)

CAR, CHARGER = bytes.fromhex("020000000e01"), bytes.fromhex("020000005e01")
RUN = bytes.fromhex("020000000e010001")
PEV_ID = b"\xaa" * 17

# Frames of pev 0.0.6 (Debian, plc-utils-extra), as recorded. The sound is shorter than the standard's.
PEV = {
    "ffffffffffff020000000e0188e1016460000000" + "00" + RUN.hex(): ParmReq(0, 0, RUN),
    "ffffffffffff020000000e0188e1016a60000000000a0601020000000e01" + RUN.hex(): StartAttenCharInd(
        0, 0, 10, 6, 1, CAR, RUN
    ),
    "ffffffffffff020000000e0188e10176600000" + "0000" + PEV_ID.hex() + "09" + RUN.hex() + "00" * 17: SoundInd(
        0, 0, PEV_ID, 9, RUN
    ),
    "020000005e01020000000e0188e1017c600000"
    + "00003e00"
    + PEV_ID.hex()
    + CAR.hex()
    + "00" * 17
    + CHARGER.hex()
    + RUN.hex()
    + "00" * 8: MatchReq(0, 0, 0x3E, PEV_ID, CAR, bytes(17), CHARGER, RUN, bytes(8)),
    "00b052000001020000000e0188e1010860000001aaaaaaaa000000000400000000"
    "b0f2e695666b030150d3e4933f855b7040784df815aa8db7": SetKeyReq(
        1,
        b"\xaa" * 4,
        bytes(4),
        4,
        0,
        0,
        0,
        bytes.fromhex("b0f2e695666b03"),
        1,
        bytes.fromhex("50d3e4933f855b7040784df815aa8db7"),
    ),
}


@pytest.mark.parametrize(("recorded", "message"), PEV.items(), ids=[type(message).__name__ for message in PEV.values()])
def test_frames_of_pev(recorded: str, message: object) -> None:
    data = bytes.fromhex(recorded).ljust(60, b"\0")
    frame = unpack(data)
    assert frame is not None and frame.message == message and frame.source == CAR
    assert data.startswith(pack(frame)[: len(bytes.fromhex(recorded))].rstrip(b"\0"))


@pytest.mark.parametrize(
    ("nmk", "nid"),
    [
        (b"D22P8EI7AP56TC9V", "fe9abf73f1d906"),
        (bytes.fromhex("50d3e4933f855b7040784df815aa8db7"), "b0f2e695666b03"),
    ],
)
def test_the_id_of_a_network_follows_from_its_key(nmk: bytes, nid: str) -> None:
    assert nid_of(nmk).hex() == nid


def test_layouts_have_the_offsets_of_the_standard() -> None:
    sizes = {f"{kind:04x}": known.LAYOUT.size for kind, known in KINDS.items()}
    assert sizes == {
        **{"6008": 38, "6009": 1, "6064": 10, "6065": 25, "606a": 19, "606e": 110, "606f": 51, "6076": 28},
        **{"6078": 3, "6079": 3, "607c": 66, "607d": 90, "6086": 66},
    }


def test_a_cut_frame_and_another_version_are_no_frame() -> None:
    whole = bytes.fromhex(next(iter(PEV)))
    assert unpack(whole) is not None
    assert unpack(whole[:-1]) is None
    assert unpack(whole[:14] + b"\0" + whole[15:]) is None
    assert unpack(whole[:12] + b"\x86\xdd" + whole[14:]) is None
    assert whole[:6] == BROADCAST
