"""CAN captures on the data partition: written from the black box piece by piece, few, bounded, named by their time."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from v2h.cardroom import check_room
from v2h.durable import sync_names

FOLDER = "captures"
KEEP = 8
"""Files kept, the newest: at some 8 MB each a small share of the card."""
PIECE_BYTES = 64
"""A line, at most."""
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9_-]{1,60}\.log")
_PART = ".part"


class CaptureFile:
    """One capture being written. step() writes the next piece, so that the writer's loop never stops for long.

    Raises OSError when the card refuses or has no room for it (cardroom); what was begun is then gone.
    """

    def __init__(self, folder: Path, wall_s: float, why: str, pieces: Iterator[str], expected_frames: int) -> None:
        folder.mkdir(exist_ok=True)
        for left in folder.glob(f"*{_PART}"):
            left.unlink()
        check_room(folder, PIECE_BYTES * expected_frames)
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
            sync_names(self.path.parent)
        except OSError:
            self.abandon()
            raise
        # Never this one, even when the clock was set back and its name is the oldest.
        others = [path for path in self.path.parent.glob("*.log") if _NAME.fullmatch(path.name) and path != self.path]
        for old in sorted(others)[: 1 - KEEP]:
            old.unlink(missing_ok=True)
        return True

    def abandon(self) -> None:
        """Give up: nothing half-written stays."""
        try:
            self._file.close()
        finally:
            self._part.unlink(missing_ok=True)
