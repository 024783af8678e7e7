"""The eMMC as something to read: a dump file or a disk of this machine, or the eMMC of a board at the end of an ssh
pipe.

The eMMC of this board is found by the kernel's type "MMC" (a card is "SD"), never by its name: with a card in the slot
the numbers of the mmc disks may change places.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from v2h.vendor import VendorError
from v2h.vendor.layout import PUBLISHED, SECTOR, Layout, Table, check, read_table
from v2h.vendor.manifest import DISK, About

CHUNK = 1 << 20
BLKFLSBUF = 0x1261
"""The ioctl by which the kernel forgets what it has read from a disk (linux/fs.h)."""
SSH = "ssh://"
SYSFS, DEV, MOUNTS = Path("/sys"), Path("/dev"), Path("/proc/self/mountinfo")


class Readable(Protocol):
    """What a backup is made from."""

    about: About

    def data(self, area: str, at: int = 0) -> Iterator[bytes]:
        """The bytes of an area from `at` on, read from the chip and not from memory. Raises VendorError."""

    def sha256(self, area: str) -> str:
        """The SHA-256 of a whole area in hex. Raises VendorError."""


class Medium:
    """A dump file, or a disk of this machine. Raises VendorError when it is not the vendor's eMMC."""

    def __init__(self, path: Path, layout: Layout = PUBLISHED, sysfs: Path = SYSFS) -> None:
        self.path, self.layout = path, layout
        try:
            self.is_disk = stat.S_ISBLK(path.stat().st_mode)
            size = size_of(path)
        except OSError as error:
            raise VendorError(f"{path}: {error.strerror}") from error
        self.kind, cid, self._areas = "", None, {DISK: path}
        self._block = sysfs / "class" / "block" / path.resolve().name
        if self.is_disk:
            self._look_at_disk(self._block)
            cid = self._cid
        try:
            self.table: Table = read_table(self.read(0, SECTOR))
            check(self.table, size, layout)
        except VendorError as error:
            raise VendorError(f"{path} is not the vendor's eMMC: {error}") from error
        self.about = About(cid, {area: size_of(place) for area, place in self._areas.items()})

    def _look_at_disk(self, block: Path) -> None:
        if (block / "partition").exists():
            raise VendorError(f"{self.path} is a partition: give the whole disk")
        self.kind, self._cid = word(block / "device" / "type"), word(block / "device" / "cid") or None
        for boot in ("boot0", "boot1"):
            place = self.path.resolve().with_name(block.name + boot)
            if (block.with_name(block.name + boot)).exists():
                self._areas[boot] = place

    def mounts(self) -> list[str]:
        """Where this disk or one of its partitions is mounted. Raises VendorError when nobody can say."""
        if not self.is_disk:
            return []
        numbers = {word(place) for place in (self._block / "dev", *self._block.glob("*/dev"))} - {""}
        try:
            lines = [line.split() for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
        except OSError as error:
            raise VendorError(f"{MOUNTS}: {error.strerror}: whether {self.path} is mounted is not known") from error
        return [line[4] for line in lines if line[2] in numbers]

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the disk, fewer at its end."""
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), size, offset)

    def data(self, area: str, at: int = 0) -> Iterator[bytes]:
        return chunks_of(self._areas[area], at)

    def sha256(self, area: str) -> str:
        return sha256_of(self.data(area))


class Far:
    """The eMMC of a board, read through `ssh HOST v2h vendor send`. url: ssh://root@v2h.local, with a path behind it
    when the eMMC must be named."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not re.fullmatch(r"([\w.-]+@)?[\w.\[\]:-]+", parts.netloc) or parts.netloc.startswith("-"):
            raise VendorError(f"{url!r} is no address such as ssh://root@v2h.local")
        self._host, self._source = SSH + parts.netloc, [parts.path] if parts.path not in ("", "/") else []
        answer = self._all("about")
        try:
            said = json.loads(answer)
            self.about = About(said["cid"], said["sizes"])
        except (ValueError, KeyError, TypeError) as error:
            raise VendorError(f"{self._host} answered {answer[:60]!r}: has it this version of v2h?") from error

    def data(self, area: str, at: int = 0) -> Iterator[bytes]:
        with subprocess.Popen(self._command("data", area, at), stdout=subprocess.PIPE) as ssh:
            assert ssh.stdout is not None
            while chunk := ssh.stdout.read(CHUNK):
                yield chunk
        if ssh.returncode:
            raise VendorError(f"the connection to {self._host} broke off: run the same command again, it continues")

    def sha256(self, area: str) -> str:
        return self._all("sum", area).decode().strip()

    def _command(self, what: str, area: str = DISK, at: int = 0) -> list[str]:
        return ["ssh", self._host, "v2h", "vendor", "send", what, *self._source, "--area", area, "--at", str(at)]

    def _all(self, what: str, area: str = DISK) -> bytes:
        try:
            done = subprocess.run(self._command(what, area), stdout=subprocess.PIPE, check=False)
        except OSError as error:
            raise VendorError(f"ssh: {error.strerror}: install openssh-client") from error
        if done.returncode:
            raise VendorError(f"{self._host} did not answer; what ssh says is above")
        return done.stdout


def emmc_of_this_board(sysfs: Path = SYSFS, dev: Path = DEV) -> Path:
    """The only disk of the type MMC. Raises VendorError, which names what was found."""
    return _only("MMC", "eMMC", sysfs, dev)


def card_of_this_board(sysfs: Path = SYSFS, dev: Path = DEV) -> Path:
    """The only disk of the type SD, from which the board runs. Raises VendorError as above."""
    return _only("SD", "SD card", sysfs, dev)


def _only(wanted: str, named: str, sysfs: Path, dev: Path) -> Path:
    disks = [path for path in sorted((sysfs / "block").glob("mmcblk*")) if re.fullmatch(r"mmcblk\d+", path.name)]
    kinds = {path.name: word(path / "device" / "type") for path in disks}
    found = [name for name, kind in kinds.items() if kind == wanted]
    if len(found) != 1:
        seen = ", ".join(f"{name} ({kind})" for name, kind in kinds.items()) or "no mmc disk"
        raise VendorError(f"this machine has {len(found)} disks of the type {named}, found: {seen}. Name the dump file")
    return dev / found[0]


def word(path: Path) -> str:
    """The text of a file of sysfs, "" without one."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def size_of(path: Path) -> int:
    with path.open("rb") as file:
        return file.seek(0, os.SEEK_END)


def forget_cached(fd: int) -> None:
    """Make the next read come from the chip: what is only in memory would be compared with itself."""
    with contextlib.suppress(OSError):  # a file, or not root
        fcntl.ioctl(fd, BLKFLSBUF)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def chunks_of(path: Path, at: int = 0) -> Iterator[bytes]:
    """The bytes of a file or disk from `at` on, in pieces of CHUNK. Raises VendorError."""
    try:
        with path.open("rb", buffering=0) as file:
            forget_cached(file.fileno())
            file.seek(at)
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise VendorError(f"{path}: {error.strerror}") from error


def sha256_of(chunks: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()
