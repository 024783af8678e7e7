"""A write log made by a test, as QEMU would leave it."""

import struct
from pathlib import Path

from tests.powercuts.writelog import MAGIC, SECTOR, WriteLog

Request = tuple[int, int, bytes]
"""First sector, flags, data."""


def make_log(path: Path, requests: list[Request]) -> WriteLog:
    """Write the log to this file, and read it again."""
    text = struct.pack("<QQQI", MAGIC, 1, len(requests), SECTOR).ljust(SECTOR, b"\0")
    for sector, flags, data in requests:
        text += struct.pack("<QQQQ", sector, len(data) // SECTOR, flags, 0).ljust(SECTOR, b"\0") + data
    path.write_bytes(text)
    return WriteLog.read(path)
