"""The black box: the last minutes of both CAN buses in one buffer, allocated once; read out as a candump log.

Pure except for its memory. A record is the kernel's struct can_frame with the bus number in a spare byte, and its
wall-clock time. Recording continues while a log is read out: the read-out is many times faster than the buses.
"""

import struct
from collections import deque
from collections.abc import Iterator

from v2h.capture.batch_listener import FRAME_BYTES

CAPACITY = 200_000
"""Frames: 10 minutes of 333 a second. Both buses together carry 160 a second in vendor capture CAP1."""
KEEP_S = 600.0
"""A log goes back this far."""
MIXED_S = 1.0
"""The batches of the two buses come one after the other; records within this time are sorted by time."""
_BUS_AT = 5
"""The first spare byte of struct can_frame."""
_CAN = struct.Struct("=IBB2x8s")
_NOT_PLAIN = 0xE000_0000
"""Extended, remote and error flags."""


class BlackBox:
    """A ring buffer of frames. `counts`: number of frames ever added, by bus."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.counts = [0, 0]
        self._frames = memoryview(bytearray(FRAME_BYTES * capacity))
        self._seconds = memoryview(bytearray(4 * capacity)).cast("I")
        self._nanos = memoryview(bytearray(4 * capacity)).cast("I")
        self._next = 0  # number of the next record since the start; its place is that modulo capacity
        self._clock: deque[tuple[int, float]] = deque(maxlen=100)

    def clock(self, wall_offset_s: float, jump_s: float = 0.1) -> None:
        """Note wall clock minus monotonic clock now, s; call it before each batch. The places of its jumps are kept,
        so a log that contains the first setting of the clock has no jump in its times."""
        if not self._clock or abs(wall_offset_s - self._clock[-1][1]) > jump_s:
            self._clock.append((self._next, wall_offset_s))

    def add(self, bus: int, count: int, frames: memoryview, seconds: memoryview, nanos: memoryview) -> None:
        """Take `count` frames (a Sink of v2h.capture.batch_listener). Marks the bus in `frames`."""
        frames[_BUS_AT : FRAME_BYTES * count : FRAME_BYTES] = bytes((bus,)) * count
        taken = 0
        while taken < count:
            place = self._next % self.capacity
            size = min(count - taken, self.capacity - place)
            self._frames[FRAME_BYTES * place : FRAME_BYTES * (place + size)] = frames[
                FRAME_BYTES * taken : FRAME_BYTES * (taken + size)
            ]
            self._seconds[place : place + size] = seconds[taken : taken + size]
            self._nanos[place : place + size] = nanos[taken : taken + size]
            taken += size
            self._next += size
        self.counts[bus] += count

    def candump(self, keep_s: float = KEEP_S, chunk: int = 200) -> Iterator[str]:
        """The log up to now, oldest first, in pieces of about `chunk` frames: `(seconds.micros) can1 102#0200...`.

        Frames that are recorded after the first piece was requested are not in it. Times are by the newest clock.
        """
        end = self._next
        at = max(0, end - self.capacity)
        newest = max((self._time(n) for n in range(max(at, end - chunk), end)), default=0.0)
        waiting: list[tuple[float, int, int, bytes]] = []
        while at < end:
            at = max(at, self._next - self.capacity)  # a slow reader loses the oldest records, already overwritten
            stop = min(at + chunk, end)
            waiting += [(self._time(n), *self._frame(n)) for n in range(at, stop)]
            at = max(at, stop)
            waiting.sort()
            ripe_t = waiting[-1][0] - MIXED_S if at < end and waiting else float("inf")
            ripe = [record for record in waiting if record[0] <= ripe_t]
            waiting = waiting[len(ripe) :]
            yield "".join(_line(*record) for record in ripe if record[0] >= newest - keep_s)

    def _time(self, number: int) -> float:
        place = number % self.capacity
        t = self._seconds[place] + self._nanos[place] / 1e9
        then = next((offset for first, offset in reversed(self._clock) if first <= number), None)
        return t if then is None else t + (self._clock[-1][1] - then)

    def _frame(self, number: int) -> tuple[int, int, bytes]:
        word, length, bus, data = _CAN.unpack_from(self._frames, FRAME_BYTES * (number % self.capacity))
        return bus, word, data[: min(length, 8)]


def _line(t: float, bus: int, word: int, data: bytes) -> str:
    micros = round(t * 1e6)
    if word & _NOT_PLAIN:
        return ""
    return f"({micros // 1_000_000}.{micros % 1_000_000:06d}) can{bus} {word:03X}#{data.hex().upper()}\n"
