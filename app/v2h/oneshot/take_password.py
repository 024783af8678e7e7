"""Takes the owner's password from v2h.toml, at every boot before the tree: `python3 -m v2h.oneshot.take_password`.

It writes the hash of `password` under [web] to web's own folder on the data partition, which revokes all sessions and
tokens, and then blanks the password in the file. The order matters: after a power cut in between, the password works
and is taken again at the next start, so the owner always has one. The card's FAT partition is writable only for that
moment. A password that cannot be used stays as it is: the page then says why, as for every other mistake in the file.
This program never prints a password.

Blanking overwrites the line in place, byte for byte, first with the `#` that makes it a comment. The file keeps its
length and its place on the card, so a power cut cannot damage the file, and no old copy of the line remains.
"""

import contextlib
import os
import pwd
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from v2h.config.files import config_paths
from v2h.runtime.atomic_file import write_json
from v2h.runtime.paths import WEB_DATA
from v2h.web.auth_store import FILE_NAME, record
from v2h.web.passwords import hashed, unfit

USER = "v2h-web"
LINE = re.compile(rb"^(?:\xef\xbb\xbf)?([ \t]*(?:web[ \t]*\.[ \t]*)?password[ \t]*=[^\r\n]*)", re.MULTILINE)
"""The group excludes the byte order mark that Windows' Notepad writes: overwriting a part of the mark would make the
file invalid."""


class StepError(ValueError):
    """The password stays in the file. The text says why and what to do, without the password."""


def take(card: Path, folder: Path, writable: Callable[[Path], AbstractContextManager[None]]) -> str | None:
    """Move the password of the file `card` into `folder`. Returns a sentence about it, None when the file has no
    password.

    writable: makes the file's file system writable for a while. Raises StepError, and OSError with the path.
    """
    try:
        content = card.read_bytes()
    except FileNotFoundError:
        return None
    password = _web(_parsed(content)).get("password", "")
    if password == "":
        return None
    if not isinstance(password, str):
        raise StepError(f"{card.name}: web.password is not a text; write it in quotes")
    why = unfit(password)
    if why is not None:
        raise StepError(f"{card.name}: web.password: {why}")
    start, length = _line(card.name, content)
    write_json(folder / FILE_NAME, record(hashed(password), [], f"set by {card.name} on the card"), mode=0o600)
    _give(folder / FILE_NAME)
    with writable(card.parent):
        _overwrite(card, start, b"#")
        _overwrite(card, start + 1, b" " * (length - 1))
    return f"the owner's password was taken out of {card.name}; all sessions and tokens are revoked"


def _parsed(content: bytes) -> dict[str, Any] | None:
    """The file as TOML, None when it is not valid: the page shows the owner that error."""
    with contextlib.suppress(tomllib.TOMLDecodeError, UnicodeDecodeError):
        return tomllib.loads(content.decode("utf-8-sig"))
    return None


def _web(document: dict[str, Any] | None) -> dict[str, Any]:
    table = (document or {}).get("web", {})
    return table if isinstance(table, dict) else {}


def _line(name: str, content: bytes) -> tuple[int, int]:
    """Offset and length of the part of a line that, turned into a comment, removes the password and nothing else.

    Raises StepError when there is no such line.
    """
    document = _parsed(content) or {}
    rest = {key: value for key, value in _web(document).items() if key != "password"}
    for found in LINE.finditer(content):
        start, end = found.span(1)
        after = _parsed(content[:start] + b"#" + content[start + 1 :])
        if after is not None and {**after, "web": _web(after)} == {**document, "web": rest}:
            return start, end - start
    raise StepError(f'{name}: write the password on one line of its own under [web], as password = "..."')


def _overwrite(path: Path, offset: int, what: bytes) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        if os.pwrite(handle, what, offset) != len(what):
            raise OSError(f"{path}: written in part only")
        os.fsync(handle)
    finally:
        os.close(handle)


def _give(path: Path) -> None:
    """Make web's user the owner of `path`, if this process is root and that user exists; on the desk the file stays
    the caller's own."""
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(USER)
            os.chown(path, entry.pw_uid, entry.pw_gid)


@contextlib.contextmanager
def remounted(folder: Path) -> Iterator[None]:
    """Make a file system that is mounted read-only writable inside the block, and read-only again afterwards, also
    after an exception."""
    if not folder.is_mount() or not os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield
        return
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    try:
        yield
    finally:
        os.sync()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def main() -> int:
    try:
        said = take(config_paths()[0], WEB_DATA, remounted)
    except (StepError, OSError, subprocess.CalledProcessError) as error:
        print(f"v2h-owner-password: {error}", file=sys.stderr)
        return 1
    if said is not None:
        print(f"v2h-owner-password: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
