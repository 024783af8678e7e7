"""Charger, guard and plant on one virtual clock that jumps from event to event, and the faults between them.

An event is a program's own timer, a packet, a K edge, a late frame, or an action of the campaign. Between two events
only the plant moves. The programs' shells are modelled: charger reads the car's frames when it looks (every 50 ms,
200 ms at rest), guard (guard_program.py) reads the converter's bus when it acts; each can be killed, stopped and
continued, or slow.
Nothing here is random and nothing reads a clock: the board can be pickled at any event and continues identically.
"""

import heapq
import math
from dataclasses import replace
from typing import Any

from tests.faults.guard_program import EPSILON_S, WIRE_S, GuardProgram
from tests.faults.judge import Judge
from tests.faults.numbers import FULL_V, PIN_DIVIDER
from tests.faults.parts import FaultyCar, FaultyCircuit, FaultyPre
from tests.faults.quick import QuickPlant
from tests.faults.sensor import FaultySensor
from v2h.bus.messages import SETPOINT_PERIOD_S, Setpoint
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.pre import objects as pre
from v2h.rig.habits import LEAF, Habits
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import ALL_BUT_LOCK, OFF_ORDER, ON_ORDER
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import Report, Request


class Shells:
    """Public attributes are knobs that may be changed between two calls of run().

    cells_in_series: 0 with a calibrated ADC on the cable; the battery's number of cells where there is no ADC and the
    owner permits assumed voltages. by_converter: the ADC was calibrated against the converter. uncalibrated: there is
    an ADC, and only a calibration reads it. Every start leads to energy within energy_s, and every fault to an end
    state within end_s: the longest is a manager that is silent for 60 s, in energy.
    """

    energy_s, end_s = 20.0, 110.0

    def __init__(
        self,
        *,
        soc_pct: float = 60.0,
        max_charge_a: float = 15.0,
        max_discharge_a: float = 15.0,
        cells_in_series: int = 0,
        habits: Habits = LEAF,
        by_converter: bool = False,
        uncalibrated: bool = False,
    ) -> None:
        self.now = 0.0
        self.cells_in_series, self.by_converter, self.uncalibrated = cells_in_series, by_converter, uncalibrated
        self.plant = QuickPlant(soc_pct=soc_pct)
        self.plant.circuit = self.circuit = FaultyCircuit(self.plant.battery)
        self.plant.car = self.car = self._new_car(habits)
        self.plant.pre = self.pre = FaultyPre()
        self.sensor = FaultySensor(self.plant, calibrated=not self.unmeasured)
        self.max_charge_a, self.max_discharge_a = max_charge_a, max_discharge_a
        self.power_w, self.wanted, self.order, self.has_bus = 3000.0, True, 1, True
        self.lost_to_car = self.lost_to_pre = 0
        """The number of charger's next frames that are lost at the sender (a full queue)."""
        self.frames: dict[int, str] = {}
        """CAN id -> "lost", "late", "short" or "stale"."""
        self.car_bus_off = self.pre_bus_off = False
        self.stuck_lines = NONE
        """Outputs that do not follow the level that is written to them."""
        self.charger_slow_s = 0.0
        self.clock_jumps = self.stranger = self.programs_died = self.tree_stopped = False
        self.asks: tuple[Output, Output] | None = None
        """A broken charger: outputs removed from and added to its request."""
        self.numbers = 1000
        self.confirms: list[float] = []
        self.clears: list[float] = []
        self.states: list[tuple[float, State]] = []
        self.trace: list[str] | None = None
        self.charger: Charger | None = self._new_charger()
        core = self._new_guard(NONE, k_on=False)
        core.can_up = core.ready_to_start = True
        self.guard = GuardProgram(core)
        self.judge: Judge = self._new_judge()
        self.events = 0
        self._charger_t = 0.0
        self._side_t = math.inf
        """When _side_acts() is due next."""
        self._charger_stopped = False
        self._charger_free_t = -math.inf
        self._setpoint_due = -math.inf
        self.charger_born_t = 0.0
        self._k = False
        self._later: list[tuple[float, int, str, tuple[Any, ...]]] = []
        self._count = 0
        self._stale: dict[int, bytes] = {}
        self._car_inbox: list[tuple[int, bytes]] = []
        self._pre_inbox: list[bytes] = []
        self._reports: list[tuple[float, Report]] = []
        self._last_told: tuple[Any, ...] = ()

    # Time.

    @property
    def state(self) -> State | None:
        """The session's state; None while charger is dead."""
        return self.charger.session.state if self.charger else None

    def run(self, seconds: float) -> None:
        self.run_to(self.now + seconds)

    def run_to(self, end: float) -> None:
        """Handle every event until `end`."""
        while self.now < end - EPSILON_S:
            self.event(end)

    def event(self, end: float = math.inf) -> None:
        """Go to the next event, but not beyond `end`."""
        due = min(end, self._charger_t, self.guard.due_t, self._side_t)
        if self._later and self._later[0][0] < due:
            due = self._later[0][0]
        self._plant_to(max(due, self.now))
        self.events += 1
        now = self.now
        while self._later and self._later[0][0] <= now + EPSILON_S:
            _, _, name, args = heapq.heappop(self._later)
            getattr(self, name)(*args)
        if now + EPSILON_S >= self._side_t:
            self._side_acts()
        if now + EPSILON_S >= self.guard.due_t:
            self.guard.act(self)
        if now + EPSILON_S >= self._charger_t:
            self._charger_wakes()
        self.judge.look(self)
        if self.charger and (not self.states or self.states[-1][1] is not self.charger.session.state):
            self._note_state()

    def later(self, delay_s: float, name: str, *args: Any) -> None:
        """Call a method by name after delay_s."""
        self._count += 1
        heapq.heappush(self._later, (self.now + delay_s, self._count, name, args))

    def at_rest(self) -> bool:
        """Nothing is energised except possibly the lock, and no session runs."""
        return self.state in (State.IDLE, State.FAULT) and not self.plant.outputs & ALL_BUT_LOCK

    def settled(self) -> bool:
        """Nothing beside the outputs has still to come to rest (see CcsBoard)."""
        return True

    def _plant_to(self, due: float) -> None:
        plant, car = self.plant, self.car
        while True:
            at = min(due, plant.now + plant.longest_s())
            plant.step(at)
            self.now = at
            if car.next_frame <= at:
                self._from_car()
            if self._k_changed() or at >= due:
                return

    def _k_changed(self) -> bool:
        """K is read; guard wakes at its edge."""
        changed = self.plant.k_on is not self._k
        if changed:
            self._k = self.plant.k_on
            self._say("K is %s", "on" if self._k else "off")
            self.guard.k_edge(self.now, self._k)
        return changed

    def _side_acts(self) -> None:
        """What runs beside charger and guard: nothing here (see CcsBoard)."""

    def _note_state(self) -> None:
        assert self.charger is not None
        session = self.charger.session
        self.states.append((self.now, session.state))
        self._say("state %s: %s", session.state, session.reason)

    def _say(self, text: str, *args: Any) -> None:
        if self.trace is not None:
            circuit = self.circuit
            values = f"{circuit.cable_v:5.0f} V {circuit.pre_a:6.1f} A"
            self.trace.append(f"{self.now:9.3f} s {values}  {text % args}")

    # The car's bus.

    def _from_car(self) -> None:
        for can_id, data in self.car.frames_due(self.now):
            self.judge.car_said(self, can_id, data)
            if not self.car_bus_off:
                self._carry(can_id, data, "car_arrives")

    def _carry(self, can_id: int, data: bytes, arrive: str) -> None:
        """Carry one frame over the wire, with its fault if it has one."""
        wrong = self.frames.get(can_id) if self.frames else None
        if wrong == "lost":
            return
        if wrong == "late":
            self.later(0.4, arrive, can_id, data)
            return
        if wrong == "short":
            data = data[:7]
        elif wrong == "stale":
            data = self._stale.setdefault(can_id, data)
        getattr(self, arrive)(can_id, data)

    def car_arrives(self, can_id: int, data: bytes) -> None:
        if self.charger is not None:
            self._car_inbox.append((can_id, data))
            if can_id == 0x102 and len(data) == 8:
                self.judge.car_heard_t = self.now

    def evse_arrives(self, can_id: int, data: bytes) -> None:
        self.plant.evse_frame(self.now, can_id, data)

    # The converter's bus.

    def request(self, data: bytes, *, by_guard: bool = False) -> Frame | None:
        """One SDO request; returns the answer if it comes at once."""
        if self.lost_to_pre and not by_guard:
            self.lost_to_pre -= 1
            return None
        self.judge.wrote(self, data, by_guard)
        if self.trace is not None and data[0] != pre.READ:
            self._say("%s writes %s to the converter", "guard" if by_guard else "charger", data.hex(" "))
        if self.pre_bus_off:
            return None
        if not by_guard:
            self.guard.hear(Frame(self.now, pre.REQUEST_ID, data, PRE_BUS))
        answer = self.plant.pre_request(self.now, data)
        if answer is None:
            return None
        if self.pre.late_s:
            self.later(self.pre.late_s, "pre_answers", answer)
            return None
        frame = Frame(self.now, pre.ANSWER_ID, answer, PRE_BUS)
        self.guard.hear(frame)
        if not self.pre.shifted and answer[0] != pre.ABORT:
            self.judge.pre_told(self.now, answer)
        return frame

    def pre_answers(self, answer: bytes) -> None:
        """A late answer arrives."""
        self.guard.hear(Frame(self.now, pre.ANSWER_ID, answer, PRE_BUS))
        if self.charger is not None:
            if self.pre.late_s < 0.1 and answer[0] != pre.ABORT:
                self.judge.pre_told(self.now, answer)
            self._pre_inbox.append(answer)
            self._charger_t = self._not_before(self.now)

    # The parts.

    def _new_car(self, habits: Habits) -> Any:
        return FaultyCar(self.circuit, habits)

    def _new_judge(self) -> Judge:
        return Judge()

    def _new_guard(self, found: Output, *, k_on: bool) -> Guarding:
        return Guarding(self.now, found, k_on)

    def _new_charger(self) -> Charger:
        self.numbers += 1000
        return Charger(
            Session(self.numbers),
            max_charge_a=self.max_charge_a,
            max_discharge_a=self.max_discharge_a,
            cells_in_series=self.cells_in_series,
            by_converter=self.by_converter,
        )

    # charger.

    @property
    def unmeasured(self) -> bool:
        """No sensor measures the cable in this session."""
        return bool(self.cells_in_series) or self.uncalibrated

    def _not_before(self, t: float) -> float:
        return math.inf if self._charger_stopped else max(t, self._charger_free_t)

    def _charger_wakes(self) -> None:
        now, charger = self.now, self.charger
        if charger is None or self._charger_stopped:
            self._charger_t = math.inf
            return
        for answer in self._pre_inbox:
            charger.pre_frame(Frame(now, pre.ANSWER_ID, answer, PRE_BUS))
        self._pre_inbox.clear()
        if charger.steps_at(now):
            for can_id, data in self._car_inbox:
                charger.car_frame(Frame(now, can_id, data, CAR_BUS))
            self._car_inbox.clear()
            self._sample(charger)
            if now >= self._setpoint_due and self.has_bus:
                self._setpoint_due = now + SETPOINT_PERIOD_S
                charger.setpoint(Setpoint(now, self.wanted, self.power_w, now + 1.0, "", self.order), now)
        for asked_t, report in self._reports:
            charger.guard_report(report, now, age_s=now - asked_t)
        self._reports.clear()
        self._turns(charger)
        result = charger.calibrated()
        if result is not None and result.line is not None:
            self.judge.calibrated(self, result.line.cable_v(0.0), result.line.cable_v(FULL_V / PIN_DIVIDER))
        if self.charger_slow_s:
            self._charger_free_t = now + self.charger_slow_s
        self._charger_t = self._not_before(max(charger.next_due(now), now + WIRE_S / 2))

    def _sample(self, charger: Charger) -> None:
        """Take a reading of the ADC, where there is one."""
        if self.cells_in_series:
            return
        odd, volts_v = self.sensor.odd_samples, self.sensor.read(self.now)
        if odd:
            self._say("the sensor says %s", volts_v)
        if volts_v is None:
            return
        if not self.uncalibrated:
            charger.cable_sample(volts_v, self.now)
        elif charger.calibrates:
            charger.pin_sample(volts_v / PIN_DIVIDER, self.now)

    def _turns(self, charger: Charger) -> None:
        now = self.now
        for _ in range(40):
            turn = charger.turn(now)
            for can_id, data in turn.to_car:
                self.judge.told_car(self, can_id, data)
                if self.lost_to_car:
                    self.lost_to_car -= 1
                elif not self.car_bus_off:
                    self._carry(can_id, data, "evse_arrives")
            if turn.to_guard is not None:
                self._to_guard(turn.to_guard)
            if not turn.to_pre:
                return
            for _, data in turn.to_pre:
                answer = self.request(data)
                if answer is not None:
                    charger.pre_frame(answer)

    # guard.

    def _to_guard(self, request: Request) -> None:
        if self.asks is not None:
            request = replace(request, outputs=request.outputs & ~self.asks[0] | self.asks[1])
        self.guard.take(self, request)

    def guard_reports(self, report: Report, asked_t: float) -> None:
        """A report of guard, an answer to charger's request of asked_t; charger wakes when it says something new."""
        if self.charger is None:
            return
        self._reports.append((asked_t, report))
        told = (report.outputs, report.state, report.k_on)
        if told != self._last_told:
            self._last_told = told
            self._charger_t = min(self._charger_t, self._not_before(self.now + WIRE_S))
        elif not self._charger_stopped and not self.charger_slow_s:
            self.charger.guard_report(report, self.now, age_s=self.now - asked_t)
            self._reports.clear()

    def switch(self, target: Output) -> None:
        """guard writes the outputs, those that go off first."""
        target = target & ~self.stuck_lines | self.plant.outputs & self.stuck_lines
        for order, changing, on in (
            (OFF_ORDER, self.plant.outputs & ~target, False),
            (ON_ORDER, target & ~self.plant.outputs, True),
        ):
            for output in order:
                if output in changing:
                    self._say("%s %s", output.name, "on" if on else "off")
                    self.judge.switching(self, output, on)
                    self.plant.set_output(output, on)
