"""How a key of v2h.toml is declared: bounds, unit and allowed words stand where the key stands."""

from collections.abc import Callable
from dataclasses import field
from typing import Any


def number(default: float | None, low: float, high: float, unit: str) -> Any:
    """A bounded number key with its unit. Default None (type `float | None`): not said."""
    return field(default=default, metadata={"low": low, "high": high, "unit": unit})


def choice(default: str, *allowed: str) -> Any:
    """A key with a closed list of words."""
    return field(default=default, metadata={"allowed": allowed})


def text(default: str = "", *, needed: str = "", read: Callable[[str], object] | None = None) -> Any:
    """A text key. needed: what it is, when the table is no use without it. read: raises ValueError for a bad text."""
    return field(default=default, metadata={"needed": needed, "read": read})


def secret(shortest: int, longest: int) -> Any:
    """A text key of so many characters, or empty, which it is by default. Its value is never shown: not in an error,
    not in a repr."""
    return field(default="", repr=False, metadata={"secret": (shortest, longest)})
