"""The simple types of the tables: how a value stands in the bit stream, and which values are allowed.

A value has one form in both directions: an int, a bool, the name of an enum, a str, and for bytes their hexadecimal
digits in capitals. A kind is what a table writes after the colon (grammar.py): `bool`, `0..100`, `u32`, `i16`, `str64`,
`hex8`, or the name of an enum. Forms as in EXI 1.0 chapter 7.1, with the bounds of the two schemas.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from v2h.ccs.bits import SURROGATES, BitReader, BitWriter, ExiError

Value = int | str


class Simple(Protocol):
    """One simple type. name: the element, which only a string needs. Both methods raise ExiError."""

    def read(self, bits: BitReader, name: str) -> Value: ...
    def write(self, bits: BitWriter, value: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Flag:
    """True or False in one bit."""

    def read(self, bits: BitReader, name: str) -> Value:
        return bool(bits.take(1))

    def write(self, bits: BitWriter, value: object) -> None:
        if not isinstance(value, bool):
            raise ExiError(f"{value!r} is not true or false")
        bits.put(value, 1)


@dataclass(frozen=True, slots=True)
class Range:
    """A number of at most 4096 values: as many bits as they need, counted from the lowest."""

    lowest: int
    highest: int

    def read(self, bits: BitReader, name: str) -> Value:
        value = self.lowest + bits.take((self.highest - self.lowest).bit_length())
        return _within(value, self.lowest, self.highest)

    def write(self, bits: BitWriter, value: object) -> None:
        number = _within(value, self.lowest, self.highest)
        bits.put(number - self.lowest, (self.highest - self.lowest).bit_length())


@dataclass(frozen=True, slots=True)
class Unsigned:
    """0 to 2**size - 1, without a fixed length."""

    size: int

    def read(self, bits: BitReader, name: str) -> Value:
        return _within(bits.unsigned(), 0, (1 << self.size) - 1)

    def write(self, bits: BitWriter, value: object) -> None:
        bits.unsigned(_within(value, 0, (1 << self.size) - 1))


@dataclass(frozen=True, slots=True)
class Signed:
    """-2**(size - 1) to 2**(size - 1) - 1: a sign bit, then the number, or -1 minus a negative number."""

    size: int

    def read(self, bits: BitReader, name: str) -> Value:
        negative, magnitude = bits.take(1), bits.unsigned()
        return self._checked(-magnitude - 1 if negative else magnitude)

    def write(self, bits: BitWriter, value: object) -> None:
        number = self._checked(value)
        bits.put(number < 0, 1)
        bits.unsigned(-number - 1 if number < 0 else number)

    def _checked(self, value: object) -> int:
        return _within(value, -(1 << self.size - 1), (1 << self.size - 1) - 1)


@dataclass(frozen=True, slots=True)
class Text:
    """A string of at most `longest` characters."""

    longest: int

    def read(self, bits: BitReader, name: str) -> Value:
        return bits.text(name, self.longest)

    def write(self, bits: BitWriter, value: object) -> None:
        if not isinstance(value, str) or any(ord(letter) in SURROGATES for letter in value):
            raise ExiError(f"{value!r} is not a text")
        if len(value) > self.longest:
            raise ExiError(f"{len(value)} characters; at most {self.longest} are allowed")
        bits.text(value)


@dataclass(frozen=True, slots=True)
class Hex:
    """At most `longest` bytes, written as hexadecimal digits."""

    longest: int

    def read(self, bits: BitReader, name: str) -> Value:
        return bits.octets(self.longest).hex().upper()

    def write(self, bits: BitWriter, value: object) -> None:
        if not isinstance(value, str) or not re.fullmatch(r"([0-9A-Fa-f]{2})*", value):
            raise ExiError(f"{value!r} is not an even number of hexadecimal digits")
        if len(value) > 2 * self.longest:
            raise ExiError(f"{len(value) // 2} bytes; at most {self.longest} are allowed")
        bits.octets(bytes.fromhex(value))


@dataclass(frozen=True, slots=True)
class Enum:
    """One of several names; the stream holds its place in the schema's order."""

    names: tuple[str, ...]

    def read(self, bits: BitReader, name: str) -> Value:
        index = bits.take((len(self.names) - 1).bit_length())
        if index >= len(self.names):
            raise ExiError(f"value {index}; there are only {len(self.names)}, from 0")
        return self.names[index]

    def write(self, bits: BitWriter, value: object) -> None:
        if value not in self.names:
            raise ExiError(f"{value!r} is not one of {', '.join(self.names)}")
        bits.put(self.names.index(str(value)), (len(self.names) - 1).bit_length())


_SIZED: dict[str, Callable[[int], Simple]] = {"u": Unsigned, "i": Signed, "str": Text, "hex": Hex}


def simple_kind(kind: str, enums: Mapping[str, str]) -> Simple | None:
    """The simple type with this name in a table; None if the name is that of a type with fields."""
    if kind in enums:
        return Enum(tuple(enums[kind].split()))
    if kind == "bool":
        return Flag()
    if limits := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", kind):
        return Range(int(limits[1]), int(limits[2]))
    if sized := re.fullmatch(r"(u|i|str|hex)(\d+)", kind):
        return _SIZED[sized[1]](int(sized[2]))
    return None


def _within(value: object, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ExiError(f"{value!r} is not a whole number ({lowest} to {highest})")
    if not lowest <= value <= highest:
        raise ExiError(f"{value} is outside {lowest} to {highest}")
    return value
