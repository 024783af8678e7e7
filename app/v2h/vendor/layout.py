"""The partition table of a disk, and how it differs from the published one of the vendor's eMMC.

Source: the listing of a dump in the README of rand12345/Ardni-V2H. Sizes and positions are in sectors of 512 bytes.
"""

import struct
from typing import NamedTuple

from v2h.vendor import VendorError

SECTOR = 512
OUR_DISK_ID = 0x56324831
"""The disk id of this project's card (image/genimage.cfg)."""


class Partition(NamedTuple):
    """One primary entry of the MBR. kind is the type, such as 0x83."""

    number: int
    active: bool
    kind: int
    start: int
    sectors: int


class Table(NamedTuple):
    """The MBR: the disk id and the entries that are in use."""

    disk_id: int
    partitions: tuple[Partition, ...]


class Layout(NamedTuple):
    """What a disk must have to be taken for the vendor's: (start, sectors) of each partition."""

    disk_id: int
    partitions: tuple[tuple[int, int], ...]


PUBLISHED = Layout(0, ((3_072, 128_000), (131_072, 131_072), (262_144, 131_072), (393_216, 2_097_152)))
"""Partitions 1 to 3 hold one version of the firmware each, partition 4 holds what it writes. The published eMMC has
3,909,091,328 bytes; the size is not checked, because a replaced chip of another maker has another one."""
SLOTS, DATA = (1, 2, 3), 4


def read_table(sector: bytes) -> Table:
    """The partition table in sector 0. Raises VendorError when sector 0 has no partition table."""
    if len(sector) != SECTOR or sector[510:] != b"\x55\xaa":
        raise VendorError("sector 0 has no partition table: this is not a whole dump of the vendor's eMMC")
    (disk_id,) = struct.unpack_from("<I", sector, 440)
    entries = enumerate(struct.iter_unpack("<B3xB3xII", sector[446:510]), 1)
    used = (Partition(number, flag == 0x80, kind, start, size) for number, (flag, kind, start, size) in entries if kind)
    return Table(disk_id, tuple(used))


def differences(table: Table, size_bytes: int, layout: Layout = PUBLISHED) -> list[str]:
    """What is not as on the vendor's eMMC, as sentences; [] when the disk is taken for the vendor's."""
    if table.disk_id == OUR_DISK_ID:
        return ["this is the card of this project (disk id 56324831), not the vendor's eMMC"]
    found = []
    if table.disk_id != layout.disk_id:
        found.append(f"the disk id is {table.disk_id:08x}, the vendor's is {layout.disk_id:08x}")
    numbers = [partition.number for partition in table.partitions]
    if numbers != list(range(1, len(layout.partitions) + 1)):
        return [*found, f"the partitions in use are {numbers}, the vendor's are 1 to {len(layout.partitions)}"]
    for partition, (start, sectors) in zip(table.partitions, layout.partitions, strict=True):
        if (partition.start, partition.sectors) != (start, sectors):
            found.append(
                f"partition {partition.number} has {partition.sectors} sectors from {partition.start} on, "
                f"the vendor's has {sectors} from {start} on"
            )
    end = max(start + sectors for start, sectors in layout.partitions) * SECTOR
    if size_bytes < end:
        found.append(f"it has {size_bytes} bytes and the partitions end at {end}: the dump is cut off")
    return found


def check(table: Table, size_bytes: int, layout: Layout = PUBLISHED) -> None:
    """Raises VendorError, which names every difference, for any disk that is not the vendor's eMMC."""
    if found := differences(table, size_bytes, layout):
        raise VendorError("; ".join(found))
