"""`v2h vendor` on the emulated board, with a made dump of the vendor's eMMC as a second disk: looked at, taken apart,
backed up across a power cut, its boot headers cleared and put back, and everything refused that must be. One story, in
this order.

QEMU 7.2 has no eMMC, and the board's card is a virtio disk. So both disks get the names, types and the CID of the real
board from a folder over /sys/block that only the commands here see. Everything else is the board's: the image's
programs, the kernel's disks and mounts, the page that says whether the charger is idle.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.card import Card
from tests.support.guest import Guest
from tests.support.machine import AT_LENGTH, BOOT_S
from tests.support.truth import rig
from tests.support.update_owner import UpdateOwner
from tests.support.vendordump import DATA_FILES, HEADERS, VERSIONS, Made, make_dump, total
from v2h.vendor.layout import SECTOR
from v2h.vendor.rom import Read, chosen
from v2h.vendor.shell.medium import Medium
from v2h.vendor.shell.unpack import inspect

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(6 * BOOT_S),
    pytest.mark.xdist_group("vendor"),
    pytest.mark.skipif(not AT_LENGTH, reason="two boots and a copy of 1.3 GB: make long, or BOARD=long"),
]
CID = "150100424a544434520777dbdf1c2a00"
NAMES = f"""mkdir -p /run/emmc
for each in SD:mmcblk0:vda MMC:mmcblk1:vdb; do
	IFS=: read -r kind name disk <<<"$each"
	real=$(realpath /sys/block/$disk) place=/run/emmc/$name
	mkdir -p $place/device
	echo $kind >$place/device/type
	echo {CID} >$place/device/cid
	cp $real/dev $place/dev
	for part in $real/$disk?; do mkdir -p $place/${{part##*/}} && cp $part/dev $place/${{part##*/}}/dev; done
	[ -e /dev/$name ] || mknod /dev/$name b $(tr : ' ' <$real/dev)
done
"""
SEEN = "mount --bind /run/emmc /sys/block && mount --bind /run/emmc /sys/class/block"
AS_ON_THE_BOARD = f"""unshare --mount sh -c '{SEEN} && exec "$@"' sh v2h vendor"""
LONG_S = 3600
BACKUP = "/data/emmc.img"


@dataclass
class Story:
    """made: what went into the eMMC. emmc: its bytes, which the board writes to. whole: their SHA-256 at first."""

    board: Guest
    made: Made
    emmc: Path
    whole: str

    def prepare(self) -> None:
        """Give the disks their names; once for each start."""
        self.board.out(NAMES)

    def vendor(self, words: str, typed: str = "") -> tuple[int, str]:
        """Exit code, and all that the command says."""
        return self.board.sh(f"echo {typed} | {AS_ON_THE_BOARD} {words}", LONG_S)

    def differing(self) -> list[int]:
        """The sectors of the eMMC that are no longer as they were made. cmp ends with 1 when there are any."""
        said = subprocess.run(["cmp", "-l", self.made.path, self.emmc], capture_output=True, text=True)
        assert said.returncode in (0, 1) and not said.stderr, said.stderr
        return sorted({(int(line.split()[0]) - 1) // SECTOR for line in said.stdout.splitlines()})

    def rom_starts(self) -> str:
        return chosen(reader(self.emmc), Card(self.board.run_dir.parents[2] / "v2h.img").read)


def reader(path: Path) -> Read:
    return Medium(path).read


@pytest.fixture(scope="module")
def story(build: Path) -> Iterator[Story]:
    folder = build / "guest" / "vendor"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = make_dump(folder / "made.img")
    emmc = folder / "emmc.img"
    subprocess.run(["cp", "--sparse=always", made.path, emmc], check=True)
    with Guest(folder / "run", extra=("--disk", str(emmc))) as board:
        board.wait_for_shell(BOOT_S)
        board.wait_for_page(BOOT_S)
        told = Story(board, made, emmc, total(made.path))
        told.prepare()
        yield told
    shutil.rmtree(folder)


def test_it_says_what_the_emmc_holds(story: Story) -> None:
    code, said = story.vendor("inspect --json 2>/dev/null")
    assert code == 0, said
    seen, here = json.loads(said), inspect(Medium(story.made.path))
    assert {key for key in here if seen[key] != here[key]} <= {"source", "cid", "kind"}, seen
    code, said = story.vendor("inspect")
    assert code == 0 and all(version in said for version in VERSIONS), said
    assert story.rom_starts() == "eMMC"


def test_what_is_taken_out_is_what_went_in(story: Story) -> None:
    code, said = story.vendor("extract /data/vendor")
    assert code == 0, said
    sums = dict(
        reversed(line.split(maxsplit=1))
        for line in story.board.out("cd /data/vendor && find * -type f | xargs sha256sum", LONG_S).splitlines()
    )
    for number, images in story.made.slots.items():
        for kind, name in (("kernel", "kernel"), ("flat_dt", "board.dtb"), ("ramdisk", "root.squashfs")):
            assert sums[f"slot{number}/{name}"] == sha256(images[kind]).hexdigest()
        for name, text in story.made.root.items():
            assert sums[f"slot{number}/root/{name}"] == sha256(text.encode()).hexdigest()
    for name, text in DATA_FILES.items():
        assert sums[f"data/{name}"] == sha256(text.encode()).hexdigest()
    assert {"settings.json", "totals.json", "calibration.json", "v2h.toml.snippet"} <= sums.keys()


def test_a_backup_that_a_power_cut_interrupts_goes_on(story: Story) -> None:
    board = story.board
    board.out(f"setsid {AS_ON_THE_BOARD} backup {BACKUP} </dev/null >/dev/null 2>&1 &")
    board.out(f"until [ $(stat -c %s {BACKUP}.part) -ge 300000000 ]; do sleep 1; done 2>/dev/null", LONG_S)
    board.cut_power()
    board.restore_power(BOOT_S, "--disk", str(story.emmc))
    story.prepare()
    assert int(board.out(f"stat -c %s {BACKUP}.part")) >= 100_000_000
    code, said = story.vendor(f"backup {BACKUP}")
    assert code == 0 and f"disk: SHA-256 {story.whole}" in said, said
    assert "disk: 67 of" not in said, "the copy started again from its first byte"
    known = json.loads(board.out(f"cat {BACKUP}.json"))
    assert (known["verified"], known["cid"], known["sha256"]) == (True, CID, {"disk": story.whole})
    assert rig(board)["outputs"] == []


@pytest.mark.parametrize("action", ["disable", "restore"])
def test_what_must_not_be_written_is_not_written(story: Story, action: str) -> None:
    board = story.board
    code, said = story.vendor(f"{action} /dev/mmcblk0 {BACKUP}", CID[-6:])
    assert code == 1 and "this is the card of this project" in said, said
    code, said = story.vendor(f"{action} {BACKUP}", "000000")
    assert code == 1 and "not confirmed: nothing was written" in said, said
    board.out("mount -o ro,noload /dev/vdb4 /mnt")
    code, said = story.vendor(f"{action} {BACKUP}", CID[-6:])
    board.out("umount /mnt")
    assert code == 1 and "is mounted at /mnt: umount it first" in said, said
    assert story.differing() == []


def test_the_headers_are_cleared_and_nothing_else(story: Story) -> None:
    code, said = story.vendor(f"disable {BACKUP}", CID[-6:])
    assert code == 0 and "Cleared and read back: sectors 256, 512" in said, said
    assert story.differing() == list(HEADERS)
    assert story.rom_starts() == "SD"
    assert "256" in story.board.out(f"cat {BACKUP}.undo.txt")


def test_put_back_the_emmc_is_as_it_was(story: Story) -> None:
    code, said = story.vendor(f"restore {BACKUP}", CID[-6:])
    assert code == 0 and "the ROM starts the boot loader at sector 256" in said, said
    assert story.differing() == [] and total(story.emmc) == story.whole
    assert story.rom_starts() == "eMMC"


def test_no_update_is_installed_beside_a_disk_with_the_id_of_this_card(story: Story) -> None:
    """The last test: it overwrites the partition table of the eMMC, as a copy of the card into the eMMC would."""
    board = story.board
    board.out("dd if=/dev/vda of=/dev/vdb bs=512 count=1 conv=fsync 2>&1 && blockdev --rereadpt /dev/vdb")
    UpdateOwner(board).bring("noise.raucb", bytes(2_000_000))
    code, said = board.http("/api/v1/update/install", {})
    assert code == 409 and json.loads(said)["text"].startswith("Two disks carry the id of this card"), said
