"""The folder of an upload, /data/update: statement.json, NAME.part while pieces come, and NAME when it is whole.

There is one upload at a time; stating another file removes the one before. The folder is emptied at boot and after each
installation. A power cut costs at most the upload.
"""

import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from v2h.bus.sentences import say
from v2h.runtime.atomic_file import BadFileError, read_json, sync_names, write_json
from v2h.runtime.disk_space import free_bytes
from v2h.update.pieces import Statement, check_piece, check_room, check_whole, read_statement
from v2h.update.refusals import RefusedError

STATEMENT = "statement.json"
READ_B = 2**20


class Upload(NamedTuple):
    """What is there of a stated file. have_b: bytes; whole: its SHA-256 was compared."""

    stated: Statement
    have_b: int
    whole: bool


class Parts:
    """The upload in one folder; its methods may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()

    def seen(self) -> Upload | None:
        """What is there now; None without a statement."""
        try:
            stated = read_statement(read_json(self._folder / STATEMENT))
        except (BadFileError, RefusedError):  # no statement, or one that a power cut has spoilt
            return None
        if (self._folder / stated.name).exists():
            return Upload(stated, stated.size_b, True)
        part = self._part(stated)
        return Upload(stated, part.stat().st_size if part.exists() else 0, False)

    def state(self, values: Mapping[str, Any]) -> Upload:
        """Begin the upload of the file that {"name", "size_b", "sha256"} states, or go on with it. Raises
        RefusedError."""
        stated = read_statement(values)
        with self._lock:
            seen = self.seen()
            have_b = seen.have_b if seen is not None and seen.stated == stated else 0
            try:
                self._folder.mkdir(exist_ok=True)  # on the board it is made at boot
                if not have_b:
                    self._clear()
                check_room(stated, have_b, free_bytes(self._folder))
                write_json(self._folder / STATEMENT, stated._asdict())
            except OSError as error:
                raise _unwritable(error) from error
            return self.seen() or Upload(stated, 0, False)

    def put(self, offset_b: int, piece: bytes) -> Upload:
        """Append a piece. With the last one the whole file is compared with its statement. Raises RefusedError."""
        with self._lock:
            seen = self.seen()
            check_piece(seen and seen.stated, seen.have_b if seen else 0, offset_b, len(piece))
            assert seen is not None
            part = self._part(seen.stated)
            try:
                with part.open("ab") as file:
                    file.write(piece)
                if offset_b + len(piece) == seen.stated.size_b:
                    self._finish(seen.stated, part)
            except OSError as error:
                raise _unwritable(error) from error
            return self.seen() or Upload(seen.stated, 0, False)

    def _finish(self, stated: Statement, part: Path) -> None:
        digest = hashlib.sha256()
        with part.open("rb") as file:
            while piece := file.read(READ_B):
                digest.update(piece)
            os.fsync(file.fileno())
        try:
            check_whole(stated, digest.hexdigest())
        except RefusedError:
            self._clear()
            raise
        part.rename(self._folder / stated.name)
        sync_names(self._folder)

    def _clear(self) -> None:
        for path in self._folder.iterdir():
            path.unlink()

    def _part(self, stated: Statement) -> Path:
        return self._folder / f"{stated.name}.part"


def _unwritable(error: OSError) -> RefusedError:
    return RefusedError(say("update.not_writable", error=error.strerror or str(error)))
