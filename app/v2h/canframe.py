"""A CAN frame as it passes between ports, captures, codecs and models."""

from typing import NamedTuple

PRE_BUS = 0
"""Bus number of the converter, can0 on the board (vendor capture CAP1 numbers the buses alike)."""
CAR_BUS = 1
"""Bus number of the car, can1 on the board."""


class Frame(NamedTuple):
    """One classic 11-bit CAN frame.

    t: seconds on the monotonic clock (live) or since the capture's first frame (files).
    can_id: 11-bit identifier. data: 0 to 8 bytes. bus: PRE_BUS or CAR_BUS.
    """

    t: float
    can_id: int
    data: bytes
    bus: int = CAR_BUS
