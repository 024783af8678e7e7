"""PCA9552: sixteen LED outputs on I2C, with two blinkers in the chip.

Facts from NXP's data sheet: control byte = register number + 0x10 for auto-increment; PSC = period x 44 Hz - 1;
PWM = 256 x (1 - share of the period that is low); LS0..LS3 hold two bits an output, the lowest output in bits 1:0.
"""

from v2h.ports.i2c import I2cPort

AUTO_INCREMENT = 0x10
PSC0, LS0 = 2, 6
LOW, HIGH_Z, BLINK0, BLINK1 = 0, 1, 2, 3
"""Output codes. LOW sinks current; which code lights a lamp depends on the circuit at the pin."""
BLINKERS = bytes((0x2B, 0x80, 0x0A, 0xC0))
"""PSC0 PWM0 PSC1 PWM1: BLINK0 1 s, half low; BLINK1 0.25 s, a quarter low."""
OUTPUT_BYTES = 4
SETTINGS = len(BLINKERS) + OUTPUT_BYTES


class Pca9552Error(OSError):
    """The chip does not hold what was written: another driver uses it, it is broken, or it is another chip."""


class Pca9552:
    """One chip. Raises OSError when it does not answer, Pca9552Error when it reads back wrong."""

    def __init__(self, port: I2cPort, outputs: bytes) -> None:
        """Write all registers in one go, LS0..LS3 as given, and read them back.

        This object owns the port from here on: it closes the port in close(), and when the chip does not answer."""
        self._port = port
        self._outputs = outputs
        try:
            self.refresh()
        except OSError:
            port.close()
            raise

    def show(self, outputs: bytes) -> bool:
        """Set LS0..LS3 by one auto-increment write if they differ; True when written."""
        if outputs == self._outputs:
            return False
        if len(outputs) != OUTPUT_BYTES:
            raise ValueError(f"LS0..LS3 are 4 bytes, not {outputs.hex(' ')!r}")
        self._port.write(bytes((AUTO_INCREMENT | LS0,)) + outputs)
        self._outputs = outputs
        return True

    def check(self) -> bool:
        """Read all settings back; False when the chip has lost them (a reset or a dip of its supply)."""
        return self._port.write_read(bytes((AUTO_INCREMENT | PSC0,)), SETTINGS) == BLINKERS + self._outputs

    def refresh(self) -> None:
        """Write everything again and verify it."""
        self._port.write(bytes((AUTO_INCREMENT | PSC0,)) + BLINKERS + self._outputs)
        if not self.check():
            raise Pca9552Error("PCA9552: registers read back differ from what was written")

    def close(self) -> None:
        self._port.close()


def pack(codes: tuple[int, int, int, int]) -> int:
    """One LS byte from four output codes, lowest output first."""
    return codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6
