"""The plant's parts with faults in them, at the level of the part itself: a converter with wrong SDO answers, a car
that leaves under load, a contactor that is welded. Without a fault each behaves as the rig's own part."""

import math
from dataclasses import replace
from typing import Any

from v2h.pre import objects
from v2h.pre.objects import ENABLE, SET_AMPS, SET_VOLTS
from v2h.rig.cable import Circuit
from v2h.rig.ev import Car, Phase
from v2h.rig.habits import LEAF, Habits
from v2h.rig.pre import Pre
from v2h.safety.outputs import Output

_AMPS_READ = objects.read_amps()[:4]
_VOLTS_READ = objects.read_request(objects.VOLTS)[:4]
_WARNING_READ = objects.read_request(objects.WARNING)[:4]
_HARDWARE_ERROR = 0x06060000


class FaultyPre(Pre):
    """refuses: "reads" or "writes" are answered with an abort. hides: names of objects that cannot be read. garbage:
    name of the object that shows random bits. odd_amps: the next answer of 2108, once, in 0.1 A. odd_status,
    odd_warning: bits that are set in addition.
    deaf: written amps are acknowledged and dropped; lying: in addition, they are read back as if they were in force.
    overshoot_a: flows in addition to the setpoint. slow_a_per_s: how fast the current falls. stuck_a: flows whatever is
    written while AC is on. late_s: delay of each answer. shifted: each answer belongs to the request before.
    volts_off_v: error of 2107. amps_frozen: 2108 keeps the value that it had when this was set. ac_welded: the AC
    contactor does not open. remembers_a: the setpoint in force when AC comes on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refuses = self.garbage = ""
        self.hides: frozenset[str] = frozenset()
        self.odd_amps: int | None = None
        self._asked = 0
        self.odd_status = self.odd_warning = 0
        self.deaf = self.lying = self.shifted = self.amps_frozen = self.ac_welded = False
        self.overshoot_a = self.late_s = self.volts_off_v = self.remembers_a = 0.0
        self.slow_a_per_s = math.inf
        self.stuck_a: float | None = None
        self._clean_a = 0.0
        self._frozen: bytes | None = None
        self._before: bytes | None = None

    def set_ac(self, now: float, on: bool) -> None:
        if on and self.ac_on_t is None:
            self.set_a = self.remembers_a
        if on or not self.ac_welded:
            super().set_ac(now, on)

    def status(self, now: float) -> int:
        return super().status(now) | (self.odd_status if self.ac_on_t is not None else 0)

    def step(self, now: float, dt_s: float) -> None:
        before_a = self.demand_a = self._clean_a
        super().step(now, dt_s)
        if abs(self.demand_a) < abs(before_a) and self.slow_a_per_s < math.inf:
            most_a = self.slow_a_per_s * dt_s
            self.demand_a = max(before_a - most_a, min(before_a + most_a, self.demand_a))
        self._clean_a = self.demand_a
        if self.stuck_a is not None and self.ac_on_t is not None:
            self.demand_a, self.ceiling_v = self.stuck_a, 500.0
        elif self.overshoot_a and abs(self.demand_a) > 1.5:
            self.demand_a += math.copysign(self.overshoot_a, self.demand_a)
            self.ceiling_v = 500.0

    def _output_off(self) -> None:
        super()._output_off()
        self._clean_a = 0.0

    def _write(self, now: float, entry: objects.Entry, value: float) -> None:
        if entry is SET_AMPS and (self.deaf or self.lying):
            if self.lying:
                self.set_a = value
            return
        super()._write(now, entry, value)

    def request(self, now: float, data: bytes) -> bytes | None:
        answer = super().request(now, data)
        if answer is None:
            return None
        reads = data[0] == objects.READ
        if self.refuses and (self.refuses == "reads") == reads:
            return objects.abort_answer(data[1] | data[2] << 8, data[3], _HARDWARE_ERROR)
        if self.hides or self.garbage or self.odd_amps is not None:
            answer = self._odd(data, answer)
        if reads and data[:4] == _AMPS_READ and self.amps_frozen:
            self._frozen = answer = self._frozen or answer
        elif reads and data[:4] == _VOLTS_READ and self.volts_off_v:
            raw = int.from_bytes(answer[4:6], "little") + round(self.volts_off_v * 10)
            answer = answer[:4] + max(0, raw).to_bytes(4, "little")
        elif reads and data[:4] == _WARNING_READ and self.odd_warning:
            answer = answer[:4] + self.odd_warning.to_bytes(4, "little")
        if self.shifted:
            answer, self._before = self._before, answer
        return answer

    def _odd(self, data: bytes, answer: bytes) -> bytes:
        """Refuse one object, or give it a wrong value."""
        entry = objects.DICTIONARY[data[1] | data[2] << 8, data[3]]
        if data[0] != objects.READ:
            return answer
        if entry.name in self.hides:
            return objects.abort_answer(entry.index, entry.sub, _HARDWARE_ERROR)
        if entry is objects.AMPS and self.odd_amps is not None:
            raw, self.odd_amps = self.odd_amps, None
            return answer[:4] + raw.to_bytes(2, "little", signed=True) + b"\0\0"
        if entry.name == self.garbage:
            self._asked += 1
            raw = (self._asked * 40_503 + 12_345) * 2_654_435_761 >> 13 & (1 << 8 * entry.size) - 1
            return answer[:4] + raw.to_bytes(4, "little")
        return answer

    @property
    def believes_wrongly(self) -> bool:
        """It shows a setpoint that it never applied, and a write of the same value does not change that."""
        return self.enabled and not self._pending and abs(self.set_a - self.target_a) > 0.05

    def holds(self) -> dict[str, float]:
        """The values that are really set, for the judge."""
        return {SET_AMPS.name: self.set_a, SET_VOLTS.name: self.set_v, ENABLE.name: float(self.enabled)}


class FaultyCircuit(Circuit):
    """welded: outputs among C1 and C2 that do not open. open: those that do not close. car_welded: the car's contactors
    do not open. lock_open: the solenoid does not hold the plug."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.welded = self.dead = Output(0)
        self.car_welded = self.lock_open = False

    def set_contactors(self, now: float, c1: bool, c2: bool) -> None:
        c1 = (c1 and Output.C1 not in self.dead) or (self.c1 and Output.C1 in self.welded)
        c2 = (c2 and Output.C2 not in self.dead) or (self.c2 and Output.C2 in self.welded)
        super().set_contactors(now, c1, c2)

    def set_car_contactors(self, now: float, closed: bool) -> None:
        if closed or not self.car_welded:
            super().set_car_contactors(now, closed)

    def set_lock(self, now: float, locked: bool) -> None:
        super().set_lock(now, locked and not self.lock_open)


