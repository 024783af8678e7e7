"""The wire between the driver and the rig's metering chip, for tests."""

import math
import random

from v2h.ports.spi import SpiPort
from v2h.rig.stpm3x import Stpm3x as Chip


class Wire(SpiPort):
    """An SpiPort onto a chip model; flips bits at `rate` per byte on both lines. Counts `frames` and `flips`.

    The gap to the next flipped byte is drawn, not each byte: the same odds, and fast enough for a million reads in a
    test.
    """

    def __init__(self, chip: Chip, rate: float = 0.0, seed: int = 1) -> None:
        self.chip, self.random = chip, random.Random(seed)
        self.sent: list[bytes] | None = []
        self.frames = self.flips = 0
        self.rate = rate

    @property
    def rate(self) -> float:
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate = rate
        self._good = self._gap() if rate else math.inf

    def transfer(self, mosi: bytes) -> bytes:
        self.frames += 1
        if self.sent is not None:
            self.sent.append(mosi)
        if self._good >= 2 * len(mosi):
            self._good -= 2 * len(mosi)
            return self.chip.transfer(mosi)
        return self._spoil(self.chip.transfer(self._spoil(mosi)))

    def close(self) -> None: ...

    def _gap(self) -> float:
        """Number of correct bytes before the next flipped one."""
        if self._rate >= 1:
            return 0
        return math.floor(math.log(1 - self.random.random()) / math.log(1 - self._rate))

    def _spoil(self, data: bytes) -> bytes:
        spoiled = bytearray(data)
        at = 0.0
        while (at := at + self._good) < len(spoiled):
            spoiled[int(at)] ^= 1 << self.random.randrange(8)
            self.flips += 1
            at += 1
            self._good = self._gap()
        self._good = at - len(spoiled)
        return bytes(spoiled)
