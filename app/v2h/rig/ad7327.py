"""The AD7327 analogue-to-digital converter at the level of its 16-clock SPI transfers. Pure.

The falling edge of CS samples and converts with the settings written before; a write in the same transfer takes effect
in the next one. Register words, ranges and result layout: the maker's documentation as quoted by public drivers.
Channel 0 carries the cable voltage through a divider of 100 (ours; the real board's channel map is not public), the
other channels are at 0 V.
"""

from collections.abc import Callable, Sequence

CABLE_CHANNEL = 0
CABLE_DIVIDER = 100.0
"""Volts on the cable per volt at the pin."""

FULL_CODES = 4096
SPAN_V = (20.0, 10.0, 5.0, 10.0)
"""Span of the range codes 0 (+-10 V), 1 (+-5 V), 2 (+-2.5 V), 3 (0 to 10 V)."""
CONTROL, RANGE_1, RANGE_2, SEQUENCE = 4, 5, 6, 7
STRAIGHT_BINARY, REFERENCE_ON = 0x20, 0x10
SHUTDOWN = 3
BY_REGISTER, CONSECUTIVE = 1, 2
"""SEQ codes; codes 0 and 3 convert only the addressed channel."""


class Ad7327:
    """One chip; pins() returns the voltages at VIN0 to VIN7."""

    def __init__(self, pins: Callable[[], Sequence[float]]) -> None:
        self._pins = pins
        self._control = 0
        self._ranges = [0] * 8
        self._sequence: tuple[int, ...] = ()
        self._order: tuple[int, ...] = (0,)
        self._next = 0

    def transfer(self, mosi: bytes) -> bytes:
        """One CS period; the chip sends zeros after the first 16 clocks."""
        if len(mosi) < 2:
            return bytes(len(mosi))
        result = self._convert()
        word = mosi[0] << 8 | mosi[1]
        if word & 0x8000:
            self._write(word >> 13, word)
        return result.to_bytes(2, "big").ljust(len(mosi), b"\0")

    def _write(self, register: int, word: int) -> None:
        if register == CONTROL:
            self._control = word
        elif register == SEQUENCE:
            self._sequence = tuple(n for n in range(8) if word & 0x1000 >> n)
        else:
            first = 0 if register == RANGE_1 else 4
            for n in range(4):
                self._ranges[first + n] = word >> (11 - 2 * n) & 3
        address, sequencer = self._control >> 10 & 7, self._control >> 2 & 3
        if sequencer == CONSECUTIVE:
            self._order = tuple(range(address + 1))
        elif sequencer == BY_REGISTER and self._sequence:
            self._order = self._sequence
        else:
            self._order = (address,)
        self._next = 0

    def _convert(self) -> int:
        channel = self._order[self._next]
        self._next = (self._next + 1) % len(self._order)
        control = self._control
        if not control & REFERENCE_ON or control >> 6 & 3 == SHUTDOWN:
            return channel << 13
        span_v, volts_v = SPAN_V[self._ranges[channel]], self._input(channel, control >> 8 & 3)
        if control >> 8 & 3 == 2:
            span_v *= 2  # true differential
        code = round(volts_v * 2 * FULL_CODES / span_v)
        if self._ranges[channel] == 3:
            code -= FULL_CODES
        code = max(-FULL_CODES, min(FULL_CODES - 1, code))
        if control & STRAIGHT_BINARY:
            code += FULL_CODES
        return channel << 13 | code & 0x1FFF

    def _input(self, channel: int, mode: int) -> float:
        pins = self._pins()
        if mode == 0:
            return pins[channel]
        if mode == 3:
            return pins[channel] - pins[7]
        return pins[channel & 6] - pins[channel | 1]
