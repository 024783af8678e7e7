"""The charging session: runs the table of states. Pure: values and `now` in, requests out; deep-copyable at any moment.

It owns no line and no socket. guard may refuse an output, so every state that relies on an output waits for guard's
read-back. A trip by guard leads from any state to SAFE and then to FAULT. Only two things unlock the plug here: a known
cable voltage of at most 10 V (how it is known: cable.py), or a person's confirmation, which guard itself limits.
"""

from collections.abc import Mapping

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import evse, flow, limits
from v2h.chademo.anysession import AnySession
from v2h.chademo.cable import MEASURED, Source
from v2h.chademo.frames import EvseFrame
from v2h.chademo.interface import Actions, Fault, Inputs
from v2h.chademo.offer import held_back, told_amps_a, told_offer_a
from v2h.chademo.progress import LIVE
from v2h.chademo.refusals import late_words
from v2h.chademo.states import Converter
from v2h.chademo.supervision import ceiling_v, check, remarks
from v2h.chademo.transitions import NEXT
from v2h.safety.outputs import NONE, Output

_RESTING = (State.IDLE, State.SAFE, State.FAULT)
_BEFORE_D2 = (
    *(State.CONVERTER, State.LOCK, State.INSULATION, State.CALIBRATE, State.BLEED),
    *(State.TEST_OPEN, State.CONTACTOR_CHECK),
)
_WHILE_HEARD = (State.UNLOCK, State.FAREWELL)
"""d1 is off, and the car may leave. We stop sending then: frames without a receiver would wait in the CAN controller
until the next car comes."""


def _on(inputs: Inputs) -> Output:
    return NONE if inputs.guard is None else inputs.guard.outputs


