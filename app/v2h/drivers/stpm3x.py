"""STPM32/33/34 metering chip over SPI, mode 3: frames with CRC both ways, latching, one reading of one channel.

Frames, register map and number formats as in ST's STPM3x data sheet and the public drivers for it. A frame is
READ_ADDR, WRITE_ADDR, DATA_LSB, DATA_MSB, CRC; the reply in frame N + 1 belongs to READ_ADDR of frame N. The chip drops
a frame with a bad CRC without a word and then repeats the register asked for before, with a good CRC. So the
driver never asks for two measurements in a row: before each it asks for US_REG1, whose content is known. A dropped
request is then seen either as a US_REG1 that is not 0x4007, or as a measurement that is.
"""

from dataclasses import dataclass

from v2h.ports.spi import SpiPort

SPI_MODE = 3
FRAME_LEN = 5
NONE = 0xFF
"""No new request, or no write."""
ATTEMPTS = 5

DSP_CR3 = 0x04
DSP_CR3_HIGH = 0x05
US_REG1 = 0x24
PERIOD = 0x2E
PRESENT = 0x4007
"""US_REG1 after reset: CRC on, polynomial 0x07. A chip that says this, with a good CRC, is one."""
LATCH_BOTH = 0x0060
ONE_SHOT_BITS = 0x0070
"""In DSP_CR3's high half: software reset and the two latches. They clear themselves and stay out of the shadow."""
PERIOD_LSB_S = 8e-6


@dataclass(frozen=True, slots=True)
class Registers:
    """Addresses of one channel: active power (29 bit signed), RMS pair, active energy (32 bit, wraps)."""

    power: int
    rms: int
    energy: int
    period_shift: int


CHANNELS = {1: Registers(0x5C, 0x48, 0x54, 0), 2: Registers(0x74, 0x4A, 0x6C, 16)}


class Stpm3xError(OSError):
    """No believable answer after ATTEMPTS tries: chip absent, unpowered, in UART mode, or the wires are bad."""


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
        return 1.0 / (self.period * PERIOD_LSB_S) if self.period else None


def _crc_table() -> bytes:
    table = bytearray()
    for value in range(256):
        for _ in range(8):
            value = (value << 1) ^ 0x107 if value & 0x80 else value << 1
        table.append(value)
    return bytes(table)


_CRC = _crc_table()


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start 0, not reflected."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc


def frame(read: int = NONE, write: int = NONE, data: int = 0xFFFF) -> bytes:
    """One request; `write` addresses a 16-bit half (odd: bits 31:16)."""
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


class Stpm3x:
    """One chip behind one port. Raises Stpm3xError, and OSError of the port."""

    def __init__(self, port: SpiPort) -> None:
        self._port = port
        if (found := self._read_config(US_REG1)) != PRESENT:
            raise Stpm3xError(f"STPM3x: US_REG1 = {found:#x}, expected {PRESENT:#x}: another chip, or not reset")
        self._cr3_high = (self._read_config(DSP_CR3) >> 16) & ~ONE_SHOT_BITS
        self._latch = frame(US_REG1, DSP_CR3_HIGH, self._cr3_high | LATCH_BOTH)

    def power(self, channel: int) -> int:
        """Latch and read active power alone: three frames."""
        return signed(self._latched((CHANNELS[channel].power,))[0], 29)

    def everything(self, channel: int) -> Raw:
        """Latch and read power, RMS, energy and period of one instant: nine frames."""
        at = CHANNELS[channel]
        power, rms, energy, period = self._latched((at.power, at.rms, at.energy, PERIOD))
        return Raw(signed(power, 29), rms & 0x7FFF, rms >> 15, energy, (period >> at.period_shift) & 0xFFF)

    def close(self) -> None:
        self._port.close()

    def _read_config(self, address: int) -> int:
        """A register that is not latched; asked twice in a row, because the first may have been dropped.

        Nobody reads the reply to the first frame: after a reset its CRC can be wrong.
        """
        for _ in range(ATTEMPTS):
            self._port.transfer(frame(address))
            first = parse(self._port.transfer(frame(address)))
            second = parse(self._port.transfer(frame()))
            if first is not None and first == second:
                return first
        raise Stpm3xError(f"STPM3x: no valid answer from register {address:#04x} in {ATTEMPTS} tries")

    def _latched(self, addresses: tuple[int, ...]) -> list[int]:
        for _ in range(ATTEMPTS):
            words = self._try_latched(addresses)
            if words is not None:
                return words
        raise Stpm3xError(f"STPM3x: no valid answer from register {addresses[0]:#04x} in {ATTEMPTS} tries")

    def _try_latched(self, addresses: tuple[int, ...]) -> list[int] | None:
        words = []
        self._port.transfer(self._latch)  # one frame latches and asks for US_REG1: both arrive, or neither
        for position, address in enumerate(addresses):
            if parse(self._port.transfer(frame(address))) != PRESENT:
                return None
            last = position + 1 == len(addresses)
            word = parse(self._port.transfer(frame() if last else frame(US_REG1)))
            if word is None or word == PRESENT:
                return None
            words.append(word)
        return words
