"""A car that behaves as the Nissan Leaf ZE0 of capture CAP1, charging and discharging. Pure.

Times are those of CAP1 unless said otherwise. The car supervises the charger as cars do (limits as quoted by open
implementations of IEEE 2030.1.1): where the charger misbehaves it sets the fault bit, drops K and opens its contactors.
"""

import math
from dataclasses import replace
from enum import IntEnum, auto

from v2h.chademo.frames import X100, X101, X102, X108, X109, X200, X208, decode, encode
from v2h.rig.battery import RESISTANCE_OHM
from v2h.rig.cable import OPEN_LIMIT_A, UNLOCK_LIMIT_V, Circuit

WAKE_S = 0.1
CYCLE_S = 0.1001
SLOT_S = 0.010
STALL_S = 0.15
KWH_KNOWN_S = 2.1
LIMITS_KNOWN_S = 0.7
TIMES_KNOWN_S = 2.9
PERMIT_S = 3.9
"""From the first frame to 102.5.0 = 1 and K on."""
EVSE_LOST_S = 1.0
D2_WAIT_S = 22.0
"""Permission to d2: the charger has 20 s."""
CLOSE_S = 1.3
"""From d2 to the car's contactors."""
CLOSE_LIMIT_S = 4.0
CABLE_DEAD_V = 20.0
"""The car closes only onto a cable below this."""
REQUEST_S = 1.65
"""From contactors closed to the first request (next cycle after it) ..."""
REQUEST_LIMIT_S = 4.0
MATCH_V = 10.0
"""... and only once 0x109 shows the battery's voltage to within this."""
START_LIMIT_S = 0.7
"""From the first request to 109.5.0 = 1 and 5.5 = 0: 0.5 s, and CAP2's 524 ms was accepted."""
DISCHARGE_CYCLES = 4
"""0x200.0 starts to rise this many cycles after the first request."""
SLEW_A = 2
REACT_S = 0.2
"""From 109.5.5 = 1 to 102.5.0 = 0 and K off."""
OPEN_S = 1.85
"""From there to opening the contactors, current permitting ..."""
OPEN_LIMIT_S = 2.5
"""... and at the latest here, whatever flows."""
WELD_S = 1.0
"""From contactors open to the end of welding detection."""
WELD_LIMIT_S = 8.0
SILENT_S = 0.8
D1_OFF_S = 0.25

TARGET_V = 410
MAX_V = 435
MIN_V = 250
MAX_CHARGE_A = 120
DISCHARGE_FLOOR_PCT = 10.0
"""Below this the car offers no discharge current (ours; CAP1 does not show where a Leaf stops)."""
MIN_RAW = 67
MAX_RAW = 179
"""Remaining capacity limits in 0.1 kWh (30 and 80 %), sent and not enforced by the car."""

DEVIATION_A = 10.0
DEVIATION_V = 10.0
DEVIATION_S = 5.0
OVERVOLTAGE_V = 415.0


class Phase(IntEnum):
    """Where the car's session is."""

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


SENDING = frozenset(Phase) - {Phase.ASLEEP, Phase.WAKING, Phase.SPENT}
PERMITTING = frozenset({Phase.PERMITTED, Phase.CLOSING, Phase.CLOSED, Phase.FLOW})


