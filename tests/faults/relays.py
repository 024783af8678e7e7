"""Relays, contactors and the lock: rules that must hold directly before each of them moves."""

import math
from typing import TYPE_CHECKING

from tests.faults.hearing import Hearing
from tests.faults.numbers import (
    CALIBRATED_EMPTY_V,
    CALIBRATED_FULL_V,
    CLOSED_APART,
    CLOSED_APART_V,
    CLOSED_ONTO_PRE,
    DEAD_AFTER_S,
    EMPTY_V,
    FROZEN,
    FULL_V,
    LIVE_V,
    LOW_A,
    SIGNALS_OFF_S,
    VIOLATION_EXCUSE,
    WORD_S,
)
from v2h.safety.outputs import CONTACTORS, Output

if TYPE_CHECKING:
    from tests.faults.board import Board


def _shown_as_assumed(board: "Board") -> bool:
    charger = board.charger
    return charger is not None and charger.session.checks(charger.inputs(board.now))["cable_v"] == "assumed"


class Relays(Hearing):
    """Every movement of an output, and every misuse that the plant recorded."""

    def __init__(self) -> None:
        super().__init__()
        self._fault_t: float | None = None
        self._seen_violations = 0
        self._left_empty = False
        self._off_t: dict[Output, float] = {}
        """When each output was last switched off."""

    def switching(self, board: "Board", output: Output, on: bool) -> None:
        """Check directly before an output changes."""
        now, circuit = board.now, board.circuit
        amps_a, outputs = abs(circuit.pre_a), board.plant.outputs
        if not on:
            self._off_t[output] = now
        if output in CONTACTORS or (output is Output.D2 and on):
            self._left_empty = not on and circuit.cable_v <= 10.5  # the converter emptied it while it was connected
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
            measured = board.sensor.shown_v is not None and board.sensor.shown_v < 20.0
            really = circuit.cable_v < self._highest_v(board, LIVE_V)
            if not (really and (measured or _shown_as_assumed(board))):
                self.fail(
                    board, "d2 rises on a cable below 20 V", f"{circuit.cable_v:.0f} V, measured {board.sensor.shown_v}"
                )
            if outputs & CONTACTORS or Output.PLUG_LOCK not in outputs or not board.plant.k_on:
                self.fail(board, "d2 rises locked, permitted, with c1/c2 open", f"{outputs!r}")
            if circuit.joined and not board.unmeasured:
                self.fail(board, "d2 never rises on welded c1/c2", f"{outputs!r}")
            if board.uncalibrated and "mad" not in self.excused:
                self.fail(board, "no d2 in a calibration", f"{outputs!r}")
        elif output is Output.D2 and circuit.joined and amps_a > LOW_A:
            self.fail(board, "d2 falls below 5 A", f"{amps_a:.1f} A")
        elif output is Output.D2 and outputs & CONTACTORS & ~board.stuck_lines and "mad" not in self.excused:
            # d2 may fall first with an older car (it opens by d2; ours empty the cable) or if no current ever flowed.
            if board.car.habits.protocol >= 2 and self.flowed:
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
        volts_v = board.circuit.cable_v
        known = self._left_empty or (board.sensor.shown_v is not None and board.sensor.shown_v <= EMPTY_V)
        highest_v = math.inf if self._dead_before_charger(board) else self._highest_v(board, EMPTY_V)
        if not self._by_person(board) and not (known and volts_v <= highest_v):
            self.fail(board, "unlocked at 10 V or by a person", f"{volts_v:.0f} V, measured {board.sensor.shown_v}")
        if board.plant.outputs & (Output.D1 | Output.D2 | CONTACTORS):
            self.fail(board, "unlocked with all signals off", f"{board.plant.outputs!r}")

    def calibrated(self, board: "Board", empty_v: float, full_v: float) -> None:
        """Check a calibration that is kept: what it shows on an empty cable, and at FULL_V."""
        if abs(empty_v) > CALIBRATED_EMPTY_V or abs(full_v - FULL_V) > CALIBRATED_FULL_V:
            self.fail(
                board, "a calibration that is kept is right", f"{empty_v:.1f} V at 0 V, {full_v:.1f} V at {FULL_V}"
            )

    def _by_person(self, board: "Board") -> bool:
        """A person's word of the last WORD_S, given when d1 and d2 had been off for SIGNALS_OFF_S."""
        off_t = self._signals_off_t()
        return any(board.now - said_t <= WORD_S and said_t - off_t >= SIGNALS_OFF_S for said_t in board.confirms)

    def _dead_before_charger(self, board: "Board") -> bool:
        """The sensor has read 0 V since before this charger started, and d1 and d2 have been off for SIGNALS_OFF_S:
        what the ended charger knew of the sensor is lost (SAFETY.md, "One sensor of the cable's voltage")."""
        dead = board.sensor.how in DEAD_AFTER_S and board.charger_born_t > board.sensor.broke_t
        return dead and board.now - self._signals_off_t() >= SIGNALS_OFF_S

    def _signals_off_t(self) -> float:
        return max(self._off_t.get(Output.D1, -math.inf), self._off_t.get(Output.D2, -math.inf))

    def _judge_misuse(self, board: "Board") -> None:
        """Check the misuse that the plant has recorded since the last look."""
        violations, excused = board.circuit.violations, self.excused
        for violation in violations[self._seen_violations :]:
            excuse = VIOLATION_EXCUSE.get(violation.what, set())
            lied = "adc" in excused and (violation.value <= CLOSED_APART_V or board.sensor.how == FROZEN)
            unseen = "weld" in excused and board.unmeasured
            # Without a sensor, the car's own report is the only source (SAFETY.md).
            told = board.unmeasured and "contactors closed" in board.car.says
            if "always" in excuse or excuse & excused:
                continue
            if (violation.what == CLOSED_APART and (lied or told)) or (violation.what == CLOSED_ONTO_PRE and unseen):
                continue
            self.fail(board, violation.what, f"{violation.value}, limit {violation.limit}")
        self._seen_violations = len(violations)
