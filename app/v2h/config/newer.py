"""v2h.toml of a newer version: keys that only that version knows are left out and named, instead of refused.

After an update the card can go back to the version before; it must then not be idle for a key that it cannot know.
"""

from collections.abc import Iterable


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


def unknown_keys(errors: Iterable[str]) -> list[str]:
    """The dotted names of the keys that `errors`, the loader's, call unknown."""
    return [error.key for error in errors if isinstance(error, Unknown)]
