"""The CCS session at the charger: runs the table of states. Pure: values and `now` in, requests out.

The counterpart of chademo/session.py: the same outputs, the same guard, the same converter. Which of the two runs is
chosen by the configuration at the start. It charges only: each order passes charge_only_a() but one, the -0.2 A that
empty the cable after the cable check. The car's contactors are open then, and BLEED ends after 3 s.
"""

import math
from collections import deque

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.ccs import limits
from v2h.ccs.limits import charge_only_a
from v2h.ccs.power_flow import ceiling_v, next_a, ours_a, precharge_v, test_v
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_progress import PowerProgress
from v2h.ccs.power_states import TALKING
from v2h.ccs.power_supervision import WATCHED
from v2h.ccs.power_transitions import NEXT, current_gone
from v2h.ccs.record import CHARGING_PILOT, ChargerRecord, Isolation, Phase
from v2h.chademo import limits as charger_limits
from v2h.chademo.anysession import AnySession
from v2h.chademo.cable import MEASURED
from v2h.chademo.conditions import outputs_on
from v2h.chademo.flow import offered_a
from v2h.chademo.interface import Actions, Fault
from v2h.chademo.progress import LIVE
from v2h.chademo.states import Converter
from v2h.chademo.supervision import first_wrong
from v2h.safety.outputs import CONTACTORS, NONE, Output

_RESTING = (State.IDLE, State.SAFE, State.FAULT)
_WITHOUT_CURRENT = (State.WELDING, State.UNLOCK, State.FAREWELL)
_STOPPING = (State.STOP_CURRENT, *_WITHOUT_CURRENT)


