"""The STPM3x energy meter at the level of its SPI frames. Pure.

Five bytes per frame: READ_ADDR, WRITE_ADDR, data low, data high, CRC; the reply is the register that the previous frame
requested, little endian, and its CRC. Register addresses, reset values and the CRC are the driver's facts; the chip's
behaviour is written here a second time, from the public drivers (RIOT, Arduino, ST's metrology library) and a public
logic-analyser capture, whose frames are the tests' golden bytes.
Analogue side: 810k/470 divider and a CT of 2.6 mOhm at gain x2 (ST's reference board); the scales below follow from it.
Power factor 1: reactive power is 0; apparent energy is not modelled.
"""

from collections.abc import Callable
from typing import NamedTuple

from v2h.drivers.stpm3x_map import (
    AUTO_LATCH,
    CHANNELS,
    CRC_ON,
    DIFFERENCE,
    DSP_CR3,
    ENERGY_LSB_PER_POWER_LSB,
    GAIN_SHIFT,
    LATCH_1,
    LATCH_2,
    NONE,
    OVERRUN,
    PERIOD,
    PERIOD_HZ,
    POWER_LSB_PER_VA_LSB,
    RESET,
    SPI_CRC_ERROR,
    SW_RESET,
    UNDERRUN,
    US_REG1,
    US_REG3,
    WRITE_ERROR,
    Channel,
    crc8,
)

V_LSB_V = 0.0354840
I_LSB_A = 1.97861e-3
P_LSB_W = POWER_LSB_PER_VA_LSB * V_LSB_V * I_LSB_A
E_LSB_WH = P_LSB_W * ENERGY_LSB_PER_POWER_LSB

FIRST_MEASURED = 0x2A
LAST_REGISTER = 0x8A
FIRST_REPLY_CRC_FLAW = 0x62
"""The public capture shows the first reply after power-on with CRC 81 in place of E3."""


class Mains(NamedTuple):
    """The values at the chip's inputs: power_w and energy_wh of both channels, + is import / drawn."""

    volts_v: float
    frequency_hz: float
    power_w: tuple[float, float]
    energy_wh: tuple[float, float]


class Stpm3x:
    """One chip; measure() returns the values at its inputs at this moment."""

    def __init__(self, measure: Callable[[], Mains]) -> None:
        self._measure = measure
        self._registers = dict.fromkeys(range(0, LAST_REGISTER + 2, 2), 0) | RESET
        self._pointer = 0
        self._first_reply = True
        self._energy_lsb = [0.0, 0.0]
        self._energy_seen_wh: list[float | None] = [None, None]

    def transfer(self, mosi: bytes) -> bytes:
        """One CS period."""
        registers = self._registers
        with_crc = bool(registers[US_REG1] & CRC_ON)
        miso = registers.get(self._pointer, 0).to_bytes(4, "little")
        if with_crc:
            crc = crc8(miso)
            if self._first_reply:
                crc ^= FIRST_REPLY_CRC_FLAW
            miso += bytes((crc,))
        self._first_reply = False
        length = len(miso)
        if len(mosi) != length:
            registers[US_REG3] |= UNDERRUN if len(mosi) < length else OVERRUN
        elif with_crc and crc8(mosi[:4]) != mosi[4]:
            registers[US_REG3] |= SPI_CRC_ERROR
        else:
            self._execute(mosi)
        return miso[: len(mosi)].ljust(len(mosi), b"\0")

    def _execute(self, mosi: bytes) -> None:
        read, write = mosi[0], mosi[1]
        if write != NONE:
            self._write(write, mosi[2] | mosi[3] << 8)
        if read == NONE:
            self._pointer = self._pointer + 2 if self._pointer < LAST_REGISTER else 0
        else:
            self._pointer = read & 0xFE
        if self._registers[DSP_CR3] & AUTO_LATCH and self._pointer >= FIRST_MEASURED:
            self._latch(LATCH_1 | LATCH_2)

    def _write(self, address: int, half: int) -> None:
        register = address & 0xFE
        if register >= FIRST_MEASURED:
            self._registers[US_REG3] |= WRITE_ERROR
            return
        old = self._registers[register]
        word = (old & 0xFFFF) | half << 16 if address & 1 else (old & 0xFFFF_0000) | half
        if register == US_REG3 and address & 1:
            word = old & word  # status half: a written zero clears the bit
        if register == DSP_CR3:
            if word & SW_RESET:
                self._registers |= dict.fromkeys(range(0, FIRST_MEASURED, 2), 0) | RESET
                return
            self._latch(word)
            word &= ~(LATCH_1 | LATCH_2)  # self-clearing
        self._registers[register] = word

    def _latch(self, bits: int) -> None:
        """Freeze the measurements of the channels whose latch bits are set."""
        if not bits & (LATCH_1 | LATCH_2):
            return
        registers = self._registers
        mains = self._measure()
        period = round(PERIOD_HZ / mains.frequency_hz)
        registers[PERIOD] = period | period << 16
        for number, latch in ((0, LATCH_1), (1, LATCH_2)):
            if bits & latch:
                self._latch_channel(number, CHANNELS[number + 1], mains)
        sign = -1 if registers[DSP_CR3] & DIFFERENCE else 1
        total = int(self._energy_lsb[0] + sign * self._energy_lsb[1]) & 0xFFFF_FFFF
        registers[0x84] = registers[0x86] = total

    def _latch_channel(self, number: int, channel: Channel, mains: Mains) -> None:
        registers = self._registers
        gain = 1 << (registers[channel.dfe] >> GAIN_SHIFT & 3)  # 1 is x2, the reference
        scale_v = (0.75 + (registers[channel.cv] & 0xFFF) / 16384) / 0.875
        scale_i = (0.75 + (registers[channel.cc] & 0xFFF) / 16384) / 0.875 * gain
        power_w, energy_wh = mains.power_w[number], mains.energy_wh[number]
        volts = round(mains.volts_v * scale_v / V_LSB_V) & 0x7FFF
        amps = min(round(abs(power_w) / mains.volts_v * scale_i / I_LSB_A), 0x1FFFF)
        registers[channel.rms] = volts | amps << 15
        raw = round(power_w * scale_v * scale_i / P_LSB_W)
        active, apparent = raw & 0x1FFF_FFFF, abs(raw) & 0x1FFF_FFFF
        power = channel.power
        registers[power] = registers[power + 2] = active
        registers[power + 4] = 0
        registers[power + 6] = registers[power + 8] = apparent
        registers[power + 10] = registers[power + 12] = active
        last_wh = self._energy_seen_wh[number]
        if last_wh is not None:
            self._energy_lsb[number] += (energy_wh - last_wh) * scale_v * scale_i / E_LSB_WH
        self._energy_seen_wh[number] = energy_wh
        counter = int(self._energy_lsb[number]) & 0xFFFF_FFFF
        registers[channel.energy] = registers[channel.energy + 2] = counter
        flag = 1 << channel.sr_sign
        registers[channel.sr] = registers[channel.sr] & ~flag | (flag if raw < 0 else 0)
