"""AD7327: 8-channel 12-bit plus sign bipolar SPI ADC, used single-ended at +-10 V.

Source: AD7327 datasheet. SPI mode 2, 16 clocks a transfer, MSB first. The falling edge of CS samples and the result
comes out in the same transfer; a control write takes effect on the next one. Sent as two bytes, not one 16-bit
word: spidev takes such words in the host's byte order, which swapped the predecessor's on the wire.
The channel in the answer is believed, never the order of requests.
"""

from typing import NamedTuple

from v2h.ports.spi import SpiPort

SPI_MODE = 2
CHANNELS = 8
RANGE_1_ALL_10V = 0xA000
RANGE_2_ALL_10V = 0xC000
CONTROL = 0x8000
INTERNAL_REFERENCE = 0x0010
READ = 0x0000
LSB_V = 20 / 8192
"""+-10 V in 13 bits."""


class AdcError(OSError):
    """The chip's answer carries another channel than the one asked for, or is all ones."""


class Sample(NamedTuple):
    """channel 0 to 7; volts at the chip's pin, -10 to +10."""

    channel: int
    volts_v: float


def convert(word: int) -> Sample:
    """A 16-bit result: channel in 15:13, two's complement value in 12:0 (not sign-magnitude)."""
    code = word & 0x1FFF
    return Sample(word >> 13, (code - 0x2000 if code & 0x1000 else code) * LSB_V)


class Ad7327:
    """One chip. configure() first, and again after an AdcError. It goes on converting the channel read last, so that
    reading one channel alone costs one transfer, and a change of channel two."""

    def __init__(self, port: SpiPort) -> None:
        self._port = port
        self._channel = 0

    def configure(self) -> None:
        """Write ranges and control, discard the first result. Raises OSError."""
        for word in (RANGE_1_ALL_10V, RANGE_2_ALL_10V):
            self._exchange(word)
        self._select(0)
        self._exchange(READ)

    def read_v(self, channel: int) -> float:
        """Volts at the pin of `channel` now. Raises AdcError, OSError."""
        if channel != self._channel:
            self._select(channel)
        word = self._exchange(READ)
        sample = convert(word)
        if sample.channel != channel or word == 0xFFFF:
            raise AdcError(f"AD7327 answered {word:#06x}: channel {sample.channel} instead of {channel}")
        return sample.volts_v

    def _select(self, channel: int) -> None:
        self._exchange(CONTROL | channel << 10 | INTERNAL_REFERENCE)
        self._channel = channel

    def _exchange(self, word: int) -> int:
        return int.from_bytes(self._port.transfer(word.to_bytes(2, "big")), "big")
