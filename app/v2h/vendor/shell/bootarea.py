"""Clear the boot headers of the vendor's eMMC, so that the ROM goes on to the card, and put them back.

This is the only code that writes to the eMMC. It writes at most three sectors, each of which begins with a boot header
in a verified backup of this very eMMC. A power cut between two of them leaves an eMMC from which either the vendor's
firmware or the card starts, and both commands continue.
"""

import errno
import os
from collections.abc import Callable
from mmap import mmap
from pathlib import Path

from v2h.runtime.atomic_file import write_text
from v2h.slots.loader import OF_SYSTEM, differing
from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.manifest import DISK, Manifest, check_usable, compare_headers, undo_text, with_sectors
from v2h.vendor.rom import HEADER_SECTORS, Read, starts_from
from v2h.vendor.shell.backup import Progress, check_files, load_manifest
from v2h.vendor.shell.medium import Medium, chunks_of, forget_cached, sha256_of

Confirm = Callable[[str], bool]
"""Shows what will be written and returns whether the owner has typed these letters."""
BOOT_AREA = 3072 * SECTOR
"""Everything before partition 1."""


def undo_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.undo.txt")


def disable(medium: Medium, target: Path, confirm: Confirm, progress: Progress) -> tuple[int, ...]:
    """Clear the headers; returns their sectors. Raises VendorError before anything is written, or when the eMMC does
    not take the bytes."""
    manifest, headers = _checked(medium, target, progress)
    if why := _other_content(medium, manifest, headers):
        raise VendorError(f"{why}: make a new backup first")
    cleared = {number: bytes(SECTOR) for number in headers}
    if left := starts_from(_patched(medium.read, cleared)):
        raise VendorError(f"with these sectors cleared the ROM would start {left}: nothing was written")
    if not confirm(manifest.confirmation):
        raise VendorError("not confirmed: nothing was written")
    try:
        write_text(undo_of(target), undo_text(target.name, manifest, headers))
    except OSError as error:
        raise VendorError(f"{undo_of(target)}: {error.strerror}: without the way back nothing was written") from error
    write_sectors(medium, cleared)
    return tuple(cleared)


def restore(medium: Medium, target: Path, confirm: Confirm, progress: Progress) -> str:
    """Put the headers back and return what the ROM starts now. Raises VendorError as disable() does.

    With the same CID the area before partition 1 must be that of the backup; without a CID (a dump file) everything.
    """
    manifest, headers = _checked(medium, target, progress)
    if medium.about.cid is None:
        why = _other_content(medium, manifest, headers)
    else:
        why = _other_boot_area(medium, target, headers)
    if why:
        raise VendorError(f"{why}: nothing was written")
    if not confirm(manifest.confirmation):
        raise VendorError("not confirmed: nothing was written")
    write_sectors(medium, headers)
    return starts_from(medium.read)


def check_card(card: Path, system: Path = OF_SYSTEM) -> None:
    """Raises VendorError when the card in this board could not take over: its boot loader must be found by the ROM, and
    be equal to the one of the running image."""

    def read(offset: int, size: int) -> bytes:
        with card.open("rb") as file:
            return os.pread(file.fileno(), size, offset)

    try:
        if not starts_from(read):
            raise VendorError(f"{card}: the ROM would find no boot loader on this card")
        for name in differing(card, system):
            raise VendorError(f"{card}: its {name} is not that of the running image. Write the card again first")
    except OSError as error:
        raise VendorError(f"{error.filename}: {error.strerror}") from error


def write_sectors(medium: Medium, sectors: dict[int, bytes]) -> None:
    """Write, sync and read back. O_EXCL on a disk fails while one of its partitions is in use; with O_DIRECT these
    sectors alone are written, and not the pages around them. Raises VendorError."""
    try:
        fd = os.open(medium.path, os.O_RDWR | os.O_SYNC | (os.O_EXCL | os.O_DIRECT if medium.is_disk else 0))
    except OSError as error:
        hint = ": one of its partitions is mounted or in use" if error.errno == errno.EBUSY else ""
        raise VendorError(f"{medium.path}: {error.strerror}{hint}: nothing was written") from error
    try:
        for number, content in sectors.items():
            _write(fd, number, content)
        os.fsync(fd)
        forget_cached(fd)
        wrong = [number for number, content in sectors.items() if _read(fd, number) != content]
    except OSError as error:
        raise VendorError(f"{medium.path}: {error.strerror}: run the same command again") from error
    finally:
        os.close(fd)
    if wrong:
        raise VendorError(f"{medium.path}: the sectors {wrong} did not take the bytes: run the same command again")


def _write(fd: int, number: int, content: bytes) -> None:
    with mmap(-1, SECTOR) as page:  # O_DIRECT needs memory that begins at a page
        page[:] = content
        if os.pwrite(fd, page, number * SECTOR) != SECTOR:
            raise OSError(errno.EIO, f"sector {number} was written in part")


def _read(fd: int, number: int) -> bytes:
    with mmap(-1, SECTOR) as page:
        os.preadv(fd, [page], number * SECTOR)
        return page[:]


def _checked(medium: Medium, target: Path, progress: Progress) -> tuple[Manifest, dict[int, bytes]]:
    """The manifest and the headers, after everything that both directions require."""
    if medium.is_disk and medium.kind != "MMC":
        raise VendorError(f"{medium.path} is of type {medium.kind or 'unknown'}, not an eMMC: nothing was written")
    if places := medium.mounts():
        raise VendorError(f"{medium.path} is mounted at {', '.join(places)}: umount it first. Nothing was written")
    if target.resolve() == medium.path.resolve():
        raise VendorError("the backup and the eMMC are the same file: nothing was written")
    manifest = load_manifest(target)
    check_usable(manifest, medium.about)
    progress("reading the backup")
    check_files(manifest, target)
    with target.open("rb") as file:
        saved = {number: os.pread(file.fileno(), SECTOR, number * SECTOR) for number in HEADER_SECTORS}
    present = {number: medium.read(number * SECTOR, SECTOR) for number in HEADER_SECTORS}
    return manifest, compare_headers(saved, present)


def _other_content(medium: Medium, manifest: Manifest, headers: dict[int, bytes]) -> str:
    """Why the eMMC, with its cleared headers put back, is not what was backed up; "" when it is."""
    for area, wanted in (manifest.sha256 or {}).items():
        chunks = medium.data(area)
        found = sha256_of(with_sectors(chunks, headers) if area == DISK else chunks)
        if found != wanted:
            return "the backup is of another eMMC, or the eMMC has changed since" + f" ({area}: another SHA-256)"
    return ""


def _other_boot_area(medium: Medium, target: Path, headers: dict[int, bytes]) -> str:
    ours = b"".join(with_sectors([medium.read(0, BOOT_AREA)], headers))
    saved = b""
    for chunk in chunks_of(target):
        saved += chunk
        if len(saved) >= BOOT_AREA:
            break
    return "" if ours == saved[:BOOT_AREA] else "the area before partition 1 is not that of the backup"


def _patched(read: Read, sectors: dict[int, bytes]) -> Read:
    def patched(offset: int, size: int) -> bytes:
        begin = offset // SECTOR * SECTOR
        found = bytearray(read(begin, size + offset - begin))
        for number, content in sectors.items():
            at = number * SECTOR - begin
            if 0 <= at < len(found):
                found[at : at + SECTOR] = content[: len(found) - at]
        return bytes(found[offset - begin :])

    return patched
