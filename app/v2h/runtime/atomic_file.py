"""Small files that survive a power cut: they hold either the old content or the new one, never a mixture."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from v2h.checks import utf8


class BadFileError(ValueError):
    """A file whose content cannot be used. It was moved to `aside`, or it stays where it was (None)."""

    def __init__(self, path: Path, why: str, aside: Path | None) -> None:
        super().__init__(f"{path}: {why}; {'moved to ' + aside.name if aside else 'it stays there'}")
        self.path, self.aside = path, aside


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path`: temporary file beside it, fsync, rename, fsync of the directory. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, mode)  # also when the file of an earlier try remained
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_names(path.parent)


def sync_names(folder: Path) -> None:
    """Sync `folder`, so that its renames survive a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: dict[str, Any], mode: int = 0o644) -> None:
    """The same as write_text() for a JSON object, in a form that people can read."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n", mode)


def read_json(path: Path, *, move_bad: bool = True) -> dict[str, Any]:
    """The JSON object in `path`, {} when there is no file. Raises BadFileError for a bad file; with move_bad the file
    is moved aside first."""
    try:
        value = json.loads(utf8(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise BadFileError(path, str(error), set_aside(path) if move_bad else None) from error
    if not isinstance(value, dict):
        why = f"a {type(value).__name__}, not an object"
        raise BadFileError(path, why, set_aside(path) if move_bad else None)
    return value


def erase(path: Path) -> None:
    """Remove the file, if there is one, so that it stays gone after a power cut. Raises OSError."""
    path.unlink(missing_ok=True)
    sync_names(path.parent)


def set_aside(path: Path) -> Path | None:
    """Rename to NAME.bad and return the new path, None when that fails. It replaces an earlier NAME.bad, so that bad
    files cannot fill the card."""
    aside = path.with_name(f"{path.name}.bad")
    with contextlib.suppress(OSError):
        path.rename(aside)
        return aside
    return None
