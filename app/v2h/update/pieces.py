"""An upload in pieces: first the file is stated (name, size, SHA-256), then its pieces come in order, each with its
offset. An interrupted upload of the same file goes on where it stopped. Pure: v2h.update.shell.parts holds the file.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from v2h.bus.sentences import say
from v2h.checks import shown
from v2h.update.refusals import RefusedError

MOST_PIECE_B = 96 * 2**10
"""Bytes of one piece: below the longest body that the page's server takes into memory (v2h.web.server), for which the
smallest part of an update is a thousandth. Half of it would double the number of requests."""
LEAST_B, MOST_B = 2**20, 256 * 2**20
"""Bytes of an update. One of the whole root has about 90 MB; more than 256 MiB would not fit into a slot of 512 MiB
when unpacked, and less than 1 MiB cannot hold a root."""
FREE_B = 64 * 2**20
"""Bytes that must stay free beside the upload, for the log and the settings."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}\.raucb")
SHA256 = re.compile(r"[0-9a-f]{64}")


class Statement(NamedTuple):
    """What will be uploaded. sha256: of the whole file, 64 hexadecimal digits."""

    name: str
    size_b: int
    sha256: str


def read_statement(values: Mapping[str, Any]) -> Statement:
    """The statement in the JSON object {"name", "size_b", "sha256"}. Raises RefusedError (bad input)."""
    name, size_b, sha256 = values.get("name"), values.get("size_b"), values.get("sha256")
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise RefusedError(say("update.bad_name", name=shown(name)), bad_input=True)
    if isinstance(size_b, bool) or not isinstance(size_b, int) or not LEAST_B <= size_b <= MOST_B:
        raise RefusedError(say("update.bad_size", size=shown(size_b), least_b=LEAST_B, most_b=MOST_B), bad_input=True)
    if not (isinstance(sha256, str) and SHA256.fullmatch(sha256)):
        raise RefusedError(say("update.bad_sha256", sha256=shown(sha256)), bad_input=True)
    return Statement(name, size_b, sha256)


def check_room(stated: Statement, have_b: int, free_b: int) -> None:
    """have_b: bytes of this file that are already there; free_b: what may still be written on the data partition.
    Raises RefusedError when FREE_B would not stay free."""
    needed_b = stated.size_b - have_b + FREE_B
    if free_b < needed_b:
        raise RefusedError(say("update.no_room", needed_mb=needed_b / 1e6, free_mb=free_b / 1e6))


def check_piece(stated: Statement | None, have_b: int, offset_b: int, length_b: int) -> None:
    """A piece of length_b bytes for offset_b, while have_b bytes are there. Raises RefusedError; one for a wrong offset
    says at which offset the upload goes on."""
    if stated is None:
        raise RefusedError(say("update.not_stated"))
    if not 0 < length_b <= MOST_PIECE_B:
        raise RefusedError(say("update.bad_piece", length_b=length_b, most_b=MOST_PIECE_B), bad_input=True)
    if offset_b != have_b:
        raise RefusedError(say("update.bad_offset", offset_b=offset_b, have_b=have_b), go_on_b=have_b)
    if have_b + length_b > stated.size_b:
        raise RefusedError(say("update.beyond_end", size_b=stated.size_b, end_b=have_b + length_b), bad_input=True)


def check_whole(stated: Statement, sha256: str) -> None:
    """sha256: that of the file that was received. Raises RefusedError when it is another file than was stated."""
    if sha256 != stated.sha256:
        raise RefusedError(say("update.other_sha256", name=stated.name), bad_input=True)
