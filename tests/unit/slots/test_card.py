"""Sector 0 of the running card, on a file in place of the disk."""

import struct
from pathlib import Path

import pytest

from v2h.slots.card import activate, disk_of, read_active
from v2h.slots.mbr import MbrError


def card(path: Path, active: int, disk_id: int = 0x56324831) -> Path:
    entries = b"".join(
        struct.pack("<B3sB3sII", 0x80 if number == active else 0, b"", 0x83, b"", number * 8, 8)
        for number in range(1, 5)
    )
    path.write_bytes(bytes(440) + struct.pack("<IH", disk_id, 0) + entries + b"\x55\xaa" + b"next sector" * 100)
    return path


def test_the_flag_moves_once_and_the_second_sector_stays(tmp_path: Path) -> None:
    disk = card(tmp_path / "disk", 2)
    before = disk.read_bytes()
    assert activate(disk, 3) is True
    assert read_active(disk) == 3
    assert activate(disk, 3) is False, "a sector that would not change is not written"
    after = disk.read_bytes()
    assert after[512:] == before[512:] and len(after) == len(before)


def test_a_foreign_disk_is_not_written(tmp_path: Path) -> None:
    disk = card(tmp_path / "disk", 2, disk_id=0)
    before = disk.read_bytes()
    with pytest.raises(MbrError, match="wrong disk"):
        activate(disk, 3)
    assert disk.read_bytes() == before


def test_the_disk_is_the_one_that_holds_the_partition(tmp_path: Path) -> None:
    names, block, devices = tmp_path / "by-partuuid", tmp_path / "block", tmp_path / "dev"
    for folder in (names, block, devices, tmp_path / "devices/mmc1/mmcblk1/mmcblk1p3"):
        folder.mkdir(parents=True)
    (devices / "mmcblk1p3").touch()
    (names / "56324831-03").symlink_to(devices / "mmcblk1p3")
    (block / "mmcblk1p3").symlink_to(tmp_path / "devices/mmc1/mmcblk1/mmcblk1p3")
    assert disk_of(3, names, block, devices) == devices / "mmcblk1"
    with pytest.raises(FileNotFoundError):
        disk_of(2, names, block, devices)
