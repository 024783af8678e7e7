"""Where a session stands: what its transitions may read and change. The engine is session.py."""

from collections.abc import Mapping

from v2h.chademo.cable import Source
from v2h.chademo.states import TABLE, State
from v2h.chademo.view import Fault, Inputs
from v2h.safety.outputs import NONE

ADC_DOUBTED_BY = ("late_insulation_test", "late_bleed", "battery_gone", "cable_against_converter")
"""Faults after which one of two measurements is wrong, and nobody knows which. Until the next session the plug is
unlocked only when both say that the cable is empty, or by a person."""


class Progress:
    """State, marks in time, the latched fault.

    number must differ between program starts: guard clears a trip only for a new one. waits_s: other deadlines for
    named states (a replay waits up to 15 s for the recorded test voltage). locked: the plug lock is wanted on.
    charging: what 109.5.0 says. flowed: energy has flowed in this session. ending: a stop is under way; ended_by: who
    began the last one, "us" (owner, manager, its silence), "car" or "fault". starts: sessions begun; refusals: how many
    of the last ones in a row ended before energy without our asking. seen_empty: the cable was at most 10 V before the
    test. welding: outcome of the last welding check, "" before the first. paused: 0 A is offered to the car.
    adc_doubted: the cable's sensor disagreed with converter or car in this session and must not unlock the plug.
    """

    def __init__(self, number: int, protocol: int = 2, waits_s: Mapping[State, float] | None = None) -> None:
        self.number, self.protocol = number, protocol
        self.waits_s = dict(waits_s or {})
        self.state = State.IDLE
        self.since_t = 0.0
        self.reason = "not started"
        self.fault: Fault | None = None
        self.locked = self.ending = self.charging = self.flowed = False
        self.seen_empty = self.paused = self.adc_doubted = False
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
        self.seen_on = NONE
        self.watched: dict[str, float] = {}
        self.history: list[tuple[float, State]] = []

    def fail(self, fault: Fault, now: float) -> None:
        """Latch the first fault and leave in order. From some the cable's sensor comes out as a liar."""
        self.adc_doubted = self.adc_doubted or fault.name in ADC_DOUBTED_BY
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self.stop(now, "fault")

    def begin(self, now: float, i: Inputs) -> None:
        """A new session starts with this step; called by the transition out of IDLE."""
        self.number = (self.number + 1) & 0xFFFFFFFF
        self.order_done = i.order
        self.d1_t, self.reason = now, "starting"
        self.ending = self.charging = self.flowed = self.seen_empty = self.paused = self.adc_doubted = False
        self.ended_by, self.starts = "", self.starts + 1
        self.speaking_t = self.idle_t = None
        self.seen_on = NONE
        self.told.clear()
        if i.cable_source is not Source.VERIFIED:
            text = "this session's cable and battery voltages are assumed, not measured"
            self.remarks.append(("cable_assumed", text))

    def enter(self, state: State, now: float) -> None:
        """Change state; charging is what 109.5.0 says, from ENERGY until the current is known to be small."""
        self.state, self.since_t, self.held_t = state, now, None
        self.history.append((now, state))
        del self.history[:-200]
        self.watched.clear()
        if state is State.ENERGY:
            self.charging = self.flowed = True
            self.refusals = 0
            if not self.ending:
                self.reason = "energy may flow"
        elif state is State.FAULT:
            self.speaking_t, self.charging = None, False
        elif state is State.IDLE:
            self.speaking_t = None

    def stop(self, now: float, by: str, *, calm: bool = False) -> None:
        """Leave in order, by the row's road. by: see ended_by; calm: it is the owner's wish, nothing is wrong."""
        row = TABLE[self.state]
        following = row.calm or row.stop if calm else row.stop
        self._end(by)
        if following is not None and following is not self.state:
            self.enter(following, now)

    def make_safe(self, fault: Fault, now: float) -> None:
        """guard has tripped, or must: nothing is left to do in order."""
        self.fault = self.fault or fault
        self.reason = self.fault.text
        self._end("fault")
        self.enter(State.SAFE, now)

    def _end(self, by: str) -> None:
        if not self.ending and not self.flowed and by != "us":
            self.refusals += 1
        if not self.ending:
            self.ended_by = by
        self.ending = True
