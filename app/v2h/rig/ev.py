"""A car at the plug, charging and discharging: what it does, phase by phase. Pure.

With default habits it behaves as the Nissan Leaf ZE0 of capture CAP1, and times are those of CAP1 unless noted
otherwise. The car supervises the charger as cars do (limits as quoted by open implementations of IEEE 2030.1.1): when
the charger misbehaves, the car sets the fault bit, drops K and opens its contactors.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from v2h.chademo.frames import X108, X109, X208, decode
from v2h.rig.cable import OPEN_LIMIT_A, UNLOCK_LIMIT_V, Circuit
from v2h.rig.evspeech import Phase, Speech
from v2h.rig.habits import LEAF, Habits

EVSE_LOST_S = 1.0
D2_WAIT_S = 22.0
"""From permission to d2, at most: the charger has 20 s."""
CLOSE_LIMIT_S = 4.0
CABLE_DEAD_V = 20.0
"""The car closes its contactors only onto a cable below this voltage."""
REQUEST_LIMIT_S = 4.0
MATCH_V = 10.0
"""The car requests current only once 0x109 shows the battery's voltage to within this."""
REACT_S = 0.2
"""From 109.5.5 = 1 to 102.5.0 = 0 and K off."""
OPEN_S = 1.85
"""From there to the opening of the contactors, if the current permits ..."""
OPEN_LIMIT_S = 2.5
"""... and at the latest after this time, at any current."""
WELD_S = 1.0
"""From open contactors to the end of welding detection."""
WELD_LIMIT_S = 8.0
SILENT_S = 0.8
D1_OFF_S = 0.25

SENDING = frozenset(Phase) - {Phase.ASLEEP, Phase.WAKING, Phase.SPENT}
PERMITTING = frozenset({Phase.PERMITTED, Phase.CLOSING, Phase.CLOSED, Phase.FLOW})


