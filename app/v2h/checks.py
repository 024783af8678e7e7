"""Checks a value from outside against what is allowed, in the same way and with the same sentence for files, forms,
API, commands and rig.

Every sentence reads "KEY = VALUE is not EXPECTED": what, where, the value, and the allowed range. str() of a Range is
the EXPECTED of the sentence.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeGuard

FEW, LONGEST = 20, 400
"""A refusal names at most FEW errors of a document, and at most LONGEST characters of each."""
SHOWN = 60
"""A sentence repeats at most this many characters of a wrong value."""


def finite(value: object) -> TypeGuard[float]:
    """Whether a value from outside is a number to calculate with: no NaN, no infinity, and no integer that is too large
    for a float. True and False are not numbers."""
    if type(value) is float:  # the usual case first, because every number of every message comes here
        return math.isfinite(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_day(value: object) -> TypeGuard[str]:
    """Whether a value from outside is a date such as "2026-11-22"."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def utf8(content: bytes) -> str:
    """The text of a file that people edit, without the mark that Windows editors write before it. Raises ValueError
    with the line for another encoding."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise ValueError(f"line {line} is not UTF-8 (byte {byte:#04x}): save the file as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_texts(document: object) -> None:
    """Raises ValueError for JSON in which a text ends in the middle of a character ("\\ud83d" alone: a program that
    cuts texts at 16 bits writes such): no file, database or page can hold it."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it ends in the middle of a character") from None


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
        return f"a number from {self.low:.12g} to {self.high:.12g} {unit}".rstrip() + null


@dataclass(frozen=True, slots=True)
class Whole(Range):
    """Whole numbers from low to high, both included."""

    def fits(self, value: object) -> bool:
        return Range.fits(self, value) and (not isinstance(value, float) or value.is_integer())

    def __str__(self) -> str:
        return f"a whole {Range.__str__(self).removeprefix('a ')}"


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
    names = list(known)
    meant = similar(word, names)
    return f"; did you mean {prefix}{meant}?" if meant else f"; known here: {', '.join(names)}"


def similar(word: object, known: Iterable[str]) -> str:
    """The known name that was probably meant, else ""."""
    import difflib  # imported only after a typing error: it would cost every program's start 3 ms

    return next(iter(difflib.get_close_matches(str(word), list(known), n=1)), "")