class Session(AnySession[Inputs]):
    """The sessions of one charger, one after another."""

    def __init__(self, number: int, protocol: int = 2, waits_s: Mapping[State, float] | None = None) -> None:
        super().__init__(number, protocol, waits_s)
        self.commanded_a = 0.0
        self._volts_v = 0.0
        self.told_offer_a = (0, 0)
        """108.3 and 208.3 as sent last, A."""
        self._last_t: float | None = None

    def step(self, now: float, inputs: Inputs) -> Actions:
        """Process the inputs of `now` and return the requests. Call at least every 0.1 s during a session."""
        elapsed_s = 0.0 if self._last_t is None else now - self._last_t
        self._last_t = now
        self.meet_guard(now, inputs)
        self._supervise(now, inputs)
        successor = NEXT[self.state](self, now, inputs)
        if successor is not None:
            self.enter(successor, now)
        self._check_deadline(now, inputs)
        return self._actions(now, inputs, elapsed_s)

    def checks(self, inputs: Inputs) -> dict[str, str]:
        """Each check as "verified", "assumed" or "not fitted"; a cable whose sensor was calibrated against the
        converter as "by the converter". No leakage sensor and no lock feedback are known on this board. The cable
        voltage without an ADC is "assumed" if the owner permitted it or the converter shows it."""
        known = inputs.may_assume or inputs.cable_source is not Source.UNKNOWN
        cable = "verified" if inputs.cable_source is Source.VERIFIED else "assumed" if known else "not fitted"
        if inputs.by_converter and inputs.cable.shown_v is not None:
            cable = str(Source.BY_CONVERTER)
        welding = {"welding": self.welding} if self.welding else {}
        return {"insulation": "not fitted", "lock": "assumed", "cable_v": cable, **welding}

    def limits_a(self, inputs: Inputs, now: float) -> tuple[float, float]:
        """(charge, discharge) amps that this session would accept, both positive; (0, 0) outside energy flow.

        In a pause the car asks for 0 A because we offer 0 A, so the limits from before the pause count. If the car asks
        for all that we offer, it may be able to take more, so our own limit counts."""
        if self.state is not State.ENERGY or self.ending:
            return 0.0, 0.0
        now_a = flow.allowed_a(inputs, now)
        if not self.paused and held_back(self, inputs, self.told_offer_a[0]):
            now_a = (flow.offered_a(inputs)[0], now_a[1])
        if not self.paused and now - self.resumed_t > limits.RESUME.value:
            return now_a
        return max(now_a[0], self.offer_a[0]), max(now_a[1], self.offer_a[1])

    def _supervise(self, now: float, inputs: Inputs) -> None:
        if self.state in _RESTING:
            return
        self.remarks += remarks(self.state, inputs, now, self.commanded_a, self.watched, self.told)
        fault, normal = check(self.state, inputs, now, self.commanded_a, self.watched)
        if fault is not None:
            self.fail(fault, now)
        elif self._misses_d2(now) and self.calibration is None:
            self.fail(Fault("late_d2", say("late.d2")), now)
        elif self._misses_d2(now):
            self.reason = say("calibration.too_long", within_s=limits.D2_AFTER_PERMISSION.value)
            self.stop(now, "us")
        elif normal and (not self.ending or self.table[self.state].calm):
            self.reason = normal
            self.stop(now, "car")
        elif not self.ending and not inputs.wanted:
            self.reason = say("session.stopped")
            self.stop(now, "us", calm=True)

    def _misses_d2(self, now: float) -> bool:
        """The car waits no longer for d2. A calibration never switches it on, and misses nothing once it ends."""
        late = self.state in _BEFORE_D2 and now - self.permitted_t > limits.D2_AFTER_PERMISSION.value
        return late and not (self.calibration is not None and self.ending)

    def _check_deadline(self, now: float, inputs: Inputs) -> None:
        row = self.table[self.state]
        if row.limit is None:
            return
        began, limit_s = self.since_t, self.waits_s.get(self.state, row.limit.value)
        if self.state is State.HANDSHAKE:
            began = self.d1_t
        elif self.state is State.CAR_CONTACTORS and self.held_t is not None and inputs.flagged:
            began, limit_s = self.held_t, limits.BATTERY_SEEN.value
        elif row.falling is not None and inputs.cable_source in MEASURED:
            self.watch_fall(now, inputs.cable_v)
            if now - self.since_t <= row.falling.value:
                began = self.fallen_t
        if now - began <= limit_s:
            return
        late_in = self.state
        if row.refuses:
            self._refuse(now, late_words(late_in, now, inputs))
            return
        if late_in is State.CAR_CONTACTORS and self.held_t is not None and inputs.flagged:
            self.fail(Fault("battery_gone", say("late.battery_not_seen")), now)
            return
        self.fail(Fault(row.fault, late_words(late_in, now, inputs)), now)
        if row.forced is not None and self.state is late_in:
            self.enter(row.forced, now)

    def _refuse(self, now: float, text: str) -> None:
        """The car does not want the session: begin an orderly stop, without a latched fault."""
        if not self.ending:
            self.reason = text
        self.refused = True
        self.stop(now, "car")

    def _actions(self, now: float, inputs: Inputs, elapsed_s: float) -> Actions:
        row = self.table[self.state]
        self._pause(now, inputs)
        volts_v, amps_a = self._target(row.converter, now, inputs, elapsed_s)
        self._volts_v, self.commanded_a = volts_v, amps_a
        on = _on(inputs)
        by_person = self.state is State.FAULT and self.unlocks_by_word
        if self.state in _WHILE_HEARD and inputs.car.age_s(0x102, now) > limits.FAREWELL.value:
            self.speaking_t = None  # the car has left: no more frames to it in this session
        return Actions(
            outputs=row.outputs | (Output.PLUG_LOCK if self.locked and not by_person else NONE),
            frames=self._frames(now, inputs, self.speaking_t) if self.speaking_t is not None and row.speaks else (),
            pre_enable=row.converter is not Converter.OFF,
            pre_volts_v=volts_v,
            pre_amps_a=amps_a,
            k_expected=row.k,
            trip_wanted=self.state is State.SAFE and bool(on & LIVE),
            session=self.number,
            unlock_by_person=by_person,
            cable_doubted=self.adc_doubted,
        )

    def _frames(self, now: float, inputs: Inputs, speaking_t: float) -> tuple[EvseFrame, ...]:
        self.told_offer_a = told_offer_a(self, inputs, now, self.commanded_a)
        shown = evse.Shown(
            row=self.table[self.state],
            locked=self.locked,
            charging=self.charging,
            fault=self.fault,
            speaking_s=now - speaking_t,
            flowed=self.flowed,
            offer_a=self.told_offer_a,
            amps_a=told_amps_a(inputs, now),
            protocol=self.protocol,
        )
        return evse.build(inputs, shown, inputs.joined)

    def _pause(self, now: float, inputs: Inputs) -> None:
        """After PAUSE_AFTER without a wanted current, offer 0 A to the car until a current is wanted again."""
        busy = self.state is not State.ENERGY or self.ending or self.commanded_a != 0.0 or flow.wished_a(inputs) != 0.0
        if busy:
            if self.paused:
                self.resumed_t = now
            self.paused, self.idle_t = False, None
            return
        self.idle_t = now if self.idle_t is None else self.idle_t
        if not self.paused and now - self.idle_t >= limits.PAUSE_AFTER.value:
            self.offer_a = self.limits_a(inputs, now)
            self.paused = True

    def _target(self, converter: Converter, now: float, inputs: Inputs, elapsed_s: float) -> tuple[float, float]:
        """(volts, amps) for the PRE. The ceiling in flow is the smaller of the car's target and the threshold."""
        if converter is Converter.FLOW:
            stands = self.ending or self.paused
            return ceiling_v(inputs), 0.0 if stands else flow.next_a(inputs, now, self.commanded_a, elapsed_s)
        match converter:
            case Converter.TEST if self.seen_empty:
                return limits.TEST_V.value, limits.TEST_A.value
            case Converter.CALIBRATE if self.seen_empty and self.calibration is not None:
                return self.calibration.level_v, limits.TEST_A.value
            case Converter.BLEED:
                return self._volts_v, limits.BLEED_A.value
            case Converter.CHECK:
                return limits.CHECK_V.value, limits.TEST_A.value
            case Converter.AWAIT if not inputs.flagged:
                return limits.PRERAISED.value * ceiling_v(inputs), limits.TEST_A.value
            case Converter.MATCH:
                battery_v = inputs.battery_v
                if battery_v is None:  # hold it: c1/c2 stay open until the battery is known again
                    return self._volts_v, limits.TEST_A.value
                # An assumed voltage may be wrong in both directions; the vendor's 8 V would add to that error.
                above_v = limits.MATCH_OFFSET_V.value if inputs.cable_v is not None else 0.0
                return max(0.0, min(battery_v + above_v, limits.AVAILABLE_V.value)), limits.TEST_A.value
            case Converter.HOLD:
                # Until the read-back shows c1/c2 closed, keep the matched voltage: our contactors may close late.
                return ceiling_v(inputs) if inputs.joined else self._volts_v, 0.0
        return 0.0, 0.0
