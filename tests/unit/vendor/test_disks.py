"""The eMMC as a disk of the kernel: how it is found, and what is refused there."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.vendordump import HEADERS, SMALL, Made, differing, quiet, yes
from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.shell.backup import back_up
from v2h.vendor.shell.bootarea import disable, restore
from v2h.vendor.shell.medium import MOUNTS, Medium, emmc_of_this_board

CID = "150100424a544434520777dbdf1c2a00"


def mmc(sysfs: Path, name: str, kind: str) -> None:
    device = sysfs / "block" / name / "device"
    device.mkdir(parents=True)
    (device / "type").write_text(f"{kind}\n")
    (device / "cid").write_text(f"{CID}\n")
    classes = sysfs / "class" / "block"
    classes.mkdir(parents=True, exist_ok=True)
    (classes / name).symlink_to(sysfs / "block" / name)


def test_the_emmc_is_found_by_its_type_and_not_by_its_name(tmp_path: Path) -> None:
    mmc(tmp_path, "mmcblk0", "SD")
    with pytest.raises(VendorError, match=r"found: mmcblk0 \(SD\)"):
        emmc_of_this_board(tmp_path)
    mmc(tmp_path, "mmcblk1", "MMC")
    (tmp_path / "block" / "mmcblk1boot0").mkdir()
    assert emmc_of_this_board(tmp_path) == Path("/dev/mmcblk1")
    mmc(tmp_path, "mmcblk2", "MMC")
    with pytest.raises(VendorError, match="2 disks of the type eMMC"):
        emmc_of_this_board(tmp_path)


@pytest.fixture
def loop(dump: Path) -> Iterator[Path]:
    """The dump as a disk of the kernel."""
    made = subprocess.run(["losetup", "--find", "--show", dump], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip() or 'not root'}")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


@pytest.mark.slow
def test_a_disk_with_a_cid_goes_round_as_well(loop: Path, original: Made, tmp_path: Path) -> None:
    sysfs, target = tmp_path / "sys", tmp_path / "backup.img"
    mmc(sysfs, loop.name, "MMC")
    medium = Medium(loop, SMALL, sysfs)
    assert (medium.is_disk, medium.kind, medium.about.cid) == (True, "MMC", CID)
    back_up(medium, target, quiet)
    letters: list[str] = []

    def confirm(wanted: str) -> bool:
        letters.append(wanted)
        return True

    disable(medium, target, confirm, quiet)
    assert differing(loop_copy(loop, tmp_path), original.path) == list(HEADERS)
    with loop.open("r+b") as file:  # a bit of the data partition has died since: the way back must stay open
        file.seek(SECTOR * 18_000)
        file.write(b"x")
    assert restore(medium, target, confirm, quiet) == "the boot loader at sector 256"
    assert letters == [CID[-6:]] * 2

    other = tmp_path / "othersys"
    mmc(other, loop.name, "MMC")
    (other / "block" / loop.name / "device" / "cid").write_text("0123")
    for action in (disable, restore):
        with pytest.raises(VendorError, match="another eMMC: its CID is"):
            action(Medium(loop, SMALL, other), target, yes, quiet)
    (sysfs / "block" / loop.name / "device" / "type").write_text("SD")
    with pytest.raises(VendorError, match="of type SD, not an eMMC"):
        disable(Medium(loop, SMALL, sysfs), target, yes, quiet)


def loop_copy(loop: Path, folder: Path) -> Path:
    with loop.open("rb") as disk, (folder / "copy.img").open("wb") as copy:
        shutil.copyfileobj(disk, copy)
    return folder / "copy.img"


def test_the_chips_two_boot_partitions_belong_to_the_backup(loop: Path, tmp_path: Path) -> None:
    """A block device with the name of the board's, and files in the place of its boot partitions."""
    emmc, target = tmp_path / "mmcblk1", tmp_path / "backup.img"
    os.mknod(emmc, stat.S_IFBLK | 0o600, loop.stat().st_rdev)
    mmc(tmp_path / "sys", emmc.name, "MMC")
    for name in ("mmcblk1boot0", "mmcblk1boot1"):
        (tmp_path / "sys" / "class" / "block" / name).mkdir()
        (tmp_path / name).write_bytes(name.encode() * 1000)
    medium = Medium(emmc, SMALL, tmp_path / "sys")
    assert back_up(medium, target, quiet).sizes.keys() == {"disk", "boot0", "boot1"}
    assert target.with_name("backup.img.boot1").read_bytes() == b"mmcblk1boot1" * 1000
    assert disable(medium, target, yes, quiet) == HEADERS
    restore(medium, target, yes, quiet)
    (tmp_path / "mmcblk1boot1").write_bytes(b"x" * 12_000)
    with pytest.raises(VendorError, match="boot1: another SHA-256"):
        disable(medium, target, yes, quiet)
    target.with_name("backup.img.boot0").write_bytes(b"x" * 12_000)
    with pytest.raises(VendorError, match=r"boot0 is damaged"):
        restore(medium, target, yes, quiet)


@pytest.mark.slow
@pytest.mark.parametrize("action", [disable, restore])
@pytest.mark.parametrize("place", ["dev", "loopp2/dev"])
def test_a_disk_of_which_something_is_mounted_is_refused(
    loop: Path, tmp_path: Path, action: Callable[..., object], place: str
) -> None:
    """The kernel's real table of mounts; sysfs says that the disk, or its second partition, is in it."""
    sysfs, target = tmp_path / "sys", tmp_path / "backup.img"
    mmc(sysfs, loop.name, "MMC")
    back_up(Medium(loop, SMALL, sysfs), target, quiet)
    before = loop.read_bytes()
    entry = MOUNTS.read_text().splitlines()[0].split()
    path = sysfs / "block" / loop.name / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{entry[2]}\n")
    with pytest.raises(VendorError, match=r"is mounted at .*: umount it first. Nothing was written"):
        action(Medium(loop, SMALL, sysfs), target, yes, quiet)
    assert loop.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("action", [disable, restore])
def test_a_disk_that_something_else_holds_is_refused(loop: Path, tmp_path: Path, action: Callable[..., object]) -> None:
    """As a mount does that began while the owner typed the letters."""
    sysfs, target = tmp_path / "sys", tmp_path / "backup.img"
    mmc(sysfs, loop.name, "MMC")
    back_up(Medium(loop, SMALL, sysfs), target, quiet)
    before = loop.read_bytes()
    holder = os.open(loop, os.O_RDONLY | os.O_EXCL)
    try:
        with pytest.raises(VendorError, match="one of its partitions is mounted or in use: nothing was written"):
            action(Medium(loop, SMALL, sysfs), target, yes, quiet)
    finally:
        os.close(holder)
    assert loop.read_bytes() == before


def test_our_own_card_is_refused_as_a_disk(loop: Path, tmp_path: Path) -> None:
    with loop.open("r+b") as file:
        file.seek(440)
        file.write(b"\x31\x48\x32\x56")
    mmc(tmp_path / "sys", loop.name, "MMC")
    with pytest.raises(VendorError, match="card of this project"):
        Medium(loop, SMALL, tmp_path / "sys")
