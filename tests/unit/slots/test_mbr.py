"""The active flag of the card's partition table."""

import struct

import pytest

from v2h.slots.mbr import MbrError, active_slot, other, part_uuid, running_slot, with_active

OURS = 0x56324831


def sector(active: tuple[int, ...] = (2,), disk_id: int = OURS, mark: bytes = b"\x55\xaa") -> bytes:
    """Sector 0 with four partitions; the boot code before the table is not empty."""
    entries = b"".join(
        struct.pack("<B3sB3sII", 0x80 if number in active else 0, b"\1\2\3", 0x83, b"\4\5\6", number * 8192, 8192)
        for number in range(1, 5)
    )
    return bytes(range(220)) * 2 + struct.pack("<IH", disk_id, 0) + entries + mark


@pytest.mark.parametrize("slot", [2, 3])
def test_the_active_partition_is_the_slot(slot: int) -> None:
    assert active_slot(sector((slot,))) == slot


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (sector(mark=b"\0\0"), "no partition table"),
        (sector()[:100], "100 bytes"),
        (bytes(512), "no partition table"),
        (sector(disk_id=0), "the disk id is 00000000"),
        (sector(()), r"the active partitions are \[\]"),
        (sector((1,)), r"are \[1\]"),
        (sector((2, 3)), r"are \[2, 3\]"),
    ],
    ids=["no mark", "short", "empty", "another disk", "none active", "the FAT partition active", "both active"],
)
def test_a_foreign_or_torn_sector_is_refused_with_what_was_found(found: bytes, said: str) -> None:
    with pytest.raises(MbrError, match=said):
        active_slot(found)
    with pytest.raises(MbrError, match=said):
        with_active(found, 3)


@pytest.mark.parametrize(("before", "after", "differing"), [(2, 3, [462, 478]), (3, 2, [462, 478]), (3, 3, [])])
def test_the_flag_moves_and_no_other_byte_changes(before: int, after: int, differing: list[int]) -> None:
    old = sector((before,))
    new = with_active(old, after)
    assert active_slot(new) == after
    assert [at for at in range(512) if old[at] != new[at]] == differing


@pytest.mark.parametrize("slot", [0, 1, 4])
def test_a_partition_without_a_root_never_becomes_active(slot: int) -> None:
    with pytest.raises(MbrError, match=f"partition {slot} is no slot"):
        with_active(sector(), slot)
    with pytest.raises(MbrError, match=f"partition {slot} is no slot"):
        other(slot)


def test_each_slot_is_the_other_of_the_other() -> None:
    assert [other(2), other(3)] == [3, 2]
    assert [part_uuid(2), part_uuid(3)] == ["56324831-02", "56324831-03"]


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        ("root=PARTUUID=56324831-02 ro rootwait", 2),
        ("ro console=ttyO0 root=PARTUUID=56324831-03", 3),
        ("root=PARTUUID=56324831-02 root=PARTUUID=56324831-03", 3),  # the kernel takes the last one
        ("root=/dev/vda2", None),
        ("root=PARTUUID=00000000-02", None),
        ("root=PARTUUID=56324831-04", None),
        ("", None),
    ],
)
def test_the_running_slot_is_the_one_of_the_kernels_command_line(line: str, slot: int | None) -> None:
    assert running_slot(line) == slot
