"""What tests of several rooms look at."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the card is asked for, in order: "sync CONTENT", "sync directory" and "rename"."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def seen_fsync(fd: int) -> None:
        target = Path(f"/proc/self/fd/{fd}").readlink()
        done.append(f"sync {'directory' if target.is_dir() else target.read_text()}")
        fsync(fd)

    def seen_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    return done
