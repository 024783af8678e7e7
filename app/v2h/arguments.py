"""Numbers as arguments of a command. For a wrong number argparse ends the command with exit code 2 and the option's
name."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from v2h.checks import Count, Range

T = TypeVar("T")


def number(allowed: Range) -> Callable[[str], float]:
    """For add_argument(type=...)."""
    return _by(allowed.read)


def whole(low: int, high: int) -> Callable[[str], int]:
    """The same for whole numbers."""
    return _by(Count(low, high).read)


def _by(read: Callable[[str], T]) -> Callable[[str], T]:
    def typed(text: str) -> T:
        try:
            return read(text)
        except ValueError as expected:
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None

    return typed
