"""The frames that the rig's car sends, their times, and the current that the car requests. Pure.

Times are those of CAP1 unless noted otherwise.
"""

import math
from dataclasses import replace
from enum import IntEnum, auto

from v2h.chademo.frames import X100, X101, X102, X108, X109, X200, X208, encode
from v2h.rig.battery import RESISTANCE_OHM
from v2h.rig.cable import Circuit
from v2h.rig.evchecks import MIN_V, Checks
from v2h.rig.habits import LEAF, Habits, NearFull

SLOT_S = 0.010
STALL_S = 0.15
KWH_KNOWN_S = 2.1
LIMITS_KNOWN_S = 0.7
TIMES_KNOWN_S = 2.9
DISCHARGE_CYCLES = 4
"""0x200.0 starts to rise this many cycles after the first request."""
EVEN_A = 2
AT_TARGET_V = 1.0
"""This close below its target a car treats the voltage as the target itself."""

MAX_CHARGE_A = 120
DISCHARGE_FLOOR_PCT = 10.0
"""Below this the car offers no discharge current (ours; CAP1 does not show where a Leaf stops)."""
MIN_RAW = 67
MAX_RAW = 179
"""Remaining capacity limits in 0.1 kWh (30 and 80 %), sent and not enforced by the car."""


class Phase(IntEnum):
    """The phase of the car's session."""

    ASLEEP = auto()
    WAKING = auto()
    HANDSHAKE = auto()
    PERMITTED = auto()
    CLOSING = auto()
    CLOSED = auto()
    FLOW = auto()
    STOPPING = auto()
    WELDING = auto()
    DONE = auto()
    SPENT = auto()


_BEFORE_FLOW = frozenset({Phase.PERMITTED, Phase.CLOSING, Phase.CLOSED})


