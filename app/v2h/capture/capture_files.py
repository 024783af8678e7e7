"""Captures on the data partition, of the CAN buses (.log) and of the power line to a CCS car (.pcap): written from the
black boxes piece by piece, limited in number and size, named by their time."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from v2h.runtime.atomic_file import sync_names
from v2h.runtime.disk_space import check_room

FOLDER = "captures"
KEEP = 8
"""The newest files of each kind that are kept: at about 8 MB each a small part of the card."""
PIECE_BYTES = 64
"""The longest line of one frame; used to estimate the space that a capture needs."""
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9_-]{1,60}\.(log|pcap)")
_PART = ".part"


class CaptureFile:
    """One capture that is being written. step() writes the next piece, so the program's loop is never blocked for long.
    piece_bytes: of each of the expected frames in the file, about.

    Raises OSError when the card refuses a write or does not have enough free space (disk_space.py); the unfinished file
    is then deleted.
    """

    def __init__(
        self,
        folder: Path,
        wall_s: float,
        why: str,
        pieces: Iterator[str] | Iterator[bytes],
        expected_frames: int,
        *,
        suffix: str = ".log",
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        folder.mkdir(exist_ok=True)
        for left in folder.glob(f"*{_PART}"):
            left.unlink()
        check_room(folder, piece_bytes * expected_frames)
        stamp = datetime.fromtimestamp(wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        words = re.sub(r"[^a-z0-9_-]+", "-", why.lower()).strip("-")[:60] or "capture"
        self.path = folder / f"{stamp}-{words}{suffix}"
        self._part = self.path.with_name(self.path.name + _PART)
        self._file = self._part.open("wb")
        self._pieces = pieces

    def step(self) -> bool:
        """Write the next piece; return True when no piece is left and the file has its final name."""
        try:
            piece = next(self._pieces, None)
            if piece is not None:
                self._file.write(piece.encode("ascii") if isinstance(piece, str) else piece)
                return False
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.rename(self.path)
            sync_names(self.path.parent)
        except OSError:
            self.abandon()
            raise
        # Never delete this one, even if the clock was set back and its name is the oldest.
        alike = self.path.parent.glob(f"*{self.path.suffix}")
        others = [path for path in alike if _NAME.fullmatch(path.name) and path != self.path]
        for old in sorted(others)[: 1 - KEEP]:
            old.unlink(missing_ok=True)
        return True

    def abandon(self) -> None:
        """Stop writing and delete the unfinished file."""
        try:
            self._file.close()
        finally:
            self._part.unlink(missing_ok=True)
