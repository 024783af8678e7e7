"""The installer takes four words only, and turns what RAUC says and how it ends into the owner's words.

RAUC itself runs in tests/image/test_bundle.py and on the emulated board; here a program that prints RAUC 1.13's lines
takes its place.
"""

import binascii
import json
import os
import struct
from pathlib import Path

import pytest

from v2h.oneshot import install_update
from v2h.oneshot.install_update import (
    carry_out,
    check,
    check_back,
    check_fallback,
    check_overwrite,
    check_ready,
    install,
    marked_read,
    remember,
    request,
    told,
)
from v2h.slots import state
from v2h.slots.counter import ENVIRONMENT_B
from v2h.slots.state import Condition, Slot, Why
from v2h.update.bundle import Own
from v2h.update.progress import Phase, Progress
from v2h.update.refusals import RefusedError

OWN = Own("v2h-bonegreen", "20261130.57600")
INFO = json.dumps({"compatible": "v2h-bonegreen", "version": "20261201.60000", "build": "0.2.0", "format": "verity"})
DONE = f"""#!/bin/sh
[ "$1" = info ] && {{ echo '{INFO}'; exit 0; }}
echo 'installing'
echo '  0% Installing'
echo ' 20% Determining slot states done.'
echo '100% Installing done.'
echo 'Installing `x` succeeded'
"""
BAD_KEY = """#!/bin/sh
echo 'signature verification failed: Verify error: self-signed certificate' >&2
exit 1
"""
TORN_LATER = f"""#!/bin/sh
[ "$1" = info ] && {{ echo '{INFO}'; exit 0; }}
echo ' 40% Copying image to rootfs.1'
echo 'LastError: Installation error: Failed updating slot rootfs.1: Input/output error'
exit 1
"""


def rauc(folder: Path, script: str) -> str:
    path = folder / "rauc"
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


def test_a_good_bundle(tmp_path: Path) -> None:
    told_: list[Progress] = []
    assert install(tmp_path / "v2h.raucb", OWN, told_.append, rauc(tmp_path, DONE)) == "0.2.0"
    assert [str(what.said) for what in told_] == [f"v2h.raucb is being installed: {pct} %" for pct in (0, 0, 20, 100)]


@pytest.mark.parametrize(("script", "sentence"), [(BAD_KEY, "update.foreign"), (TORN_LATER, "update.damaged")])
def test_a_refused_bundle(tmp_path: Path, script: str, sentence: str) -> None:
    told_: list[Progress] = []
    assert install(tmp_path / "v2h.raucb", OWN, told_.append, rauc(tmp_path, script)) is None
    assert told_[-1].phase == Phase.REFUSED and told_[-1].said is not None and told_[-1].said.id == sentence


@pytest.mark.parametrize(
    ("own", "sentence"),
    [(Own("other", "20261130.57600"), "update.other_board"), (Own("v2h-bonegreen", "20261202.1"), "update.older")],
)
def test_a_foreign_or_older_bundle_is_refused_before_rauc_is_asked_to_install(
    tmp_path: Path, own: Own, sentence: str
) -> None:
    told_: list[Progress] = []
    assert install(tmp_path / "v2h.raucb", own, told_.append, rauc(tmp_path, DONE)) is None
    assert [what.said.id for what in told_ if what.said] == ["update.installing", sentence]


def test_an_installer_that_dies_says_that_it_broke_off() -> None:
    told_: list[Progress] = []
    with pytest.raises(KeyboardInterrupt), told(told_.append):
        raise KeyboardInterrupt
    assert [what.said.id for what in told_ if what.said] == ["update.broke_off"]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"null",
        b'["install"]',
        b'["install", "../x.raucb"]',
        b'["install", 5]',
        b'["wipe", "v2h.raucb"]',
        b"\xff",
        b"[1]",
    ],
)
def test_any_other_request_is_refused(packet: bytes) -> None:
    with pytest.raises(RefusedError):
        request(packet)


def test_the_four_requests() -> None:
    assert request(b'["install", "v2h.raucb"]') == ("install", "v2h.raucb")
    assert [request(f'["{word}", ""]'.encode())[0] for word in ("restart", "back", "read")] == [
        "restart",
        "back",
        "read",
    ]


GOOD, NEW, BAD = Slot("1", Condition.GOOD, confirmed=True), Slot("2", Condition.GOOD), Slot("2", Condition.BAD)


