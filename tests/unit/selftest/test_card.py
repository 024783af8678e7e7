"""The boot area of the card, judged on a folder with the files of a board."""

import os
from pathlib import Path

import pytest

from tests.support.vendordump import mbr
from v2h.selftest.card import judged
from v2h.slots.loader import OF_SYSTEM, PLACES
from v2h.slots.mbr import with_active
from v2h.vendor.layout import OUR_DISK_ID

TABLE = mbr(OUR_DISK_ID, [(0, 0x0C, 8, 8), (0x80, 0x83, 16, 8), (0, 0x83, 24, 8), (0, 0x83, 32, 8)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A board that runs from slot B of its card, /dev/mmcblk0."""
    device = tmp_path.stat().st_dev
    partition = tmp_path / "sys/devices/mmcblk0/mmcblk0p3"
    partition.mkdir(parents=True)
    (partition / "partition").write_text("3\n")
    blocks = tmp_path / "sys/dev/block"
    blocks.mkdir(parents=True)
    (blocks / f"{os.major(device)}:{os.minor(device)}").symlink_to(partition)
    system = tmp_path / OF_SYSTEM.relative_to("/")
    system.mkdir(parents=True)
    (tmp_path / "dev").mkdir()
    with (tmp_path / "dev/mmcblk0").open("wb") as card:
        card.write(with_active(TABLE, 3))
        for name, at in PLACES:
            (system / name).write_bytes(name.encode() * 9000)
            card.seek(at)
            card.write((system / name).read_bytes())
    return tmp_path


def write(root: Path, at: int, content: bytes) -> None:
    with (root / "dev/mmcblk0").open("r+b") as card:
        card.seek(at)
        card.write(content)


def test_a_whole_boot_area_is_in_order(root: Path) -> None:
    good, said = judged(root)
    assert good is True and "partition 3 is active" in said


@pytest.mark.parametrize(
    ("at", "content", "says"),
    [
        (256, bytes(256), "sector 0 (512 bytes) has no partition table"),
        (446 + 16, b"\x80", "the active partitions are [2, 3]"),
        (446 + 32, b"\x00", "the active partitions are []"),
    ],
)
def test_a_torn_sector_0_is_named(root: Path, at: int, content: bytes, says: str) -> None:
    write(root, at, content)
    good, said = judged(root)
    assert good is False and says in said


@pytest.mark.parametrize(("name", "at"), PLACES)
def test_another_loader_is_no_failure_and_is_not_called_checked(root: Path, name: str, at: int) -> None:
    write(root, at + 5000, b"\0")
    good, said = judged(root)
    assert good is None and f"{name} of the boot loader cannot be compared" in said


def test_a_machine_that_runs_from_no_card_is_not_judged(root: Path) -> None:
    (root / "sys/devices/mmcblk0/mmcblk0p3/partition").unlink()
    assert judged(root)[0] is None


def test_a_card_that_cannot_be_read_has_failed(root: Path) -> None:
    (root / "dev/mmcblk0").unlink()
    good, said = judged(root)
    assert good is False and "No such file" in said