class PowerSession(PowerProgress, AnySession[PowerInputs]):
    """The sessions of one charger, one after another."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.commanded_a = 0.0
        self._volts_v = 0.0
        self._last_t: float | None = None
        self._told: deque[tuple[float, float]] = deque()
        """(time, highest current) that the car was told within OFFER_HEARD of the charging loop."""

    def step(self, now: float, inputs: PowerInputs) -> Actions:
        """Process the inputs of `now` and return the requests. Call at least every 0.1 s during a session."""
        elapsed_s = 0.0 if self._last_t is None else now - self._last_t
        self._last_t = now
        self.meet_guard(now, inputs)
        self._supervise(now, inputs)
        successor = NEXT[self.state](self, now, inputs)
        if successor is not None:
            self.enter(successor, now)
        self._check_deadline(now, inputs)
        self._note_offer(now, inputs)
        return self._actions(now, inputs, elapsed_s)

    def _note_offer(self, now: float, inputs: PowerInputs) -> None:
        if self.state is not State.ENERGY:
            self._told.clear()
            return
        self._told.append((now, ours_a(inputs)))
        while now - self._told[0][0] > limits.OFFER_HEARD.value:
            self._told.popleft()

    def record(self, now: float, inputs: PowerInputs, sequence: int) -> ChargerRecord:
        """What `ccs` must know, for the wire; call after step() with the same inputs."""
        amps_a = inputs.pre.amps_a if now - inputs.pre.amps_t <= charger_limits.AMPS_TOLD_FOR.value else None
        measures = inputs.isolation not in (Isolation.INVALID, Isolation.FAULT)
        flows = self.state is State.ENERGY
        return ChargerRecord(
            phase=inputs.phase,
            sequence=sequence,
            done=self._done(now, inputs),
            wanted=self.state not in _RESTING,
            authorised=self.state in TALKING[1:] and not self.ending and measures,
            stop=self.ending and self.state not in _RESTING,
            fault=self.fault is not None,
            cut=self._cuts(),
            isolation=self._isolation_told(inputs),
            present_v=inputs.cable_v,
            present_a=amps_a,
            max_v=limits.MOST_V.value,
            min_v=limits.PRECHARGE_LEAST_V.value,
            max_a=ours_a(inputs) if flows else charge_only_a(offered_a(inputs)[0]),
            max_w=limits.MOST_W.value,
            session=self.number,
        )

    def limits_a(self, inputs: PowerInputs, now: float) -> tuple[float, float]:
        """(charge, discharge) amps that this session would accept; the second is always 0.

        A car asks for no more than it was told. If it asks for all of that, it may take more, so its own limit counts;
        else a setpoint of 0 would hold itself for ever."""
        if self.state is not State.ENERGY or self.ending or inputs.ccs is None:
            return 0.0, 0.0
        target_a, max_a = inputs.ccs.target_a, inputs.ccs.max_a
        told_a = min((amps for _, amps in self._told), default=0.0)
        held_back = target_a is not None and target_a >= told_a - limits.ASKS_FOR_ALL_A.value
        car = [amps for amps in (None if held_back else target_a, max_a) if amps is not None]
        return charge_only_a(min(offered_a(inputs)[0], *car)) if car else 0.0, 0.0

    def checks(self, inputs: PowerInputs) -> dict[str, str]:
        """As Session.checks(); the insulation is "verified" once it was measured in this session."""
        cable = str(inputs.cable_source) if inputs.cable_source in MEASURED else "not fitted"
        return {"insulation": "verified" if self.isolated else "not measured", "lock": "assumed", "cable_v": cable}

    def _cuts(self) -> bool:
        """The pilot is off: in an emergency that may have current, and once a car did not stop by itself. Before the
        car's contactors can be closed the cable is bled first, which needs K and so the pilot."""
        return (
            self.cut or self.state in (State.SAFE, State.FAULT) or (self.fault is not None and self.state in _STOPPING)
        )

    def _isolation_told(self, inputs: PowerInputs) -> Isolation:
        if inputs.isolation is Isolation.FAULT or (self.fault is not None and self.fault.name == "isolation_fault"):
            return Isolation.FAULT
        return inputs.isolation if self.isolated else Isolation.INVALID

    def _done(self, now: float, inputs: PowerInputs) -> bool:
        """What the car's phase waits for has happened."""
        opened = inputs.guard is not None and not outputs_on(inputs) & CONTACTORS
        match inputs.phase:
            case Phase.PARAMETERS:
                again = self.state is State.ENERGY and current_gone(self, inputs, now)
                return not self.ending and (again or (self.state is State.LOCK and self.lock_ready))
            case Phase.CABLE_CHECK:
                return not self.ending and self.state is State.TEST_OPEN
            case Phase.PRECHARGE:
                return self.matched
            case Phase.START:
                return not self.ending and self.state in (State.READY, State.ENERGY)
            case Phase.STOP:
                return self.ending and (opened or current_gone(self, inputs, now))
            case Phase.WELDING | Phase.END:
                return opened
        return False

    def _supervise(self, now: float, inputs: PowerInputs) -> None:
        if self.state in _RESTING:
            return
        fault, normal = first_wrong(WATCHED[self.state], inputs, now, self.commanded_a, self.watched)
        other = self.state in TALKING[1:] and inputs.ccs is not None and inputs.ccs.session != self.car_session
        if fault is not None:
            self.fail(fault, now)
        elif self.ending:
            return
        elif normal or other:
            self.reason = normal or say("watch.car_ended")
            self.stop(now, "car")
        elif not inputs.wanted:
            self.reason = say("session.stopped")
            self.stop(now, "us")

    def _check_deadline(self, now: float, inputs: PowerInputs) -> None:
        row = self.table[self.state]
        if row.limit is None:
            return
        began_t = self.since_t
        if row.falling is not None:
            self.watch_fall(now, inputs.cable_v)
            began_t = self.fallen_t if now - self.since_t <= row.falling.value else began_t
        if now - began_t <= row.limit.value:
            return
        if row.refuses or (self.state is State.MATCH and self.matched):
            self.reason = self.reason if self.ending else row.late
            self.refused = True
            self.stop(now, "car")
            return
        late_in = self.state
        late = say("late.voltage_match") if late_in is State.MATCH else row.late
        self.fail(Fault(row.fault, late), now)
        if row.forced is not None and self.state is late_in:
            self.enter(row.forced, now)

    def _actions(self, now: float, inputs: PowerInputs, elapsed_s: float) -> Actions:
        row = self.table[self.state]
        self._volts_v, self.commanded_a = self._target(row.converter, now, inputs, elapsed_s)
        self.zero_t = math.inf if self.commanded_a else min(self.zero_t, now)
        by_person = self.state is State.FAULT and self.unlocks_by_word
        return Actions(
            outputs=row.outputs | (Output.PLUG_LOCK if self.locked and not by_person else NONE),
            frames=(),
            pre_enable=row.converter is not Converter.OFF,
            pre_volts_v=self._volts_v,
            pre_amps_a=self.commanded_a,
            k_expected=row.k and not self.ending,
            trip_wanted=self.state is State.SAFE and bool(outputs_on(inputs) & LIVE),
            session=self.number,
            unlock_by_person=by_person,
            cable_doubted=self.adc_doubted,
        )

    def _target(self, converter: Converter, now: float, inputs: PowerInputs, elapsed_s: float) -> tuple[float, float]:
        """(volts, amps) for the converter."""
        permits = inputs.pilot in CHARGING_PILOT and inputs.ccs is not None
        match converter:
            case Converter.FLOW:
                return ceiling_v(inputs), next_a(inputs, now, self.commanded_a, elapsed_s)
            case Converter.TEST if self.seen_empty and permits:
                return test_v(inputs), charge_only_a(charger_limits.TEST_A.value)
            case Converter.BLEED:
                return self._volts_v, charger_limits.BLEED_A.value
            case Converter.MATCH if permits and precharge_v(inputs) > 0.0:
                return precharge_v(inputs), charge_only_a(limits.PRECHARGE_A.value)
            case Converter.HOLD:
                return self._volts_v, 0.0
        return 0.0, 0.0
