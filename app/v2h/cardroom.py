"""Room on the data partition: what is large and can be done without, captures and copies, leaves some of it free."""

import os
from pathlib import Path

FREE_BYTES = 64 * 2**20


def check_room(folder: Path, bytes_needed: int) -> None:
    """Raises OSError, saying how much must be free, unless so much may be written in `folder`."""
    room = os.statvfs(folder)
    needed = bytes_needed + FREE_BYTES
    if room.f_bavail * room.f_frsize < needed:
        raise OSError(f"{folder}: no room, {-(-needed // 2**20)} MiB must be free")
