"""Rules that must hold in every session, with any fault. Each rule has its own number and its source; none is taken
from the software under test. SAFETY: docs/SAFETY.md, "Hazards". CHAdeMO: the quoted standard (IEEE 2030.1.1).

An excuse covers only what physics makes impossible to know. It depends on the values that the programs really received
(not on the name of a trouble), and its bound is stated beside it. Times have SLACK_S added for the spacing of events.
"""

import math
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

from v2h.safety.outputs import CONTACTORS, Output

if TYPE_CHECKING:
    from tests.fuzz.world import World

SLACK_S = 0.06
"""Events are up to 25 ms apart while something moves, and charger looks every 50 ms."""

OPEN_A = 5.0  # SAFETY "A contactor opens under load"; CHAdeMO: at most 5 A
OPEN_AC_OFF_S = 0.3  # the same row: above it only in make-safe, converter's AC off for 0.3 s
UNLOCK_V = 10.0  # SAFETY "The plug is pulled": never above 10 V
EMPTY_FOR_S = 1.0  # judgement of the cable: all readings of 1.0 s ...
EMPTY_READINGS = 5  # ... and at least 5 of them; fewer readings are no measurement
FALL_FROM_V = 50.0  # a fall from above this to below 10 V between two readings is a dead sensor
WORD_SIGNALS_S = 120.0  # SAFETY: unknown voltage: 120 s after d1 and d2, and a person
WORD_FRESH_S = 5.0  # a person's word expires after 5 s
UNKNOWN_S = 0.5  # after this time without a reading the voltage is unknown
D2_DEAD_V = 20.0  # SAFETY "The car's contactors close onto a live cable": below 20 V
SIGNALS_S = 0.5  # CHAdeMO S8: d2 off, 0.5 s, d1 off; SAFETY make-safe the same
CLOSE_V = 20.0  # SAFETY "Contactors close onto different voltages"; the plant's limit
MATCHED_POLLS = 2  # the same row: two polls of 2107 in a row
MATCHED_S = 0.1  # ... the last of them at most one poll interval ago
K_S, K_DISOBEYED_S = 0.5, 1.5  # SAFETY "The car takes its permission (K) back"
ORDER_S = 2.2  # SAFETY "Energy flows that nobody ordered"
UNHEARD_S = 3.2  # SAFETY "The converter falls silent": contactors open
NO_STOP_S = 1.9  # SAFETY "The converter does not stop": after the command
LIMIT_S = 0.75  # SAFETY "More current than the car or the site allows"
DEVIATION_A, DEVIATION_S = 5.0, 2.0  # the same row: a deviation of more than 5 A for 2 s ends the session
CAR_SILENT_S = 1.0  # SAFETY "The car falls silent": 0 A at 0.3 s, end at 1.0 s
CHARGER_DEAD_S = 1.5  # SAFETY "charger dies, hangs or is late": contactors open
GUARD_DEAD_S = 0.35  # SAFETY "guard dies or hangs": 0 A commanded at 0.35 s ...
GUARD_DEAD_OPEN_S = 1.5  # ... contactors open, converter disobeying
GUARD_STARTS_S = 1.5 + 1.1  # without the backup guard: a new guard after 1.5 s, make-safe's 1.1 s
FALL_S = 0.5  # the converter's dead time and fall from 16 A to 0 (facts: 0.2 s, -50 A/s)
UNTOLD_S = 1.5  # no energy after 2108, 2107 or 2101 was not read for this time
TRIP_S = 0.1  # SAFETY "A charger that was stopped goes on": 0.1 s
NOTHING_A = 1.2  # the voltage match's 1 A and the bleed's -0.2 A do not count as energy
NEAR_A, NEAR_V, NEAR_S = 2.5, 10.0, 1.0  # CHAdeMO: cars tolerate 10 V and 10 A for 5 s; we require more
AGE_S = 0.3  # 109.1-3 may be as old as a poll (0.1 s), one more poll that failed, and a frame period (0.1 s)
ALLOWED_OVER_A = 0.7  # rounding of the bytes and of the converter
OVER_V, OVER_S = 5.0, 1.5  # SAFETY "The battery is over- or undercharged": 1.5 s
BELOW_FLOOR_PCT = 2.0  # below 200.6 by more than the rounding of 102.6 and of 0.1 kWh

SEQUENCE = {
    0x20: {0x20, 0x24},
    0x24: {0x24, 0x05, 0x20, 0x25},  # 25 from 24: a fault within one cycle of the start
    0x05: {0x05, 0x25},
    0x25: {0x25, 0x24},
}
"""CHAdeMO 109.5 without its fault bits (1, 3 and 4): 20, 24, 05, 25, 24, 20."""
FAULT_BITS = 0x1A


