"""Sector 0 of the card that this system runs from. These functions and RAUC's backend are the only writers of the flag.

The partition is found by its PARTUUID, so never in the vendor's eMMC, whose disk id is 0.
"""

import os
from pathlib import Path

from v2h.slots.mbr import active_slot, part_uuid, with_active
from v2h.vendor.layout import SECTOR

BY_PARTUUID = Path("/dev/disk/by-partuuid")
BLOCK = Path("/sys/class/block")


def disk_of(slot: int, by_partuuid: Path = BY_PARTUUID, block: Path = BLOCK, devices: Path = Path("/dev")) -> Path:
    """The device file of the whole disk on which the slot's partition lies, such as /dev/mmcblk0. Raises OSError."""
    partition = (by_partuuid / part_uuid(slot)).resolve(strict=True).name
    return devices / (block / partition).resolve(strict=True).parent.name


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