SAYS: dict[str, tuple[int, int, int]] = {
    "battery_overvoltage": (4, 0xFE, 0x01),
    "battery_undervoltage": (4, 0xFD, 0x02),
    "battery_current_deviation": (4, 0xFB, 0x04),
    "battery_high_temperature": (4, 0xF7, 0x08),
    "battery_voltage_deviation": (4, 0xEF, 0x10),
    "no permission": (5, 0xFE, 0x00),
    "not_in_park": (5, 0xFD, 0x02),
    "charging_system_fault": (5, 0xFB, 0x04),
    "contactors open": (5, 0xF7, 0x08),
    "contactors closed": (5, 0xF7, 0x00),
    "normal_stop_request": (5, 0xEF, 0x10),
    "no discharge": (5, 0x7F, 0x00),
    "protocol 1": (0, 0x00, 0x01),
    "0 A": (3, 0x00, 0x00),
    "255 A": (3, 0x00, 0xFF),
    "600 V": (2, 0x00, 0x02),
}
"""False reports of a car in 0x102: byte, bits kept, bits set. Written by hand from the standard's text, not with our
codec: otherwise a codec that is wrong in both directions would agree with itself."""


class FaultyCar(Car):
    """says: names of entries of SAYS that it reports. most_a: limits of its charge and discharge request, in A.
    least_v: its 200.4-5, or None. hesitates: with closed contactors it waits and requests nothing, as long as it may.
    """

    def __init__(self, circuit: Circuit, habits: Habits = LEAF) -> None:
        super().__init__(circuit, habits)
        self.says: frozenset[str] = frozenset()
        self.most_a: tuple[int, int] | None = None
        self.least_v: int | None = None
        self.hesitates = False

    def step(self, now: float) -> None:
        if self.hesitates and self.phase is Phase.CLOSED:
            self._since = now
        super().step(now)

    def frames_due(self, now: float) -> list[tuple[int, bytes]]:
        due = super().frames_due(now)
        if self.says or self.most_a is not None or self.least_v is not None:
            return [(can_id, self._said(can_id, bytearray(data))) for can_id, data in due]
        return due

    def _said(self, can_id: int, data: bytearray) -> bytes:
        if can_id == 0x102:
            if self.most_a is not None:
                data[3] = min(data[3], self.most_a[0])
            for name in self.says:
                byte, kept, added = SAYS[name]
                data[byte] = data[byte] & kept | added
        elif can_id == 0x200:
            if self.most_a is not None:
                data[0] = max(data[0], 0xFF - self.most_a[1])
            if self.least_v is not None:
                data[4], data[5] = self.least_v & 0xFF, self.least_v >> 8
        return bytes(data)

    def part_k(self, later_s: float) -> None:
        """From now on K changes this long after 102.5.0, or before it if negative."""
        if self.phase < Phase.PERMITTED:
            self.habits = replace(self.habits, k_later_s=later_s)
        self.habits = replace(self.habits, k_falls_later_s=later_s)

    def leave(self, now: float) -> None:
        """Open the contactors under any load, and end the session (a crash, a driver's emergency)."""
        self.circuit.set_car_contactors(now, False)
        self._fail(now, "charging_system_fault")

    def die(self, now: float) -> None:
        """The car loses its 12 V: silence, K off, contactors open."""
        self._enter(now, Phase.SPENT)
        self.circuit.set_car_contactors(now, False)
