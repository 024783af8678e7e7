"""The insulation monitor: registers of the Bender ISOMETER isoCHA425HV, and what a reading means for a car. Pure.

Source: manual isoCHA425HV_D00404_04_M_XXEN (10.2023), "Modbus register assignment", as EVerest's driver of this device
uses it; not tried on a device. Modbus RTU, 19200 baud, even parity, address 3 as delivered. A channel is four holding
registers, big-endian: a 32 bit float; alarm and test type (high byte) with range and unit (low byte); a description.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from v2h.ccs import limits
from v2h.ccs.record import Isolation

ADDRESS, BAUD = 3, 19200
CHANNEL_WORDS = 4
INSULATION_AT = 1000
"""R_F: insulation resistance against earth, ohm."""
VOLTAGE_AT = 1008
"""U_n: voltage between the conductors, V."""
SELF_TEST_AT, SELF_TEST_WORD = 8005, 0x5445
"""Written, this starts a self-test ("TE")."""
SETTINGS = (
    (3005, int(limits.WARNING_OHM.value / 1000), "prewarning below, kohm"),
    (3007, int(limits.FAULT_OHM.value / 1000), "alarm below, kohm; the relay of the outside chain opens"),
    (3008, 0, "no alarm of undervoltage: an empty cable is normal here"),
    (3010, 0, "no alarm of overvoltage: the power session watches it"),
    (3012, 0, "no memory of alarms: the power session keeps a fault"),
    (3023, 0, "for DC systems, not the CHAdeMO method, which expects a car that measures as well"),
    (3024, 0, "no test of the mains connection: an empty cable would fail it"),
    (3026, 1, "the device measures"),
)
"""(register, value, why): written one by one before the first reading, and again after the device was lost."""


class InsulationError(ValueError):
    """An answer that is no channel of this device."""


class Alarm(IntEnum):
    """Bits 0 to 2 of the alarm byte."""

    NONE = 0
    PREWARNING = 1
    DEVICE_FAULT = 2
    WARNING = 4
    ALARM = 5


class Range(IntEnum):
    """Bits 6 and 7 of the unit byte: how the true value lies to the number."""

    TRUE = 0
    LOWER = 1
    HIGHER = 2
    INVALID = 3


_OHM = 2


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured value. testing: an internal or external self-test is under way. alarm: None for a reserved code."""

    value: float
    alarm: Alarm | None
    testing: bool
    range: Range
    unit: int


def read_channel(words: Sequence[int]) -> Channel:
    """A channel from its four registers. Raises InsulationError."""
    if len(words) != CHANNEL_WORDS or not all(0 <= word <= 0xFFFF for word in words):
        raise InsulationError(f"a channel of the insulation monitor has {CHANNEL_WORDS} words of 16 bits, not {words}")
    (value,) = struct.unpack(">f", struct.pack(">HH", words[0], words[1]))
    kind, unit = words[2] >> 8, words[2] & 0xFF
    code = kind & 0x07
    alarm = Alarm(code) if code in Alarm.__members__.values() else None
    return Channel(value, alarm, bool(kind & 0xC0), Range(unit >> 6), unit & 0x1F)


def judge(channel: Channel) -> Isolation:
    """What a reading of R_F means. An alarm or a fault of the device is a fault even if the number looks well."""
    if channel.testing or channel.range is Range.INVALID or channel.unit != _OHM or not math.isfinite(channel.value):
        return Isolation.FAULT if channel.alarm in (Alarm.ALARM, Alarm.DEVICE_FAULT) else Isolation.INVALID
    ohm = 0.0 if channel.range is Range.LOWER else channel.value
    if channel.alarm in (Alarm.ALARM, Alarm.DEVICE_FAULT, None) or ohm < limits.FAULT_OHM.value:
        return Isolation.FAULT
    if channel.alarm is not Alarm.NONE or ohm < limits.WARNING_OHM.value:
        return Isolation.WARNING
    return Isolation.VALID


class Monitor:
    """The readings of one device over time. One reading is enough for a fault and for none of the better words."""

    def __init__(self) -> None:
        self._before = self._last = Isolation.INVALID
        self._last_t = float("-inf")

    def take(self, word: Isolation, now: float) -> None:
        """A reading has come. After a gap the one before does not count."""
        self._before = self._last if now - self._last_t <= limits.MONITOR_LOST.value else Isolation.INVALID
        self._last, self._last_t = word, now

    def look(self, now: float) -> tuple[Isolation, float]:
        """(word, when it was last measured). INVALID if nothing was measured for MONITOR_LOST; a better word only if
        two readings in a row bear it."""
        if now - self._last_t > limits.MONITOR_LOST.value or Isolation.INVALID in (self._before, self._last):
            fault = self._last is Isolation.FAULT and now - self._last_t <= limits.MONITOR_LOST.value
            return (Isolation.FAULT if fault else Isolation.INVALID), self._last_t
        return max(self._before, self._last), self._last_t
