"""The charging session: walks the table of states. Pure: values and `now` in, wishes out; deep-copyable at any moment.

What it is not: it owns no line and no socket. guard may refuse an output, so every state that relies on one waits for
guard's read-back. A trip by guard ends any state in SAFE and then FAULT. Nothing here unlocks the plug but a known
cable voltage of at most 10 V (how it is known: cable.py), or a person's confirmation that guard itself bounds.
"""

from collections.abc import Mapping

from v2h.chademo import evse, flow, limits
from v2h.chademo.cable import Source
from v2h.chademo.frames import EvseFrame
from v2h.chademo.progress import Progress
from v2h.chademo.states import TABLE, Converter, State
from v2h.chademo.supervision import check, remarks, threshold_v
from v2h.chademo.transitions import NEXT
from v2h.chademo.view import Actions, Fault, Inputs
from v2h.safety.outputs import CONTACTORS, NONE, Output, names
from v2h.safety.wire import GuardState

_LIVE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC
_RESTING = (State.IDLE, State.SAFE, State.FAULT)
_BEFORE_D2 = (State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN)


def _on(i: Inputs) -> Output:
    return NONE if i.guard is None else i.guard.outputs


class Session(Progress):
    """One charger's session after another."""

    def __init__(self, number: int, protocol: int = 2, waits_s: Mapping[State, float] | None = None) -> None:
        super().__init__(number, protocol, waits_s)
        self.commanded_a = 0.0
        self._volts_v = 0.0
        self._met_guard = False
        self._last_t: float | None = None

    def step(self, now: float, i: Inputs) -> Actions:
        """Look once, at any cadence up to 0.1 s."""
        elapsed_s = 0.0 if self._last_t is None else now - self._last_t
        self._last_t = now
        self._meet_guard(now, i)
        self._supervise(now, i)
        successor = NEXT[self.state](self, now, i)
        if successor is not None:
            self.enter(successor, now)
        self._check_deadline(now, i)
        return self._actions(now, i, elapsed_s)

    def checks(self, i: Inputs) -> dict[str, str]:
        """What is "verified", "assumed" or "not fitted". No leakage sensor and no lock feedback are known on this
        board; a cable without its own ADC is assumed where the owner allowed it or the converter shows it."""
        known = i.may_assume or i.cable_source is not Source.UNKNOWN
        cable = "verified" if i.cable_source is Source.VERIFIED else "assumed" if known else "not fitted"
        welding = {"welding": self.welding} if self.welding else {}
        return {"insulation": "not fitted", "lock": "assumed", "cable_v": cable, **welding}

    def limits_a(self, i: Inputs, now: float) -> tuple[float, float]:
        """(charge, discharge) amps that this session would accept, both positive; (0, 0) outside energy flow. In a
        pause the car asks for nothing because we offer nothing: what it had allowed before counts."""
        if self.state is not State.ENERGY or self.ending:
            return 0.0, 0.0
        now_a = flow.allowed_a(i, now)
        if not self.paused and now - self.resumed_t > limits.RESUME.value:
            return now_a
        return max(now_a[0], self.offer_a[0]), max(now_a[1], self.offer_a[1])

    def _meet_guard(self, now: float, i: Inputs) -> None:
        if i.guard is None:
            return
        tripped = i.guard.state in (GuardState.MAKING_SAFE, GuardState.TRIPPED)
        first, self._met_guard = not self._met_guard, True
        if first:
            self.locked = Output.PLUG_LOCK in i.guard.outputs  # as guard found it; it may be on after a crash
        wanted_on = TABLE[self.state].outputs
        lost = self.seen_on & wanted_on & ~i.guard.outputs
        self.seen_on = (self.seen_on | i.guard.outputs) & wanted_on
        if self.state in (State.SAFE, State.FAULT):
            # Only a new number clears guard's trip; guard takes a change of number under live outputs for a crash.
            if self.state is State.FAULT and tripped and not i.guard.outputs & _LIVE and i.guard.session == self.number:
                self.number = (self.number + 1) & 0xFFFFFFFF
        elif first and (tripped or self.locked or i.guard.outputs & _LIVE):
            found = i.guard.trip.text if tripped else "outputs were on"
            self.make_safe(Fault("found_at_start", f"after a restart: {found}"), now)
        elif tripped:
            self.make_safe(Fault("guard_tripped", f"guard made safe: {i.guard.trip.text}"), now)
        elif lost:
            self.make_safe(Fault("outputs_lost", f"guard has switched off {', '.join(names(lost))}"), now)

    def _supervise(self, now: float, i: Inputs) -> None:
        if self.state in _RESTING:
            return
        self.remarks += remarks(self.state, i, now, self.commanded_a, self.watched, self.told)
        fault, normal = check(self.state, i, now, self.commanded_a, self.watched)
        if fault is not None:
            self.fail(fault, now)
        elif self.state in _BEFORE_D2 and now - self.permitted_t > limits.D2_AFTER_PERMISSION.value:
            self.fail(Fault("late_d2", "d2 is not reached in time after the car's permission"), now)
        elif normal and (not self.ending or TABLE[self.state].calm):
            self.reason = normal
            self.stop(now, "car")
        elif not self.ending and not i.wanted:
            self.reason = "stopped"
            self.stop(now, "us", calm=True)

    def _check_deadline(self, now: float, i: Inputs) -> None:
        row = TABLE[self.state]
        if row.limit is None:
            return
        began, limit_s = self.since_t, self.waits_s.get(self.state, row.limit.value)
        if self.state is State.HANDSHAKE:
            began = self.d1_t
        elif self.state is State.CAR_CONTACTORS and self.held_t is not None:
            began, limit_s = self.held_t, limits.BATTERY_SEEN.value
        if now - began <= limit_s:
            return
        late_in = self.state
        if row.refuses:
            self.reason = row.late
            self.stop(now, "car")
            return
        if late_in is State.CAR_CONTACTORS and self.held_t is not None:
            self.fail(Fault("battery_gone", "the car has closed its contactors, the cable shows no battery"), now)
            return
        self.fail(Fault("late_" + late_in.replace(" ", "_").replace("-", "_"), row.late), now)
        if row.forced is not None and self.state is late_in:
            self.enter(row.forced, now)

    def _actions(self, now: float, i: Inputs, elapsed_s: float) -> Actions:
        row = TABLE[self.state]
        self._pause(now, i)
        volts_v, amps_a = self._target(row.converter, now, i, elapsed_s)
        self._volts_v, self.commanded_a = volts_v, amps_a
        on = _on(i)
        by_person = self.state is State.FAULT and i.unlock_confirmed
        return Actions(
            outputs=row.outputs | (Output.PLUG_LOCK if self.locked and not by_person else NONE),
            frames=self._frames(now, i, self.speaking_t) if self.speaking_t is not None and row.speaks else (),
            pre_enable=row.converter is not Converter.OFF,
            pre_volts_v=volts_v,
            pre_amps_a=amps_a,
            k_expected=row.k,
            trip_wanted=self.state is State.SAFE and bool(on & _LIVE),
            session=self.number,
            unlock_by_person=by_person,
        )

    def _frames(self, now: float, i: Inputs, speaking_t: float) -> tuple[EvseFrame, ...]:
        shown = evse.Shown(
            row=TABLE[self.state],
            locked=self.locked,
            charging=self.charging,
            fault=self.fault,
            speaking_s=now - speaking_t,
            flowed=self.flowed,
            paused=self.paused,
            protocol=self.protocol,
        )
        return evse.build(i, shown, CONTACTORS in _on(i))

    def _pause(self, now: float, i: Inputs) -> None:
        """With nothing wished for a while the car is offered 0 A, and sleeps in the session; any wish wakes it."""
        busy = self.state is not State.ENERGY or self.ending or self.commanded_a != 0.0 or flow.wished_a(i) != 0.0
        if busy:
            if self.paused:
                self.resumed_t = now
            self.paused, self.idle_t = False, None
            return
        self.idle_t = now if self.idle_t is None else self.idle_t
        if not self.paused and now - self.idle_t >= limits.PAUSE_AFTER.value:
            self.offer_a = self.limits_a(i, now)
            self.paused = True

    def _target(self, converter: Converter, now: float, i: Inputs, elapsed_s: float) -> tuple[float, float]:
        """(volts, amps) for the PRE. The ceiling in flow is the smaller of the car's target and its threshold."""
        ceiling_v = min(i.car.target_v, threshold_v(i)) if i.car.x100 else 0.0
        if converter is Converter.FLOW:
            stands = self.ending or self.paused
            return ceiling_v, 0.0 if stands else flow.next_a(i, now, self.commanded_a, elapsed_s)
        match converter:
            case Converter.TEST if self.seen_empty:
                return limits.TEST_V.value, limits.TEST_A.value
            case Converter.BLEED:
                return self._volts_v, limits.BLEED_A.value
            case Converter.MATCH:
                match_v = min((i.battery_v or 0.0) + limits.MATCH_OFFSET_V.value, limits.AVAILABLE_V.value)
                return match_v, limits.TEST_A.value
            case Converter.HOLD:
                # Until c1/c2 are seen closed the converter stays where it was matched: ours may close late.
                return ceiling_v if CONTACTORS in _on(i) else self._volts_v, 0.0
        return 0.0, 0.0
