"""Whether the data partition takes what is written, and its free space: large files that are not essential (captures
and copies) must leave some of it free."""

import os
from pathlib import Path

FREE_BYTES = 64 * 2**20
SYSFS = Path("/sys")


def free_bytes(folder: Path) -> int:
    """What ordinary users may still write there. Raises OSError."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def ext4_errors(folder: Path, sysfs: Path = SYSFS) -> int | None:
    """The errors in the ext4 that holds `folder`, since e2fsck checked it; None for another file system. Raises
    OSError."""
    device = folder.stat().st_dev
    disk = (sysfs / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve().name
    try:
        return int((sysfs / "fs" / "ext4" / disk / "errors_count").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def writable(folder: Path, sysfs: Path = SYSFS) -> bool:
    """Whether files there can be written. Since Linux 6.12 an ext4 that has met an error refuses to open any file,
    while statvfs and the table of mounts still call it writable. Raises OSError."""
    return not os.statvfs(folder).f_flag & os.ST_RDONLY and not ext4_errors(folder, sysfs)


def check_room(folder: Path, bytes_needed: int) -> None:
    """Raises OSError, which says how much must be free, when bytes_needed must not be written in `folder`: FREE_BYTES
    must remain free."""
    needed = bytes_needed + FREE_BYTES
    if free_bytes(folder) < needed:
        raise OSError(f"{folder}: no room, {-(-needed // 2**20)} MiB must be free")
