"""Updates that the emulated board refuses in the owner's words, and what is on the card afterwards: nothing new, or
after a changed byte a slot that is called bad. The active flag stays.

The bundles are small, made and signed by the RAUC of the image's build; the changed byte is one of the file system,
which only dm-verity sees, while the slot is written.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.update_owner import UpdateOwner
from tests.support.workshop import Workshop, workshop
from v2h.slots.mbr import SLOTS, active_slot

MANIFEST = """[update]
compatible={board}
version={number}
build=next

[bundle]
format=verity

[image.rootfs]
filename=root.img
"""
OURS, NEWEST = "v2h-bonegreen", "20991231.0"
SECTOR_0 = "dd if=/dev/mmcblk0 bs=512 count=1 status=none | od -An -v -tx1"
SLOT_B = "dd if=/dev/mmcblk0p3 bs=1M count=8 status=none | sha256sum"


@pytest.fixture(scope="module")
def shop(build: Path) -> Iterator[Workshop]:
    """With the key whose updates this card takes in own-key/."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to enter the tools of the image's build")
    with workshop(build / "tools") as made:
        shutil.copytree(build / "development-key", made.folder / "own-key")
        yield made


def bundle(shop: Workshop, key: str = "own-key", board: str = OURS, number: str = NEWEST) -> bytes:
    shutil.rmtree(shop.folder / "content", ignore_errors=True)
    shop.write("content/manifest.raucm", MANIFEST.format(board=board, number=number))
    (shop.folder / "content/root.img").write_bytes(os.urandom(4_000_000))
    shop.sign(key, "content", "made.raucb")
    made = shop.folder / "made.raucb"
    content = made.read_bytes()
    made.unlink()
    return content


def refused(board: Guest, content: bytes) -> str:
    """What the page says of this file."""
    owner = UpdateOwner(board)
    owner.bring("made.raucb", content)
    known = owner.install()
    assert known["phase"] == "refused", known
    assert board.out("ls /data/update") == ""
    return str(known["text"])


def active(board: Guest) -> int:
    return active_slot(bytes.fromhex(board.out(SECTOR_0)))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"key": "foreign-key"}, "The update is not signed with a key that this card knows."),
        ({"board": "other-board"}, "The update is for another board than this one."),
        ({"number": "20200101.0"}, "The update is older than the version in force"),
    ],
)
def test_nothing_is_written(remade: Guest, shop: Workshop, other: dict[str, str], said: str) -> None:
    before = remade.out(SLOT_B, 300)
    assert refused(remade, bundle(shop, **other)).startswith(said)
    assert remade.out(SLOT_B, 300) == before and active(remade) == SLOTS[0]


def test_a_changed_byte_is_found_while_the_slot_is_written(remade: Guest, shop: Workshop) -> None:
    content = bytearray(bundle(shop))
    content[len(content) // 2] ^= 1
    assert refused(remade, bytes(content)).startswith("The update is damaged: a block has another checksum")
    slots = json.loads(remade.out("cat /data/system/slot.json"))["slots"]
    assert slots[str(SLOTS[1])]["state"] == "bad" and active(remade) == SLOTS[0]
