"""The PCA9552 LED blinker at the level of its I2C registers. Pure; blinking is computed from `now`.

Registers, reset values and auto-increment as in the maker's documentation; a pin that lights its LED reads 0.
"""

LAST = 9
AUTO_INCREMENT = 0x10
LS0 = 6
ON, OFF, BLINK_0, BLINK_1 = range(4)
RATE_HZ = 44.0
RESET = bytes((0xFF, 0xFF, 0xFF, 0x80, 0xFF, 0x80, 0x55, 0x55, 0x55, 0x55))


class Pca9552:
    """One chip, answering at its address."""

    def __init__(self) -> None:
        self._registers = bytearray(RESET)

    def transact(self, now: float, written: bytes, count: int) -> bytes | None:
        """One I2C transaction: write bytes (control byte first), then read `count`. None: not acknowledged."""
        if not written:
            return None
        pointer, step = written[0] & 0x0F, 1 if written[0] & AUTO_INCREMENT else 0
        if pointer > LAST:
            return None
        for byte in written[1:]:
            self._registers[pointer] = byte  # the two input registers are sampled again before each read
            pointer = (pointer + step) % (LAST + 1)
        answer = bytearray()
        if count:
            self._sample(now)
        for _ in range(count):
            answer.append(self._registers[pointer])
            pointer = (pointer + step) % (LAST + 1)
        return bytes(answer)

    def selectors(self) -> list[int]:
        """The selector of each of the 16 pins: ON (drives low), OFF (floats), BLINK_0 or BLINK_1."""
        return [self._registers[LS0 + n // 4] >> 2 * (n % 4) & 3 for n in range(16)]

    def driven(self, now: float) -> list[bool]:
        """Which pins drive low at this moment."""
        blink = [self._blink_on(now, source) for source in (0, 1)]
        return [s == ON or (s >= BLINK_0 and blink[s - BLINK_0]) for s in self.selectors()]

    def _blink_on(self, now: float, source: int) -> bool:
        prescaler, pwm = self._registers[2 + 2 * source], self._registers[3 + 2 * source]
        period_s = (prescaler + 1) / RATE_HZ
        return (now % period_s) / period_s < (256 - pwm) / 256

    def _sample(self, now: float) -> None:
        low = self.driven(now)
        for byte in (0, 1):
            self._registers[byte] = sum(1 << n for n in range(8) if not low[8 * byte + n])
