"""The vendor's file systems, read without a mount and without root: ext by Debian's debugfs (e2fsprogs), which does not
replay the journal, and squashfs by unsquashfs (squashfs-tools). Nothing of the vendor's is executed.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.shell.medium import Medium

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
TOOL_S = 600.0
NON_FATAL = 2
"""Exit code of unsquashfs when device nodes or owners could not be made, which only root may."""


def read_ext(medium: Medium, partition: int, name: str) -> bytes:
    """A file of an ext partition. Raises VendorError when the file or the file system does not exist."""
    with tempfile.TemporaryDirectory() as folder:
        _debugfs(medium, partition, f"dump {name} file", Path(folder))
        out = Path(folder) / "file"
        if not out.exists():
            raise VendorError(f"no {name}")
        return out.read_bytes()


def save_ext(medium: Medium, partition: int, folder: Path) -> None:
    """Save every file of an ext partition; debugfs leaves out device nodes and sockets. Raises VendorError."""
    _debugfs(medium, partition, "rdump / .", folder)


def read_squashfs(data: bytes, name: str) -> bytes:
    """A file of a squashfs. Raises VendorError when the file does not exist, or when unsquashfs cannot read it."""
    with tempfile.NamedTemporaryFile() as image:
        image.write(data)
        image.flush()
        done = _run("squashfs-tools", "unsquashfs", "-cat", image.name, name)
    if done.returncode or not done.stdout:
        raise VendorError(f"no {name}")
    return done.stdout


def unsquash(image: Path, folder: Path) -> None:
    """Unpack a squashfs into a new folder. Raises VendorError."""
    done = _run("squashfs-tools", "unsquashfs", "-no-progress", "-no-xattrs", "-d", str(folder), str(image))
    if done.returncode not in (0, NON_FATAL) or not folder.is_dir():
        raise VendorError(f"unsquashfs: {_last_word(done.stderr)}")


def _debugfs(medium: Medium, partition: int, request: str, folder: Path) -> None:
    """Raises VendorError when the file system cannot be opened. debugfs has no exit code for a missing file."""
    start = next(entry.start for entry in medium.table.partitions if entry.number == partition)
    device = f"{medium.path.resolve()}?offset={start * SECTOR}"
    done = _run("e2fsprogs", "debugfs", "-R", request, device, folder=folder)
    lines = done.stderr.decode(errors="replace").splitlines()[1:]  # the first line is the version
    if bad := [line for line in lines if "opening filesystem" in line or "not open" in line or "not found" in line]:
        raise VendorError(bad[0].strip())


def _run(package: str, program: str, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    found = shutil.which(program, path=PATH)
    if found is None:
        raise VendorError(f"{program} is not installed: sudo apt-get install {package}")
    try:
        return subprocess.run([found, *words], cwd=folder, capture_output=True, check=False, timeout=TOOL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VendorError(f"{program}: {error}") from error


def _last_word(said: bytes) -> str:
    return (said.decode(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
