"""A whole copy of the vendor's eMMC that continues after any interruption, and is called verified only after the eMMC
was read twice more with the same SHA-256 as the copy.

FILE is the disk, FILE.boot0 and FILE.boot1 the chip's two boot partitions, FILE.json the manifest. While an area is
copied its file is called NAME.part. Killed at any moment, the same command continues.
"""

import os
from collections.abc import Callable
from pathlib import Path

from v2h.runtime.atomic_file import BadFileError, read_json, sync_names, write_json
from v2h.runtime.disk_space import check_room
from v2h.vendor import VendorError
from v2h.vendor.manifest import DISK, About, Manifest, read_manifest, same_emmc
from v2h.vendor.shell.medium import CHUNK, Readable, chunks_of, sha256_of, size_of

SYNC_BYTES = 64 * CHUNK
"""So many bytes are written between two syncs. After an interruption the copy goes back by as many, because a power cut
may have lost them."""
VERIFICATIONS = 2
Progress = Callable[[str], None]


def file_of(target: Path, area: str) -> Path:
    return target if area == DISK else target.with_name(f"{target.name}.{area}")


def part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def manifest_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def load_manifest(target: Path) -> Manifest:
    """The manifest beside a backup. Raises VendorError when there is no manifest, or when it cannot be used."""
    path = manifest_of(target)
    if not path.exists():
        raise VendorError(f"{path} does not exist: {target} is not a backup by v2h vendor backup")
    try:
        return read_manifest(read_json(path, move_bad=False))
    except (BadFileError, VendorError) as error:
        raise VendorError(f"{path}: {error}") from error


def back_up(medium: Readable, target: Path, progress: Progress) -> Manifest:
    """Copy, verify, and return the manifest. A verified backup is only verified again. Raises VendorError."""
    try:
        _begin(medium.about, target)
        for area in medium.about.sizes:
            _copy(medium, area, file_of(target, area), progress)
        sums = {area: _verified_sum(medium, area, file_of(target, area), progress) for area in medium.about.sizes}
        manifest = Manifest(*medium.about).with_sums(sums)
        for area in medium.about.sizes:
            file = file_of(target, area)
            if part_of(file).exists():
                part_of(file).rename(file)
        sync_names(target.parent)
        write_json(manifest_of(target), manifest.to_json())
    except OSError as error:
        raise VendorError(f"{error.filename or target}: {error.strerror or error}") from error
    return manifest


def check_files(manifest: Manifest, target: Path) -> None:
    """Raises VendorError when a file of a verified backup is missing, cut off or changed."""
    for area, size in manifest.sizes.items():
        file = file_of(target, area)
        if not file.exists():
            raise VendorError(f"{file} does not exist")
        if size_of(file) != size:
            raise VendorError(f"{file} is cut off or of another eMMC: it has {size_of(file)} of {size} bytes")
        if sha256_of(chunks_of(file)) != (manifest.sha256 or {}).get(area):
            raise VendorError(f"{file} is damaged: its SHA-256 is not that of the manifest")


def _begin(about: About, target: Path) -> None:
    """Write down of which eMMC the files will be, before the first byte. Raises VendorError when FILE is something
    else."""
    if manifest_of(target).exists():
        old = load_manifest(target)
        if why := same_emmc(about, old.about):
            raise VendorError(f"{target}: {why}. Choose another name for this backup")
        return
    for file in (file_of(target, area) for area in about.sizes):
        if file.exists() or part_of(file).exists():
            raise VendorError(f"{file} exists and is not a backup by v2h vendor backup: choose another name")
    write_json(manifest_of(target), Manifest(*about).to_json())


def _copy(medium: Readable, area: str, file: Path, progress: Progress) -> None:
    """Copy what is missing. Zeros become holes where the file system can have them."""
    if file.exists():
        return
    part, size = part_of(file), medium.about.sizes[area]
    part.touch(mode=0o600)  # the vendor's settings may hold secrets
    present = size_of(part)
    at = size if present == size else max(0, present - SYNC_BYTES) // CHUNK * CHUNK
    check_room(part.parent, size - present)
    with part.open("r+b", buffering=0) as copy:
        unsynced = 0
        for chunk in medium.data(area, at) if at < size else ():
            if at < present or chunk.strip(b"\0"):
                os.pwrite(copy.fileno(), chunk, at)
            at += len(chunk)
            unsynced += len(chunk)
            if unsynced >= SYNC_BYTES:
                _settle(copy.fileno(), max(at, present))
                unsynced = 0
                progress(f"{area}: {at / 1e6:.0f} of {size / 1e6:.0f} MB copied")
        _settle(copy.fileno(), max(at, present))
    if at != size:
        raise VendorError(f"{area}: {at} of {size} bytes arrived: run the same command again, it continues")


def _settle(fd: int, size: int) -> None:
    os.ftruncate(fd, size)
    os.fsync(fd)


def _verified_sum(medium: Readable, area: str, file: Path, progress: Progress) -> str:
    """The SHA-256 on which two readings of the eMMC and two of the file agree. If they do not, an unfinished copy is
    removed, so that the next run begins a new one."""
    copied = file if file.exists() else part_of(file)
    seen = set()
    for turn in range(1, VERIFICATIONS + 1):
        progress(f"{area}: verification {turn} of {VERIFICATIONS}")
        seen |= {medium.sha256(area), sha256_of(chunks_of(copied))}
    if len(seen) == 1:
        return seen.pop()
    if copied == file:
        raise VendorError(f"{file} is not what the eMMC holds now: make a new backup under another name")
    copied.unlink()
    raise VendorError(
        f"{area}: the copy differs from the eMMC and was removed. Run again; if it differs again, try "
        "another disk for the backup"
    )
