"""The charger without its sockets: session, converter client and timing put together. Sans-IO.

Everything periodic shares one grid of steps: frames to the car, requests to guard and the converter's rounds go out in
a step. So the program wakes 10 to 20 times a second and not for each of them (waking up costs most of its CPU time).

Frames, guard reports, cable samples and setpoints go in as they come; turn(now) returns what to send. The same object
runs in the `charger` program, in `v2h replay` and in virtual time against the rig's plant.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from v2h.bus.messages import SETPOINT_LIFE_S, Setpoint
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.canframe import Frame
from v2h.chademo import frames, limits
from v2h.chademo.anysession import AnySession
from v2h.chademo.cable import Cable, CableVoltage
from v2h.chademo.calibration import Result
from v2h.chademo.car import Car
from v2h.chademo.interface import Actions, Inputs
from v2h.chademo.packs import known_packs, pack
from v2h.chademo.refusals import refusal
from v2h.pre import objects as pre
from v2h.pre.client import Pace, PreClient
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import GuardState, Report, Request

EVSE_PERIOD_S = 0.1
"""The vendor sends every 99.99 ms, sd 0.52 ms, on its own clock, not locked to the car's."""
EVSE_LATE_S = 0.03
"""If the frames are later than this (the loop was held up, or we were silent), the next frames follow a whole period
later and not on the old grid: two sets of frames 50 ms apart do not keep the period of 100 ms."""
EVSE_EARLY_S = 0.005
"""Frames that are due so soon after a step go out in it: the first ones were as late as the loop was then, so without
this they would need a wake of their own for the whole session."""
STEP_S = 0.05
FLOW_STEP_S = 0.1
"""While energy flows: the period of the car's frames and ours. A changed guard report or setpoint does not wait."""
STIRRED_S = 1.5
"""So long after a changed order our power may still be changing: dead time, 12 A of ramp and the converter's lag."""
RESTING_STEP_S = 0.2
"""Without a session nothing is urgent, but the age of guard's report must stay below 0.3 s."""
AMPS_FRESH_S = 0.5
WIRE_PERIOD_S = 0.1
UNLOCKING = (State.UNLOCK, State.FAULT)
"""The states that unlock the plug. There a sensor that was calibrated against the converter is not enough."""
ROUNDING_S = 1e-6
"""A slot is due even if a floating point rounding error puts it slightly into the future."""


@dataclass(slots=True)
class Turn:
    """What to send now: (CAN id, data) on the car's bus and on the converter's, and a request for guard or None."""

    to_car: list[tuple[int, bytes]] = field(default_factory=list)
    to_pre: list[tuple[int, bytes]] = field(default_factory=list)
    to_guard: Request | None = None
    stepped: bool = False


