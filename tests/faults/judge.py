"""Rules that must hold at every event, judged on volts, amps, relays and bytes of the simulated plant, not on what the
software reports.

The judge has its own numbers (numbers.py), so that a wrong number in the software cannot judge itself. A scenario names
what its fault breaks (`excused`); only the rules that the fault itself makes impossible are then judged less strictly,
each as the comment at the rule says.
"""

from typing import TYPE_CHECKING

from tests.faults.numbers import (
    CURRENT_RULES,
    END_RULES,
    FALLS_BY_ITSELF_V,
    FAULTY_PRE_S,
    FLOOR,
    INSIDE,
    K_OFF_S,
    LONGEST_S,
    LOW_A,
    NEEDS,
    REACTION_S,
    STOPPED,
    TOLD_RULES,
    UNLOCK_STANDS_S,
    VOLTS,
)
from tests.faults.record import Broken
from tests.faults.relays import Relays
from v2h.bus.states import State
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState

if TYPE_CHECKING:
    from tests.faults.board import Board

__all__ = ["Broken", "Judge"]


class Judge(Relays):
    """Checks the rules after each event. longest_s: of each state of the session, by its name."""

    longest_s = LONGEST_S

    def __init__(self) -> None:
        super().__init__()
        self._k_off_t: float | None = None
        self._tripped = False
        self._guard_gone_t: float | None = None
        self._charger_gone_t: float | None = None
        self._relays = NONE
        self._at_rest: State | None = None

    def look(self, board: "Board") -> None:
        """Check after each event."""
        now, circuit = board.now, board.circuit
        outputs, amps_a = board.plant.outputs, circuit.pre_a if circuit.joined else 0.0
        if self._at_rest and outputs == self._relays and not (circuit.joined or circuit.car_closed):
            charger = board.charger
            if charger is not None and charger.session.state is self._at_rest and not board.programs_died:
                return  # nothing is energised, and the last event was judged in this state
        if len(circuit.violations) > self._seen_violations:
            self._judge_misuse(board)
        if outputs != self._relays:
            self._relays = outputs
            for one, other in NEEDS:
                if outputs & one & ~board.stuck_lines and other not in outputs | board.stuck_lines:
                    self.fail(board, "outputs that belong together", f"{outputs!r}")
        if board.programs_died:
            board.programs_died, self._fault_t = False, None  # a latched fault is lost with its program
        self._judge_programs(board, outputs, amps_a)
        charger = board.charger
        self._at_rest = None
        if charger is not None:
            state = charger.session.state
            calm = state is State.IDLE or (state is State.FAULT and not board.clears)
            if calm and not outputs & ~Output.PLUG_LOCK and not board.guard.stopped:
                self._at_rest = state
            self._judge_session(board, charger.session.state, now - charger.session.since_t)
        if amps_a:
            self._judge_current(board, amps_a)
        else:
            self._stop_clocks(CURRENT_RULES)
        self._judge_k(board, amps_a)
        if circuit.joined:
            self._judge_obedience(board, abs(amps_a))
        if self.stranger_t is not None and now - self.stranger_t > self.stranger_s and Output.PRE_AC in outputs:
            self.fail(board, "PRE AC off when somebody writes amps after a trip", f"{now - self.stranger_t:.2f} s")
        if self._t_108 > now - 0.3 and circuit.car_closed:
            self._judge_told(board, amps_a)
        else:
            self._stop_clocks(TOLD_RULES)

    def _judge_k(self, board: "Board", amps_a: float) -> None:
        """0.5 s; if the converter also disobeys, or a program has ended too, c1/c2 must open within 1.5 s."""
        if board.plant.k_on or not board.circuit.joined:
            self._k_off_t = None
            return
        if self._k_off_t is None:
            self._k_off_t = board.now
            return
        mild = "pre" in self.excused or "program" in self.excused or "can" in self.excused
        if board.now - self._k_off_t > (FAULTY_PRE_S if mild else K_OFF_S) + 0.02 and abs(amps_a) > LOW_A + 0.06:
            self.fail(board, "5 A within 0.5 s of K off", f"{amps_a:.1f} A after {board.now - self._k_off_t:.2f} s")

    def _judge_obedience(self, board: "Board", amps_a: float) -> None:
        """After the car withdraws its permission, or a partner falls silent: 0 A, and soon the end of the session."""
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
            self._stop_clocks(tuple(END_RULES))
            return
        lost = (
            self._car_stops_t is not None and "can" not in excused,
            silent_s > 1.0,
            self._car_open_t is not None and not excused & {"can", "car"},
            now - self.pre_heard_t > 1.0,
            self._hidden(now),
            bool(board.pre.odd_status),
            board.pre.temperature_c > 90.0,
            not board.guard.works,
        )
        for (rule, for_s), wrong in zip(END_RULES.items(), lost, strict=True):
            self._lasts(board, rule, wrong, for_s)

    def _judge_current(self, board: "Board", amps_a: float) -> None:
        limits, now = self._limits, board.now
        charge_a = discharge_a = 0.0
        for _, charge, discharge in limits:
            charge_a, discharge_a = max(charge, charge_a), max(discharge, discharge_a)
        while len(limits) > 1 and limits[1][0] < now - REACTION_S:
            limits.popleft()
        charge_a = min(charge_a, board.max_charge_a, 15.0)
        discharge_a = min(discharge_a, board.max_discharge_a, 15.0)
        # Before the flow, voltage match: 1 A into the battery; at the end 0.2 A from the cable.
        slack_a = 0.35 if self._status & 0x01 else 1.3
        if "pre" in self.excused:  # the converter disobeys: noticed at 5 A from the setpoint, then 2 s, then make-safe
            over = amps_a > charge_a + 6.0 or amps_a < -discharge_a - 6.0
            self._lasts(board, STOPPED, over, 4.0, f"{amps_a:.1f} A" if over else "")
            return
        over = amps_a > charge_a + slack_a or amps_a < -discharge_a - slack_a
        text = f"{amps_a:.1f} A, car allows {charge_a:.0f} and -{discharge_a:.0f}" if over else ""
        # If a car's frames are late, lost or stale, its limits cannot be obeyed before its silence is noticed; a
        # program that sleeps cannot obey either.
        self._lasts(board, INSIDE, over, 1.2 if self.excused & {"can", "program"} else 0.0, text)
        high_v, low_v = self._car_volts
        volts_v = board.circuit.cable_v
        wrong = (amps_a > 1.3 and 0 < high_v < volts_v) or (amps_a < -0.6 and volts_v < max(low_v, 250))
        self._lasts(board, VOLTS, wrong, 1.5, f"{volts_v:.0f} V at {amps_a:.1f} A" if wrong else "")
        empty = amps_a < -0.6 and board.plant.battery.soc_pct < 29.3 and "can" not in self.excused
        self._lasts(board, FLOOR, empty, 1.5, f"{board.plant.battery.soc_pct:.1f} %" if empty else "")

    def _judge_programs(self, board: "Board", outputs: Output, amps_a: float) -> None:
        now, guard = board.now, board.guard.core
        if guard is None:
            self._trip_t, self._tripped = None, False  # a new guard starts from the beginning
        else:
            away = guard.state in (GuardState.MAKING_SAFE, GuardState.TRIPPED)
            if away and not self._tripped:
                self._trip_t = now
            elif not away:
                self._trip_t = None
            self._tripped = away
        if self._trip_t is not None and board.guard.works:
            since_s = now - self._trip_t
            if since_s > 1.25 + 2 * board.guard.slow_s and outputs & CONTACTORS & ~board.stuck_lines:
                self.fail(board, "c1/c2 open 1.2 s after a trip", f"{outputs!r}")
            if since_s > 3.0 + 6 * board.guard.slow_s and outputs & ~Output.PLUG_LOCK & ~board.stuck_lines:
                self.fail(board, "all but the lock off after a trip", f"{outputs!r}")
        charger_gone = board.charger is None or board._charger_stopped
        guard_gone = not board.guard.works
        self._charger_gone_t = (self._charger_gone_t or now) if charger_gone else None
        self._guard_gone_t = (self._guard_gone_t or now) if guard_gone else None
        if not amps_a and not outputs & CONTACTORS & ~board.stuck_lines:
            return
        if self._charger_gone_t and not guard_gone and now - self._charger_gone_t > 1.7:
            self.fail(board, "c1/c2 open when charger is gone", f"{now - self._charger_gone_t:.2f} s, {amps_a:.1f} A")
        obeys = "pre" not in self.excused
        gone_s = now - self._guard_gone_t if self._guard_gone_t else 0.0
        if gone_s > 1.0 and obeys and abs(amps_a) > LOW_A and not board.guard.replaced:
            self.fail(board, "0 A when guard is gone", f"{amps_a:.1f} A after {gone_s:.2f} s")

    def _judge_session(self, board: "Board", state: State, for_s: float) -> None:
        most_s = self.longest_s.get(state)
        slack_s = 0.15 + 2 * (board.charger_slow_s + board.guard.slow_s)
        if most_s is not None and for_s > most_s + slack_s and not board._charger_stopped:
            self.fail(board, "each state ends in its time", f"{state} for {for_s:.1f} s, limit {most_s} s")
        falls = board.circuit.cable_v > FALLS_BY_ITSELF_V and not board.circuit.car_closed
        stands = state is State.UNLOCK and not falls and not board._charger_stopped
        self._lasts(board, "unlock waits while the cable falls", stands, UNLOCK_STANDS_S + slack_s)
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
