"""How a key of v2h.toml is declared, with its bounds, its unit and its allowed values in the same place."""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any

from v2h.checks import Range, Whole


def number(default: float | None, low: float, high: float, unit: str) -> Any:
    """A key for a number within bounds, with its unit. Default None (type `float | None`): not set."""
    return field(default=default, metadata={"range": Range(low, high, unit)})


def whole(default: int, low: int, high: int, unit: str) -> Any:
    """A key for a whole number within bounds."""
    return field(default=default, metadata={"range": Whole(low, high, unit)})


def choice(default: str | int, *allowed: str | int, about: str = "") -> Any:
    """A key with a closed list of allowed values, all of them texts or all of them whole numbers. about: their meaning,
    for the form on the page."""
    return field(default=default, metadata={"allowed": allowed, "about": about})


def text(default: str = "", *, needed: str = "", read: Callable[[str], object] | None = None) -> Any:
    """A text key. needed: what the key is, if its table cannot be used without it. read: raises ValueError for a bad
    text."""
    return field(default=default, metadata={"needed": needed, "read": read})


def port(default: str) -> Any:
    """A key for the URL of a chip or line: of the kind of its default, or of the rig."""
    kind = default.partition(":")[0]

    def read(url: str) -> None:
        if not re.fullmatch(rf"{kind}:\S*|rig:\S+", url):
            raise ValueError(f'an address such as "{default}"')

    return text(default, read=read)


def secret(shortest: int, longest: int) -> Any:
    """A text key of `shortest` to `longest` characters, or empty (the default). Neither an error nor a repr shows its
    value."""
    return field(default="", repr=False, metadata={"secret": (shortest, longest)})
