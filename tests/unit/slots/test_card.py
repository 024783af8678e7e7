"""The disk that the system runs from, and its sector 0 on a file in place of the disk."""

import os
import struct
from pathlib import Path

import pytest

from v2h.slots.card import NoCardError, SecondCardError, activate, check_alone, disk, read_active
from v2h.slots.mbr import MbrError

ROOT, DATA, COPY = os.makedev(179, 2), os.makedev(179, 3), os.makedev(180, 3)


def card(path: Path, active: int, disk_id: int = 0x56324831) -> Path:
    entries = b"".join(
        struct.pack("<B3sB3sII", 0x80 if number == active else 0, b"", 0x83, b"", number * 8, 8)
        for number in range(1, 5)
    )
    path.write_bytes(bytes(440) + struct.pack("<IH", disk_id, 0) + entries + b"\x55\xaa" + b"next sector" * 100)
    return path


def test_the_flag_moves_once_and_the_second_sector_stays(tmp_path: Path) -> None:
    written = card(tmp_path / "disk", 2)
    before = written.read_bytes()
    assert activate(written, 3) is True
    assert read_active(written) == 3
    assert activate(written, 3) is False, "a sector that would not change is not written"
    after = written.read_bytes()
    assert after[512:] == before[512:] and len(after) == len(before)


def test_a_foreign_disk_is_not_written(tmp_path: Path) -> None:
    written = card(tmp_path / "disk", 2, disk_id=0)
    before = written.read_bytes()
    with pytest.raises(MbrError, match="wrong disk"):
        activate(written, 3)
    assert written.read_bytes() == before


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    """/sys/dev/block of a machine with a card and an eMMC."""
    (tmp_path / "dev").mkdir()
    for disk_name, major, number in (("mmcblk0", 179, 2), ("mmcblk0", 179, 3), ("mmcblk1", 180, 3)):
        part = tmp_path / "block" / disk_name / f"{disk_name}p{number}"
        part.mkdir(parents=True)
        (part / "partition").write_text(f"{number}\n")
        (tmp_path / "dev" / f"{major}:{number}").symlink_to(part)
    return tmp_path / "dev"


def test_the_disk_is_found_by_the_device_number(blocks: Path) -> None:
    assert disk(ROOT, blocks) == Path("/dev/mmcblk0") and disk(COPY, blocks) == Path("/dev/mmcblk1")


def test_a_root_on_no_partition_is_no_card(blocks: Path) -> None:
    with pytest.raises(NoCardError, match="0:25"):
        disk(os.makedev(0, 25), blocks)


def node(path: Path, device: int) -> None:
    """A device file that nobody opens; it needs root, as the build does."""
    path.parent.mkdir(exist_ok=True)
    try:
        os.mknod(path, 0o600 | 0o060000, device)
    except PermissionError:
        pytest.skip("device files need root")


def test_both_slots_on_the_running_disk(blocks: Path, tmp_path: Path) -> None:
    node(tmp_path / "ids" / "56324831-02", ROOT)
    with pytest.raises(NoCardError, match="56324831-03"):
        check_alone(ROOT, blocks, tmp_path / "ids")
    node(tmp_path / "ids" / "56324831-03", DATA)
    check_alone(ROOT, blocks, tmp_path / "ids")


def test_a_copy_of_the_card_in_the_emmc_is_never_the_target(blocks: Path, tmp_path: Path) -> None:
    node(tmp_path / "ids" / "56324831-02", ROOT)
    node(tmp_path / "ids" / "56324831-03", COPY)
    with pytest.raises(SecondCardError, match="56324831-03 lies on /dev/mmcblk1"):
        check_alone(ROOT, blocks, tmp_path / "ids")
