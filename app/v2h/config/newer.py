"""v2h.toml of a newer version: keys that only that version knows are left out and named, instead of refused.

After an update the card can go back to the version before; it must then not be idle for a key that it cannot know.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any


class Unknown(str):
    """The error sentence for a key that this version does not know. key: the dotted name."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, key: str, sentence: str) -> "Unknown":
        made = super().__new__(cls, sentence)
        made.key = key
        return made


def others(errors: Iterable[str]) -> list[str]:
    """The errors without those for unknown keys."""
    return [error for error in errors if not isinstance(error, Unknown)]


def without_unknown(content: Mapping[str, Any], errors: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """The content of a file without the keys that `errors`, the loader's, name as unknown; and these keys."""
    known: dict[str, Any] = deepcopy(dict(content))
    keys = [error.key for error in errors if isinstance(error, Unknown)]
    for key in keys:
        *tables, name = key.split(".")
        table: Any = known
        for one in tables:
            table = table[one]
        del table[name]
    return known, keys
