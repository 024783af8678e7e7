"""STPM32/33/34 metering chip over SPI, mode 3: frames with CRC both ways, latching, one reading of one channel.

A frame is READ_ADDR, WRITE_ADDR, DATA_LSB, DATA_MSB, CRC; the reply in frame N + 1 belongs to READ_ADDR of frame N.
The chip silently drops a frame with a bad CRC and then repeats the register requested before, with a good CRC. So the
driver never requests two measurements in a row: before each it requests a witness, a register whose content is known.
A dropped request then shows either as a witness with another content, or as a measurement with the witness's content.

The witness is the register of the channel's front end with the gain that the driver has set. No measurement has this
content (as power it is 59 kW and more, as RMS 28 V), and a chip that lost its settings, for example after a dip of its
supply, is detected before it reports a wrong power. Calibration is done in the program and not in the chip for the same
reason (and because the chip's own calibrators reach 12 %): see v2h.meters.stpm3x.
"""

import time
from dataclasses import dataclass

from v2h.drivers.stpm3x_map import CHANNELS, DSP_CR3, GAIN_SHIFT, GAINS, NONE, PERIOD, PERIOD_HZ, RESET, US_REG1, crc8
from v2h.ports.spi import SpiPort

SPI_MODE = 3
FRAME_LEN = 5
ATTEMPTS = 8
PRESENT = RESET[US_REG1]
"""CRC on, polynomial 0x07. A chip that answers this, with a good CRC, is an STPM3x."""
LATCH_BOTH = 0x0060
"""In DSP_CR3's high half."""
SOFTWARE_RESET = 0x0010
ONE_SHOT_BITS = LATCH_BOTH | SOFTWARE_RESET
"""They clear themselves, so they are left out when the other bits of DSP_CR3 are written again."""
START_S = 0.04
"""The chip needs 35 ms after a reset."""


class Stpm3xError(OSError):
    """No valid answer after ATTEMPTS tries: chip absent, unpowered, in UART mode, or the wires are bad."""


@dataclass(frozen=True, slots=True)
class Raw:
    """What the chip counts, all of one latched instant. period: 0 without mains on the voltage input."""

    power: int
    v_rms: int
    i_rms: int
    energy: int
    period: int

    @property
    def frequency_hz(self) -> float | None:
        return PERIOD_HZ / self.period if self.period else None


def frame(read: int = NONE, write: int = NONE, data: int = 0xFFFF) -> bytes:
    """One request; `write` addresses a 16-bit half (even: bits 15:0, odd: bits 31:16)."""
    body = bytes((read, write, data & 0xFF, data >> 8))
    return body + bytes((crc8(body),))


def parse(reply: bytes) -> int | None:
    """The 32-bit word of a reply, or None when length or CRC is wrong."""
    if len(reply) != FRAME_LEN or crc8(reply[:4]) != reply[4]:
        return None
    return int.from_bytes(reply[:4], "little")


def signed(word: int, bits: int) -> int:
    """The low `bits` of `word` as two's complement."""
    word &= (1 << bits) - 1
    return word - (1 << bits) if word >> (bits - 1) else word


def energy_delta(new: int, old: int) -> int:
    """Counts between two readings of the 32-bit energy counter, which wraps both ways."""
    return signed(new - old, 32)


FETCH = frame()
"""Requests nothing new; returns the reply to the frame before."""


class Stpm3x:
    """One channel (1 or 2) of one chip behind one port; several may share the chip, one after the other.

    gain: of the current input, 2, 4, 8 or 16. Opening checks that a chip answers, resets it when its settings are not
    the expected ones, and sets the gain. Raises Stpm3xError, and OSError of the port.
    """

    def __init__(self, port: SpiPort, channel: int = 1, gain: int = 2) -> None:
        self._port = port
        self._at = CHANNELS[channel]
        found = self._read_config(US_REG1)
        if found != PRESENT:
            self._reset()
            if (found := self._read_config(US_REG1)) != PRESENT:
                raise Stpm3xError(f"STPM3x: US_REG1 = {found:#x}, expected {PRESENT:#x}: another chip?")
        self._witness = self._set_gain(gain)
        self._ask_witness = frame(self._at.dfe)
        cr3_high = (self._read_config(DSP_CR3) >> 16) & ~ONE_SHOT_BITS
        self._latch = frame(self._at.dfe, DSP_CR3 + 1, cr3_high | LATCH_BOTH)
        self._asks = {a: frame(a) for a in (self._at.power, self._at.rms, self._at.energy, PERIOD)}

    def power(self) -> int:
        """Latch and read active power alone: four frames."""
        return signed(self._latched((self._at.power,))[0], 29)

    def everything(self) -> Raw:
        """Latch and read power, RMS, energy and period of one instant: nine frames."""
        at = self._at
        power, rms, energy, period = self._latched((at.power, at.rms, at.energy, PERIOD))
        return Raw(signed(power, 29), rms & 0x7FFF, rms >> 15, energy, (period >> at.period_shift) & 0xFFF)

    def close(self) -> None:
        self._port.close()

    def _read_config(self, address: int) -> int:
        """A register that is not latched; requested twice in a row, because the first request may have been dropped.

        The reply to the first frame is ignored: after a reset its CRC can be wrong.
        """
        for _ in range(ATTEMPTS):
            self._port.transfer(frame(address))
            first = parse(self._port.transfer(frame(address)))
            second = parse(self._port.transfer(FETCH))
            if first is not None and first == second:
                return first
        raise Stpm3xError(f"STPM3x: no valid answer from register {address:#04x} in {ATTEMPTS} tries")

    def _reset(self) -> None:
        self._port.transfer(frame(write=DSP_CR3 + 1, data=SOFTWARE_RESET))
        time.sleep(START_S)

    def _set_gain(self, gain: int) -> int:
        """Write the gain until the front end's register reads back with it; returns that register. Its other bits keep
        their reset values."""
        dfe = self._at.dfe
        wanted = RESET[dfe] & ~(3 << GAIN_SHIFT) | GAINS[gain] << GAIN_SHIFT
        for _ in range(ATTEMPTS):
            if self._read_config(dfe) == wanted:
                return wanted
            self._port.transfer(frame(write=dfe, data=wanted & 0xFFFF))
            self._port.transfer(frame(write=dfe + 1, data=wanted >> 16))
        raise Stpm3xError(f"STPM3x: gain {gain} was not taken in {ATTEMPTS} tries")

    def _latched(self, addresses: tuple[int, ...]) -> list[int]:
        for _ in range(ATTEMPTS):
            words = self._try_latched(addresses)
            if words is not None:
                return words
        raise Stpm3xError(f"STPM3x: no valid answer from register {addresses[0]:#04x} in {ATTEMPTS} tries")

    def _try_latched(self, addresses: tuple[int, ...]) -> list[int] | None:
        frames = [self._latch]  # one frame latches and requests the witness: both arrive, or neither
        for address in addresses:
            frames += [self._asks[address], self._ask_witness]
        frames[-1] = FETCH
        answers = [parse(miso) for miso in self._port.transfers(frames)][1:]
        words = [word for word in answers[1::2] if word is not None and word != self._witness]
        witnessed = all(word == self._witness for word in answers[::2])
        return words if witnessed and len(words) == len(addresses) else None
