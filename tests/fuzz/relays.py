"""Relays, contactors and the lock: rules that must hold directly before each of them moves."""

import math

from tests.fuzz.hearing import Hearing
from tests.fuzz.numbers import (
    D2_DEAD_V,
    FALL_S,
    MATCHED_POLLS,
    OPEN_A,
    OPEN_AC_OFF_S,
    SIGNALS_S,
    SLACK_S,
    UNLOCK_V,
)
from v2h.safety.outputs import CONTACTORS, Output


class Relays(Hearing):
    """Every movement of an output, and every misuse that the plant recorded."""

    def switching(self, output: Output, on: bool) -> None:
        """Check before the relay moves."""
        if output is Output.PLUG_LOCK and not on:
            self._unlocks()
        elif output in (Output.C1, Output.C2):
            if on:
                self._closes()
            elif self.world.circuit.joined:
                self._interrupts("c1/c2 open", self.world.circuit.pre_a)
        elif output is Output.D2:
            if on:
                self._d2_rises()
            else:
                self._interrupts("d2 falls", self.world.circuit.battery_a)
        elif output is Output.D1:
            self._d1(on)

    def switched(self, output: Output, on: bool) -> None:
        """Record after the relay has moved."""
        world = self.world
        now, outputs = world.now, world.plant.outputs
        if output is Output.PRE_AC:
            self._ac_off_t = math.inf if on else now
        elif output is Output.D2 and not on:
            self._d2_off_t = now
        if output in (Output.D1, Output.D2) and not outputs & (Output.D1 | Output.D2):
            self._signals_off_t = now
        if output in (Output.C1, Output.C2):
            closed = world.circuit.joined
            if closed and self._closed_t == math.inf:
                self._closed_t = now
                world.anchor("closed again" if self._d2_seen() else "closed for the test")
            elif not closed and self._closed_t < math.inf:
                self._closed_t = math.inf
                world.anchor("open")
        elif output is Output.D1 and on:
            world.anchor("d1")
        elif output is Output.PLUG_LOCK:
            world.anchor("lock" if on else "unlock")
        elif output is Output.D2:
            world.anchor("d2" if on else "d2 off")

    def _d2_seen(self) -> bool:
        return Output.D2 in self.world.plant.outputs

    def _interrupts(self, what: str, amps_a: float) -> None:
        world = self.world
        if abs(amps_a) <= OPEN_A + 0.05:
            return
        making_safe = self._guard != "READY"
        if making_safe and world.now - self._ac_off_t >= OPEN_AC_OFF_S - 0.01:
            return
        # Bound: the last 3 answers of 2108 showed at most 5 A falsely, and 0 A was commanded 0.5 s ago or earlier
        last = list(world.told_by_pre[0x2108])[-3:]
        if len(last) == 3 and all(abs(a - true) > 2.0 for _, a, true in last) and self._zero_for(FALL_S):
            return
        self.broke(f"{what} above 5 A", f"{amps_a:.1f} A")

    def _zero_for(self, seconds: float) -> bool:
        return self.world.now - self._since.get("set amps", -math.inf) >= seconds

    def _unlocks(self) -> None:
        world = self.world
        volts_v = world.circuit.cable_v
        if volts_v <= UNLOCK_V:
            return
        if self._word_counts() or self._shown_empty():
            return
        self.broke("unlocked on a live cable", f"{volts_v:.0f} V")

    def _closes(self) -> None:
        world = self.world
        outputs = world.plant.outputs
        self._closing_v = world.circuit.cable_v
        if Output.PLUG_LOCK not in outputs:
            self.broke("c1/c2 close while the plug is not locked")
        if not world.plant.k_on and self._k_off_t is not None and world.now - self._k_off_t > 0.3:
            self.broke("c1/c2 close without K")

    def closed_apart(self, volts_v: float) -> None:
        """The plant recorded that c1/c2 closed onto a voltage difference."""
        world = self.world
        if self._misread(MATCHED_POLLS) or self._parted_since():
            return
        # Bound: without a sensor only 102.5.3 reports the contactors; a false "closed" of the car cannot be detected
        blind = not world.measured and world.car.habits.protocol >= 2 and not world.circuit.car_closed
        if blind and "contactors closed" in world.car.says:
            return
        self.broke("c1/c2 close onto another voltage", f"{volts_v:.0f} V apart")

    def _d2_rises(self) -> None:
        world = self.world
        outputs, volts_v = world.plant.outputs, world.circuit.cable_v
        if Output.D1 not in outputs:
            self.broke("d2 without d1")
        if Output.PLUG_LOCK not in outputs:
            self.broke("d2 while the plug is not locked")
        if outputs & CONTACTORS:
            self.broke("d2 with c1/c2 commanded closed")
        # the programs learn of K only at an event
        if not world.plant.k_on and self._k_off_t is not None and world.now - self._k_off_t > SLACK_S:
            self.broke("d2 without K")
        # (SAFETY "Contactors welded", measured mode: the contactor check; assumed: not knowable before d2)
        if world.measured and world.circuit.joined:
            self.broke("d2 rises with welded c1/c2")
        if volts_v > D2_DEAD_V and not self._misread(3):
            self.broke("d2 on a live cable", f"{volts_v:.0f} V")

    def _d1(self, on: bool) -> None:
        world = self.world
        if not on:
            if Output.D2 in world.plant.outputs:
                self.broke("d1 falls before d2")
            elif self._d2_off_t is not None and world.now - self._d2_off_t < SIGNALS_S - 0.005:
                self.broke("d1 less than 0.5 s after d2", f"{world.now - self._d2_off_t:.2f} s")
            self._d2_off_t = None
            return
        if world.state not in ("idle", "wake"):
            # SAFETY "After a trip guard refuses every output until a charger with a new session number asks"
            self.broke("outputs come back for a session that was made safe", world.state)
            return
        if self._latched and not self._cleared:
            self.broke("starts by itself after a fault")
        if self._order == self._started and not self._latched:
            self.broke("starts again for an old order")
        if not world.wanted and world.now - self._wanted_t > 1.0:
            self.broke("starts without an order")
        self._started = self._order
        self._latched = self._cleared = False
        self._forget_session()

    def _take_violations(self) -> None:
        violations = self.world.circuit.violations
        if not violations:
            return
        world = self.world
        for violation in violations:
            if violation.what.startswith("c1/c2 closed onto"):
                self.closed_apart(violation.value)
            elif violation.what.startswith("car's contactors closed onto the PRE"):
                # Bound: assumed mode with welded c1/c2: nothing measures the cable before d2
                if world.measured or not world.circuit.welded:
                    self.broke("car's contactors close onto the converter", f"{violation.value:.0f} V")
            elif violation.what.startswith("car's contactors closed onto a live"):
                self.broke("car's contactors close onto a live cable", f"{violation.value:.0f} V")
        violations.clear()
