"""The disk that this system runs from, found by the root's device number and never by a name or an id: a copy of the
card in the eMMC would have the same ids."""

import os
from pathlib import Path

from v2h.slots.mbr import SLOTS, MbrError, active_slot, part_uuid, with_active
from v2h.vendor.layout import SECTOR

BLOCKS, BY_ID = Path("/sys/dev/block"), Path("/dev/disk/by-partuuid")


class NoCardError(RuntimeError):
    """The system does not run from a slot of this project's card. The text says what was found."""


class SecondCardError(RuntimeError):
    """The id of a slot leads to another disk than the one that the system runs from."""


def disk(device: int, blocks: Path = BLOCKS) -> Path:
    """The disk of the partition with this device number (st_dev of "/"), as /dev/NAME. Raises NoCardError."""
    here = blocks / f"{os.major(device)}:{os.minor(device)}"
    if not (here / "partition").exists():
        raise NoCardError(f"the root's device {os.major(device)}:{os.minor(device)} is no partition of a disk")
    return Path("/dev") / here.resolve().parent.name


def check_alone(device: int, blocks: Path = BLOCKS, by_id: Path = BY_ID) -> None:
    """device: st_dev of "/". Raises SecondCardError when a slot's id leads to another disk, NoCardError when it leads
    nowhere: RAUC finds its slots by these ids."""
    own = disk(device, blocks)
    for slot in SLOTS:
        link = by_id / part_uuid(slot)
        if not link.exists():
            raise NoCardError(f"there is no partition {part_uuid(slot)}")
        other = disk(link.stat().st_rdev, blocks)
        if other != own:
            raise SecondCardError(f"{part_uuid(slot)} lies on {other}, and the system runs from {own}")


def active(card: Path) -> int:
    """The slot that starts next. Raises OSError, MbrError."""
    with card.open("rb") as file:
        return active_slot(file.read(SECTOR))


def activate(card: Path, slot: int) -> None:
    """Let `slot` start next: one write of one sector, on the disk when this returns, and nothing when the flag is there
    already. Raises OSError, MbrError; the latter as well when the sector reads otherwise afterwards."""
    handle = os.open(card, os.O_RDWR | os.O_SYNC)
    try:
        before = os.pread(handle, SECTOR, 0)
        after = with_active(before, slot)
        if after != before:
            os.pwrite(handle, after, 0)
            os.fsync(handle)
            if os.pread(handle, SECTOR, 0) != after:
                raise MbrError(f"sector 0 of {card} does not read as it was written: replace the card")
    finally:
        os.close(handle)
