"""The card's files for the programs that need none of its passwords: `python3 -m v2h.oneshot.site_copy`, at every boot.

Only root and `meter` may read the card's FAT partition, because v2h.toml holds the passwords and tokens of meters. The
other programs read the copy that this step makes in /run/v2h/site: v2h.toml with every character of a secret replaced
by HIDDEN, and the presets of the folder `meters`. The secret keeps its length and its quotes, so all programs find the
same errors in the file.

If a secret cannot be recognised surely, the copy is a file that the loader refuses with what to do. So is the copy of a
file that cannot be read: with the defaults instead, limits of the owner would not hold.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from v2h.checks import utf8
from v2h.config.files import CARD, COPY, parse_toml
from v2h.config.page_edits import SECRETS, flat
from v2h.config.presets import OWN

HIDDEN = "1"
_TEXT = r'"""(?:[^\\]|\\.)*?"""' r"|'''.*?'''" r'|"(?:[^"\\\r\n]|\\.)*"' r"|'[^'\r\n]*'"
SECRET = re.compile(rf"((?:{'|'.join(sorted(SECRETS))})[\"']?[ \t]*=[ \t]*)({_TEXT}|[^\r\n]*)", re.DOTALL)
REFUSED = '"(write each password and token on one line, in quotes)" = 0\n[web]\nreading = "owner"\n'
"""No error may open the page that the owner has closed, and here it is not known whether he has."""


def masked(content: bytes) -> bytes:
    """The content of v2h.toml without its secrets; REFUSED if it is not sure that they are all hidden."""
    text = content.decode("utf-8", "surrogateescape")
    hidden = SECRET.sub(lambda found: found[1] + _hide(found[2]), text).encode("utf-8", "surrogateescape")
    before, after = _read(content), _read(hidden)
    if (before is None) != (after is None):
        return REFUSED.encode()
    if before is None or after is None:
        return hidden
    shown = [value for value in _secrets(after) & _secrets(before) if re.search(rf"[^\W{HIDDEN}]", value)]
    return REFUSED.encode() if shown or _shape(before) != _shape(after) else hidden


def _hide(value: str) -> str:
    """Quotes, line ends and escapes stay, and what is not UTF-8; a value without quotes stays what it was to TOML."""
    kept = r"\\.|[\"'\s\ud800-\udfff]"
    if not value.startswith(('"', "'")):
        kept += r"|[^\w]"
    return re.sub(rf"({kept})|.", lambda found: found[1] or HIDDEN, value, flags=re.DOTALL)


def _read(content: bytes) -> dict[str, Any] | None:
    try:
        return parse_toml(utf8(content))
    except ValueError:
        return None


def _secrets(table: Mapping[str, Any]) -> set[str]:
    return {value for key, value in flat(table) if key.rpartition(".")[2] in SECRETS and isinstance(value, str)}


def _shape(table: Mapping[str, Any]) -> str:
    """What a program reads of a file: all values, and of each secret the length."""
    hide = {key: len(value) if isinstance(value, str) else type(value) for key, value in flat(table)}
    return repr([(key, hide[key] if key.rpartition(".")[2] in SECRETS else value) for key, value in flat(table)])


def copy(card: Path, to: Path) -> None:
    """Copy the card's file and presets. A file that is not there is not there afterwards. Raises OSError if `to` cannot
    be written."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(to.parent / OWN, ignore_errors=True)
    to.unlink(missing_ok=True)
    try:
        content = masked(card.read_bytes())
    except FileNotFoundError:
        return
    except OSError as error:
        print(f"v2h-site: {card}: {error.strerror}", file=sys.stderr)
        content = REFUSED.encode()
    to.write_bytes(content)
    to.chmod(0o644)
    if (card.parent / OWN).is_dir():
        shutil.copytree(card.parent / OWN, to.parent / OWN, copy_function=shutil.copyfile)


def main() -> int:
    try:
        copy(CARD, COPY)
    except OSError as error:
        print(f"v2h-site: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
