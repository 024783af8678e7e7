"""Rules that must hold in every session, with any fault: volts, amps, and what the car is told. The rules for relays
are in relays.py, those for bytes in hearing.py. Each rule has its own number and its source (numbers.py).

An excuse covers only what physics makes impossible to know. It depends on the values that the programs really received
(not on the name of a trouble), and its bound is stated beside it."""

import math

from tests.fuzz.numbers import (
    AGE_S,
    ALLOWED_OVER_A,
    BELOW_FLOOR_PCT,
    CAR_SILENT_S,
    CHARGER_DEAD_S,
    DEVIATION_A,
    DEVIATION_S,
    FALL_S,
    GUARD_DEAD_S,
    GUARD_STARTS_S,
    K_DISOBEYED_S,
    K_S,
    LIMIT_S,
    NEAR_A,
    NEAR_S,
    NEAR_V,
    NOTHING_A,
    OPEN_A,
    ORDER_S,
    OVER_S,
    OVER_V,
    SLACK_S,
    UNHEARD_S,
    UNLOCK_V,
    UNTOLD_S,
)
from tests.fuzz.relays import Relays
from v2h.safety.outputs import CONTACTORS, Output


class Judge(Relays):
    """Looks at the plant after each event and at the end of a session."""

    def look(self) -> None:
        """Check after each event."""
        world = self.world
        circuit = world.circuit
        self._take_violations()
        self._watch_latch()
        if circuit.cable_v > UNLOCK_V and not circuit.locked and circuit.plugged and circuit.joined:
            self.broke("cable raised while the plug is not locked", f"{circuit.cable_v:.0f} V")
        joined = circuit.joined
        if joined:
            self._look_at_current(circuit.pre_a)
        self._true.append((world.now, circuit.cable_v, circuit.battery_a if circuit.joined else 0.0))
        while self._true[0][0] < world.now - AGE_S:
            self._true.popleft()
        if self._told_v is not None and world.now - self._told_v[0] < 0.3:
            self._look_at_told()
        else:
            self._since.pop("told V", None)
            self._since.pop("told A", None)

    def _watch_latch(self) -> None:
        charger = self.world.charger
        if charger is None:
            return
        fault = charger.session.fault
        if fault is not None:
            if not self._latched:
                self.faults.append(fault.name)
                self.world.say(f"fault {fault.name}")
                self._cleared = False
            self._latched = True
        elif self._latched and not self._cleared:
            self.broke("a fault goes by itself")
            self._latched = False

    def _lasting(self, name: str, wrong: bool, for_s: float) -> bool:
        if not wrong:
            self._since.pop(name, None)
            return False
        return self.world.now - self._since.setdefault(name, self.world.now) > for_s + SLACK_S

    def _look_at_current(self, amps_a: float) -> None:
        world = self.world
        now, outputs = world.now, world.plant.outputs
        flows = abs(amps_a) > NOTHING_A
        if self._k_off_t is not None and abs(amps_a) > OPEN_A + 0.05:
            helpless = self._disobeys(2.0) or world.guard_dead_t < math.inf
            limit_s = K_DISOBEYED_S if helpless else K_S
            if world.guard_dead_t < math.inf and world.charger_dead_t < math.inf:
                limit_s = UNHEARD_S  # SAFETY "The whole tree is gone": 3 s
            if now - self._k_off_t > limit_s + SLACK_S:
                self.broke("current after K is off", f"{amps_a:.1f} A {now - self._k_off_t:.2f} s after")
        both_dead = world.guard_dead_t < math.inf and world.charger_dead_t < math.inf
        slow_s = UNHEARD_S if self._disobeys(UNHEARD_S) or both_dead else 0.0
        if flows:
            if now - self._order_t > ORDER_S + slow_s + SLACK_S:
                self.broke("energy that nobody ordered", f"{amps_a:.1f} A {now - self._order_t:.1f} s after the order")
            charger_lives = world.charger_dead_t == math.inf  # otherwise CHARGER_DEAD_S applies
            if charger_lives and now - self._car_t > CAR_SILENT_S + slow_s + SLACK_S:
                self.broke("energy with a silent car", f"{amps_a:.1f} A after {now - self._car_t:.1f} s")
            if now - self._trip_t > 1.1 + SLACK_S:
                # make-safe: AC off at 0.8 s, contactors 0.3 s later, in every case
                self.broke("energy after a trip", f"{amps_a:.1f} A")
            for index in (0x2108, 0x2107, 0x2101):
                age_s = now - max(world.object_t.get(index, -math.inf), self._closed_t)
                if charger_lives and self._energy_told and age_s > UNTOLD_S + slow_s + SLACK_S:
                    self.broke(f"energy while {index:04X} is not told", f"{amps_a:.1f} A after {age_s:.1f} s")
            if now - world.guard_dead_t > GUARD_DEAD_S + FALL_S + slow_s + SLACK_S:
                self.broke("energy while guard is dead", f"{amps_a:.1f} A")
        if outputs & CONTACTORS:
            if now - world.charger_dead_t > CHARGER_DEAD_S + SLACK_S and world.guard_dead_t == math.inf:
                self.broke("contactors stay closed without charger", f"{now - world.charger_dead_t:.1f} s")
            if now - world.guard_dead_t > GUARD_STARTS_S + SLACK_S:
                self.broke("contactors stay closed without guard", f"{now - world.guard_dead_t:.1f} s")
        self._look_at_limits(amps_a)

    def _look_at_limits(self, amps_a: float) -> None:
        world = self.world
        now = world.now
        while len(self._limits) > 1 and self._limits[1][0] < now - LIMIT_S:
            self._limits.pop(0)
        charge_a = min(max((c for _, c, _ in self._limits), default=0.0), world.site_a[0])
        discharge_a = min(max((d for _, _, d in self._limits), default=0.0), world.site_a[1])
        charge_a = max(charge_a, NOTHING_A - ALLOWED_OVER_A)  # the match's 1 A
        over_a = max(amps_a - charge_a, -amps_a - discharge_a)
        sick = self._disobeys(UNHEARD_S)
        if over_a > ALLOWED_OVER_A + (DEVIATION_A if sick else 0.0):
            wait_s = (DEVIATION_S + UNHEARD_S) if sick else 0.1
            if self._lasting("over", True, wait_s):
                self.broke("more current than the car or the site allows", f"{over_a:.1f} A over")
        else:
            self._since.pop("over", None)
        volts_v = world.circuit.cable_v
        bad = world.circuit.car_closed and (volts_v > 435 + OVER_V or (amps_a < -NOTHING_A and volts_v < 250 - OVER_V))
        if self._lasting("volts", bad, OVER_S):
            self.broke("battery's voltage out of its limits", f"{volts_v:.0f} V")
        floor_pct = self._floor / self._kwh * 100 if self._kwh and self._floor != 0xFF else 0.0
        below = amps_a < -NOTHING_A and 3 < self._soc < floor_pct - BELOW_FLOOR_PCT
        if self._lasting("floor", below, OVER_S + (UNHEARD_S if sick else 0.0)):
            self.broke("discharge below the car's floor", f"{self._soc} %, floor {floor_pct:.0f} %")

    def _look_at_told(self) -> None:
        world = self.world
        circuit = world.circuit
        assert self._told_v is not None
        amps_a = [amps_a for _, _, amps_a in self._true]
        shown_a = self._told_a[0] - self._told_a[1]
        wrong = not min(amps_a) - NEAR_A <= shown_a <= max(amps_a) + NEAR_A and circuit.car_closed
        if wrong and self._pre_lied(0x2108, 1.5):
            self._since.pop("told A", None)  # bound: the car gets what 2108 shows, wrong within the last 1.5 s
        elif self._lasting("told A", wrong, NEAR_S):
            self.broke("the car is told another current", f"{shown_a:.0f} A, true {amps_a[-1]:.1f} A")
        recent_v = [volts_v for _, volts_v, _ in self._true]
        wrong = not min(recent_v) - NEAR_V <= self._told_v[1] <= max(recent_v) + NEAR_V
        if not world.measured:
            # Bound: with c1/c2 open, or not known to be closed while guard is dead, nothing measures the cable
            closed = world.plant.outputs & CONTACTORS == CONTACTORS and circuit.joined
            known = closed and world.guard_dead_t == math.inf
            wrong = wrong and known and not self._pre_lied(0x2107, 8.0)
        elif wrong and self._adc_lied():
            wrong = False  # bound: the car gets what the ADC shows, wrong within the last 1.5 s
        elif wrong and circuit.joined and self._pre_lied(0x2107, 8.0):
            wrong = False  # bound: with closed c1/c2 a fall of the ADC that 2107 does not show is the sensor's own
        if self._lasting("told V", wrong, NEAR_S):
            self.broke("the car is told another voltage", f"{self._told_v[1]:.0f} V, true {circuit.cable_v:.0f} V")

    # The end.

    def at_end(self, *, healthy: bool, may_reach: bool, must_reach: bool) -> None:
        """Final check: all troubles are over, the owner has stopped, the longest wait has passed."""
        world = self.world
        outputs = world.plant.outputs
        if outputs & ~Output.PLUG_LOCK:
            self.broke("does not come to rest", f"{world.state}, {outputs!r}")
        elif not world.at_rest():
            self.broke("does not come to rest", f"{world.state}")
        if not healthy:
            return
        if must_reach and not self.reached_energy:
            self.broke("a healthy car does not reach energy", world.state)
        if self.reached_energy and not may_reach:
            self.broke("energy with a car that must be refused")
        if self.faults:
            self.broke(f"a healthy session ends in a fault: {self.faults[0]}")
        if self.tripped:
            self.broke("guard trips in a healthy session")
        if Output.PLUG_LOCK in outputs:
            self.broke("a healthy session ends locked")
