"""The facts of the STPM32/33/34, each stated once: CRC, register addresses, reset values, conversion.

Source: ST's data sheet, as the public drivers (RIOT, Arduino, ST's own metrology library) agree on it. The driver and
the rig's chip both take the facts from here. What the two do with a frame is written twice on purpose: in shared code
a mistake would agree with itself. Frames of a public logic-analyser capture show that both are right.
"""

from dataclasses import dataclass

NONE = 0xFF
"""READ_ADDR: no new request (the pointer advances); WRITE_ADDR: no write."""

DSP_CR1, DSP_CR2, DSP_CR3, DSP_CR4 = 0x00, 0x02, 0x04, 0x06
US_REG1, US_REG2, US_REG3 = 0x24, 0x26, 0x28
DSP_SR1, DSP_SR2 = 0x20, 0x22
PERIOD = 0x2E
"""Both channels' mains period, 12 bits each, in steps of 8 us: f = PERIOD_HZ / count."""
PERIOD_HZ = 125_000

# DSP_CR3
SW_RESET, LATCH_1, LATCH_2, AUTO_LATCH, DIFFERENCE = 1 << 20, 1 << 21, 1 << 22, 1 << 23, 1 << 26
# US_REG1
CRC_ON = 1 << 14
# US_REG3, its status half
WRITE_ERROR, SPI_CRC_ERROR, UNDERRUN, OVERRUN = 1 << 27, 1 << 28, 1 << 29, 1 << 30
# DFE_CR1, DFE_CR2
GAIN_SHIFT = 26
GAINS = {2: 0, 4: 1, 8: 2, 16: 3}
"""Amplification of the current input -> its two bits."""

RESET = {
    DSP_CR1: 0x0400_00A0, DSP_CR2: 0x0400_00A0, DSP_CR3: 0x0000_04E0, DSP_CR4: 0,
    0x08: 0x003F_F800, 0x0A: 0x003F_F800, 0x0C: 0x003F_F800, 0x0E: 0x003F_F800,
    0x10: 0x0000_0FFF, 0x12: 0x0000_0FFF, 0x14: 0x0000_0FFF, 0x16: 0x0000_0FFF,
    0x18: 0x0327_0327, 0x1A: 0x0327_0327, US_REG1: 0x0000_4007, US_REG2: 0x0000_0683,
}  # fmt: skip
"""Reset values; registers not named are 0."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Addresses of one channel: calibrators (cv, cc), front end, RMS pair (14:0 V, 31:15 I), active energy (32 bit,
    wraps both ways), active power (29 bit signed); sr_sign: bit of active power's sign in its status register."""

    cv: int
    cc: int
    dfe: int
    rms: int
    energy: int
    power: int
    period_shift: int
    sr: int
    sr_sign: int


CHANNELS = {
    1: Channel(0x08, 0x0A, 0x18, 0x48, 0x54, 0x5C, 0, DSP_SR1, 12),
    2: Channel(0x0C, 0x0E, 0x1A, 0x4A, 0x6C, 0x74, 16, DSP_SR2, 4),
}

POWER_LSB_PER_VA_LSB = 16
"""The LSB of power is 16 times the LSB of RMS volts times that of RMS amps: the data sheet's two formulas, divided."""
ENERGY_LSB_PER_POWER_LSB = 2048 / (7812.5 * 3600)
"""Wh per W, derived in the same way (f_DSP = 7812.5 Hz)."""


def _crc_table() -> bytes:
    table = bytearray()
    for value in range(256):
        for _ in range(8):
            value = (value << 1) ^ 0x107 if value & 0x80 else value << 1
        table.append(value)
    return bytes(table)


_CRC = _crc_table()


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start 0, not reflected. Any one, two or three flipped bits of a frame change it."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc
