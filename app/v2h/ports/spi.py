"""SPI ports: a chip behind the kernel's spidev, or the rig's."""

from typing import Protocol

from v2h.ports.rig import RigLink
from v2h.ports.url import split


class SpiPort(Protocol):
    """One chip select. transfer() holds CS for exactly one call."""

    def transfer(self, mosi: bytes) -> bytes: ...
    def close(self) -> None: ...


class KernelSpi:
    """`/dev/spidevB.C`, 8 bits a word; CS toggles between calls (the gap between two calls is far above 4 us)."""

    def __init__(self, path: str, *, mode: int, speed_hz: int) -> None:
        import spidev  # compiled; the desk needs none

        self._device = spidev.SpiDev()
        self._device.open_path(path)
        self._device.mode = mode
        self._device.bits_per_word = 8
        self._device.max_speed_hz = speed_hz

    def transfer(self, mosi: bytes) -> bytes:
        return bytes(self._device.xfer2(list(mosi)))

    def close(self) -> None:
        self._device.close()


class RigSpi:
    """The same chip in the rig."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def transfer(self, mosi: bytes) -> bytes:
        return self._link.transact(mosi)

    def close(self) -> None:
        self._link.close()


def open_spi(url: str, *, mode: int, speed_hz: int = 1_000_000) -> SpiPort:
    """Open `spi:/dev/spidev1.0` or `rig:/run/v2h/rig.sock/stpm3x`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "spi", "rig")
    return RigSpi(rest) if scheme == "rig" else KernelSpi(rest, mode=mode, speed_hz=speed_hz)
