"""The charger without its sockets: session, converter client and timing put together. Sans-IO.

Everything periodic stands on one grid of steps: frames to the car, words to guard and the converter's rounds go out in
a step, so that the program wakes 10 to 20 times a second and not for each of them (a wake is what its time goes to).

Frames, guard reports, cable samples and setpoints go in as they come; turn(now) says what to send. The same object
runs in the charger program, in `v2h replay` and in virtual time against the rig's plant.
"""

from dataclasses import dataclass, field

from v2h.bus import SETPOINT_LIFE_S, Setpoint
from v2h.canframe import Frame
from v2h.chademo import frames, limits
from v2h.chademo.cable import Cable, Source, assumed_battery_v
from v2h.chademo.car import Car
from v2h.chademo.session import Session
from v2h.chademo.states import State
from v2h.chademo.view import Actions, Inputs
from v2h.pre import objects as pre
from v2h.pre.client import Pace, PreClient
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import GuardState, Report, Request

EVSE_PERIOD_S = 0.1
"""The vendor sends every 99.99 ms, sd 0.52 ms, on its own clock, not locked to the car's."""
EVSE_LATE_S = 0.03
"""After more than this (a loop held up, or a silence) the next frames follow a whole period later, not on the old grid:
two generations 50 ms apart are no 100 ms."""
STEP_S = 0.05
FLOW_STEP_S = 0.1
"""While energy flows: the pace of the car's frames and ours. What guard tells and a new order do not wait for it."""
STIRRED_S = 1.5
"""So long after a changed order own power may still be moving: dead time, 12 A of ramp and the converter's lag."""
RESTING_STEP_S = 0.2
"""With no session there is nothing to be quick about; the age of guard's word must stay below 0.3 s."""
AMPS_FRESH_S = 0.5
WIRE_PERIOD_S = 0.1
ROUNDING_S = 1e-6
"""A slot is due although floating point puts it a hair into the future."""


@dataclass(slots=True)
class Turn:
    """What to send now: (CAN id, data) on the car's bus and on the converter's, and a request for guard or None."""

    to_car: list[tuple[int, bytes]] = field(default_factory=list)
    to_pre: list[tuple[int, bytes]] = field(default_factory=list)
    to_guard: Request | None = None
    stepped: bool = False


