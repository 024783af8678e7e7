"""A folder like /sys in which the file system of another folder is an ext4."""

import os
from pathlib import Path


def make_ext4_sysfs(sysfs: Path, folder: Path, errors: str | None) -> Path:
    """errors: the content of its errors_count; None: the file system is of another kind. Returns sysfs."""
    device, disk = folder.stat().st_dev, sysfs / "devices" / "mmcblk0p4"
    disk.mkdir(parents=True)
    blocks = sysfs / "dev" / "block"
    blocks.mkdir(parents=True, exist_ok=True)
    (blocks / f"{os.major(device)}:{os.minor(device)}").symlink_to(disk)
    if errors is not None:
        ext4 = sysfs / "fs" / "ext4" / disk.name
        ext4.mkdir(parents=True)
        (ext4 / "errors_count").write_text(errors)
    return sysfs
