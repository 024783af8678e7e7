"""What must hold at every event, judged on volts, amps, relays and bytes of the simulated plant, not on what the
software says of them.

Its numbers are its own and stand here, so that a wrong number in the software cannot judge itself. A scenario names
what its fault breaks (`excused`); only the rules that the fault itself makes impossible are then judged more mildly,
each as the comment at the rule says.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from v2h.chademo.states import State
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState

if TYPE_CHECKING:
    from tests.faults.board import Board

LOW_A = 5.0
K_OFF_S = 0.5
FAULTY_PRE_S = 1.5
REACTION_S = 0.75
"""A limit that falls is obeyed after: its frame 0.1 s, our look 0.05 s, the converter's dead time 0.2 s, its fall from
15 A 0.3 s, and a tenth."""
NEEDS = (
    (Output.C1, Output.C2),
    (Output.C2, Output.C1),
    (CONTACTORS, Output.PLUG_LOCK),
    (CONTACTORS, Output.D1),
    (CONTACTORS, Output.MASTER),
    (Output.D2, Output.D1),
    (Output.D2, Output.PLUG_LOCK),
    (Output.PRE_AC, Output.MASTER),
)
"""While the first is on the second is too. (PRE AC may go before the contactors, in make-safe.)"""
LONGEST_S: dict[State, float] = {
    State.WAKE: 5.0,
    State.HANDSHAKE: 8.0,
    State.CONVERTER: 15.0,
    State.LOCK: 2.0,
    State.INSULATION: 6.0,
    State.BLEED: 4.0,
    State.TEST_OPEN: 1.0,
    State.CAR_CONTACTORS: 6.1,
    State.MATCH: 3.0,
    State.READY: 6.0,
    State.STOP_CURRENT: 0.8,
    State.WELDING: 10.0,
    State.CAR_OPENS: 10.0,
    State.OPEN: 1.0,
    State.D2_OFF: 1.0,
    State.UNLOCK: 5.0,
    State.FAREWELL: 1.0,
    State.SAFE: 5.0,
}
"""How long a session may be in each state (plus one step of a slow program)."""
VIOLATION_EXCUSE: dict[str, set[str]] = {
    "c1/c2 opened under current, A": {"always"},  # judged below by the rule on make-safe's step 3
    "car's contactors opened under current, A": {"car"},
    "cable live while the plug is not locked, V": {"lock"},
    "plug unlocked on a live cable, V": {"always"},  # judged below, with the person's confirmation
    "c1/c2 closed onto a voltage difference, V": {"adc", "pre", "mad"},
    "car's contactors closed onto a live cable, V": {"adc", "mad"},
    "car's contactors closed onto the PRE, V": {"weld", "mad"},
}
"""Misuse that the plant itself records -> what excuses it; what is not listed is excused by nothing."""
STOPPED = "current stopped that the converter gives by itself"
INSIDE = "current inside both sides' limits"
VOLTS = "volts inside the car's limits"
FLOOR = "no discharge below the car's floor"
TOLD_V = "measured volts are told"
TOLD_A = "measured amps are told"
TOLD_FLOW = "109.5.0 while current flows"
_END_RULES = (
    "a car that stops ends the session",
    "a car that is silent ends the session",
    "a converter that is silent ends the session",
    "a converter with odd status ends the session",
    "a hot converter ends the session",
    "no guard ends the session",
)
_CURRENT_RULES = (STOPPED, INSIDE, VOLTS, FLOOR)
_TOLD_RULES = (TOLD_V, TOLD_A, TOLD_FLOW)
_SET_AMPS = pre.write_amps(0.0)[:4]
_ENABLE_ON = pre.write_enable(True)


class Broken(NamedTuple):
    """One broken invariant: when, which, and the figures."""

    t: float
    rule: str
    text: str


def _shown_as_assumed(board: "Board") -> bool:
    charger = board.charger
    return charger is not None and charger.session.checks(charger.inputs(board.now))["cable_v"] == "assumed"


class Judge:
    """excused: "pre" (the converter disobeys or lies), "adc" (the cable's sensor lies), "car" (the car itself breaks
    the circuit), "weld", "lock" (parts stuck), "program" (charger or guard is dead, stopped or slow), "can" (a bus or
    frame is disturbed), "mad" (charger asks guard for nonsense: only what guard forbids is judged)."""

    def __init__(self) -> None:
        """flowed: the car was told of energy flow (109.5.0)."""
        self.broken: list[Broken] = []
        self.excused: frozenset[str] = frozenset()
        self.flowed = False
        self.car_heard_t = self.pre_heard_t = -math.inf
        """When charger last got a whole 0x102, and a prompt answer of the converter."""
        self.stranger_t: float | None = None
        self._car_stops_t: float | None = None
        self._limits: deque[tuple[float, float, float]] = deque([(-math.inf, 0.0, 0.0)])
        self._reached_t = -math.inf
        self._car_volts = (0, 0)
        self._since: dict[str, float] = {}
        self._rules: set[str] = set()
        self._on_t: dict[Output, float] = {}
        self._off_t: dict[Output, float] = {}
        self._k_off_t: float | None = None
        self._trip_t: float | None = None
        self._tripped = False
        self._guard_gone_t: float | None = None
        self._charger_gone_t: float | None = None
        self._fault_t: float | None = None
        self._seen_violations = 0
        self._car_spoke = False
        self._told: dict[int, bytes] = {}
        self._last_id = 0
        self._t_108 = -math.inf
        self._status = 0x20
        self._locked_told = False
        self._relays = NONE
        self._left_empty = False
        self._at_rest: State | None = None

    # Helpers.

    def fail(self, board: "Board", rule: str, text: str) -> None:
        """Note the first break of each rule."""
        if rule not in self._rules:
            self._rules.add(rule)
            self.broken.append(Broken(round(board.now, 3), rule, text))
            board._say("BROKEN: %s: %s", rule, text)

    def _lasts(self, board: "Board", rule: str, wrong: bool, for_s: float, text: str = "") -> None:
        if not wrong:
            self._since.pop(rule, None)
        elif board.now - self._since.setdefault(rule, board.now) > for_s:
            self.fail(board, rule, text)

    # What passes by.

    def car_said(self, board: "Board", can_id: int, data: bytes) -> None:
        """A frame the car sent; its limits count from here, whether it arrives or not."""
        self._car_spoke = True
        if can_id == 0x102:
            self._limit(board.now, float(data[3]), self._limits[-1][2])
            if data[4] & 0x1F or data[5] & 0x06 or not data[5] & 0x01:
                self._car_stops_t = self._car_stops_t or board.now
            else:
                self._car_stops_t = None
        elif can_id == 0x200:
            self._limit(board.now, self._limits[-1][1], float(0xFF - data[0]))
            self._car_volts = (self._car_volts[0], data[4] | data[5] << 8)
        elif can_id == 0x100:
            self._car_volts = (data[4] | data[5] << 8, self._car_volts[1])

    def _limit(self, now: float, charge_a: float, discharge_a: float) -> None:
        limits = self._limits
        if limits[-1][1:] != (charge_a, discharge_a):
            limits.append((now, charge_a, discharge_a))
        while len(limits) > 1 and limits[1][0] < now - REACTION_S:
            limits.popleft()

    def told_car(self, board: "Board", can_id: int, data: bytes) -> None:
        """A frame that we send to the car."""
        if not self._car_spoke:
            self.fail(board, "we speak after the car", f"0x{can_id:03X} was sent before the car's first frame")
        if can_id == 0x108:
            gap_s = board.now - self._t_108
            steady = "program" not in self.excused and gap_s < 0.5
            if steady and not 0.09 < gap_s < 0.111:
                self.fail(board, "0x108 every 100 ms", f"{gap_s * 1000:.0f} ms")
            self._t_108 = board.now
        elif can_id == 0x109:
            if self._last_id != 0x108:
                self.fail(board, "108 before 109", f"0x109 after 0x{self._last_id:03X}")
            self._judge_status(board, data[5])
        self._last_id = can_id
        self._told[can_id] = data

    def _judge_status(self, board: "Board", status: int) -> None:
        was, self._status = self._status, status
        self.flowed = self.flowed or bool(status & 0x01)
        if was & 0x21 == 0x01 and status & 0x21 not in (0x01, 0x21) and "program" not in self.excused:
            self.fail(board, "status 25 before 24", f"109.5 went from {was:02x} to {status:02x}")
        amps_a = abs(board.circuit.pre_a) if board.circuit.joined else 0.0
        if was & 0x01 and not status & 0x01 and amps_a > 5.6 and not self.excused & {"pre", "program", "weld"}:
            self.fail(board, "109.5.0 falls at 5 A", f"{amps_a:.1f} A")
        if not status & 0x04 and board.circuit.cable_v > 12.0 and "adc" not in self.excused:
            self.fail(board, "109.5.2 while the cable is live", f"{board.circuit.cable_v:.0f} V, status {status:02x}")

    def wrote(self, board: "Board", data: bytes, by_guard: bool) -> None:
        """A request to the converter."""
        if data == _ENABLE_ON and not by_guard:
            if board.pre.set_a and not board.pre.enabled and "pre" not in self.excused:
                self.fail(board, "enabled at 0 A only", f"enabled with {board.pre.set_a} A set")
            if self._trip_t is not None and board.now > self._trip_t + 0.005:
                self.fail(board, "nothing but 0 A after a trip", "enabled")
        if data[:4] != _SET_AMPS or data[0] == pre.READ:
            return
        amps_a = int.from_bytes(data[4:6], "little", signed=True) / 10
        if not amps_a:
            return
        if by_guard or (self._trip_t is not None and board.now > self._trip_t + 0.005):
            who = "guard" if by_guard else "charger"
            self.fail(board, "nothing but 0 A after a trip", f"{who} wrote {amps_a} A")
        if abs(amps_a) > 1.05 and CONTACTORS not in board.plant.outputs:
            self.fail(board, "no current is set with c1/c2 open", f"{amps_a} A")

    # Relays.

    def switching(self, board: "Board", output: Output, on: bool) -> None:
        """Directly before an output changes."""
        now, circuit = board.now, board.circuit
        amps_a, outputs = abs(circuit.pre_a), board.plant.outputs
        (self._on_t if on else self._off_t)[output] = now
        if output in CONTACTORS or (output is Output.D2 and on):
            self._left_empty = not on and circuit.cable_v <= 10.5  # by the converter, while it was connected
        if output in CONTACTORS:
            ac_off_s = now - self._off_t.get(Output.PRE_AC, now)
            seen = not board.pre.amps_frozen  # a converter that shows an old current hides the present one
            if not on and circuit.joined and amps_a > LOW_A and ac_off_s < 0.28 and seen:
                self.fail(
                    board, "c1/c2 open above 5 A only in make-safe step 3", f"{amps_a:.1f} A, AC off {ac_off_s} s"
                )
            if on and not board.plant.k_on:
                self.fail(board, "c1/c2 close with K on", "K is off")
        elif output is Output.D2 and on:
            measured = board.adc_v is not None and board.adc_v < 20.0
            really = circuit.cable_v < 20.0 or "adc" in self.excused
            if not (really and (measured or _shown_as_assumed(board))):
                self.fail(board, "d2 rises on a cable below 20 V", f"{circuit.cable_v:.0f} V, measured {board.adc_v}")
            if outputs & CONTACTORS or Output.PLUG_LOCK not in outputs or not board.plant.k_on:
                self.fail(board, "d2 rises locked, permitted, with c1/c2 open", f"{outputs!r}")
        elif output is Output.D2 and circuit.joined and amps_a > LOW_A:
            self.fail(board, "d2 falls below 5 A", f"{amps_a:.1f} A")
        elif output is Output.D2 and outputs & CONTACTORS & ~board.stuck_lines and "mad" not in self.excused:
            self.fail(board, "c1/c2 open before d2 falls", f"{outputs!r}")
        elif output is Output.D1 and not on:
            d2_off_s = now - self._off_t.get(Output.D2, -math.inf)
            if (Output.D2 in outputs or d2_off_s < 0.49) and Output.D2 not in board.stuck_lines:
                self.fail(board, "d1 falls 0.5 s after d2", f"{d2_off_s:.2f} s")
        elif output is Output.D1 and self._fault_t is not None and "mad" not in self.excused:
            self.fail(board, "no session by itself after a fault", "d1 rose")
        elif output is Output.PLUG_LOCK and not on:
            self._judge_unlock(board)

    def _judge_unlock(self, board: "Board") -> None:
        now, volts_v = board.now, board.circuit.cable_v
        signals_off_s = now - max(self._off_t.get(Output.D1, -math.inf), self._off_t.get(Output.D2, -math.inf))
        person = bool(board.confirms) and signals_off_s >= 119.9
        known = self._left_empty or (board.adc_v is not None and board.adc_v <= 10.5)
        if not person and (
            not known
            or (volts_v > (14.0 if "adc" in self.excused else 10.5) and "adc after a fault" not in self.excused)
        ):
            self.fail(board, "unlocked at 10 V or by a person", f"{volts_v:.0f} V, measured {board.adc_v}")
        if board.plant.outputs & (Output.D1 | Output.D2 | CONTACTORS):
            self.fail(board, "unlocked with all signals off", f"{board.plant.outputs!r}")

    # Every event.

    def look(self, board: "Board") -> None:
        """After each event."""
        now, circuit, excused = board.now, board.circuit, self.excused
        outputs, amps_a = board.plant.outputs, circuit.pre_a if circuit.joined else 0.0
        if self._at_rest and outputs == self._relays and not (circuit.joined or circuit.car_closed):
            charger = board.charger
            if charger is not None and charger.session.state is self._at_rest and not board.programs_died:
                return  # nothing is energised, and was judged so at the last event
        if circuit.violations and len(circuit.violations) > self._seen_violations:
            for violation in circuit.violations[self._seen_violations :]:
                excuse = VIOLATION_EXCUSE.get(violation.what, set())
                if "always" not in excuse and not excuse & excused:
                    self.fail(board, violation.what, f"{violation.value}, limit {violation.limit}")
            self._seen_violations = len(circuit.violations)
        if outputs != self._relays:
            self._relays = outputs
            for one, other in NEEDS:
                if outputs & one & ~board.stuck_lines and other not in outputs | board.stuck_lines:
                    self.fail(board, "outputs that belong together", f"{outputs!r}")
        if board.programs_died:
            board.programs_died, self._fault_t = False, None  # what was latched died with its program
        self._judge_programs(board, outputs, amps_a)
        charger = board.charger
        self._at_rest = None
        if charger is not None:
            state = charger.session.state
            calm = state is State.IDLE or (state is State.FAULT and not board.clears)
            if calm and not outputs & ~Output.PLUG_LOCK and not board._guard_stopped:
                self._at_rest = state
            self._judge_session(board, charger.session.state, now - charger.session.since_t)
        if amps_a:
            self._judge_current(board, amps_a)
        else:
            self._stop_clocks(_CURRENT_RULES)
        self._judge_k(board, amps_a)
        if circuit.joined:
            self._judge_obedience(board, abs(amps_a))
        if self.stranger_t is not None and now - self.stranger_t > 0.1 and Output.PRE_AC in outputs:
            self.fail(board, "PRE AC off when somebody writes amps after a trip", f"{now - self.stranger_t:.2f} s")
        if self._t_108 > now - 0.3 and circuit.car_closed:
            self._judge_told(board, amps_a)
        else:
            self._stop_clocks(_TOLD_RULES)

    def _stop_clocks(self, rules: tuple[str, ...]) -> None:
        if self._since:
            for rule in rules:
                self._since.pop(rule, None)

    def _judge_k(self, board: "Board", amps_a: float) -> None:
        """0.5 s; with a converter that disobeys, or a program that is away as well, c1/c2 open within 1.5 s."""
        if board.plant.k_on or not board.circuit.joined:
            self._k_off_t = None
            return
        if self._k_off_t is None:
            self._k_off_t = board.now
            return
        mild = "pre" in self.excused or "program" in self.excused or "can" in self.excused
        if board.now - self._k_off_t > (FAULTY_PRE_S if mild else K_OFF_S) + 0.02 and abs(amps_a) > LOW_A:
            self.fail(board, "5 A within 0.5 s of K off", f"{amps_a:.1f} A after {board.now - self._k_off_t:.2f} s")

    def _judge_obedience(self, board: "Board", amps_a: float) -> None:
        """Who takes his permission back, or falls silent, gets 0 A, and soon the end of the session."""
        now, excused = board.now, self.excused
        alive = board.charger is not None and not board._charger_stopped and not board.charger_slow_s
        flows = self._status & 0x21 == 0x01 and now - self._t_108 < 0.3
        if self._car_stops_t is not None and "can" not in excused:
            since_s = now - self._car_stops_t
            if since_s > (2.2 if excused else 1.2) and amps_a > LOW_A:
                self.fail(board, "the car's stop is obeyed", f"{amps_a:.1f} A after {since_s:.2f} s")
        silent_s = now - self.car_heard_t
        if silent_s > 1.0 and amps_a > 0.6 and alive and "pre" not in excused:
            self.fail(board, "0 A for a silent car", f"{amps_a:.1f} A after {silent_s:.2f} s")
        unordered = not board.has_bus and amps_a > 0.6 and "pre" not in excused
        self._lasts(board, "0 A without orders", unordered, 2.2, f"{amps_a:.1f} A" if unordered else "")
        if not flows or not alive:
            self._stop_clocks(_END_RULES)
            return
        lost = (
            self._car_stops_t is not None and "can" not in excused,
            silent_s > 1.0,
            now - self.pre_heard_t > 1.0,
            bool(board.pre.odd_status),
            board.pre.temperature_c > 90.0,
            board.guard is None or board._guard_stopped,
        )
        for rule, wrong in zip(_END_RULES, lost, strict=True):
            self._lasts(board, rule, wrong, 2.0)

    def _judge_current(self, board: "Board", amps_a: float) -> None:
        limits, now = self._limits, board.now
        charge_a = discharge_a = 0.0
        for _, charge, discharge in limits:
            charge_a, discharge_a = max(charge, charge_a), max(discharge, discharge_a)
        while len(limits) > 1 and limits[1][0] < now - REACTION_S:
            limits.popleft()
        charge_a = min(charge_a, board.max_charge_a, 15.0)
        discharge_a = min(discharge_a, board.max_discharge_a, 15.0)
        # Before the flow, voltage match: 1 A into the battery; at the end 0.2 A out of the cable.
        slack_a = 0.35 if self._status & 0x01 else 1.3
        if "pre" in self.excused:  # the converter disobeys: seen at 5 A beside the setpoint, then 2 s, then make-safe
            over = amps_a > charge_a + 6.0 or amps_a < -discharge_a - 6.0
            self._lasts(board, STOPPED, over, 4.0, f"{amps_a:.1f} A" if over else "")
            return
        over = amps_a > charge_a + slack_a or amps_a < -discharge_a - slack_a
        text = f"{amps_a:.1f} A, car allows {charge_a:.0f} and -{discharge_a:.0f}" if over else ""
        # A car whose frames are late, lost or stale cannot be obeyed sooner than its silence is noticed, nor by a
        # program that sleeps.
        self._lasts(board, INSIDE, over, 1.2 if self.excused & {"can", "program"} else 0.0, text)
        high_v, low_v = self._car_volts
        volts_v = board.circuit.cable_v
        wrong = (amps_a > 1.3 and 0 < high_v < volts_v) or (amps_a < -0.6 and volts_v < max(low_v, 250))
        self._lasts(board, VOLTS, wrong, 1.5, f"{volts_v:.0f} V at {amps_a:.1f} A" if wrong else "")
        empty = amps_a < -0.6 and board.plant.battery.soc_pct < 29.3 and "can" not in self.excused
        self._lasts(board, FLOOR, empty, 1.5, f"{board.plant.battery.soc_pct:.1f} %" if empty else "")

    def _judge_told(self, board: "Board", amps_a: float) -> None:
        if "program" in self.excused or "pre" in self.excused or "weld" in self.excused or "car" in self.excused:
            return
        told = self._told.get(0x109)
        if told is None:
            return
        if "adc" not in self.excused:
            volts_v = told[1] | told[2] << 8
            wrong = abs(volts_v - board.circuit.cable_v) > 12.0
            text = f"{volts_v} V for {board.circuit.cable_v:.0f} V" if wrong else ""
            self._lasts(board, TOLD_V, wrong, 0.6, text)
        self._lasts(board, TOLD_FLOW, not told[5] & 1 and abs(amps_a) > LOW_A, 0.3, "5 A and more")
        discharge = self._told.get(0x208)
        if told[5] & 1 and discharge is not None:
            shown_a = told[3] - (0xFF - discharge[0])
            wrong = abs(shown_a - amps_a) > 2.0
            self._lasts(board, TOLD_A, wrong, 1.2, f"{shown_a} A for {amps_a:.1f} A" if wrong else "")

    def _judge_programs(self, board: "Board", outputs: Output, amps_a: float) -> None:
        now, guard = board.now, board.guard
        if guard is None:
            self._trip_t, self._tripped = None, False  # a new guard begins anew
        else:
            away = guard.state in (GuardState.MAKING_SAFE, GuardState.TRIPPED)
            if away and not self._tripped:
                self._trip_t = now
            elif not away:
                self._trip_t = None
            self._tripped = away
        if self._trip_t is not None and guard is not None and not board._guard_stopped:
            since_s = now - self._trip_t
            if since_s > 1.25 + 2 * board.guard_slow_s and outputs & CONTACTORS & ~board.stuck_lines:
                self.fail(board, "c1/c2 open 1.2 s after a trip", f"{outputs!r}")
            if since_s > 3.0 + 6 * board.guard_slow_s and outputs & ~Output.PLUG_LOCK & ~board.stuck_lines:
                self.fail(board, "all but the lock off after a trip", f"{outputs!r}")
        charger_gone = board.charger is None or board._charger_stopped
        guard_gone = guard is None or board._guard_stopped
        self._charger_gone_t = (self._charger_gone_t or now) if charger_gone else None
        self._guard_gone_t = (self._guard_gone_t or now) if guard_gone else None
        if not amps_a and not outputs & CONTACTORS & ~board.stuck_lines:
            return
        if self._charger_gone_t and not guard_gone and now - self._charger_gone_t > 1.7:
            self.fail(board, "c1/c2 open when charger is gone", f"{now - self._charger_gone_t:.2f} s, {amps_a:.1f} A")
        obeys = "pre" not in self.excused
        gone_s = now - self._guard_gone_t if self._guard_gone_t else 0.0
        if gone_s > 1.0 and obeys and abs(amps_a) > LOW_A and board._sweeper is None:
            self.fail(board, "0 A when guard is gone", f"{amps_a:.1f} A after {gone_s:.2f} s")

    def _judge_session(self, board: "Board", state: State, for_s: float) -> None:
        most_s = LONGEST_S.get(state)
        slack_s = 0.15 + 2 * (board.charger_slow_s + board.guard_slow_s)
        if most_s is not None and for_s > most_s + slack_s and not board._charger_stopped:
            self.fail(board, "each state ends in its time", f"{state} for {for_s:.1f} s, limit {most_s} s")
        if state is State.FAULT:
            if self._fault_t is None:
                self._fault_t = board.now
        elif self._fault_t is not None and board.clears and board.clears[-1] >= self._fault_t:
            self._fault_t = None
        live = board.plant.outputs & ~Output.PLUG_LOCK & ~board.stuck_lines
        idle = state in (State.IDLE, State.FAULT) and bool(live) and "mad" not in self.excused
        self._lasts(
            board,
            "nothing is energised at rest",
            idle,
            6.0 if "program" in self.excused else 3.5,
            f"{live!r}" if idle else "",
        )