class Judge:
    """Collects `broken`: (time, kind, detail). A kind contains no numbers and is reported once per session."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.broken: list[tuple[float, str, str]] = []
        self.reached_energy = False
        self.flowing = False
        """Status 05 has been sent since this was last set to False."""
        self.tripped = False
        self.faults: list[str] = []
        self._kinds: set[str] = set()
        self._since: dict[str, float] = {}
        self._guard = "STARTING"
        self._trip_t = math.inf
        self._ac_off_t = -math.inf
        self._d2_off_t: float | None = None
        self._signals_off_t = 0.0
        self._k_off_t: float | None = None
        self._order_t = -math.inf
        self._wanted_t = -math.inf
        self._order = 0
        self._started = 0
        self._latched = False
        self._status: int | None = None
        self._energy_told = False
        self._asked = False
        self._ended = False
        self._first_answer_t: float | None = None
        self._car_t = math.inf
        self._limits: list[tuple[float, float, float]] = []
        self._floor_pct = 0.0
        self._kwh = self._soc = self._floor = 0
        self._word_t = -math.inf
        self._word_ok = False
        self._unknown_at_word = False
        self._closed_t = math.inf
        self._closing_v = 0.0
        """The cable's voltage before the contactors moved."""
        self._told_v: tuple[float, float] | None = None
        self._true: deque[tuple[float, float, float]] = deque()
        """(time, the cable's voltage, the battery's current) in the last AGE_S."""
        self._told_a = (0.0, 0.0)
        self._cleared = False

    def broke(self, kind: str, detail: str = "") -> None:
        if kind in self._kinds:
            return
        self._kinds.add(kind)
        self.broken.append((self.world.now, kind, detail))
        self.world.say(f"*** {kind}: {detail}")

    # The values that the programs received.

    def _adc_lied(self) -> bool:
        """A reading of the last 1.5 s was wrong by more than 8 V behind the sense path (60 ms), or there was a gap: for
        that time, the value reported to the car may be wrong."""
        world = self.world
        recent = [entry for entry in world.adc_shown if entry[0] > world.now - 1.5]
        silent = len(recent) < 4 or world.now - recent[-1][0] > 0.5
        return silent or any(abs(shown - true) > 8.0 for _, shown, true in recent)

    def _pre_lied(self, index: int, by: float) -> bool:
        """The same for an object of the converter."""
        world = self.world
        recent = [entry for entry in world.told_by_pre[index] if entry[0] > world.now - 1.5]
        return (
            not recent or world.now - recent[-1][0] > 0.35 or any(abs(shown - true) > by for _, shown, true in recent)
        )

    def _shown_empty(self) -> bool:
        """The only source showed an empty cable: each of 5 or more readings of the last 1.0 s was at most 10 V, and no
        fall with open c1/c2 revealed a dead sensor. Bound: 1.0 s of agreeing readings."""
        world = self.world
        source = world.adc_shown if world.measured else world.told_by_pre[0x2107]
        recent = [shown for t, shown, _ in source if t >= world.now - EMPTY_FOR_S]
        if len(recent) < EMPTY_READINGS or any(shown > UNLOCK_V for shown in recent):
            return False
        if not world.measured:
            return True
        last = None
        for t, shown, _ in reversed(source):
            if not -20.0 <= shown <= 700.0:
                continue
            if shown > UNLOCK_V:
                last = (t, shown)
                break
        return last is None or last[1] <= FALL_FROM_V

    def _misread(self, polls: int) -> bool:
        """Bound: the last 3 readings of the cable, or the last `polls` polls of 2107, were each wrong by more than
        10 V: with c1/c2 open nothing compares the two."""
        world = self.world
        sources = [(world.told_by_pre[0x2107], polls)] + ([(world.adc_shown, 3)] if world.measured else [])
        for source, least in sources:
            last = list(source)[-least:]
            if len(last) == least and all(abs(shown - true) > 10.0 for _, shown, true in last):
                return True
        return False

    def _parted_since(self) -> bool:
        """Bound: the converter left the cable's voltage by itself after the last poll, which was correct and at most
        one poll interval ago: a converter with a stuck output passes through 130 V in 0.05 s."""
        told = self.world.told_by_pre[0x2107]
        if not told:
            return False
        t, shown, true = told[-1]
        true_then = abs(shown - true) <= 10.0 and abs(true - self._closing_v) <= CLOSE_V
        return true_then and self.world.now - t <= MATCHED_S

    def _word_counts(self) -> bool:
        """A person's word: given while no reading showed the voltage, d1 and d2 off for 120 s, at most 5 s ago."""
        return self._word_ok and self.world.now - self._word_t <= WORD_FRESH_S + SLACK_S

    def _disobeys(self, within_s: float) -> bool:
        return self.world.now - self.world.sick_t <= within_s

    # Outputs.

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

    def _forget_session(self) -> None:
        self._status, self._energy_told, self._asked, self._ended = None, False, False, False
        self._car_t = math.inf
        self._limits = []
        self._kwh = self._soc = self._floor = 0
        self._told_v = None
        self._since = {k: v for k, v in self._since.items() if k == "set amps"}

    # Programs and people.

    def charger_new(self) -> None:
        """A new charger starts without data; SAFETY: a latched fault does not survive it, an order may start again."""
        self._latched = False
        self._started = 0
        self._status = None
        self._energy_told = False

    def guard_is(self, state: str) -> None:
        if state == self._guard:
            return
        self.world.say(f"guard is {state}")
        safe = state in ("MAKING_SAFE", "TRIPPED")
        if safe and self._guard not in ("MAKING_SAFE", "TRIPPED"):
            self._trip_t = self.world.now
            self.tripped = True
        elif not safe:
            self._trip_t = math.inf
        self._guard = state

    def k_moved(self, on: bool) -> None:
        self._k_off_t = None if on else self.world.now

    def ordered(self, wanted: bool, power_w: float, order: int) -> None:
        self._order = order if wanted else self._order
        self._wanted_t = self.world.now if wanted else self._wanted_t
        if wanted and abs(power_w) > 0.0:
            self._order_t = self.world.now

    def stopped(self) -> None:
        """Does nothing: after the owner's stop the last order ends, at the latest by its own expiry."""

    def cleared(self, word: bool) -> None:
        world = self.world
        self._cleared = True
        if not word:
            return
        self._word_t = world.now
        if world.measured:
            unknown = not any(t > world.now - UNKNOWN_S - 0.25 for t, _, _ in world.adc_shown) or self._fell()
        else:
            unknown = True
        signals = not world.plant.outputs & (Output.D1 | Output.D2)
        self._word_ok = unknown and signals and world.now - self._signals_off_t >= WORD_SIGNALS_S - 0.3

    def _fell(self) -> bool:
        """The sensor is dead: it fell from above 50 V to below 10 V between two readings, or shows an absurd one."""
        shown = [v for _, v, _ in self.world.adc_shown]
        return any(a > FALL_FROM_V and b < UNLOCK_V for a, b in pairwise(shown)) or any(
            not -20.0 <= v <= 700.0 for v in shown[-1:]
        )

    # Bytes.

    def wrote(self, data: bytes, by_guard: bool) -> None:
        """Take a request to the converter."""
        if len(data) != 8 or data[0] & 0xE0 != 0x20 or data[1:3] != b"\x0a\x21":
            return
        world = self.world
        amps_a = int.from_bytes(data[4:6], "little", signed=True) / 10
        if abs(amps_a) <= 0.25:
            self._since.setdefault("set amps", world.now)
        else:
            self._since.pop("set amps", None)
        if amps_a and world.now - self._trip_t > TRIP_S:
            self.broke("current commanded after a trip", f"{amps_a} A")
        if abs(amps_a) > 0.25 and (amps_a > world.site_a[0] + 0.05 or -amps_a > world.site_a[1] + 0.05):
            self.broke("more than the site allows commanded", f"{amps_a} A")

    def delivered(self, can_id: int, data: bytes) -> None:
        """Take a frame of the car that reaches charger."""
        if len(data) != 8:
            return
        now = self.world.now
        if can_id == 0x102:
            self._car_t = now
            self._soc = data[6]
            discharge = self._limits[-1][2] if self._limits else 0.0
            self._limits.append((now, float(data[3]), discharge))
            self._asked = self._asked or data[3] > 0
        elif can_id == 0x200:
            charge = self._limits[-1][1] if self._limits else 0.0
            self._limits.append((now, charge, float(0xFF - data[0])))
            self._asked = self._asked or data[0] < 0xFF
            self._floor = data[6]
        elif can_id == 0x101:
            self._kwh = data[5] | data[6] << 8
        del self._limits[:-64]

    def told_car(self, can_id: int, data: bytes) -> None:
        """Take a frame that we send to the car."""
        if can_id == 0x109:
            self._told_v = (self.world.now, float(data[1] | data[2] << 8))
            self._told_a = (float(data[3]), self._told_a[1])
            self._judge_status(data[5])
        elif can_id == 0x208:
            self._told_a = (self._told_a[0], float(0xFF - data[0]))

    def _judge_status(self, status: int) -> None:
        world = self.world
        core, fault = status & ~FAULT_BITS & 0xFF, status & FAULT_BITS
        before = self._status
        self._status = core
        if core not in SEQUENCE:
            self.broke("109.5 is no status of the standard", f"{status:02x}")
        elif before is not None and before in SEQUENCE and core not in SEQUENCE[before]:
            self.broke("109.5 out of sequence", f"{before:02x} -> {core:02x}")
        if core == 0x05:
            if fault:
                self.broke("109.5 charges with a fault bit", f"{status:02x}")
            if before != 0x05:
                if self._ended:
                    self.broke("109.5 charges again after a stop")
                if not self._asked:
                    self.broke("109.5 charges before the car asked")
                if world.plant.outputs & CONTACTORS != CONTACTORS:
                    self.broke("109.5 charges with open c1/c2")
                self.reached_energy = self.flowing = True
                world.anchor("energy")
        if before == 0x05 and core != 0x05:
            self._ended = True
            world.anchor("stop")
        if before in (0x05, 0x25) and not core & 1:
            amps_a = world.circuit.pre_a
            # CHAdeMO: 109.5.0 falls at 5 A or less; one report of 2108 (0.1 s) older
            if abs(amps_a) > OPEN_A + 1.0 and not self._pre_lied(0x2108, 2.0):
                self.broke("109.5.0 falls above 5 A", f"{amps_a:.1f} A")
        self._energy_told = bool(core & 1)

    # The plant.

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
