"""Free space on the data partition: large files that are not essential (captures and copies) must leave some of it
free."""

import os
from pathlib import Path

FREE_BYTES = 64 * 2**20


def free_bytes(folder: Path) -> int:
    """What ordinary users may still write there. Raises OSError."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def check_room(folder: Path, bytes_needed: int) -> None:
    """Raises OSError, which says how much must be free, when bytes_needed must not be written in `folder`: FREE_BYTES
    must remain free."""
    needed = bytes_needed + FREE_BYTES
    if free_bytes(folder) < needed:
        raise OSError(f"{folder}: no room, {-(-needed // 2**20)} MiB must be free")
