"""CAN captures on the data partition: written from the black box piece by piece, few, bounded, named by their time."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = "captures"
KEEP = 8
"""Files kept, the newest: at some 8 MB each a small share of the card."""
FREE_BYTES = 64 * 2**20
"""Left on the card; a capture that would not leave them is not written."""
PIECE_BYTES = 64
"""A line, at most."""
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9_-]{1,60}\.log")
_PART = ".part"


class CaptureFile:
    """One capture being written. step() writes the next piece, so that the writer's loop never stops for long.

    Raises OSError when the card refuses or has not room enough; what was begun is then gone.
    """

    def __init__(self, folder: Path, wall_s: float, why: str, pieces: Iterator[str], expected_frames: int) -> None:
        folder.mkdir(exist_ok=True)
        for left in folder.glob(f"*{_PART}"):
            left.unlink()
        room = os.statvfs(folder)
        if room.f_bavail * room.f_frsize < FREE_BYTES + PIECE_BYTES * expected_frames:
            raise OSError(f"{folder}: no room for a capture of {expected_frames} frames")
        stamp = datetime.fromtimestamp(wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        words = re.sub(r"[^a-z0-9_-]+", "-", why.lower()).strip("-")[:60] or "capture"
        self.path = folder / f"{stamp}-{words}.log"
        self._part = self.path.with_name(self.path.name + _PART)
        self._file = self._part.open("w", encoding="ascii")
        self._pieces = pieces

    def step(self) -> bool:
        """Write the next piece; True when that was the last one and the file stands under its name."""
        try:
            piece = next(self._pieces, None)
            if piece is not None:
                self._file.write(piece)
                return False
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.rename(self.path)
        except OSError:
            self.abandon()
            raise
        for old in sorted(names(self.path.parent))[:-KEEP]:
            (self.path.parent / old).unlink(missing_ok=True)
        return True

    def abandon(self) -> None:
        """Give up: nothing half-written stays."""
        try:
            self._file.close()
        finally:
            self._part.unlink(missing_ok=True)


def names(folder: Path) -> list[str]:
    """The finished captures in `folder`, in no order."""
    return [path.name for path in folder.glob("*.log") if _NAME.fullmatch(path.name)]


def captures(data: Path) -> list[dict[str, Any]]:
    """The captures under `data`, newest first: name, bytes, at (ISO, UTC: when it was written), why."""
    found = []
    for name in sorted(names(data / FOLDER), reverse=True):
        stamp, _, why = name.removesuffix(".log").partition("-")
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")
        found.append({"name": name, "bytes": (data / FOLDER / name).stat().st_size, "at": at, "why": why})
    return found


def capture_path(data: Path, name: str) -> Path:
    """The file of that capture. Raises FileNotFoundError, also for a name that no capture can have."""
    path = data / FOLDER / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise FileNotFoundError(f"no capture {name!r}")
    return path
