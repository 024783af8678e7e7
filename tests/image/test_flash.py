"""What scripts/flash writes, and what it refuses."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.buildscripts import ROOT, run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A small file in the place of v2h.img: flash uses only sizes and bytes."""
    path = tmp_path / "v2h.img"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def flash(device: Path, image: Path, yes: str = "1") -> subprocess.CompletedProcess[str]:
    return run(ROOT / "scripts" / "flash", device, image, YES=yes)


def test_flash_writes_and_reads_back(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * (2 << 20))
    done = flash(card, image)
    assert done.returncode == 0, done.stderr
    written = card.read_bytes()
    assert written[: 1 << 20] == image.read_bytes()
    assert written[1 << 20 :] == b"\xff" * (1 << 20), "the rest of the card is left as it was"


def test_flash_writes_nothing_without_a_yes(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * (2 << 20))
    done = flash(card, image, yes="")
    assert done.returncode != 0
    assert card.read_bytes() == b"\xff" * (2 << 20)


def test_flash_refuses_a_card_that_is_too_small(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * 1000)
    done = flash(card, image)
    assert done.returncode != 0
    assert "1000 bytes" in done.stderr
    assert card.read_bytes() == b"\xff" * 1000


@pytest.fixture
def machine_with_disk(tmp_path: Path):
    """Gives flash an lsblk that lists one disk with a partition, mounted or not, and a device node as the target."""

    def make(kind: str, read_only: str, mounted_at: str) -> tuple[str, Path]:
        device = next((node for node in Path("/dev").iterdir() if node.is_block_device()), None)
        if device is None or os.geteuid() != 0:
            pytest.skip("no block device to aim at, or not root")
        folder = tmp_path / "bin"
        folder.mkdir()
        lsblk = folder / "lsblk"
        lsblk.write_text(
            "#!/bin/sh\n"
            'case "$*" in\n'
            f"*TYPE*) echo {kind} ;;\n*RO*) echo {read_only} ;;\n"
            f'*MOUNTPOINTS*) echo "{mounted_at}" ;;\n'
            f"*) echo {device}; echo {device}p1 ;;\nesac\n"
        )
        lsblk.chmod(0o755)
        # If flash does not stop, these programs in its PATH write nothing.
        for tool in ("dd", "bmaptool", "blockdev"):
            (folder / tool).write_text("#!/bin/sh\necho $0 was called >&2\nexit 9\n")
            (folder / tool).chmod(0o755)
        return f"{folder}:{os.environ['PATH']}", device

    return make


@pytest.mark.parametrize(
    ("kind", "read_only", "mounted_at", "complaint"),
    [
        ("part", "0", "", "not a whole disk"),
        ("disk", "1", "", "write-protected"),
        ("disk", "0", "/", "is mounted at /"),
        ("disk", "0", "[SWAP]", "is mounted at [SWAP]"),
    ],
)
def test_flash_refuses_what_is_no_free_card(
    machine_with_disk, image: Path, kind: str, read_only: str, mounted_at: str, complaint: str
) -> None:
    path, device = machine_with_disk(kind, read_only, mounted_at)
    done = run(ROOT / "scripts" / "flash", device, image, YES="1", PATH=path)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "was called" not in done.stderr
