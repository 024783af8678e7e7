"""I2C ports: one device address behind i2c-dev, or the rig's."""

from typing import Protocol

from v2h.ports.rig import RigLink, RigLinkError
from v2h.ports.url import PortUrlError, split

ACK = b"\x06"


class I2cPort(Protocol):
    """One device. Raises OSError when it does not acknowledge."""

    def write(self, data: bytes) -> None: ...
    def write_read(self, data: bytes, count: int) -> bytes: ...
    def close(self) -> None: ...


class KernelI2c:
    """`/dev/i2c-N` with combined transactions (I2C_RDWR); no kernel driver is bound to the device."""

    def __init__(self, path: str, address: int) -> None:
        from smbus2 import SMBus

        self._address = address
        self._bus = SMBus(path)

    def write(self, data: bytes) -> None:
        from smbus2 import i2c_msg

        self._bus.i2c_rdwr(i2c_msg.write(self._address, list(data)))

    def write_read(self, data: bytes, count: int) -> bytes:
        from smbus2 import i2c_msg

        answer = i2c_msg.read(self._address, count)
        self._bus.i2c_rdwr(i2c_msg.write(self._address, list(data)), answer)
        return bytes(answer)

    def close(self) -> None:
        self._bus.close()


class RigI2c:
    """The same device in the rig."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def write(self, data: bytes) -> None:
        self.write_read(data, 0)

    def write_read(self, data: bytes, count: int) -> bytes:
        answer = self._link.transact(bytes([count]) + data)
        if answer[:1] != ACK:
            raise RigLinkError(f"rig chip {self._link.chip!r}: no acknowledge for {data.hex(' ')}")
        return answer[1:]

    def close(self) -> None:
        self._link.close()


def open_i2c(url: str) -> I2cPort:
    """Open `i2c:/dev/i2c-2?addr=0x60` or `rig:/run/v2h/rig.sock/pca9552`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "i2c", "rig")
    if scheme == "rig":
        return RigI2c(rest)
    path, _, query = rest.partition("?addr=")
    try:
        address = int(query, 0)
    except ValueError:
        raise PortUrlError(f"port {url!r} has no address; write i2c:{path}?addr=0x60") from None
    return KernelI2c(path, address)