class Speech:
    """The frames of a car. Its phases (ev.py) decide the content; this class composes them at the car's own rate."""

    def __init__(self, circuit: Circuit, habits: Habits = LEAF) -> None:
        self.circuit = circuit
        self.habits = habits
        self.phase = Phase.ASLEEP
        self.k_on = False
        self.enabled = False
        """The value of 102.5.0."""
        self.next_frame = math.inf
        self.faults: dict[str, bool] = {}
        """Fault bits of 0x102 by field name."""
        self.request_a = 0
        self.discharge_a = 0
        self.x108, self.x109, self.x208 = X108(), X109(), X208()
        self._checks = Checks()
        self._first_frame_t = 0.0
        self._slot = 0
        self._cycle = 0
        self._request_cycle = -1
        self._request_t = math.inf
        self._ceiling_a = MAX_CHARGE_A
        self._full = False
        """The request has been reduced to zero: the car will end the session."""
        self._mismatch = ""
        self._sent: dict[int, tuple[object, bytes]] = {}
        self._composers = _COMPOSERS if habits.sends_200 else _COMPOSERS[:3]

    def frames_due(self, now: float) -> list[tuple[int, bytes]]:
        """Return the frames that are due: 100, 101, 102, 200, 10 ms apart, once a cycle."""
        due: list[tuple[int, bytes]] = []
        cycle_s, composers = self.habits.cycle_s, self._composers
        if now - self.next_frame > STALL_S:  # this process was delayed; a car does not resend missed frames
            self._cycle += int((now - self.next_frame) / cycle_s)
            self.next_frame = self._first_frame_t + self._cycle * cycle_s + self._slot * SLOT_S
        while self.next_frame <= now:
            due.append(composers[self._slot](self))
            self._slot += 1
            if self._slot == len(composers):
                self._slot = 0
                self._cycle += 1
            self.next_frame = self._first_frame_t + self._cycle * cycle_s + self._slot * SLOT_S
        return due

    def _begin_speaking(self, now: float) -> None:
        self._first_frame_t = self.next_frame = now
        self._slot = self._cycle = 0

    def _ask_for_nothing(self) -> None:
        self.request_a = self.discharge_a = 0
        self._request_cycle = -1
        self._request_t = math.inf
        self._ceiling_a, self._full, self._mismatch = MAX_CHARGE_A, False, ""
        self._checks.forget()

    # One method per frame.

    def _age_s(self) -> float:
        return self.next_frame - self._first_frame_t

    def _unsure(self, until_s: float) -> bool:
        return self.habits.unsure_at_first and self._age_s() < until_s

    def _compose(self, can_id: int, key: object) -> bytes | None:
        """Return the bytes sent before if the content is the same, else None."""
        sent = self._sent.get(can_id)
        return sent[1] if sent is not None and sent[0] == key else None

    def _send(self, key: object, frame: X100 | X101 | X102 | X200) -> tuple[int, bytes]:
        can_id, data = encode(frame)
        self._sent[can_id] = (key, data)
        return can_id, data

    def _x100(self) -> tuple[int, bytes]:
        habits = self.habits
        first = self._cycle == 0 and habits.unsure_at_first
        data = self._compose(0x100, first)
        if data is not None:
            return 0x100, data
        return self._send(
            first,
            X100(
                min_battery_v=habits.min_battery_v,
                max_battery_v=habits.max_battery_v,
                charged_rate_reference_pct=240 if first else 100 * habits.soc_steps_per_pct,
            ),
        )

    def _x101(self) -> tuple[int, bytes]:
        first = self._cycle == 0 and self.habits.unsure_at_first
        key = (first, not self._unsure(KWH_KNOWN_S), not self._unsure(TIMES_KNOWN_S))
        data = self._compose(0x101, key)
        if data is not None:
            return 0x101, data
        pack = self.circuit.battery.pack
        kwh = 0.0 if key[0] else pack.usable_wh / 1000.0 if key[1] else pack.nominal_kwh
        times = (0xFF, 60) if key[2] else (0, 0)
        return self._send(key, X101(max_charging_time_10s=times[0], max_charging_time_min=times[1], capacity_kwh=kwh))

    def _protocol(self) -> int:
        habits = self.habits
        if habits.first_protocol is not None and self.x109.protocol < 2:
            return habits.first_protocol
        return habits.protocol

    def _x102(self) -> tuple[int, bytes]:
        habits = self.habits
        self._ask()
        if habits.mismatch_frames and self.phase is Phase.FLOW:
            self._mismatch = self._checks.mismatch(self.circuit, self.x109, habits.mismatch_frames)
        soc = round(self.circuit.battery.soc_pct * habits.soc_steps_per_pct)
        if self._unsure(KWH_KNOWN_S):
            soc = 3 if self._cycle == 0 else 1
        closed = self.circuit.car_closed
        contactors_open = habits.tells_contactors and not (closed or self.phase is Phase.WELDING)
        target_v = habits.target_of(closed)
        protocol = self._protocol()
        key = (self.request_a, soc, self.enabled, contactors_open, target_v, protocol, tuple(self.faults))
        data = self._compose(0x102, key)
        if data is not None:
            return 0x102, data
        frame = X102(
            protocol=protocol,
            target_battery_v=target_v,
            charge_current_request_a=self.request_a,
            charging_enabled=self.enabled,
            contactors_open=contactors_open,
            status_bit6=True,
            discharge_compatible=habits.sends_200,
            soc_pct=soc,
        )
        return self._send(key, replace(frame, **self.faults) if self.faults else frame)

    def _ask(self) -> None:
        """Set the request according to phase, charger and battery."""
        habits = self.habits
        if self.phase is Phase.FLOW:
            self._slew_request()
        elif habits.asks_from_lock_on and self.phase in _BEFORE_FLOW and self.x109.connector_locked:
            self.request_a = min(self.request_a + habits.slew_a, self.x108.available_a, MAX_CHARGE_A)
        elif self.phase < Phase.FLOW:
            self.request_a = max(self.request_a, habits.least_request_a)

    def _slew_request(self) -> None:
        habits = self.habits
        if self._request_cycle < 0:
            self._request_cycle = self._cycle
            self._request_t = self.next_frame
        limit_a = min(self.x108.available_a, self._room_a())
        if habits.near_full is NearFull.KNOWS_ROOM and limit_a >= EVEN_A:
            limit_a -= limit_a % EVEN_A  # CAP1: 14 A of 15 A offered
        self.request_a = max(habits.least_request_a, min(self.request_a + habits.slew_a, limit_a))

    def _room_a(self) -> int:
        """The current that the battery can still take, as the car calculates it."""
        battery, habits = self.circuit.battery, self.habits
        if habits.near_full is NearFull.GOES_ON:
            return MAX_CHARGE_A
        if habits.near_full is NearFull.KNOWS_ROOM:
            room_a = max(0.0, (habits.target_v - battery.ocv_v()) / RESISTANCE_OHM) if battery.soc_pct < 99.5 else 0.0
            return min(MAX_CHARGE_A, int(room_a))
        if self.circuit.cable_v >= habits.target_v - AT_TARGET_V and self.request_a > 0:
            self._ceiling_a = min(self._ceiling_a, self.request_a) - 1
            self._full = self._ceiling_a < habits.least_a
        return max(0, self._ceiling_a)

    def _x200(self) -> tuple[int, bytes]:
        if self.phase is Phase.FLOW and 0 <= self._request_cycle <= self._cycle - DISCHARGE_CYCLES:
            allowed_a = self.x208.available_input_a if self.circuit.battery.soc_pct > DISCHARGE_FLOOR_PCT else 0
            self.discharge_a = min(self.discharge_a + self.habits.slew_a, allowed_a)
        known = not self._unsure(LIMITS_KNOWN_S)
        key = (self.discharge_a, known)
        data = self._compose(0x200, key)
        if data is not None:
            return 0x200, data
        low, high = (MIN_RAW, MAX_RAW) if known else (0xFF, 0xFF)
        return self._send(
            key,
            X200(
                max_discharge_current_a=self.discharge_a,
                min_discharge_v=MIN_V,
                remaining_min_raw=low,
                remaining_max_raw=high,
            ),
        )


_COMPOSERS = (Speech._x100, Speech._x101, Speech._x102, Speech._x200)