class Charger:
    """One charger. cells_in_series, pack_kwh: the car's battery as the owner named it, which permits assumed voltages
    where the cable has no calibrated ADC; 0 cells: no session without an ADC. by_converter: the ADC was calibrated
    against the converter. Raises ValueError for an unknown pack."""

    def __init__(
        self,
        session: AnySession[Any],
        *,
        max_charge_a: float,
        max_discharge_a: float,
        cells_in_series: int = 0,
        pack_kwh: int = 24,
        by_converter: bool = False,
    ) -> None:
        self.session = session
        self.pack = pack(cells_in_series, pack_kwh) if cells_in_series else None
        if cells_in_series and self.pack is None:
            raise ValueError(
                f"no voltages are known for {cells_in_series} cells and {pack_kwh} kWh; there are: {known_packs()}"
            )
        self.max_charge_a, self.max_discharge_a = max_charge_a, max_discharge_a
        self.car = Car()
        self.converter = PreClient()
        self.actions: Actions | None = None
        self.report: Report | None = None
        self.stop_asked = False
        self._report_t = float("-inf")
        self._by_converter = by_converter
        self._cable = Cable(by_converter=by_converter)
        self._setpoint: Setpoint | None = None
        self._setpoint_t = float("-inf")
        self._clear_fault = self._unlock_word = self._calibrate = False
        self._pin: tuple[float, float] | None = None
        self._last_turn_t: float | None = None
        self._stirred_t = self._pushed_t = float("-inf")
        self._step_due = self._evse_due = self._wire_due = float("-inf")
        self._hurry = False
        """An event must not wait for the next slot of the grid."""
        self._sequence = 0
        self._asked: tuple[float, float, bool] | None = None
        self._last_wish: tuple[object, ...] = ()
        self._looked: tuple[tuple[object, ...], CableVoltage] | None = None
        """How the cable was looked at in this turn, and what was seen."""

    # What comes in.

    def car_frame(self, frame: Frame) -> None:
        self.car.take(frame)

    def pre_frame(self, frame: Frame) -> None:
        """Take a frame of the converter. A changed status word leads to a step at once."""
        status = self.converter.telemetry.status
        self.converter.answer(frame.data, frame.t, frame.can_id)
        self._hurry = self._hurry or self.converter.telemetry.status != status

    def guard_report(self, report: Report, now: float, *, age_s: float = 0.0) -> None:
        """Take a report of guard. A change of K, outputs or state leads to a step at once: K off must not wait.

        age_s: seconds since we sent the request that it answers."""
        old = self.report
        if old is None or (old.k_on, old.outputs, old.state) != (report.k_on, report.outputs, report.state):
            self._hurry = True
        self.report, self._report_t = report, now - age_s

    def guard_gone(self) -> None:
        """The safety wire is closed: no report counts as fresh any more."""
        self._report_t = float("-inf")

    def cable_sample(self, volts_v: float, now: float) -> None:
        """Take a reading of the cable's calibrated ADC, V."""
        self._cable.sample(volts_v, now)

    def setpoint(self, setpoint: Setpoint, now: float) -> None:
        """Take manager's setpoint. It lives SETPOINT_LIFE_S at most; an expired one still carries `wanted`."""
        if setpoint.wanted is not (self._setpoint is not None and self._setpoint.wanted):
            self._hurry = True  # a person may have pressed a button: do not wait for the slow step of rest
        elif self._setpoint is not None and setpoint.power_w != self._setpoint.power_w:
            self._hurry = self.converter.pace is Pace.FLOW
        self._setpoint, self._setpoint_t = setpoint, now
        if setpoint.wanted:
            self.stop_asked = self.stop_asked and setpoint.order == self.session.order_done

    def stop(self) -> None:
        """The owner's stop. It takes effect at the next turn and overrides manager until manager sends a new order."""
        self.stop_asked = self._hurry = True

    def clear_fault(self, *, unlock_confirmed: bool) -> None:
        """A person has seen the fault: try once, at the next turn, to clear it. unlock_confirmed: the person has also
        confirmed at the panel that the cable is empty; session.word_answer then holds the result."""
        self._clear_fault, self._unlock_word = True, unlock_confirmed
        self._hurry = True

    def calibrate(self, now: float) -> str:
        """The owner orders a session that calibrates the cable. Returns why it is refused, or "": it begins with the
        next turn."""
        if self.session.state is not State.IDLE:
            return say("calibration.not_idle", state=str(self.session.state))
        why_not = refusal(replace(self.inputs(now), may_assume=True))
        if not why_not:
            self._calibrate = self._hurry = True
            self._pin, self.stop_asked = None, False
        return why_not

    def pin_sample(self, pin_v: float, now: float) -> None:
        """Take a reading of the cable's channel at the ADC's pin, V, in a session that calibrates it."""
        self._pin = (pin_v, now)

    @property
    def calibrates(self) -> bool:
        """A session that calibrates the cable begins or runs."""
        return self._calibrate or (self.session.calibration is not None and not self.resting)

    def calibrated(self) -> Result | None:
        """Return, once, what came out of a calibration, when its session has ended; else None."""
        session = self.session
        if session.calibration is None or not self.resting:
            return None
        result = session.calibration.result(session.reason, good=session.fault is None)
        session.calibration = None
        return result

    # What goes out.

    def turn(self, now: float) -> Turn:
        """Return what to send now. Call whenever something came in or next_due() is reached."""
        late = self._last_turn_t is not None and now - self._last_turn_t > limits.LOOP_LATE.value
        loop_age_s = 0.0 if self._last_turn_t is None else now - self._last_turn_t
        self._last_turn_t = now
        self._looked = None  # what came in since may have changed it
        out = Turn()
        if self.steps_at(now):
            self._step(now)
            self._step_due = _next_on_grid(self._step_due, now, self._step_s)
            self._hurry, out.stepped = False, True
        assert self.actions is not None
        self._gate(now, late)
        if Output.PRE_AC in self._outputs and (out.stepped or self.converter.under_way):
            request = self.converter.next_request(now)
            if request is not None:
                out.to_pre.append((pre.REQUEST_ID, request))
        soon = now + EVSE_EARLY_S if out.stepped else now
        if self.actions.frames and soon + ROUNDING_S >= self._evse_due:
            held_up = now - self._evse_due > EVSE_LATE_S
            self._evse_due = now + EVSE_PERIOD_S if held_up else _next_on_grid(self._evse_due, soon, EVSE_PERIOD_S)
            out.to_car = [frames.encode(frame) for frame in self.actions.frames]
            self.session.stop_shown = self.session.state in (State.STOP_CURRENT, State.SAFE)
        wish = self._wish(self.actions) if out.stepped else self._last_wish  # only a step changes the actions
        before_next_step = out.stepped and self._wire_due < self._step_due - ROUNDING_S
        if now + ROUNDING_S >= self._wire_due or before_next_step or wish != self._last_wish:
            period_s = RESTING_STEP_S if self.resting else WIRE_PERIOD_S
            slot = self._step_due - self._step_s if out.stepped else self._wire_due
            self._wire_due = _next_on_grid(slot, now, period_s)
            self._last_wish = wish
            out.to_guard = self._request(now, loop_age_s)
        self._looked = None
        return out

    def next_due(self, now: float) -> float:
        """The time at which turn() must be called again if nothing comes in."""
        if self._hurry:
            return now
        due = min(self._step_due, self._wire_due)
        if self.speaks:
            due = min(due, self._evse_due)
        talks = Output.PRE_AC in self._outputs and self.converter.under_way
        return min(due, self.converter.next_due(now)) if talks else due

    def steps_at(self, now: float) -> bool:
        """The next turn is a step: now is the time to read what only a step uses."""
        return self._hurry or self.actions is None or now + ROUNDING_S >= self._step_due

    def status_109_5(self) -> int | None:
        """The status byte that we send now; None while we send no frames."""
        frames_now = self.actions.frames if self.actions is not None else ()
        return next((frames.encode(frame)[1][5] for frame in frames_now if isinstance(frame, frames.X109)), None)

    @property
    def speaks(self) -> bool:
        """We send frames to the car now."""
        return self.actions is not None and bool(self.actions.frames)

    @property
    def resting(self) -> bool:
        """No session: we energise nothing, and the program may end."""
        return self.session.state in (State.IDLE, State.FAULT)

    def stirs(self, now: float) -> bool:
        """The target of the converter changed less than STIRRED_S ago."""
        return now - self._stirred_t < STIRRED_S

    def inputs(self, now: float) -> Inputs:
        """All inputs of the session at `now`."""
        order = self._setpoint
        heard_s = now - self._setpoint_t
        live = order is not None and now < min(order.expires_t, self._setpoint_t + SETPOINT_LIFE_S)
        ordered = order is not None and order.wanted and heard_s < limits.NO_BUS_FOR.value
        wanted = (ordered or self.calibrates) and not self.stop_asked
        soc_pct = self.car.soc_pct
        return Inputs(
            car=self.car,
            guard=self._fresh_report(now),
            pre=self.converter.telemetry,
            cable=self._look_at_cable(now),
            protocol=self.session.protocol,
            may_assume=self.pack is not None or self.calibrates,
            pack_unlike="" if self.pack is None else self.pack.unlike(self.car.capacity_kwh),
            assumed_battery_v=None if self.pack is None or soc_pct is None else self.pack.rest_v(soc_pct),
            wanted=wanted,
            order=order.order if order is not None else -1,
            order_live=live,
            setpoint_w=order.power_w if order is not None and live else 0.0,
            max_charge_a=self.max_charge_a,
            max_discharge_a=self.max_discharge_a,
            clear_fault=self._clear_fault,
            unlock_word=self._unlock_word,
            by_converter=self._by_converter,
            calibrate=self._calibrate,
            pin=self._pin,
        )

    def refusal(self, now: float) -> str:
        """Why a start would be refused now; "" if it would not."""
        return refusal(self.inputs(now))

    @property
    def soc_pct(self) -> float | None:
        """The state of charge of this session's car: None before the car has given its permission."""
        known = self.car.awake and self.session.permitted_t > self.session.d1_t
        return self.car.soc_pct if known else None

    def car_age_s(self, now: float) -> float:
        """Age of what the car has said last; infinite before."""
        return self.car.age_s(0x102, now)

    def _wish(self, actions: Actions) -> tuple[object, ...]:
        """What guard must be told at once when it changes."""
        return actions.outputs, actions.session, actions.trip_wanted, actions.cable_doubted

    @property
    def _step_s(self) -> float:
        return RESTING_STEP_S if self.resting else FLOW_STEP_S if self.converter.pace is Pace.FLOW else STEP_S

    def _step(self, now: float) -> None:
        was = self.session.state
        self.actions = self.session.step(now, self.inputs(now))
        self._clear_fault = self._unlock_word = self._calibrate = False
        self._note_odd_readings()
        if self.session.state is State.IDLE:
            self._cable.trust()
        if was is State.IDLE and self.session.state is not State.IDLE:
            self.car = Car()  # frames from before this session do not count
            self.converter = PreClient()
            self._asked = None
        elif self.session.state is State.CAR_CONTACTORS:
            self.car.hold_target()
        self.converter.pace = Pace.FLOW if self.session.state is State.ENERGY else Pace.SEQUENCE

    def _note_odd_readings(self) -> None:
        """Add a remark, once for each kind in a session, about a reading that is not possible; it is not used."""
        odd = self.converter.telemetry.odd
        converter = say("remark.converter_odd", odd=odd) if odd else ""
        for name, text in (("converter_odd", converter), ("cable_odd", self._cable.odd())):
            if text and name not in self.session.told:
                self.session.told.add(name)
                self.session.remarks.append((name, text))

    def _gate(self, now: float, late: bool) -> None:
        """Run directly before anything is written to the converter. Without a READY guard or with a late loop: 0 A."""
        assert self.actions is not None
        report = self._fresh_report(now)
        open_ = report is not None and report.state is GuardState.READY and not late
        if not open_:
            self.session.commanded_a = 0.0  # afterwards the current rises from zero
        wish = (self.actions.pre_volts_v, self.actions.pre_amps_a if open_ else 0.0, self.actions.pre_enable)
        if wish[1] > 0.0:
            self._pushed_t = now
        if wish != self._asked:
            self._asked, self._stirred_t = wish, now
            self.converter.set_target(wish[0], wish[1])
        self.converter.enable(wish[2])

    def _look_at_cable(self, now: float) -> CableVoltage:
        """What was seen last, if it was in this turn and in the same way."""
        guard, session = self._fresh_report(now), self.session
        doubted = session.adc_doubted or (self._by_converter and session.state in UNLOCKING)
        outputs = None if guard is None else guard.outputs
        telemetry, car, pushed_t = self.converter.telemetry, self.car, self._pushed_t
        way = (now, outputs, telemetry, car, doubted, pushed_t)
        if self._looked is None or self._looked[0] != way:
            seen = self._cable.look(now, outputs, telemetry, car, doubted=doubted, pushed_t=pushed_t)
            self._looked = way, seen
        return self._looked[1]

    def _fresh_report(self, now: float) -> Report | None:
        return self.report if now - self._report_t <= limits.GUARD_LOST.value else None

    @property
    def _outputs(self) -> Output:
        return NONE if self.report is None else self.report.outputs

    def _request(self, now: float, loop_age_s: float) -> Request:
        assert self.actions is not None
        self._sequence += 1
        telemetry = self.converter.telemetry
        fresh = now - telemetry.amps_t <= AMPS_FRESH_S
        return Request(
            outputs=self.actions.outputs,
            session=self.actions.session,
            sequence=self._sequence,
            loop_age_ms=int(loop_age_s * 1000),
            pre_current_a=telemetry.amps_a if fresh else None,
            # Unknown until the first report of guard: the first request must not unlock a plug that was found locked.
            cable_v=self._look_at_cable(now).volts_v if self.report is not None else None,
            k_expected=self.actions.k_expected,
            trip_wanted=self.actions.trip_wanted,
            unlock_by_person=self.actions.unlock_by_person,
            cable_doubted=self.actions.cable_doubted,
        )


def _next_on_grid(due: float, now: float, period_s: float) -> float:
    """The next slot after `now` on the grid of `due`; a missed slot is skipped and not made up for."""
    if now + ROUNDING_S < due:
        return due
    if due == float("-inf"):
        return now + period_s
    return due + period_s * (int((now + ROUNDING_S - due) / period_s) + 1)
