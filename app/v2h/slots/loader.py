"""The boot loader in front of the card's partitions. An update leaves it as it is, so it can be of another version than
the running system."""

import os
from collections.abc import Iterator
from pathlib import Path

from v2h.vendor.layout import SECTOR

OF_SYSTEM = Path("/usr/lib/u-boot/am335x_evm")
"""Where Debian's package u-boot-omap keeps the loader of the running system."""
PLACES = (("MLO", 256 * SECTOR), ("u-boot.img", 768 * SECTOR))
"""File and offset in bytes on the card (image/genimage.cfg)."""


def differing(card: Path, system: Path = OF_SYSTEM) -> Iterator[str]:
    """The files whose bytes on the card are not those of the running system. Raises OSError."""
    with card.open("rb", buffering=0) as disk:
        for name, at in PLACES:
            wanted = (system / name).read_bytes()
            if os.pread(disk.fileno(), len(wanted), at) != wanted:
                yield name
