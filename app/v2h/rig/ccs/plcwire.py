"""The simulated power line on real interfaces: each modem has an Ethernet cable, which is one end of a veth pair.

The programs, and foreign ones such as Debian's `pev`, use the other ends. A simulated car can stand at an end as well.
"""

import ctypes
import fcntl
import select
import socket
import struct
from collections.abc import Mapping

from v2h.ports.plc import ALL_FRAMES, PlcPort
from v2h.rig.ccs.plcmodem import Medium
from v2h.rig.ccs.slaccar import SlacCar

LONGEST_WAIT_S = 0.01
"""A simulated car looks at its clock in this rhythm."""
_SIOCETHTOOL, _ETHTOOL_STXCSUM, _ETHTOOL_STSO = 0x8946, 0x17, 0x1F
"""linux/sockios.h and linux/ethtool.h."""


class PowerLine:
    """A medium whose ends are interfaces or simulated cars. A car may come later to an end that has neither.

    Raises OSError when an interface is absent or goes."""

    def __init__(self, medium: Medium, interfaces: Mapping[int, str], cars: Mapping[int, SlacCar]) -> None:
        self.medium, self._cars = medium, cars
        self._ports: dict[int, PlcPort] = {}
        try:
            for end, interface in interfaces.items():
                self._ports[end] = PlcPort(interface, ALL_FRAMES)
        except OSError:
            self.close()
            raise

    def step(self, now: float, also: PlcPort | None = None, wait_s: float = LONGEST_WAIT_S) -> None:
        """Carry what has arrived. Waits for it at most wait_s, or until `also` can be read."""
        wait_for = [*self._ports.values(), *([also] if also else [])]
        readable = select.select(wait_for, [], [], wait_s)[0]
        for end, port in self._ports.items():
            if port in readable:
                for frame in port.frames():
                    self._carry(now, end, frame)
        for end, car in self._cars.items():
            for frame in car.tick(now):
                self._carry(now, end, frame)

    def ports(self) -> list[PlcPort]:
        """The interfaces, to wait for."""
        return list(self._ports.values())

    def close(self) -> None:
        for port in self._ports.values():
            port.close()

    def _carry(self, now: float, end: int, frame: bytes) -> None:
        for receiver, data in self.medium.take(now, end, frame):
            if receiver in self._ports:
                self._ports[receiver].send(data)
            elif receiver in self._cars:
                for answer in self._cars[receiver].take(now, data):
                    self._carry(now, receiver, answer)


def whole_frames(interface: str) -> None:
    """Let the kernel finish each frame that it sends on this end of a veth pair: checksum in place, and no longer than
    Ethernet allows. Else it leaves both to the receiver, who would get the frame from the kernel but not from us.

    As `ethtool -K INTERFACE tx off tso off`. Raises OSError.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in (_ETHTOOL_STXCSUM, _ETHTOOL_STSO):
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(any_socket.fileno(), _SIOCETHTOOL, request.ljust(40, b"\0"))
