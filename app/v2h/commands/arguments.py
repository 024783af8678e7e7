"""Numbers among a command's arguments: one that is none, or out of its range, ends the command with exit code 2 and
the option's name, by argparse."""

import argparse
from collections.abc import Callable


def number(low: float, high: float, unit: str) -> Callable[[str], float]:
    """For add_argument(type=...)."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g} {unit}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """The same for what is counted."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read