class Car(Speech):
    """One car at one plug. It takes d1, d2 and EVSE frames, and switches the circuit's car contactors itself."""

    knobs: Mapping[str, Callable[[str, str], None]] = {}
    """Those of control.py are enough."""

    def __init__(self, circuit: Circuit, habits: Habits = LEAF) -> None:
        super().__init__(circuit, habits)
        self.d1 = self.d2 = False
        self.permits = True
        """False: the car never gives charge permission (a full, faulty or unwilling car)."""
        self._since = 0.0  # start of the phase
        self._d1_off_t = math.inf
        self._d2_on_t = math.inf
        self._permit_t = 0.0
        self._stop_t = 0.0
        self._confirmed = False
        self._end_t = math.inf
        self._fell_t = -math.inf  # end of the permission
        self._needed = _NEEDED if habits.sends_200 else _NEEDED[:2]
        self._seen: dict[int, tuple[float, bytes]] = {}

    def _forget_evse(self) -> None:
        self._seen = {}
        self.x108, self.x109, self.x208 = X108(), X109(protocol=0), X208()

    # What the charger does to the car.

    def set_lines(self, now: float, d1: bool, d2: bool) -> None:
        """Set the two charge sequence signals. d2 supplies the contactors' coils: without it they open at once."""
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
        """Put the plug in or pull it out; pulling it out ends everything."""
        if not plugged:
            self.set_lines(now, False, False)
            self._sleep(now)

    def evse_frame(self, now: float, can_id: int, data: bytes) -> None:
        """Take one frame from the charger; a malformed or unknown frame is ignored."""
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

    def shown(self) -> dict[str, Any]:
        """Everything is in control.state."""
        return {}

    def end_session(self, now: float) -> None:
        """Stop by the car itself (a full battery, a driver who unlocks the car): request 0, 102.5.0 = 0, K off."""
        self._stop(now)

    # What the car does.

    def step(self, now: float) -> None:
        """Advance the car's own sequence to `now`."""
        action = _ACTIONS.get(self.phase)
        if action is not None:
            action(self, now)
        if self.habits.k_later_s or self.habits.k_falls_later_s:
            self._part_k_from_can(now)
        if now - self._d1_off_t >= D1_OFF_S and not self.circuit.car_closed:
            self._sleep(now)

    def _enter(self, now: float, phase: Phase) -> None:
        self.phase = phase
        self._since = now
        self.k_on = self.enabled = phase in PERMITTING
        if phase not in SENDING:
            self.next_frame = math.inf

    def _part_k_from_can(self, now: float) -> None:
        """Switch K and 102.5.0 separately, for a car in which the two do not change together."""
        habits = self.habits
        if self.phase in PERMITTING:
            self.k_on = now >= self._permit_t + habits.k_later_s
        elif self.phase is Phase.HANDSHAKE:
            early = habits.k_later_s < 0.0 and now - self._first_frame_t >= habits.permit_s + habits.k_later_s
            self.k_on = early and self.permits
        elif self.phase in SENDING:
            self.k_on = now < self._fell_t + habits.k_falls_later_s
            self.enabled = now < self._fell_t - habits.k_falls_later_s

    def _sleep(self, now: float) -> None:
        self._enter(now, Phase.ASLEEP)
        self._d1_off_t = math.inf
        self.faults = {}
        self._forget_evse()
        self._clear_session()

    def _clear_session(self) -> None:
        self._ask_for_nothing()
        self._end_t = math.inf
        self._confirmed = False

    def _coils_off(self, now: float) -> None:
        self.circuit.set_car_contactors(now, False)
        if self.phase in (Phase.CLOSED, Phase.FLOW):
            self._fail(now, "charging_system_fault")

    def _fail(self, now: float, fault: str | None) -> None:
        """End the session at once; set a fault bit of 0x102 if `fault` names one."""
        if fault is not None:
            self.faults = {**self.faults, fault: True}
        self._stop(now)

    def _stop(self, now: float) -> None:
        self._clear_session()
        self._stop_t = now
        if self.enabled:
            self._fell_t = now
        self._enter(now, Phase.STOPPING if self.circuit.car_closed else Phase.DONE)

    def _evse_alive(self, now: float) -> bool:
        seen = self._seen
        return all(i in seen and now - seen[i][0] < EVSE_LOST_S for i in self._needed)

    def _evse_fault(self) -> bool:
        x109 = self.x109
        return x109.charger_malfunction or x109.battery_incompatible or x109.system_malfunction

    def _charger_gone(self, now: float) -> bool:
        """Return True, and end the session, when the charger is silent, reports a fault or has switched d1 off."""
        if not self._evse_alive(now):
            self._fail(now, "charging_system_fault")
        elif self._evse_fault() or not self.d1:
            self._fail(now, None)
        else:
            return False
        return True

    # One method per phase.

    def _wake(self, now: float) -> None:
        if now - self._since >= self.habits.wake_s:
            self._begin_speaking(now)
            self._forget_evse()
            self._clear_session()
            self._enter(now, Phase.HANDSHAKE)

    def _shake_hands(self, now: float) -> None:
        habits = self.habits
        if (
            now - self._first_frame_t >= habits.permit_s
            and self.permits
            and self._evse_alive(now)
            and not self._evse_fault()
            and (self.x109.discharge_compatible or not habits.sends_200)
            and self.x108.available_v >= habits.target_v
            and (self.d2 or not habits.permits_after_d2)
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
        elif waited_s >= self.habits.close_s and self.circuit.cable_v <= CABLE_DEAD_V:
            self.circuit.set_car_contactors(now, True)
            self._enter(now, Phase.CLOSED)
        elif waited_s > CLOSE_LIMIT_S:
            self._fail(now, "charging_system_fault")

    def _await_match(self, now: float) -> None:
        if self._charger_gone(now):
            return
        waited_s, habits = now - self._since, self.habits
        if not habits.waits_for_battery or abs(self.x109.present_v - self.circuit.cable_v) <= MATCH_V:
            if waited_s >= habits.request_s:
                self._enter(now, Phase.FLOW)
        elif waited_s > REQUEST_LIMIT_S:
            self._fail(now, "battery_voltage_deviation")

    def _flow(self, now: float) -> None:
        if self._charger_gone(now):
            return
        x109 = self.x109
        if now >= self._end_t or self._full:
            self._stop(now)
        elif x109.charging and not x109.stop_control:
            self._confirmed = True
            self._end_t = math.inf
        elif self._confirmed:
            if self._end_t == math.inf:
                self._end_t = now + REACT_S
        elif now - self._request_t > self.habits.gives_up_s:
            self._fail(now, "charging_system_fault")
        if self.phase is Phase.FLOW:
            self._supervise(now)

    def _supervise(self, now: float) -> None:
        fault = self._mismatch
        if not self.habits.mismatch_frames:
            target_v = self.habits.target_of(True)
            fault = self._checks.look(
                now, self.circuit, self.x109, self.x208, self.request_a, self.discharge_a, target_v
            )
        if fault:
            self._fail(now, fault)

    def _await_small_current(self, now: float) -> None:
        waited_s = now - self._stop_t
        small = abs(self.circuit.battery_a) <= OPEN_LIMIT_A
        if not self.circuit.car_closed:
            self._enter(now, Phase.WELDING)
        elif self.habits.opens_by_itself and ((small and waited_s >= OPEN_S) or waited_s >= OPEN_LIMIT_S):
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


_NEEDED = (0x108, 0x109, 0x208, 0x209)
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
