"""Read the card's image as a file: nothing is mounted, no loop device, no root.

FAT with mtools, ext4 with debugfs (e2fsprogs), partition table and initrd with our own code.
"""

import posixpath
import re
import stat
import struct
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import zstandard

SECTOR = 512


@dataclass(frozen=True)
class Partition:
    """One entry of the MBR. start and size in bytes; kind is the type, such as 0x83."""

    active: bool
    kind: int
    start: int
    size: int


@dataclass(frozen=True)
class Entry:
    """The directory entry of one name in the root. mode has the file type in its upper bits."""

    mode: int
    user: int
    group: int
    size: int


class Card:
    """build/v2h.img, as bytes and partitions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, offset: int, size: int) -> bytes:
        with self.path.open("rb") as image:
            image.seek(offset)
            return image.read(size)

    def disk_id(self) -> int:
        (number,) = struct.unpack("<I", self.read(440, 4))
        return int(number)

    def partitions(self) -> list[Partition]:
        table = self.read(0, SECTOR)
        assert table[510:] == b"\x55\xaa", "no partition table"
        entries = struct.iter_unpack("<B3xB3xII", table[446:510])
        return [Partition(flag == 0x80, kind, start * SECTOR, size * SECTOR) for flag, kind, start, size in entries]


class Fat:
    """The partition that the owner sees, read with mtools."""

    def __init__(self, card: Card, partition: Partition) -> None:
        self._at = f"{card.path}@@{partition.start}"

    def names(self) -> set[str]:
        return {line.removeprefix("::/") for line in self._mtools("mdir", "-b", "-/", "::").decode().splitlines()}

    def label(self) -> str:
        return self._mtools("mlabel", "-s", "::").decode().removeprefix(" Volume label is ").split()[0]

    def read(self, name: str) -> bytes:
        return self._mtools("mcopy", f"::{name}", "-")

    def _mtools(self, command: str, *words: str) -> bytes:
        done = subprocess.run([command, "-i", self._at, *words], capture_output=True, check=True, timeout=60)
        return done.stdout


class Root:
    """An ext4 root, read with debugfs. Paths are absolute; symbolic links are followed inside the root."""

    def __init__(self, card: Card, partition: Partition) -> None:
        self._at = f"{card.path}?offset={partition.start}"

    def _debugfs(self, request: str) -> bytes:
        command = ["/usr/sbin/debugfs", "-R", request, self._at]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        errors = done.stderr.decode().splitlines()[1:]  # debugfs prints its version in the first line
        if errors:
            raise FileNotFoundError("; ".join(errors))
        return done.stdout

    def directory(self, path: str) -> dict[str, Entry]:
        """Names and entries; raises FileNotFoundError when the directory does not exist."""
        entries = {}
        for line in self._debugfs(f'ls -p "{self.resolve(path)}"').decode().splitlines():
            if line:
                _, _, mode, user, group, name, size, _ = line.split("/")
                entries[name] = Entry(int(mode, 8), int(user), int(group), int(size or 0))
        return {name: entry for name, entry in entries.items() if name not in (".", "..")}

    def entry(self, path: str) -> Entry:
        """The entry of the name itself, not of a link's target; raises FileNotFoundError when it does not exist."""
        parent, name = posixpath.split(path)
        found = self.directory(parent).get(name)
        if found is None:
            raise FileNotFoundError(path)
        return found

    @lru_cache(maxsize=4096)  # noqa: B019 - one root for a whole test run
    def resolve(self, path: str) -> str:
        """The path with every symbolic link replaced; raises FileNotFoundError when a part of it does not exist."""
        resolved = "/"
        for name in path.strip("/").split("/"):
            if name in ("", "."):
                continue
            here = posixpath.normpath(posixpath.join(resolved, name))
            described = self._debugfs(f'stat "{here}"').decode()
            if "Type: symlink" in described:
                target = re.search(r'Fast link dest: "(.*)"', described)
                assert target is not None, f"{here}: a link of more than 59 characters"
                here = self.resolve(posixpath.normpath(posixpath.join(resolved, target[1])))
            resolved = here
        return resolved

    def exists(self, path: str) -> bool:
        try:
            self.resolve(path)
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str) -> bytes:
        return self._debugfs(f'cat "{self.resolve(path)}"')

    def text(self, path: str) -> str:
        return self.read(path).decode()

    def files(self, path: str) -> dict[str, Entry]:
        """Everything below a directory except directories, by full path."""
        found = {}
        for name, entry in self.directory(path).items():
            full = posixpath.join(path, name)
            if stat.S_ISDIR(entry.mode):
                found |= self.files(full)
            else:
                found[full] = entry
        return found


def initrd_names(archive: bytes) -> list[str]:
    """Every path in an initrd: several newc archives in sequence, the last packed with zstd."""
    names = []
    at = 0
    while at < len(archive):
        if archive[at] == 0:
            at += 1
        elif archive.startswith(b"\x28\xb5\x2f\xfd", at):
            unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(archive[at:])
            return names + initrd_names(unpacked)
        else:
            assert archive.startswith(b"070701", at), f"neither cpio nor zstd at byte {at} of the initrd"
            size, name_size = int(archive[at + 54 : at + 62], 16), int(archive[at + 94 : at + 102], 16)
            name = archive[at + 110 : at + 110 + name_size - 1].decode()
            at += -(-(110 + name_size) // 4) * 4
            at += -(-size // 4) * 4
            if name != "TRAILER!!!":
                names.append(name)
    return names