class Charger:
    """One charger. cells_in_series: of the car's battery, by which the owner lets voltages be assumed where the cable
    has no calibrated ADC; 0: no session without one."""

    def __init__(
        self, session: Session, *, max_charge_a: float, max_discharge_a: float, cells_in_series: int = 0
    ) -> None:
        self.session = session
        self.cells_in_series = cells_in_series
        self.max_charge_a, self.max_discharge_a = max_charge_a, max_discharge_a
        self.car = Car()
        self.converter = PreClient()
        self.actions: Actions | None = None
        self.report: Report | None = None
        self.stop_asked = False
        self._report_t = float("-inf")
        self._cable = Cable()
        self._setpoint: Setpoint | None = None
        self._setpoint_t = float("-inf")
        self._clear_fault = self._unlock_confirmed = False
        self._last_turn_t: float | None = None
        self._stirred_t = float("-inf")
        self._step_due = self._evse_due = self._wire_due = float("-inf")
        self._hurry = False
        """Something has happened that must not wait for the grid's next slot."""
        self._sequence = 0
        self._asked: tuple[float, float, bool] | None = None
        self._last_wish: tuple[Output, int, bool] = (NONE, 0, False)

    # What comes in.

    def car_frame(self, frame: Frame) -> None:
        self.car.take(frame)

    def pre_frame(self, frame: Frame) -> None:
        """A status word that changed does not wait for the next step."""
        status = self.converter.telemetry.status
        self.converter.answer(frame.data, frame.t, frame.can_id)
        self._hurry = self._hurry or self.converter.telemetry.status != status

    def guard_report(self, report: Report, now: float, *, age_s: float = 0.0) -> None:
        """A report that changes anything leads to a step at once: K off must not wait for the next tick.

        age_s: since the request that it answers was sent."""
        old = self.report
        if old is None or (old.k_on, old.outputs, old.state) != (report.k_on, report.outputs, report.state):
            self._hurry = True
        self.report, self._report_t = report, now - age_s

    def guard_gone(self) -> None:
        """The wire is closed: no report counts as fresh any more."""
        self._report_t = float("-inf")

    def cable_sample(self, volts_v: float, now: float) -> None:
        """A reading of the calibrated ADC."""
        self._cable.sample(volts_v, now)

    def setpoint(self, setpoint: Setpoint, now: float) -> None:
        """Take manager's order; an expiry further away than a second is cut, an expired one still says `wanted`."""
        if setpoint.wanted is not (self._setpoint is not None and self._setpoint.wanted):
            self._hurry = True  # somebody has pressed something: not to wait for the slow step of rest
        elif self._setpoint is not None and setpoint.power_w != self._setpoint.power_w:
            self._hurry = self.converter.pace is Pace.FLOW
        self._setpoint, self._setpoint_t = setpoint, now
        if setpoint.wanted:
            self.stop_asked = self.stop_asked and setpoint.order == self.session.order_done

    def stop(self) -> None:
        """The owner's stop, obeyed at the next turn whatever manager says, until manager brings a new order."""
        self.stop_asked = self._hurry = True

    def clear_fault(self, *, unlock_confirmed: bool) -> None:
        """A person has seen the fault; tried once, at the next turn."""
        self._clear_fault, self._unlock_confirmed = True, unlock_confirmed
        self._hurry = True

    # What goes out.

    def turn(self, now: float) -> Turn:
        """Call whenever something came in or next_due() has come."""
        late = self._last_turn_t is not None and now - self._last_turn_t > limits.LOOP_LATE.value
        loop_age_s = 0.0 if self._last_turn_t is None else now - self._last_turn_t
        self._last_turn_t = now
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
        if now + ROUNDING_S >= self._evse_due and self.actions.frames:
            held_up = now - self._evse_due > EVSE_LATE_S
            self._evse_due = now + EVSE_PERIOD_S if held_up else _next_on_grid(self._evse_due, now, EVSE_PERIOD_S)
            out.to_car = [frames.encode(frame) for frame in self.actions.frames]
        wish = (self.actions.outputs, self.actions.session, self.actions.trip_wanted)
        if now + ROUNDING_S >= self._wire_due or wish != self._last_wish:
            self._wire_due = _next_on_grid(self._wire_due, now, RESTING_STEP_S if self.resting else WIRE_PERIOD_S)
            self._last_wish = wish
            out.to_guard = self._request(now, loop_age_s)
        return out

    def next_due(self, now: float) -> float:
        """When turn() is worth calling again if nothing comes in."""
        if self._hurry:
            return now
        due = min(self._step_due, self._wire_due)
        if self.speaks:
            due = min(due, self._evse_due)
        talks = Output.PRE_AC in self._outputs and self.converter.under_way
        return min(due, self.converter.next_due(now)) if talks else due

    def steps_at(self, now: float) -> bool:
        """The next turn is a step: the time to look at what only a step looks at."""
        return self._hurry or self.actions is None or now + ROUNDING_S >= self._step_due

    def status_109_5(self) -> int | None:
        """The status byte that we send now; None while silent."""
        frames_now = self.actions.frames if self.actions is not None else ()
        return next((frames.encode(frame)[1][5] for frame in frames_now if isinstance(frame, frames.X109)), None)

    @property
    def speaks(self) -> bool:
        """The car shall hear us now."""
        return self.actions is not None and bool(self.actions.frames)

    @property
    def resting(self) -> bool:
        """No session: nothing energised by us, the program may end."""
        return self.session.state in (State.IDLE, State.FAULT)

    def stirs(self, now: float) -> bool:
        """What is asked of the converter has just changed."""
        return now - self._stirred_t < STIRRED_S

    def inputs(self, now: float) -> Inputs:
        """The session's look at the world."""
        order = self._setpoint
        heard_s = now - self._setpoint_t
        live = order is not None and now < min(order.expires_t, self._setpoint_t + SETPOINT_LIFE_S)
        wanted = order is not None and order.wanted and heard_s < limits.NO_BUS_FOR.value and not self.stop_asked
        telemetry, cells = self.converter.telemetry, self.cells_in_series
        cable_v, source = self._look_at_cable(now)
        return Inputs(
            car=self.car,
            guard=self._fresh_report(now),
            pre=telemetry,
            converter_answered_t=self.converter.link.answered_t,
            cable_v=cable_v,
            cable_source=source,
            may_assume=cells > 0,
            assumed_battery_v=assumed_battery_v(cells, self.car.soc_pct) if cells else None,
            wanted=wanted,
            order=order.order if order is not None else -1,
            setpoint_w=order.power_w if order is not None and live else 0.0,
            max_charge_a=self.max_charge_a,
            max_discharge_a=self.max_discharge_a,
            clear_fault=self._clear_fault,
            unlock_confirmed=self._unlock_confirmed,
        )

    @property
    def _step_s(self) -> float:
        return RESTING_STEP_S if self.resting else FLOW_STEP_S if self.converter.pace is Pace.FLOW else STEP_S

    def _step(self, now: float) -> None:
        was = self.session.state
        self.actions = self.session.step(now, self.inputs(now))
        self._clear_fault = False
        if self.session.state is State.IDLE:
            self._unlock_confirmed = False
        if was is State.IDLE and self.session.state is not State.IDLE:
            self.car = Car()  # nothing said before this session counts
            self.converter = PreClient()
            self._asked = None
        elif self.session.state is State.CAR_CONTACTORS:
            self.car.hold_target()
        self.converter.pace = Pace.FLOW if self.session.state is State.ENERGY else Pace.SEQUENCE

    def _gate(self, now: float, late: bool) -> None:
        """Directly before anything is written to the converter: only a READY guard and a punctual loop let amps out."""
        assert self.actions is not None
        report = self._fresh_report(now)
        open_ = report is not None and report.state is GuardState.READY and not late
        if not open_:
            self.session.commanded_a = 0.0  # what comes back rises from zero
        wish = (self.actions.pre_volts_v, self.actions.pre_amps_a if open_ else 0.0, self.actions.pre_enable)
        if wish != self._asked:
            self._asked, self._stirred_t = wish, now
            self.converter.set_target(wish[0], wish[1])
        self.converter.enable(wish[2])

    def _look_at_cable(self, now: float) -> tuple[float | None, Source]:
        guard, doubted = self._fresh_report(now), self.session.adc_doubted
        outputs = None if guard is None else guard.outputs
        return self._cable.look(now, outputs, self.converter.telemetry, self.car, doubted=doubted)

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
            # Unknown until guard has told what it found: the first word must not unlock a plug found locked.
            cable_v=self._look_at_cable(now)[0] if self.report is not None else None,
            k_expected=self.actions.k_expected,
            trip_wanted=self.actions.trip_wanted,
            unlock_by_person=self.actions.unlock_by_person,
        )


def _next_on_grid(due: float, now: float, period_s: float) -> float:
    """The next slot after `now` on the grid of `due`; a missed slot is skipped, not made up."""
    if now + ROUNDING_S < due:
        return due
    if due == float("-inf"):
        return now + period_s
    return due + period_s * (int((now + ROUNDING_S - due) / period_s) + 1)
