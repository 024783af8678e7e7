"""The simulated pilot box: the control pilot as the car loads it, the relay of the outside chain, and the lines on its
serial port (v2h.ccs.pilot). Pure."""

import re
from dataclasses import dataclass

from v2h.ccs.pilot import DEAD_MAN_S, DUTY_PERMILLE, REPORT_S, Order, checksum

_ORDER = re.compile(rb"C (\d{1,5}) (off|pwm|fail)\*([0-9A-F]{2})")
_HIGH_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000, "E": 0, "F": -12000}
_DUTY = {Order.OFF: 1000, Order.PWM: DUTY_PERMILLE, Order.FAIL: 0}


@dataclass(slots=True)
class PilotBox:
    """One box. plugged, wants_energy: what the car at its line does. silent: knob: it sends nothing."""

    plugged: bool = True
    wants_energy: bool = False
    silent: bool = False
    order: Order = Order.OFF
    dead: bool = True
    _heard_t: float = float("-inf")
    _due_t: float = float("-inf")
    _count: int = 0
    _buffer: bytes = b""

    @property
    def pulsed(self) -> bool:
        """The car sees 5 %."""
        return self.order is Order.PWM

    @property
    def state(self) -> str:
        """As IEC 61851-1 names it. A car takes energy only while it sees the pulse."""
        if self.order is Order.FAIL:
            return "F"
        if not self.plugged:
            return "A"
        return "C" if self.wants_energy and self.pulsed else "B"

    @property
    def relay(self) -> bool:
        return self.state in ("C", "D") and not self.dead

    def take(self, now: float, data: bytes) -> None:
        """Bytes from the charger."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            found = _ORDER.fullmatch(line)
            if found is not None and checksum(line.partition(b"*")[0]) == int(found[3], 16):
                self.order, self.dead, self._heard_t = Order(found[2].decode()), False, now

    def tick(self, now: float) -> bytes:
        """What the box sends now, b"" when nothing is due."""
        if now - self._heard_t > DEAD_MAN_S:
            self.order, self.dead = Order.OFF, True
        if now < self._due_t or self.silent:
            return b""
        self._due_t = now + REPORT_S
        self._count = (self._count + 1) & 0xFFFF
        low_mv = -12000 if self.order is not Order.OFF else 0
        words = (self.state, _HIGH_MV[self.state], low_mv, _DUTY[self.order], int(self.relay), int(self.dead))
        body = f"P {self._count} {' '.join(map(str, words))}".encode()
        return body + f"*{checksum(body):02X}\n".encode()
