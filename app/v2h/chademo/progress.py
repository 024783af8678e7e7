"""The state of a session: what its transitions may read and change. session.py runs it."""

from collections.abc import Mapping

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import Source
from v2h.chademo.calibration import Calibration
from v2h.chademo.interface import Fault, Inputs
from v2h.chademo.states import TABLE, Row
from v2h.chademo.supervision import CURRENT_REMAINS
from v2h.safety.outputs import CONTACTORS, NONE, Output, names
from v2h.safety.wire import GuardState

LIVE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC
_SIGNALS = Output.D1 | Output.D2
ADC_DOUBTED_BY = ("late_insulation_test", "late_calibration", "late_bleed", "battery_gone", "cable_against_converter")
"""Faults after which one of two measurements is wrong, and it is not known which. Until the next session the plug is
unlocked only when both show an empty cable, or by a person."""


class Progress:
    """The state, its times, and the latched fault.

    number must differ between program starts: guard clears a trip only for a new number. waits_s: other deadlines for
    named states (a replay waits up to 15 s for the recorded test voltage). locked: the plug lock is wanted on.
    charging: the value of 109.5.0. flowed: energy has flowed in this session. ending: a stop is under way; ended_by:
    who began the last stop, "us" (owner, manager, a silent manager), "car" or "fault". starts: number of sessions
    begun; refusals: how many of the last sessions in a row ended before energy without a stop by us. seen_empty: the
    cable was at most 10 V before the test. welding: outcome of the last welding check, "" before the first. paused: we
    offer 0 A to the car. adc_doubted: the cable's sensor disagreed with converter or car in this session and must not
    unlock the plug. refused: we ended the session because the car does not want it. stop_shown: we have sent a frame of
    this stop. signals_on_t: when d1 or d2 was last seen on, or guard was silent. word_t: when a person's word to unlock
    was accepted; word_answer: the text of the result of the last one. entered_v: the first cable voltage of this state;
    fallen_v, fallen_t: the lowest, and when it was reached. ahead_t: since when 108.3 has been far above the current.
    car_joined: after d2 the car has reported, or may have done so without a report, that it closed its contactors;
    battery_seen: the cable's sensor has shown its battery. conducts: c1 and c2 connect converter and car: a current or
    the battery's voltage has shown it. gives_on: after the stop the converter still gave a small current, whatever
    fault was latched before. inherited: the plug was found locked when the program began, and the cable's voltage
    before that is not known.
    calibration: the one that this session makes; None in any other session.
    """

    table: Mapping[State, Row] = TABLE
    """The states of this kind of session."""

    def __init__(self, number: int, protocol: int = 2, waits_s: Mapping[State, float] | None = None) -> None:
        self.number, self.protocol = number, protocol
        self.waits_s = dict(waits_s or {})
        self.state = State.IDLE
        self.since_t = 0.0
        self.reason: str = say("session.not_started")
        self.fault: Fault | None = None
        self.locked = self.ending = self.charging = self.flowed = False
        self.seen_empty = self.paused = self.adc_doubted = self.refused = False
        self.ended_by = self.welding = ""
        self.starts = self.refusals = 0
        self.idle_t: float | None = None
        self.resumed_t = float("-inf")
        self.offer_a = (0.0, 0.0)
        self.remarks: list[tuple[str, str]] = []
        self.told: set[str] = set()
        self.order_done = -1
        self.d1_t = self.permitted_t = 0.0
        self.speaking_t: float | None = None
        self.held_t: float | None = None
        self.signals_on_t = float("inf")
        self.word_t = self.fallen_t = float("-inf")
        self.word_answer = ""
        self.calibration: Calibration | None = None
        self.stop_shown = self.car_joined = self.battery_seen = self.conducts = self.inherited = False
        self.gives_on = False
        self.fallen_v: float | None = None
        self.entered_v: float | None = None
        self.ahead_t: float | None = None
        self.seen_on = NONE
        self._met_guard = False
        self.watched: dict[str, float] = {}
        self.history: list[tuple[float, State]] = []

    def fail(self, fault: Fault, now: float) -> None:
        """Latch the first fault and begin an orderly stop. After the faults of ADC_DOUBTED_BY the sensor is doubted."""
        self.adc_doubted = self.adc_doubted or fault.name in ADC_DOUBTED_BY
        self.gives_on = self.gives_on or fault.name == CURRENT_REMAINS
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self.stop(now, "fault")

    def begin(self, now: float, inputs: Inputs, calibration: Calibration | None = None) -> None:
        """Start a new session with this step; called by the transition from IDLE."""
        self.calibration = calibration
        self.number = (self.number + 1) & 0xFFFFFFFF
        self.order_done = inputs.order
        self.d1_t, self.reason = now, say("session.starting")
        self.ending = self.charging = self.flowed = self.seen_empty = self.paused = self.adc_doubted = False
        self.refused = self.car_joined = self.battery_seen = self.conducts = self.inherited = self.gives_on = False
        self.ended_by, self.starts = "", self.starts + 1
        self.speaking_t = self.idle_t = self.ahead_t = None
        self.seen_on = NONE
        self.told.clear()
        if inputs.cable_source is Source.BY_CONVERTER:
            self.remarks.append(("cable_by_converter", say("remark.cable_by_converter")))
        elif inputs.cable_source is not Source.VERIFIED:
            self.remarks.append(("cable_assumed", say("remark.cable_assumed")))

    def enter(self, state: State, now: float) -> None:
        """Change the state. charging (109.5.0) is set from ENERGY until the current is known to be small."""
        if state is State.D2_OFF and self.car_joined and not self.battery_seen:
            self.adc_doubted = True  # a sensor that fails while the cable is empty looks like this
        self.state, self.since_t, self.held_t = state, now, None
        self.entered_v = self.fallen_v = None
        self.fallen_t = now
        self.stop_shown = False
        self.history.append((now, state))
        del self.history[:-200]
        self.watched.clear()
        if state is State.ENERGY:
            self.charging = self.flowed = True
            if not self.ending:
                self.refusals = 0
                self.reason = say("session.energy_may_flow")
        elif state is State.FAULT:
            self.speaking_t, self.charging = None, False
        elif state is State.IDLE:
            self.speaking_t = None

    def stop(self, now: float, by: str, *, calm: bool = False) -> None:
        """Begin an orderly stop by the row of states.py. by: see ended_by; calm: the owner's stop, without a fault."""
        row = self.table[self.state]
        following = row.calm or row.stop if calm else row.stop
        self._end(by)
        if following is not None and following is not self.state:
            self.enter(following, now)

    def make_safe(self, fault: Fault, now: float) -> None:
        """Go to SAFE: guard has tripped, or must trip, and an orderly stop is no longer possible."""
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self._end("fault")
        self.enter(State.SAFE, now)

    def meet_guard(self, now: float, inputs: Inputs) -> None:
        """Take guard's report: a trip, an output that it has switched off, or outputs found on at the start lead to
        make-safe."""
        if inputs.guard is None or inputs.guard.outputs & _SIGNALS or self.signals_on_t == float("inf"):
            self.signals_on_t = now
        if inputs.guard is None:
            return
        self.adc_doubted = self.adc_doubted or (self.state is not State.IDLE and inputs.guard.cable_doubted)
        tripped = inputs.guard.state in (GuardState.MAKING_SAFE, GuardState.TRIPPED)
        first, self._met_guard = not self._met_guard, True
        if first:
            self.locked = Output.PLUG_LOCK in inputs.guard.outputs  # as guard found it: it may be on after a crash
            self.inherited = self.locked
        wanted_on = self.table[self.state].outputs
        lost = self.seen_on & wanted_on & ~inputs.guard.outputs
        self.seen_on = (self.seen_on | inputs.guard.outputs) & wanted_on
        if self.state in (State.SAFE, State.FAULT):
            # Only a new number clears guard's trip, and guard treats a new number with live outputs as a crash.
            if (
                self.state is State.FAULT
                and tripped
                and not inputs.guard.outputs & LIVE
                and inputs.guard.session == self.number
            ):
                self.number = (self.number + 1) & 0xFFFFFFFF
        elif first and (tripped or self.locked or inputs.guard.outputs & LIVE):
            found = say("safe.trip_at_start", trip=inputs.guard.trip.text) if tripped else say("safe.found_on")
            self.make_safe(Fault("found_at_start", found), now)
        elif tripped:
            self.make_safe(Fault("guard_tripped", say("safe.tripped", trip=inputs.guard.trip.text)), now)
        elif lost:
            self.make_safe(Fault("outputs_lost", say("safe.outputs_lost", outputs=", ".join(names(lost)))), now)

    @property
    def unlocks_by_word(self) -> bool:
        """A person's word to unlock is valid now."""
        return self.word_t > float("-inf")

    def watch_fall(self, now: float, cable_v: float | None) -> None:
        """Note the time at each fall of the measured cable voltage by STILL_FALLS_V (1 V) in this state."""
        if cable_v is None:
            return
        if self.fallen_v is None:
            self.fallen_v = cable_v
        elif cable_v <= self.fallen_v - limits.STILL_FALLS_V.value:
            self.fallen_v, self.fallen_t = cable_v, now

    def _end(self, by: str) -> None:
        if not self.ending and not self.flowed and by != "us" and self.calibration is None:
            self.refusals += 1
        if not self.ending:
            self.ended_by = by
        self.ending = True
