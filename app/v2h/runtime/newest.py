"""The newest version that has ever run on this data partition: a version that is older has come back by a fallback, and
the owner's files may hold keys that it does not know."""

from collections.abc import Callable
from pathlib import Path

from v2h import built_s
from v2h.checks import finite
from v2h.runtime.atomic_file import BadFileError, read_json, write_json
from v2h.runtime.paths import DATA

PATH = DATA / "newest.json"
"""`manager` writes it on a card; every program reads it at its start."""


def has_run_newer(path: Path = PATH, own: Callable[[], float | None] = built_s) -> bool:
    """Whether a version built after this one has run with these files. False without the file, and for a bad one."""
    newest_s = _read(path)
    if newest_s is None:
        return False
    own_s = own()
    return own_s is not None and newest_s > own_s


def remember(path: Path = PATH, own: Callable[[], float | None] = built_s) -> None:
    """Note this version, if it is the newest. Raises OSError."""
    own_s, newest_s = own(), _read(path)
    if own_s is not None and (newest_s is None or own_s > newest_s):
        write_json(path, {"built_s": own_s})


def _read(path: Path) -> float | None:
    try:
        newest_s = read_json(path, move_bad=False).get("built_s")
    except BadFileError:
        return None
    return float(newest_s) if finite(newest_s) else None
