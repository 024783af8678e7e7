"""A CCS charge in virtual time: real SECC, real power session, real records on the wire, guard by its real rules; the
car, the converter, the cable and the insulation monitor are models.

The models are coarse where nothing depends on them: the converter follows its order by 1000 V/s and at once in amps.
"""

from collections.abc import Callable
from math import exp
from typing import Any

from tests.support.ccscar import SESSION
from tests.support.ccsmodels import CcsCar, Guard
from v2h.bus.states import State
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_session import PowerSession
from v2h.ccs.record import (
    CarRecord,
    ChargerRecord,
    Heard,
    Isolation,
    Phase,
    Pilot,
    pack_car,
    pack_charger,
    unpack_car,
    unpack_charger,
)
from v2h.ccs.secc import Secc
from v2h.chademo.cable import Cable
from v2h.chademo.car import Car
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import GuardState, Report, Request, Trip

STEP_S = 0.05
CABLE_BLEEDS_S = 3.0
"""Time constant of the open cable: only its sensor and the monitor discharge it."""
STATUS_OK = 0


class CcsBench:
    """One charge. Change `car`, `isolation`, `estop`, `ccs_dead`, `setpoint_w`, `wanted` at any time; `watch` is called
    after each step."""

    def __init__(self, dialect: Dialect = DIN, **car: Any) -> None:
        self.now = 1000.0
        self.car = CcsCar(dialect, **car)
        self.session = PowerSession(1)
        self.guard = Guard()
        self.pre = PreTelemetry(status=STATUS_OK, warning_word=0, temperature_c=40.0, enabled=False)
        self.cable = Cable()
        self.cable_v = 0.0
        self.secc: Secc | None = None
        self.isolation, self.isolation_age_s = Isolation.VALID, 0.5
        self.estop = self.ccs_dead = self.pilot_dead = self.guard_dead = False
        self.ccs_heard: Heard[CarRecord] = Heard()
        self.charger_heard: Heard[ChargerRecord] = Heard()
        self.sequence = 0
        self.setpoint_w, self.wanted, self.order, self.clear_fault = 6000.0, True, 1, False
        self.max_charge_a = 15.0
        self.told: ChargerRecord | None = None
        self._pushed_t = float("-inf")
        self.actions = self.session.step(self.now, self.inputs())
        self.history: list[State] = []
        self.closed: list[tuple[float, float]] = []
        """(converter V, cable V) at each moment at which a contactor closed: c1/c2 or the car's."""
        self.watch: Callable[[CcsBench], None] = lambda bench: None
        self._on_battery = False
        self.meddle: Callable[[CcsBench], None] = lambda bench: None
        """Called before each step of the session: a place to falsify what the models say."""
        self.run(2.0, started=False)

    @property
    def k_on(self) -> bool:
        return self.pilot in (Pilot.C, Pilot.D) and self.isolation is not Isolation.FAULT and not self.estop

    @property
    def pilot(self) -> Pilot:
        """What the box reads; a car without PWM shows B."""
        if self.pilot_dead:
            return Pilot.UNKNOWN
        off = self.told is None or self.told.cut or not self.told.wanted
        return Pilot.B if off and self.car.pilot in (Pilot.C, Pilot.D) else self.car.pilot

    @property
    def amps_a(self) -> float:
        return self.pre.amps_a or 0.0

    def inputs(self) -> PowerInputs:
        outputs = self.guard.outputs
        state = GuardState.TRIPPED if self.guard.tripped else GuardState.READY
        trip = Trip.CHARGER_ASKED if self.guard.tripped else Trip.NONE
        report = Report(outputs, state, trip, self.guard.session, 1, self.k_on if self.sequence else False, True)
        cable = self.cable.look(
            self.now, outputs, self.pre, Car(), doubted=self.session.adc_doubted, pushed_t=self._pushed_t
        )
        return PowerInputs(
            car=Car(),
            guard=None if self.guard_dead else report,
            pre=self.pre,
            cable=cable,
            wanted=self.wanted,
            order=self.order,
            setpoint_w=self.setpoint_w,
            max_charge_a=self.max_charge_a,
            max_discharge_a=15.0,
            clear_fault=self.clear_fault,
            ccs=self.ccs_heard.fresh(self.now),
            isolation=self.isolation,
            isolation_t=self.now - self.isolation_age_s,
        )

    def run(self, seconds: float, *, started: bool = True) -> "CcsBench":
        """Advance. started = False: ccs reports, but no session is wanted yet."""
        for _ in range(round(seconds / STEP_S)):
            self._step(started)
        return self

    def until(self, state: State, within_s: float = 60.0) -> "CcsBench":
        for _ in range(round(within_s / STEP_S)):
            if self.session.state is state:
                return self
            self._step(True)
        raise AssertionError(f"{self.session.state} instead of {state}: {self.session.reason}; {self.history}")

    def stands_at(self, volts_v: float) -> None:
        """For `meddle`: converter and cable stand at this voltage, whatever is ordered."""
        self.pre.volts_v = self.cable_v = volts_v

    def energy(self) -> "CcsBench":
        """Up to a settled flow of energy."""
        return self.until(State.ENERGY).run(2.0)

    def _step(self, started: bool) -> None:
        self.now += STEP_S
        self.sequence += 1
        self._physics()
        self._talk(started)
        before = self.session.state
        wanted, self.wanted = self.wanted, self.wanted and started
        inputs = self.inputs()
        self.actions = self.session.step(self.now, inputs)
        told = self.session.record(self.now, inputs, self.sequence)
        self.wanted = wanted
        self.told = unpack_charger(pack_charger(told))
        self.charger_heard.take(self.told, self.now)
        if self.session.state is not before:
            self.history.append(self.session.state)
        before_on = self.guard.outputs
        if not self.guard_dead:
            self.guard.take(self._request(inputs), self.k_on, self.pre.amps_a, inputs.cable.highest_v)
        if self.guard.outputs & CONTACTORS and not before_on & CONTACTORS:
            self.closed.append((self.pre.volts_v or 0.0, self.cable_v))
        if self.actions.pre_amps_a > 0.0:
            self._pushed_t = self.now
        self.watch(self)

    def _request(self, inputs: PowerInputs) -> Request:
        act = self.actions
        return Request(
            act.outputs,
            act.session,
            self.sequence,
            0,
            self.pre.amps_a,
            inputs.cable_v,
            act.k_expected,
            act.trip_wanted,
            act.unlock_by_person,
            act.cable_doubted,
        )

    def _physics(self) -> None:
        pre, joined = self.pre, CONTACTORS in self.guard.outputs
        powered = Output.PRE_AC in self.guard.outputs
        enabled = powered and self.actions.pre_enable
        set_v, set_a = (self.actions.pre_volts_v, self.actions.pre_amps_a) if enabled else (0.0, 0.0)
        volts_v = pre.volts_v or 0.0
        on_battery = joined and self.car.contactors
        if on_battery and not self._on_battery:
            self.closed.append((self.car.battery_v, self.cable_v))
        self._on_battery = on_battery
        if on_battery:
            volts_v = self.car.battery_v
        elif set_a > 0.0 and volts_v < set_v:
            volts_v = min(set_v, volts_v + 1000.0 * STEP_S)
        elif set_a < 0.0:
            volts_v = max(0.0, volts_v - 700.0 * STEP_S)
        else:
            volts_v = max(0.0, volts_v - (20.0 if powered else 200.0) * STEP_S)
        amps_a = set_a if on_battery and set_v > volts_v else min(0.0, set_a) if volts_v > 0 else 0.0
        if joined:
            self.cable_v = volts_v
        elif self.car.contactors:
            self.cable_v = self.car.battery_v
        else:
            self.cable_v *= exp(-STEP_S / CABLE_BLEEDS_S)
        pre.volts_v, pre.amps_a, pre.enabled = volts_v, amps_a, enabled
        pre.set_volts_v, pre.set_amps_a = set_v, set_a
        for name in ("status_t", "volts_t", "amps_t", "temperature_t", "set_volts_t", "set_amps_t", "enabled_t"):
            setattr(pre, name, self.now)
        pre.warning_t = self.now
        self._car_guards_itself()
        self.meddle(self)
        self.cable.sample(self.cable_v, self.now)

    def _car_guards_itself(self) -> None:
        """The car opens its contactors when the pilot goes off, and when its session is over."""
        off = self.pilot_dead or self.told is None or self.told.cut or not self.told.wanted
        over = self.secc is None or self.secc.phase in (Phase.FAILED, Phase.END)
        if (off or over) and abs(self.amps_a) < 5.0:
            self.car.contactors = False

    def _talk(self, started: bool) -> None:
        """What the program ccs will do: messages of the car, then the record."""
        if self.ccs_dead:
            return
        charger = self.charger_heard.fresh(self.now)
        if self.secc is None and charger is not None and charger.wanted and self.car.ask is Ask.PROTOCOL:
            self.secc = Secc((DIN, ISO2), SESSION, 1, self.now)
        if self.secc is None:
            phase = Phase.LINK if charger is not None and charger.wanted else Phase.NONE
            self.ccs_heard.take(CarRecord(phase, 0, self.sequence, self.pilot), self.now)
            return
        if not self.secc.busy and self.secc.step.name != "OVER" and (asked := self.car.next_request()) is not None:
            self.secc.hear(self.now, asked[0], SESSION, asked[1])
        answer = self.secc.turn(self.now, charger, self.pilot)
        if answer is not None:
            self.car.take(answer, self.cable_v)
        self.secc.closing(self.now, self.pilot)
        record = self.secc.record(self.now, self.sequence, self.pilot)
        self.ccs_heard.take(unpack_car(pack_car(record)), self.now)
