"""From which disk the AM335x boot ROM starts: its rule as a function of the bytes.

Source: AM335x Technical Reference Manual (SPRUH73), 26.1.8.5 "MMC/SD cards". The ROM reads sectors 0, 256, 512 and 768
of a disk. If one begins with a table of contents that names CHSETTINGS, it starts there ("raw mode"). If not, it looks
for a file MLO in the root of the active primary FAT partition ("file system mode"). If there is none, it tries the next
disk. With the button S2 released the order is eMMC, SD card, UART, USB.

Nobody has seen this on a real charger yet: docs/bench.md lists the check.
"""

import struct
from collections.abc import Callable, Iterator

from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR, Partition, read_table

Read = Callable[[int, int], bytes]
"""(offset, size) in bytes -> the bytes of a disk, fewer at its end."""

HEADER_SECTORS = (256, 512, 768)
"""Where a boot header may be cleared. In sector 0 it would share its sector with the partition table."""
ROM_SECTORS = (0, *HEADER_SECTORS)
FAT_KINDS = frozenset({0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E})
"""Partition types of FAT12, FAT16 and FAT32."""
MLO = b"MLO        "
"""The name in a FAT directory: eight letters and three of the extension."""
FOLDER_OR_LABEL = 0x18
NAME_AT, NAME_BYTES = 20, 12
"""An entry of the table of contents: start, size, flags, alignment, load address (4 bytes each), then the name."""


def is_boot_header(sector: bytes) -> bool:
    """Whether the ROM takes this sector for the begin of a boot loader."""
    name = sector[NAME_AT : NAME_AT + NAME_BYTES].rstrip(b"\0")
    return name == b"CHSETTINGS" and sector[:4] not in (bytes(4), b"\xff" * 4)


def boot_headers(read: Read) -> dict[int, bytes]:
    """The sectors of ROM_SECTORS that begin with a boot header, with their bytes."""
    sectors = {number: read(number * SECTOR, SECTOR) for number in ROM_SECTORS}
    return {number: sector for number, sector in sectors.items() if is_boot_header(sector)}


def starts_from(read: Read) -> str:
    """What the ROM would start on this disk, in words; "" when it goes on to the next disk."""
    if headers := boot_headers(read):
        return f"the boot loader at sector {min(headers)}"
    try:
        partitions = read_table(read(0, SECTOR)).partitions
    except VendorError:
        return ""
    for partition in partitions:
        if partition.active and partition.kind in FAT_KINDS and has_mlo(read, partition):
            return f"the file MLO on partition {partition.number}"
    return ""


def chosen(emmc: Read, card: Read) -> str:
    """Which disk the board starts from when S2 is released: "eMMC", "SD", or "" for neither."""
    return next((name for name, read in (("eMMC", emmc), ("SD", card)) if starts_from(read)), "")


def has_mlo(read: Read, partition: Partition) -> bool:
    """Whether the root directory of a FAT file system holds a file MLO."""
    try:
        directory = b"".join(_root_directory(read, partition.start * SECTOR))
    except (struct.error, ZeroDivisionError, IndexError):  # the partition does not hold a FAT file system
        return False
    for at in range(0, len(directory) - 31, 32):
        if directory[at] == 0:
            return False
        if directory[at : at + 11] == MLO and not directory[at + 11] & FOLDER_OR_LABEL:
            return True
    return False


def _root_directory(read: Read, start: int) -> Iterator[bytes]:
    """The root directory in pieces: one of fixed size on FAT12 and FAT16, a chain of clusters on FAT32."""
    begin = read(start, SECTOR)
    sector, per_cluster, reserved, copies, entries, _, _, fat = struct.unpack_from("<HBHBHHBH", begin, 11)
    (long_fat,) = struct.unpack_from("<I", begin, 36)
    (cluster,) = struct.unpack_from("<I", begin, 44)
    first_fat = start + reserved * sector
    after_fats = first_fat + copies * (fat or long_fat) * sector
    if entries:
        yield read(after_fats, entries * 32)
        return
    seen: set[int] = set()
    while 2 <= cluster < 0x0FFF_FFF7 and cluster not in seen:
        seen.add(cluster)
        yield read(after_fats + (cluster - 2) * per_cluster * sector, per_cluster * sector)
        (cluster,) = struct.unpack("<I", read(first_fat + cluster * 4, 4))
        cluster &= 0x0FFF_FFFF
