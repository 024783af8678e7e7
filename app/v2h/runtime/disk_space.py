"""Free space on the data partition: large files that are not essential (captures and copies) must leave some of it
free."""

import os
from pathlib import Path

FREE_BYTES = 64 * 2**20


def check_room(folder: Path, bytes_needed: int) -> None:
    """Raises OSError, which says how much must be free, when bytes_needed must not be written in `folder`: FREE_BYTES
    must remain free."""
    room = os.statvfs(folder)
    needed = bytes_needed + FREE_BYTES
    if room.f_bavail * room.f_frsize < needed:
        raise OSError(f"{folder}: no room, {-(-needed // 2**20)} MiB must be free")
