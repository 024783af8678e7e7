"""The bit stream of EXI 1.0 in bit-packed form: a reader, a writer and the codec's one exception.

Numbers of n bits are written with the highest bit first. An unsigned number without a fixed size is a chain of 7-bit
groups, the lowest first, each in a byte whose highest bit says that another one follows (EXI 1.0, chapter 7.1.6).
"""

VARINT_GROUPS = 10
"""Ten groups hold the 64 bits of the longest number in the tables; a longer chain is refused before it is summed."""
STRING_HIT = 2
"""A string starts with its length + 2; the codes 0 and 1 refer to a string that came before."""
LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


class ExiError(ValueError):
    """A message does not follow its table, or values do not fit into it. The only exception of the codec.

    what: what is wrong, with the value and the allowed range. where: the elements that lead to the place, outermost
    first; empty for the message as a whole.
    """

    def __init__(self, what: str, where: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.where = what, where

    def __str__(self) -> str:
        return f"{'.'.join(self.where)}: {self.what}" if self.where else self.what

    def inside(self, name: str) -> "ExiError":
        """The same error, seen from the element around it."""
        return ExiError(self.what, (name, *self.where))


class BitReader:
    """Reads a message from its first bit to its last. All methods raise ExiError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._end = data, 0, 8 * len(data)
        self._strings: list[str] = []
        self._strings_of: dict[str, list[str]] = {}

    def take(self, width: int) -> int:
        """The next `width` bits as an unsigned number."""
        start, end = self._at, self._at + width
        if end > self._end:
            raise ExiError("the message ends in the middle")
        self._at = end
        return int.from_bytes(self._data[start >> 3 : end + 7 >> 3], "big") >> (-end & 7) & ((1 << width) - 1)

    def unsigned(self) -> int:
        """A number without a fixed size, 0 to 2**70 - 1."""
        value = 0
        for group in range(VARINT_GROUPS):
            byte = self.take(8)
            value |= (byte & 0x7F) << 7 * group
            if byte < 0x80:
                return value
        raise ExiError(f"a number has more than {VARINT_GROUPS} bytes")

    def octets(self, longest: int) -> bytes:
        """Bytes with their length before them, at most `longest`."""
        length = self.unsigned()
        if length > longest:
            raise ExiError(f"{length} bytes; at most {longest} are allowed")
        return self.take(8 * length).to_bytes(length, "big")

    def text(self, name: str, longest: int) -> str:
        """A string of the element `name`, at most `longest` characters, or a repeated one.

        Both dialects switch repetitions off. A car whose encoder uses the defaults of EXI is understood all the same.
        """
        code = self.unsigned()
        if code < STRING_HIT:
            return self._repeated(self._strings if code else self._strings_of.get(name, []))
        if code - STRING_HIT > longest:
            raise ExiError(f"{code - STRING_HIT} characters; at most {longest} are allowed")
        text = "".join([_character(self.unsigned()) for _ in range(code - STRING_HIT)])
        if text:
            self._strings.append(text)
            self._strings_of.setdefault(name, []).append(text)
        return text

    def rest(self) -> bytes:
        """The whole bytes that follow the byte which is being read."""
        return self._data[self._at + 7 >> 3 :]

    def _repeated(self, earlier: list[str]) -> str:
        index = self.take((len(earlier) - 1).bit_length()) if earlier else 0
        if index >= len(earlier):
            raise ExiError("the message repeats a string that it has not contained")
        return earlier[index]


class BitWriter:
    """Collects a message. The values must have been checked."""

    def __init__(self) -> None:
        self._all, self._length = 0, 0

    def put(self, value: int, width: int) -> None:
        """Append `width` bits."""
        self._all = self._all << width | value
        self._length += width

    def unsigned(self, value: int) -> None:
        """Append a number without a fixed size, 0 or more."""
        while value > 0x7F:
            self.put(value & 0x7F | 0x80, 8)
            value >>= 7
        self.put(value, 8)

    def octets(self, value: bytes) -> None:
        """Append bytes with their length before them."""
        self.unsigned(len(value))
        self.put(int.from_bytes(value, "big"), 8 * len(value))

    def text(self, value: str) -> None:
        """Append a string, never as a repetition."""
        self.unsigned(len(value) + STRING_HIT)
        for letter in value:
            self.unsigned(ord(letter))

    def data(self) -> bytes:
        """The message, filled with zero bits to a whole byte."""
        spare = -self._length % 8
        return (self._all << spare).to_bytes((self._length + spare) // 8, "big")


def _character(code_point: int) -> str:
    if code_point > LAST_CODE_POINT or code_point in SURROGATES:
        raise ExiError(f"{code_point:#x} is not a character")
    return chr(code_point)
