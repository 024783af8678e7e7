"""AD7327: 8-channel 12-bit plus sign bipolar SPI ADC, used single-ended at +-10 V.

Source: AD7327 datasheet. SPI mode 2, 16 clocks a transfer, MSB first. The falling edge of CS samples, and the chip
sends the result in the same transfer; a control write takes effect on the next one. The driver sends two bytes, not one
16-bit word: spidev takes such words in the host's byte order, which swapped the predecessor's bytes on the wire.

All zeros are a good answer only in form: channel 0, 0.000 V. A data line that is stuck low gives it, and so does a chip
that was reset (channel 0, its reference off). So a reading is two transfers that both write the control word, and
between two readings the chip converts a *witness* channel whose number is neither all zeros nor all ones:

    transfer  writes            the answer must carry
    A         the wanted one    the witness: the chip still holds what was written last, the line can go high and low
    B         the witness       the wanted channel: the chip takes what is written

One fault is not noticed at once: one that begins within the microseconds between A and B and looks like the wanted
channel 0 (or 7, for a line stuck high). The next reading notices it. So one reading alone does not show an empty cable;
several in a row do.
"""

from collections.abc import Sequence
from typing import NamedTuple

from v2h.ports.spi import SpiPort

SPI_MODE = 2
CHANNELS = 8
RANGE_1_ALL_10V = 0xA000
RANGE_2_ALL_10V = 0xC000
CONTROL = 0x8000
INTERNAL_REFERENCE = 0x0010
LSB_V = 20 / 8192
"""+-10 V in 13 bits."""
WITNESS, OTHER_WITNESS = 2, 5
"""Channel bits 010 and 101; the second one is the witness while the first is the wanted channel."""


class AdcError(OSError):
    """The chip's answer carries an unexpected channel: nothing was measured."""


class Sample(NamedTuple):
    """channel 0 to 7; volts at the chip's pin, -10 to +10."""

    channel: int
    volts_v: float


def convert(word: int) -> Sample:
    """A 16-bit result: channel in 15:13, two's complement value in 12:0 (not sign-magnitude)."""
    code = word & 0x1FFF
    return Sample(word >> 13, (code - 0x2000 if code & 0x1000 else code) * LSB_V)


def select(channel: int) -> int:
    """The control word: convert this channel, single-ended, two's complement, internal reference on."""
    return CONTROL | channel << 10 | INTERNAL_REFERENCE


class Ad7327:
    """One chip. Call configure() first; a reading after an AdcError does that by itself."""

    def __init__(self, port: SpiPort) -> None:
        self._port = port
        self._pending: int | None = None
        """The channel that the next transfer converts; None: not known."""

    def close(self) -> None:
        """Give the device back."""
        self._port.close()

    def configure(self) -> None:
        """Write ranges and control, discard the first results. Raises AdcError when nothing answers, OSError."""
        self._pending = None
        words = (RANGE_1_ALL_10V, RANGE_2_ALL_10V, select(WITNESS), select(WITNESS))
        _volts_v(self._exchange(words)[-1], WITNESS)
        self._pending = WITNESS

    def read_v(self, channel: int) -> float:
        """Volts at the pin of `channel` now. Raises AdcError, OSError; then the voltage is not known."""
        if self._pending is None:
            self.configure()
        assert self._pending is not None
        witness = OTHER_WITNESS if channel == WITNESS else WITNESS
        order = [channel, witness] if self._pending == witness else [witness, channel, witness]
        expected = [self._pending, *order[:-1]]
        self._pending = None
        answers = self._exchange([select(number) for number in order])
        volts_v = [_volts_v(word, number) for word, number in zip(answers, expected, strict=True)]
        self._pending = witness
        return volts_v[-1]

    def _exchange(self, words: Sequence[int]) -> list[int]:
        answers = self._port.transfers([word.to_bytes(2, "big") for word in words])
        return [int.from_bytes(answer, "big") for answer in answers]


def _volts_v(word: int, channel: int) -> float:
    sample = convert(word)
    if sample.channel != channel:
        raise AdcError(f"AD7327 answered {word:#06x}: channel {sample.channel} instead of {channel}")
    return sample.volts_v
