"""SPI ports: a chip behind the kernel's spidev, or the rig's."""

from collections.abc import Sequence
from typing import Protocol

from v2h.ports.rig import RigLink
from v2h.ports.url import split


class SpiPort(Protocol):
    """One chip select. Each transfer() and each frame of transfers(), all of one length, is one CS period."""

    def transfer(self, mosi: bytes) -> bytes: ...
    def transfers(self, frames: Sequence[bytes]) -> list[bytes]:
        return [self.transfer(mosi) for mosi in frames]

    def close(self) -> None: ...


class KernelSpi(SpiPort):
    """`/dev/spidevB.C`, 8 bits a word; CS toggles between calls (the gap between two calls is far above 4 us)."""

    def __init__(self, path: str, *, mode: int, speed_hz: int) -> None:
        import spidev  # a compiled module, which the desk does not need

        self._device = spidev.SpiDev()
        self._device.open_path(path)
        self._device.mode = mode
        self._device.bits_per_word = 8
        self._device.max_speed_hz = speed_hz

    def transfer(self, mosi: bytes) -> bytes:
        return bytes(self._device.xfer2(list(mosi)))

    def close(self) -> None:
        self._device.close()


class RigSpi(SpiPort):
    """The same chip in the rig. All frames go in one packet, because on the board a transfer never waits for another
    process."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def transfer(self, mosi: bytes) -> bytes:
        return self.transfers([mosi])[0]

    def transfers(self, frames: Sequence[bytes]) -> list[bytes]:
        size = len(frames[0])
        miso = self._link.transact(bytes((size,)) + b"".join(frames))
        return [miso[n : n + size] for n in range(0, len(miso), size)]

    def close(self) -> None:
        self._link.close()


def open_spi(url: str, *, mode: int, speed_hz: int = 1_000_000) -> SpiPort:
    """Open `spi:/dev/spidev1.0` or `rig:/run/v2h/rig.sock/stpm3x`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "spi", "rig")
    return RigSpi(rest) if scheme == "rig" else KernelSpi(rest, mode=mode, speed_hz=speed_hz)
