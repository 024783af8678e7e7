"""A log of a disk's writes as QEMU's `blklogwrites` makes it, and the disk rebuilt at a moment of the log.

The format is that of Linux' device-mapper target log-writes (drivers/md/dm-log-writes.c): in the first sector a super
block (magic, version, number of entries, sector size), then entry after entry: one sector of head (sector, number of
sectors, flags, length of a mark's text), followed by the data; a discard has no data. All little endian.
A flush's entry is written when the flush is complete: everything before it in the log is on the medium.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

MAGIC, VERSION = 0x6A736677736872, 1
SECTOR = 512
"""The unit that a card writes completely."""
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")


class LogError(ValueError):
    """Not a write log, or a broken one; the message says where."""


class Entry(NamedTuple):
    """One request. at, size: bytes on the disk. data_at: position of its data in the log, None without data."""

    at: int
    size: int
    flags: int
    data_at: int | None
    log_end: int


@dataclass(frozen=True)
class WriteLog:
    """The requests of one disk, in the order in which they were completed."""

    path: Path
    entries: list[Entry]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises LogError."""
        with path.open("rb") as log:
            head = log.read(_SUPER.size)
            if len(head) < _SUPER.size:
                raise LogError(f"{path}: too short for a write log")
            magic, version, count, sector = _SUPER.unpack(head)
            if (magic, version) != (MAGIC, VERSION):
                raise LogError(f"{path}: no write log of version {VERSION}: {magic:#x}, {version}")
            return cls(path, list(_entries(log, count, sector, path.stat().st_size)))

    def flushed_before(self, moment: int) -> int:
        """How many of the first `moment` entries are surely on the medium: those up to the last flush."""
        return next((n + 1 for n in range(moment - 1, -1, -1) if self.entries[n].flags & FLUSH), 0)


def _entries(log: BinaryIO, count: int, sector: int, log_size: int) -> Iterator[Entry]:
    at = sector
    for n in range(count):
        log.seek(at)
        head = log.read(_ENTRY.size)
        if len(head) < _ENTRY.size:
            raise LogError(f"entry {n} of {count} at byte {at}: the log ends before")
        first, sectors, flags, _ = _ENTRY.unpack(head)
        if flags & ~(FLUSH | FUA | DISCARD | MARK):
            raise LogError(f"entry {n} at byte {at}: unknown flags {flags:#x}")
        has_data = sectors > 0 and not flags & DISCARD
        data_at = at + sector if has_data else None
        at += sector + (sectors * sector if has_data else 0)
        if at > log_size:
            raise LogError(f"entry {n} of {count}: its data end at byte {at}, the log at {log_size}")
        yield Entry(first * sector, sectors * sector, flags, data_at, at)


def _cut_off(entry: Entry, chance: random.Random) -> Entry:
    """End one write in ten at some sector before its end, except a write that had to be on the medium when complete."""
    if entry.size <= SECTOR or entry.flags & FUA or chance.random() >= 0.1:
        return entry
    return entry._replace(size=SECTOR * chance.randrange(1, entry.size // SECTOR))


class Disk:
    """A part of the disk as a file, from byte `start` on, advanced along the log."""

    def __init__(self, log: WriteLog, image: Path, start: int = 0) -> None:
        """image: the part as it was before the log's first entry. It is changed in place."""
        self.log, self._start = log, start
        self.image = image
        self.done = 0

    def forward(self, entries: int) -> None:
        """Apply the log up to that number of entries. Raises ValueError if the disk is already further."""
        if entries < self.done:
            raise ValueError(f"the disk is at entry {self.done}, not before {entries}")
        self._apply(self.image, self.log.entries[self.done : entries])
        self.done = entries

    def torn(self, moment: int, copy: Path, chance: random.Random) -> int:
        """Apply to `copy` of the disk (which must be at the last flush before `moment`) a random part of the later
        writes, in order; a write may be cut off at a sector. Returns how many of them were kept."""
        later = [entry for entry in self.log.entries[self.done : moment] if entry.size]
        share = chance.random()
        kept = [entry for entry in later if entry.flags & FUA or chance.random() < share]
        self._apply(copy, [_cut_off(entry, chance) for entry in kept])
        return len(kept)

    def _apply(self, image: Path, entries: list[Entry]) -> None:
        with self.log.path.open("rb") as log, image.open("r+b") as disk:
            end = image.stat().st_size
            for entry in entries:
                at, size = entry.at - self._start, entry.size
                if entry.data_at is None or at < 0 or at >= end:
                    continue  # a flush, a discard (which may leave the old data), or another partition
                log.seek(entry.data_at)
                disk.seek(at)
                disk.write(log.read(min(size, end - at)))
