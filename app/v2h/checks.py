"""Checks a value from outside against what is allowed, in the same way and with the same sentence for files, forms,
API, commands and rig.

Every sentence reads "KEY = VALUE is not EXPECTED": what, where, the value, and the allowed range. str() of a Range is
the EXPECTED of the sentence.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

FEW, LONGEST = 20, 400
"""A refusal names at most FEW errors of a document, and at most LONGEST characters of each."""
SHOWN = 60
"""A sentence repeats at most this many characters of a wrong value."""


def finite(value: object) -> TypeGuard[float]:
    """Whether a value from outside is a number to calculate with: no NaN, no infinity, and no integer that is too large
    for a float. True and False are not numbers."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from low to high, both included. null: None is allowed as well and means no limit."""

    low: float
    high: float
    unit: str = ""
    null: bool = False

    def fits(self, value: object) -> bool:
        """Whether a value of JSON or TOML is a finite number of this range."""
        if value is None:
            return self.null
        return finite(value) and self.low <= value <= self.high

    def read(self, text: str) -> float:
        """The number in a text. Raises ValueError, whose text is the end of the sentence: what was expected."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.fits(value):
            raise ValueError(str(self))
        return value

    def __str__(self) -> str:
        null = ", or null for no limit" if self.null else ""
        unit = f"({self.unit})" if " " in self.unit else self.unit  # some keys of v2h.toml have more than a unit here
        return f"a number from {self.low:g} to {self.high:g} {unit}".rstrip() + null


@dataclass(frozen=True, slots=True)
class Count:
    """Whole numbers from low to high, written in digits."""

    low: int
    high: int

    def read(self, text: str) -> int:
        """Raises ValueError as Range.read does."""
        good = text.isascii() and text.isdigit() and len(text) < 20
        if not (good and self.low <= int(text) <= self.high):
            raise ValueError(str(self))
        return int(text)

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


def one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(words)


def shown(value: object) -> str:
    """A wrong value as a sentence repeats it: its repr, cut to SHOWN characters."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def few(errors: Sequence[str]) -> list[str]:
    """The first errors of a long list, cut to a length that people read, and how many more there are."""
    more = [f"and {len(errors) - FEW} more"] if len(errors) > FEW else []
    return [error if len(error) <= LONGEST else f"{error[:LONGEST]}..." for error in errors[:FEW]] + more


def hint(word: object, known: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence about an unknown name: the name that was probably meant, else all known names."""
    import difflib  # imported only after a typing error: it would cost every program's start 3 ms

    names = list(known)
    close = difflib.get_close_matches(str(word), names, n=1)
    return f"; did you mean {prefix}{close[0]}?" if close else f"; known here: {', '.join(names)}"
