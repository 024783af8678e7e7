"""The bytes of one direction of a TCP connection, from its segments as they were recorded.

Segments may come twice or in another order, and a recording may begin in the middle or miss some.
"""

from dataclasses import dataclass, field

MOST_WAITING = 16
"""Segments that may wait for one before them; then that one counts as missing from the recording."""
HALF = 1 << 31


@dataclass(slots=True)
class TcpStream:
    """next: the number of the next byte; None before the first segment. buffer: what the reader has not taken yet."""

    next: int | None = None
    buffer: bytearray = field(default_factory=bytearray)
    _waiting: dict[int, bytes] = field(default_factory=dict)

    def take(self, number: int, data: bytes, begins: bool) -> bool:
        """Take a segment: the number of its first byte, and whether it opens the connection (SYN).

        Returns True when bytes are missing before what is now in the buffer; then the old buffer is gone.
        """
        if begins:
            self.next = (number + 1) % (2 * HALF)
            self.buffer.clear()
            self._waiting.clear()
            return False
        if not data:
            return False
        if self.next is None:
            self.next = number
        self._waiting[number] = max(data, self._waiting.get(number, b""), key=len)
        self._join()
        if len(self._waiting) <= MOST_WAITING:
            return False
        self.next = min(self._waiting, key=self._ahead)
        self.buffer.clear()
        self._join()
        return True

    def _ahead(self, number: int) -> int:
        """How far a byte is ahead of the next one; negative for bytes that we have. The numbers wrap at 2**32."""
        return (number - (self.next or 0) + HALF) % (2 * HALF) - HALF

    def _join(self) -> None:
        """Move to the buffer what follows without a gap, and forget what is there already."""
        while ready := [number for number in self._waiting if self._ahead(number) <= 0]:
            number = min(ready, key=self._ahead)
            data = self._waiting.pop(number)[-self._ahead(number) :]
            self.buffer += data
            self.next = ((self.next or 0) + len(data)) % (2 * HALF)