@pytest.mark.parametrize(
    ("slots", "own", "allowed"),
    [
        ({2: GOOD, 3: NEW}, "1", True),
        ({2: NEW, 3: GOOD}, "2", False),
        ({2: NEW._replace(confirmed=True), 3: GOOD}, "2", True),
        ({2: NEW._replace(confirmed=True), 3: GOOD}, "3", False),
        ({2: NEW, 3: BAD}, "2", True),
        ({2: Slot(), 3: Slot()}, "1", True),
    ],
    ids=["as always", "too early", "two good ones", "flashed, data kept", "nothing to lose", "new card"],
)
def test_the_only_version_that_is_known_to_run_is_not_overwritten(
    slots: dict[int, Slot], own: str, allowed: bool
) -> None:
    if allowed:
        check_overwrite(slots, 2, own)
        return
    with pytest.raises(RefusedError) as refused:
        check_overwrite(slots, 2, own)
    assert refused.value.sentence.id == "update.not_confirmed"


def test_no_update_without_a_fallback(tmp_path: Path) -> None:
    strings = b"bootcmd=x\0bootlimit=3\0altbootcmd=y\0".ljust(ENVIRONMENT_B - 4, b"\0")
    (tmp_path / "uboot.env").write_bytes(struct.pack("<I", binascii.crc32(strings)) + strings)
    check_fallback(tmp_path / "uboot.env")
    (tmp_path / "uboot.env").write_bytes(bytes(ENVIRONMENT_B))
    with pytest.raises(RefusedError) as refused:
        check_fallback(tmp_path / "uboot.env")
    assert refused.value.sentence.id == "slots.no_fallback"


@pytest.mark.parametrize("beside", [NEW, BAD, Slot(), GOOD._replace(condition=Condition.BAD)])
def test_there_is_no_way_back_to_what_has_not_run_well(beside: Slot) -> None:
    check_back({2: GOOD, 3: GOOD}, 2)
    with pytest.raises(RefusedError) as refused:
        check_back({2: GOOD, 3: beside}, 2)
    assert refused.value.sentence.id == "update.no_way_back"


@pytest.fixture
def slot_b_was_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """slot.json of a card that runs from slot A."""
    (tmp_path / "cmdline").write_text("root=PARTUUID=56324831-02 ro\n")
    state.save({2: GOOD, 3: BAD._replace(why=Why.PAGE)}, tmp_path / "slot.json")
    monkeypatch.setattr(install_update, "COMMAND_LINE", tmp_path / "cmdline")
    monkeypatch.setattr(state.load, "__defaults__", (tmp_path / "slot.json",))
    monkeypatch.setattr(state.save, "__defaults__", (tmp_path / "slot.json",))
    return tmp_path / "slot.json"


def test_what_the_owner_has_read_is_remembered_for_the_other_slot(slot_b_was_given_up: Path) -> None:
    assert carry_out("read", Path("/data/update")) == 0
    assert state.load(slot_b_was_given_up) == {2: GOOD, 3: BAD._replace(why=Why.PAGE, read=True)}
    assert marked_read({2: GOOD, 3: BAD}, 2)[2] == GOOD


def test_a_slot_that_was_given_up_is_not_started_by_an_order(slot_b_was_given_up: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        check("back", Path("/data/update"))
    assert refused.value.sentence.id == "update.no_way_back"
    check("read", Path("/data/update"))


def test_a_link_is_no_update_and_a_desk_is_no_card(tmp_path: Path) -> None:
    (tmp_path / "v2h.raucb").touch()
    (tmp_path / "link.raucb").symlink_to(tmp_path / "v2h.raucb")
    with pytest.raises(RefusedError) as refused:
        check_ready(tmp_path / "link.raucb", 0)
    assert refused.value.sentence.id == "update.not_whole"
    with pytest.raises(RefusedError) as refused:
        check_ready(tmp_path / "v2h.raucb", os.makedev(0, 25))
    assert refused.value.sentence.id == "update.no_card"


def test_the_new_version_is_noted_for_the_other_slot_and_not_confirmed() -> None:
    before = {2: Slot("1", Condition.GOOD, confirmed=True), 3: Slot("", Condition.GOOD)}
    assert remember(before, 2, "2") == {2: before[2], 3: Slot("2", Condition.GOOD, confirmed=False)}


def test_the_installer_is_reachable_for_web_alone() -> None:
    unit = Path(install_update.__file__).parents[3] / "rootfs-overlay/etc/systemd/system/v2h-update.socket"
    text = unit.read_text()
    assert "SocketUser=v2h-web\n" in text and "SocketMode=0600\n" in text and "MaxConnections=1\n" in text
    preset = (unit.parents[1] / "system-preset" / "10-v2h.preset").read_text().splitlines()
    assert "enable v2h-update.socket" in preset, "without it neither page nor command offers an update"
