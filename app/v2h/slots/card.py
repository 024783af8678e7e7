"""The card that this system runs from, and the active flag in its sector 0. These functions are the only writers of the
flag.

The card is found by the root's device number and never by a name or an id: a copy of the card in the eMMC would have
the same ids.
"""

import os
from pathlib import Path

from v2h.slots.mbr import SLOTS, active_slot, part_uuid, with_active
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


def read_active(disk: Path) -> int:
    """The active slot of that disk. Raises MbrError when it is no card of this project, and OSError."""
    with disk.open("rb", buffering=0) as file:
        return active_slot(file.read(SECTOR))


def activate(disk: Path, slot: int) -> bool:
    """Make `slot` the one that U-Boot starts next. One sector is written, and only when it differs: False when it did
    not. Raises MbrError, which writes nothing, and OSError, also when the card does not keep what was written."""
    handle = os.open(disk, os.O_RDWR | os.O_SYNC | os.O_CLOEXEC)
    try:
        old = os.pread(handle, SECTOR, 0)
        new = with_active(old, slot)
        if new == old:
            return False
        os.pwrite(handle, new, 0)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, SECTOR, os.POSIX_FADV_DONTNEED)
        if os.pread(handle, SECTOR, 0) != new:
            raise OSError(f"{disk} did not keep the active flag: the card is worn out, flash a new one")
        return True
    finally:
        os.close(handle)
