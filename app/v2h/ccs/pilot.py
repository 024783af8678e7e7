"""The pilot box: its lines over USB serial, and what they mean. Pure.

The box makes the control pilot (+-12 V, 1 kHz), measures its peaks, decides on the state within a millisecond, and
drops its relay in the outside chain without being asked. It reports; we ask. Lines are ASCII and end with a newline:

    box, every 50 ms:    P <count> <state> <high mV> <low mV> <duty per mille> <relay> <dead>*<sum>
    we, every 100 ms:    C <count> <order>*<sum>

count: 0 to 65535, one more in each line. state: A to F as the box sees it. high, low: peaks of the two halves, mV.
duty: as it is made; 1000 is steady +12 V, 0 is steady -12 V. relay, dead: 0 or 1. order: off (steady +12 V), pwm (5 %),
fail (-12 V, state F). sum: the bytes before * combined by exclusive or, two hexadecimal digits.

The relay is closed only while the box itself sees C or D at 5 % with -12 V in the negative half, and the last order was
pwm. If no line of ours comes for 500 ms, the box makes `off`, opens the relay and sets dead until the next line.
"""

import re
from dataclasses import dataclass
from enum import Enum

from v2h.ccs import limits
from v2h.ccs.record import CHARGING_PILOT, Pilot

DEAD_MAN_S = 0.5
REPORT_S, ORDER_S = 0.05, 0.1
DUTY_PERMILLE = 50
"""5 %: "digital communication required" (IEC 61851-1 annex A)."""
_PEAKS_V = {Pilot.A: 12.0, Pilot.B: 9.0, Pilot.C: 6.0, Pilot.D: 3.0, Pilot.E: 0.0, Pilot.F: -12.0}
_PEAK_WITHIN_V = 1.0
"""IEC 61851-1 at the charger's output, as quoted by wallbox manuals."""
_LONGEST = 64
_LINE = re.compile(
    rb"P (\d{1,5}) ([A-F]) (-?\d{1,5}) (-?\d{1,5}) (\d{1,4}) ([01]) ([01])\*([0-9A-F]{2})\r?\n?", re.ASCII
)


class PilotError(ValueError):
    """A line that is not one of the box, or that contradicts itself."""


class Order(Enum):
    """What the box is to make."""

    OFF = "off"
    PWM = "pwm"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class BoxLine:
    """What the box reports. high_v, low_v: peaks of the positive and of the negative half."""

    count: int
    pilot: Pilot
    high_v: float
    low_v: float
    duty_permille: int
    relay: bool
    dead: bool


def checksum(body: bytes) -> int:
    """All bytes combined by exclusive or."""
    found = 0
    for byte in body:
        found ^= byte
    return found


def read_line(line: bytes) -> BoxLine:
    """A line of the box. Raises PilotError for another form, a wrong sum, and a value outside its range."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise PilotError(f"{line[:_LONGEST]!r} is no line of the pilot box")
    body, _, digits = line.strip().partition(b"*")
    if checksum(body) != int(digits, 16):
        raise PilotError(f"{line[:_LONGEST]!r} has the sum {checksum(body):02X} instead")
    count, high, low, duty = (int(match[group]) for group in (1, 3, 4, 5))
    if count > 0xFFFF or duty > 1000:
        raise PilotError(f"{line[:_LONGEST]!r}: count is 0 to 65535, duty 0 to 1000")
    return BoxLine(count, Pilot[match[2].decode()], high / 1000, low / 1000, duty, match[6] == b"1", match[7] == b"1")


def write_line(count: int, order: Order) -> bytes:
    """Our line to the box. count: modulo 65536."""
    body = f"C {count & 0xFFFF} {order.value}".encode()
    return body + f"*{checksum(body):02X}\n".encode()


def pilot_of(line: BoxLine) -> Pilot:
    """The state that a line shows. UNKNOWN if state and peaks contradict each other: one of the two is wrong. E if
    there is no diode: the thing at the other end is no car."""
    if abs(line.high_v - _PEAKS_V[line.pilot]) > _PEAK_WITHIN_V:
        return Pilot.UNKNOWN
    diode = abs(line.low_v + 12.0) <= _PEAK_WITHIN_V
    pulsed = 0 < line.duty_permille < 1000
    return Pilot.E if line.pilot in (Pilot.B, *CHARGING_PILOT) and pulsed and not diode else line.pilot


class PilotWatch:
    """The state over time: what permits energy must last for PILOT_STEADY, what ends it counts at once."""

    def __init__(self) -> None:
        self._pilot = Pilot.UNKNOWN
        self._since_t = self._heard_t = float("-inf")
        self._count: int | None = None

    def take(self, line: BoxLine, now: float) -> None:
        """A line has come. One with the count of the last is not new: the box stands still."""
        if line.count == self._count:
            return
        pilot = pilot_of(line)
        both = pilot in CHARGING_PILOT and self._pilot in CHARGING_PILOT  # ventilation on or off
        if (pilot is not self._pilot and not both) or now - self._heard_t > limits.PILOT_LOST.value:
            self._since_t = now
        self._pilot, self._count, self._heard_t = pilot, line.count, now

    def look(self, now: float) -> Pilot:
        """The state at `now`; UNKNOWN when the box is silent. C or D of less than PILOT_STEADY is still B."""
        if now - self._heard_t > limits.PILOT_LOST.value:
            return Pilot.UNKNOWN
        young = now - self._since_t < limits.PILOT_STEADY.value
        return Pilot.B if self._pilot in CHARGING_PILOT and young else self._pilot