class Car:
    """One car at one plug. Feed it d1, d2 and EVSE frames; it moves the circuit's car contactors itself."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.phase = Phase.ASLEEP
        self.d1 = self.d2 = False
        self.k_on = False
        self.permits = True
        """False: never gives charge permission (a full, faulty or unwilling car)."""
        self.next_frame = math.inf
        self.faults: dict[str, bool] = {}
        """Fault bits of 0x102 by field name."""
        self.request_a = 0
        self.discharge_a = 0
        self._since = 0.0  # of the phase
        self._d1_off_t = math.inf
        self._d2_on_t = math.inf
        self._first_frame_t = 0.0
        self._permit_t = 0.0
        self._stop_t = 0.0
        self._slot = 0
        self._cycle = 0
        self._request_cycle = -1
        self._request_t = math.inf
        self._confirmed = False
        self._end_t = math.inf
        self._forget_evse()
        self._deviation_t: dict[str, float] = {}
        self._sent: dict[int, tuple[object, bytes]] = {}

    def _forget_evse(self) -> None:
        self._seen: dict[int, tuple[float, bytes]] = {}
        self.x108 = X108()
        self.x109 = X109()
        self.x208 = X208()

    # What the charger does to the car.

    def set_lines(self, now: float, d1: bool, d2: bool) -> None:
        """The two charge sequence signals. The contactors' coils hang on d2: without it they open at once."""
        if not self.circuit.plugged:
            d1 = d2 = False
        if d1 and not self.d1:
            self._d1_off_t = math.inf
            if self.phase is Phase.ASLEEP:
                self._enter(now, Phase.WAKING)
        elif self.d1 and not d1:
            self._d1_off_t = now
        if d2 and not self.d2:
            self._d2_on_t = now
        elif self.d2 and not d2:
            self._d2_on_t = math.inf
            self._coils_off(now)
        self.d1, self.d2 = d1, d2

    def set_plugged(self, now: float, plugged: bool) -> None:
        """Plug in or out; out ends everything."""
        if not plugged:
            self.set_lines(now, False, False)
            self._sleep(now)

    def evse_frame(self, now: float, can_id: int, data: bytes) -> None:
        """One frame from the charger; what is malformed or unknown is not seen."""
        if self.phase is Phase.ASLEEP or len(data) != 8:
            return
        known = self._seen.get(can_id)
        self._seen[can_id] = (now, data)
        if known is not None and known[1] == data:
            return
        if can_id == 0x109:
            frame = decode(can_id, data)
            assert isinstance(frame, X109)
            self.x109 = frame
        elif can_id == 0x108:
            frame = decode(can_id, data)
            assert isinstance(frame, X108)
            self.x108 = frame
        elif can_id == 0x208:
            frame = decode(can_id, data)
            assert isinstance(frame, X208)
            self.x208 = frame

    def end_session(self, now: float) -> None:
        """The car's own wish to stop (a full battery, a driver who unlocks it): request 0, 102.5.0 = 0, K off."""
        self._stop(now)

    # What the car does.

    def step(self, now: float) -> None:
        """Advance the car's own sequence to `now`."""
        action = _ACTIONS.get(self.phase)
        if action is not None:
            action(self, now)
        if now - self._d1_off_t >= D1_OFF_S and not self.circuit.car_closed:
            self._sleep(now)

    def frames_due(self, now: float) -> list[tuple[int, bytes]]:
        """Frames whose time has come: 100, 101, 102, 200, 10 ms apart, every 100.10 ms."""
        due: list[tuple[int, bytes]] = []
        if now - self.next_frame > STALL_S:  # we were held up; a car does not make up for lost frames
            self._cycle += int((now - self.next_frame) / CYCLE_S)
            self.next_frame = self._first_frame_t + self._cycle * CYCLE_S + self._slot * SLOT_S
        while self.next_frame <= now:
            due.append(_COMPOSERS[self._slot](self))
            self._slot += 1
            if self._slot == len(_COMPOSERS):
                self._slot = 0
                self._cycle += 1
            self.next_frame = self._first_frame_t + self._cycle * CYCLE_S + self._slot * SLOT_S
        return due

    def _enter(self, now: float, phase: Phase) -> None:
        self.phase = phase
        self._since = now
        self.k_on = phase in PERMITTING
        if phase not in SENDING:
            self.next_frame = math.inf

    def _sleep(self, now: float) -> None:
        self._enter(now, Phase.ASLEEP)
        self._d1_off_t = math.inf
        self.faults = {}
        self._forget_evse()
        self._clear_session()

    def _clear_session(self) -> None:
        self.request_a = self.discharge_a = 0
        self._request_cycle = -1
        self._request_t = self._end_t = math.inf
        self._confirmed = False
        self._deviation_t = {}

    def _coils_off(self, now: float) -> None:
        self.circuit.set_car_contactors(now, False)
        if self.phase in (Phase.CLOSED, Phase.FLOW):
            self._fail(now, "charging_system_fault")

    def _fail(self, now: float, fault: str | None) -> None:
        """End the session at once, with a fault bit of 0x102 where one is named."""
        if fault is not None:
            self.faults = {**self.faults, fault: True}
        self._stop(now)

    def _stop(self, now: float) -> None:
        self._clear_session()
        self._stop_t = now
        self._enter(now, Phase.STOPPING if self.circuit.car_closed else Phase.DONE)

    def _evse_alive(self, now: float) -> bool:
        seen = self._seen
        return all(i in seen and now - seen[i][0] < EVSE_LOST_S for i in _NEEDED)

    def _evse_fault(self) -> bool:
        x109 = self.x109
        return x109.charger_malfunction or x109.battery_incompatible or x109.system_malfunction

    def _charger_gone(self, now: float) -> bool:
        """True, and the session is over, when the charger is silent, reports a fault or took d1 away."""
        if not self._evse_alive(now):
            self._fail(now, "charging_system_fault")
        elif self._evse_fault() or not self.d1:
            self._fail(now, None)
        else:
            return False
        return True

    # One method a phase.

    def _wake(self, now: float) -> None:
        if now - self._since >= WAKE_S:
            self._first_frame_t = self.next_frame = now
            self._slot = self._cycle = 0
            self._forget_evse()
            self._clear_session()
            self._enter(now, Phase.HANDSHAKE)

    def _shake_hands(self, now: float) -> None:
        if (
            now - self._first_frame_t >= PERMIT_S
            and self.permits
            and self._evse_alive(now)
            and not self._evse_fault()
            and self.x109.discharge_compatible
            and self.x108.available_v >= TARGET_V
        ):
            self._permit_t = now
            self._enter(now, Phase.PERMITTED)

    def _await_d2(self, now: float) -> None:
        if self._charger_gone(now):
            return
        if self.d2 and self.x109.connector_locked:
            self._enter(now, Phase.CLOSING)
        elif now - self._permit_t > D2_WAIT_S:
            self._fail(now, "charging_system_fault")

    def _await_dead_cable(self, now: float) -> None:
        if self._charger_gone(now):
            return
        waited_s = now - max(self._since, self._d2_on_t)
        if not self.d2:
            self._enter(now, Phase.PERMITTED)
        elif waited_s >= CLOSE_S and self.circuit.cable_v <= CABLE_DEAD_V:
            self.circuit.set_car_contactors(now, True)
            self._enter(now, Phase.CLOSED)
        elif waited_s > CLOSE_LIMIT_S:
            self._fail(now, "charging_system_fault")

    def _await_match(self, now: float) -> None:
        if self._charger_gone(now):
            return
        waited_s = now - self._since
        if abs(self.x109.present_v - self.circuit.cable_v) <= MATCH_V:
            if waited_s >= REQUEST_S:
                self._enter(now, Phase.FLOW)
        elif waited_s > REQUEST_LIMIT_S:
            self._fail(now, "battery_voltage_deviation")

    def _flow(self, now: float) -> None:
        if self._charger_gone(now):
            return
        x109 = self.x109
        if now >= self._end_t:
            self._stop(now)
        elif x109.charging and not x109.stop_control:
            self._confirmed = True
            self._end_t = math.inf
        elif self._confirmed:
            if self._end_t == math.inf:
                self._end_t = now + REACT_S
        elif now - self._request_t > START_LIMIT_S:
            self._fail(now, "charging_system_fault")
        if self.phase is Phase.FLOW:
            self._supervise(now)

    def _supervise(self, now: float) -> None:
        circuit, x109 = self.circuit, self.x109
        current_a, volts_v = circuit.battery_a, circuit.cable_v
        shown_a = x109.present_a - self.x208.present_discharge_current_a
        over_a = max(current_a - self.request_a, -current_a - self.discharge_a)
        wrong_a = abs(shown_a - current_a) >= DEVIATION_A or over_a >= DEVIATION_A
        timers = self._deviation_t
        if (
            not timers
            and not wrong_a
            and abs(x109.present_v - volts_v) <= DEVIATION_V
            and MIN_V < volts_v < OVERVOLTAGE_V
        ):
            return
        for fault, wrong in (
            ("battery_current_deviation", wrong_a),
            ("battery_voltage_deviation", abs(x109.present_v - volts_v) > DEVIATION_V),
            ("battery_overvoltage", volts_v >= OVERVOLTAGE_V),
            ("battery_undervoltage", volts_v <= MIN_V),
        ):
            if not wrong:
                timers.pop(fault, None)
            elif now - timers.setdefault(fault, now) >= DEVIATION_S:
                self._fail(now, fault)
                return

    def _await_small_current(self, now: float) -> None:
        waited_s = now - self._stop_t
        small = abs(self.circuit.battery_a) <= OPEN_LIMIT_A
        if not self.circuit.car_closed:
            self._enter(now, Phase.WELDING)
        elif (small and waited_s >= OPEN_S) or waited_s >= OPEN_LIMIT_S:
            self.circuit.set_car_contactors(now, False)
            self._enter(now, Phase.WELDING)

    def _detect_welding(self, now: float) -> None:
        if now - self._since >= WELD_S and self.circuit.cable_v <= UNLOCK_LIMIT_V:
            self._enter(now, Phase.DONE)
        elif now - self._since >= WELD_LIMIT_S:
            self.faults = {**self.faults, "charging_system_fault": True}
            self._enter(now, Phase.DONE)

    def _fall_silent(self, now: float) -> None:
        if now - self._since >= SILENT_S and self._slot == 0:
            self._enter(now, Phase.SPENT)

    # One method a frame.

    def _age_s(self) -> float:
        return self.next_frame - self._first_frame_t

    def _compose(self, can_id: int, key: object) -> bytes | None:
        """Bytes sent before for the same content."""
        sent = self._sent.get(can_id)
        return sent[1] if sent is not None and sent[0] == key else None

    def _send(self, key: object, frame: X100 | X101 | X102 | X200) -> tuple[int, bytes]:
        can_id, data = encode(frame)
        self._sent[can_id] = (key, data)
        return can_id, data

    def _x100(self) -> tuple[int, bytes]:
        first = self._cycle == 0
        data = self._compose(0x100, first)
        if data is not None:
            return 0x100, data
        return self._send(first, X100(max_battery_v=MAX_V, charged_rate_reference_pct=240 if first else 100))

    def _x101(self) -> tuple[int, bytes]:
        age_s = self._age_s()
        key = (self._cycle == 0, age_s >= KWH_KNOWN_S, age_s >= TIMES_KNOWN_S)
        data = self._compose(0x101, key)
        if data is not None:
            return 0x101, data
        kwh = 0.0 if key[0] else 22.4 if key[1] else 24.0
        times = (0xFF, 60) if key[2] else (0, 0)
        return self._send(key, X101(max_charging_time_10s=times[0], max_charging_time_min=times[1], capacity_kwh=kwh))

    def _x102(self) -> tuple[int, bytes]:
        if self.phase is Phase.FLOW:
            self._slew_request()
        soc_pct = round(self.circuit.battery.soc_pct)
        if self._age_s() < KWH_KNOWN_S:
            soc_pct = 3 if self._cycle == 0 else 1
        contactors_open = not (self.circuit.car_closed or self.phase is Phase.WELDING)
        key = (self.request_a, soc_pct, self.k_on, contactors_open, tuple(self.faults))
        data = self._compose(0x102, key)
        if data is not None:
            return 0x102, data
        frame = X102(
            target_battery_v=TARGET_V,
            charge_current_request_a=self.request_a,
            charging_enabled=self.k_on,
            contactors_open=contactors_open,
            status_bit6=True,
            discharge_compatible=True,
            soc_pct=soc_pct,
        )
        return self._send(key, replace(frame, **self.faults) if self.faults else frame)

    def _slew_request(self) -> None:
        if self._request_cycle < 0:
            self._request_cycle = self._cycle
            self._request_t = self.next_frame
        battery = self.circuit.battery
        headroom_a = max(0.0, (TARGET_V - battery.ocv_v()) / RESISTANCE_OHM) if battery.soc_pct < 99.5 else 0.0
        limit_a = min(self.x108.available_a, MAX_CHARGE_A, int(headroom_a))
        if limit_a >= SLEW_A:
            limit_a -= limit_a % SLEW_A  # CAP1: 14 A of 15 A offered
        self.request_a = min(self.request_a + SLEW_A, limit_a)

    def _x200(self) -> tuple[int, bytes]:
        if self.phase is Phase.FLOW and 0 <= self._request_cycle <= self._cycle - DISCHARGE_CYCLES:
            allowed_a = self.x208.available_input_a if self.circuit.battery.soc_pct > DISCHARGE_FLOOR_PCT else 0
            self.discharge_a = min(self.discharge_a + SLEW_A, allowed_a)
        known = self._age_s() >= LIMITS_KNOWN_S
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


_NEEDED = (0x108, 0x109, 0x208, 0x209)
_COMPOSERS = (Car._x100, Car._x101, Car._x102, Car._x200)
_ACTIONS = {
    Phase.WAKING: Car._wake,
    Phase.HANDSHAKE: Car._shake_hands,
    Phase.PERMITTED: Car._await_d2,
    Phase.CLOSING: Car._await_dead_cable,
    Phase.CLOSED: Car._await_match,
    Phase.FLOW: Car._flow,
    Phase.STOPPING: Car._await_small_current,
    Phase.WELDING: Car._detect_welding,
    Phase.DONE: Car._fall_silent,
}
