"""The wire between the driver and the rig's metering chip, for tests."""

import random

from v2h.rig.stpm3x import Stpm3x as Chip


class Wire:
    """An SpiPort onto a chip model; flips bits at `rate` per byte on both lines."""

    def __init__(self, chip: Chip, rate: float = 0.0, seed: int = 1) -> None:
        self.chip, self.rate, self.random, self.sent = chip, rate, random.Random(seed), list[bytes]()

    def transfer(self, mosi: bytes) -> bytes:
        self.sent.append(mosi)
        return self._spoil(self.chip.transfer(self._spoil(mosi)))

    def close(self) -> None: ...

    def _spoil(self, data: bytes) -> bytes:
        if not self.rate:
            return data
        return bytes(b ^ (1 << self.random.randrange(8)) if self.random.random() < self.rate else b for b in data)
