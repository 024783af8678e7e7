"""Charger, guard and the plant on one virtual clock that jumps from event to event. Everything that one sends to the
other passes through filters, which the troubles add, and past the judge, which sees only the plant's true values and
the bytes. Deterministic: nothing here is random and nothing reads a clock."""

import heapq
import inspect
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.faults.parts import FaultyCircuit, FaultyPre
from tests.faults.quick import QuickPlant
from tests.fuzz.car import FuzzCar, Habits
from tests.fuzz.judge import Judge
from v2h.bus.messages import SETPOINT_PERIOD_S, Setpoint
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import OFF_ORDER, ON_ORDER, MakeSafe
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import Report, Request

REQUEST_ID, ANSWER_ID = 0x630, 0x5B0
WIRE_S = 0.001
EPSILON_S = 1e-9
SWEEP_S = 0.02
CELLS = 96
QUEUED = 8

CarFilter = Callable[[int, bytes], list[tuple[float, bytes]]]
"""One frame -> the frames that arrive: (delay, bytes) each."""


class Shells:
    """One charger, one car, one session after another. Troubles and judge use the public attributes. World adds what
    happens to the programs, and what people do."""

    def __init__(
        self,
        habits: Habits,
        *,
        measured: bool,
        by_converter: bool = False,
        soc_pct: float = 60.0,
        site_a: tuple[float, float] = (15.0, 15.0),
        pack_kwh: int = 24,
    ) -> None:
        self.now = 0.0
        self.measured, self.by_converter = measured, by_converter
        self.site_a, self.pack_kwh = site_a, pack_kwh
        self.plant = QuickPlant(soc_pct=soc_pct)
        self.plant.circuit = self.circuit = FaultyCircuit(self.plant.battery)
        self.plant.car = self.car = FuzzCar(self.circuit, habits)
        self.plant.pre = self.pre = FaultyPre()
        self.trace: list[str] | None = None
        self.wanted, self.order, self.power_w, self.has_bus = False, 0, 0.0, True
        self.takes_orders = True
        self.from_car: list[CarFilter] = []
        self.to_car: list[CarFilter] = []
        self.requests: list[Callable[[bytes], bytes | None]] = []
        """Filters of requests on their way; None: the request is lost."""
        self.answers: list[Callable[[bytes, bytes], bytes | None]] = []
        """(request, answer) -> answer; None: the answer is lost."""
        self.adc: list[Callable[[float], float | None]] = []
        """Reading -> reading; None: no reading."""
        self.sick: set[str] = set()
        """Active troubles that keep the converter from obeying."""
        self.sick_t = -math.inf
        """When the converter last did not obey: in such a trouble, or because of its after-effects."""
        self.hook: Callable[[str], None] = lambda event: None
        """Called at every anchor: d1, lock, test, ..."""
        self.break_outputs: Callable[[Output, Output], Output] = lambda now_on, target: target
        """Changes guard's requested outputs, to prove that the judge can fail."""
        self.numbers = 1000
        self.adc_shown: deque[tuple[float, float, float]] = deque(maxlen=64)
        """(t, shown, true behind the sense path) of the readings that charger received."""
        self.told_by_pre: dict[int, deque[tuple[float, float, float]]] = {
            0x2107: deque(maxlen=64),
            0x2108: deque(maxlen=64),
        }
        self.object_t: dict[int, float] = {}
        """When an object was last read, with any value."""
        self.judge = Judge(self)
        self.charger: Charger | None = None
        self.charger_held = self.guard_held = False
        self.charger_dead_t = self.guard_dead_t = math.inf
        self._charger_t = self._guard_t = 0.0
        self._setpoint_due = 0.0
        self._k = False
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._car_inbox: list[tuple[int, bytes]] = []
        self._pre_inbox: list[bytes] = []
        self._guard_inbox: list[Frame] = []
        self._packets: list[tuple[float, Request]] = []
        self._reports: list[tuple[float, Report]] = []
        self._last_told: tuple[Any, ...] = ()
        self._asked_t = 0.0
        self._sweeper: MakeSafe | None = None
        self._swept: ConverterMonitor | None = None
        self.guard: Guarding | None = Guarding(0.0, NONE, False, can_up=True, ready_to_start=True)
        self._new_charger()

    # Time.

    @property
    def state(self) -> str:
        """The session's state as text, for people and deadlines."""
        return str(self.charger.session.state) if self.charger is not None else "dead"

    def at_rest(self) -> bool:
        """Nothing is on except possibly the lock, so make-safe has finished, and no session runs."""
        on = self.plant.outputs & ~Output.PLUG_LOCK
        return self.state in ("idle", "fault") and not on and self.guard is not None

    def run_to(self, end: float, until: Callable[[], bool] | None = None) -> bool:
        """Handle every event up to `end`; True as soon as `until` holds."""
        while self.now < end - EPSILON_S:
            self._event(end)
            if until is not None and until():
                return True
        return False

    def later(self, delay_s: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._later, (self.now + delay_s, self._count, what))

    def has_pending(self) -> bool:
        """Whether actions are still due."""
        return bool(self._later)

    def say(self, text: str) -> None:
        if self.trace is not None:
            c = self.circuit
            self.trace.append(f"{self.now:9.3f} s {c.cable_v:5.0f} V {c.pre_a:6.1f} A {self.state:>15}  {text}")

    def _event(self, end: float) -> None:
        due = min(end, self._charger_t, self._guard_t)
        if self._later and self._later[0][0] < due:
            due = self._later[0][0]
        plant, car = self.plant, self.car
        due = max(self.now, min(due, plant.now + plant.longest_s()))
        was_closed = self.circuit.car_closed
        plant.step(due)
        self.now = now = due
        if car.next_frame <= now:
            for can_id, data in car.frames_due(now):
                self._carry(self.from_car, can_id, data, self._car_arrives)
        if self.circuit.car_closed is not was_closed:
            self.anchor("car closed" if self.circuit.car_closed else "car open")
        if plant.k_on is not self._k:
            self._k = plant.k_on
            self.say(f"K {'on' if self._k else 'off'}")
            self.judge.k_moved(self._k)
            if self.guard is not None and not self.guard_held:
                self._ask_guard("on_k", self._k)
                self._guard_t = now
        while self._later and self._later[0][0] <= now + EPSILON_S:
            heapq.heappop(self._later)[2]()
        if now + EPSILON_S >= self._guard_t:
            self._guard_acts()
        if now + EPSILON_S >= self._charger_t:
            self._charger_wakes()
        if self.sick or self.pre.believes_wrongly:
            self.sick_t = now
        self.judge.look()

    def anchor(self, event: str) -> None:
        self.say(f"-- {event}")
        self.hook(event)

    # The car's bus.

    def _carry(self, filters: list[CarFilter], can_id: int, data: bytes, arrives: Callable[[int, bytes], None]) -> None:
        if not filters:
            arrives(can_id, data)
            return
        passing = [(0.0, data)]
        for spoil in filters:
            passing = [(delay + more, out) for delay, body in passing for more, out in spoil(can_id, body)]
        for delay_s, body in passing:
            if delay_s > 0.0:
                self.later(delay_s, lambda body=body: arrives(can_id, body))  # type: ignore[misc]
            else:
                arrives(can_id, body)

    def _car_arrives(self, can_id: int, data: bytes) -> None:
        if self.charger is not None:
            self._car_inbox = [*self._car_inbox[-63:], (can_id, data)]

    def _evse_arrives(self, can_id: int, data: bytes) -> None:
        self.plant.evse_frame(self.now, can_id, data)

    # The converter's bus.

    def _request(self, data: bytes, *, by_guard: bool = False) -> None:
        self.judge.wrote(data, by_guard)
        if self.trace is not None and data[0] != 0x40:
            self.say(f"{'guard' if by_guard else 'charger'} writes {_words(data)}")
        for lose in self.requests:
            if lose(data) is None:
                return
        if not by_guard:
            self._guard_hears(Frame(self.now, REQUEST_ID, data, PRE_BUS))
        answer = self.plant.pre_request(self.now, data)
        for spoil in self.answers:
            if answer is None:
                return
            answer = spoil(data, answer)
        if answer is None:
            return
        if self.pre.late_s:
            body = answer
            self.later(self.pre.late_s, lambda: self._answered(body, by_guard=by_guard))
        else:
            self._answered(answer, by_guard=by_guard)

    def _answered(self, answer: bytes, *, by_guard: bool) -> None:
        self._guard_hears(Frame(self.now, ANSWER_ID, answer, PRE_BUS))
        if answer[0] in (0x43, 0x4B) and len(answer) == 8:
            index = answer[1] | answer[2] << 8
            self.object_t[index] = self.now
            if index in self.told_by_pre:
                raw = int.from_bytes(answer[4:6], "little", signed=index == 0x2108)
                true = self.circuit.pre_a if index == 0x2108 else self.circuit.pre_v
                self.told_by_pre[index].append((self.now, raw / 10, true))
        if self.charger is not None:
            self._pre_inbox.append(answer)
            if self._charger_t > self.now and not self.charger_held:
                self._charger_t = self.now

    def _guard_hears(self, frame: Frame) -> None:
        if self.guard is not None:
            self._guard_inbox.append(frame)
        if self._swept is not None and self._swept.hear(frame) and self._sweeper is not None:
            self._sweeper.drop_pre_ac(frame.t)

    # charger.

    def _new_charger(self) -> None:
        self.numbers += 1000
        more = {"pack_kwh": self.pack_kwh} if "pack_kwh" in inspect.signature(Charger).parameters else {}
        cells = 0 if self.measured else CELLS
        session = Session(self.numbers)
        self.charger = Charger(
            session,
            max_charge_a=self.site_a[0],
            max_discharge_a=self.site_a[1],
            cells_in_series=cells,
            by_converter=self.by_converter,
            **more,
        )
        self._charger_t, self._last_told = self.now, ()
        self.charger_dead_t = math.inf
        self.judge.charger_new()

    def died(self, program: str) -> None:
        """An exception has ended "charger" or "guard": World does what follows."""
        raise NotImplementedError

    def _ask(self, name: str, *args: Any, **more: Any) -> Any:
        """Call charger; an exception ends the program, as it would in reality."""
        if self.charger is None:
            return None
        try:
            return getattr(self.charger, name)(*args, **more)
        except Exception as error:  # noqa: BLE001 - any exception at all is what we look for
            self.judge.broke(f"exception in charger: {_where(error)}")
            self.died("charger")
            return None

    def _ask_guard(self, name: str, *args: Any, **more: Any) -> Any:
        if self.guard is None:
            return None
        try:
            return getattr(self.guard, name)(*args, **more)
        except Exception as error:  # noqa: BLE001 - as above
            self.judge.broke(f"exception in guard: {_where(error)}")
            self.died("guard")
            return None

    def _charger_wakes(self) -> None:
        now = self.now
        if self.charger is None or self.charger_held:
            self._charger_t = math.inf
            return
        self._take_answers()
        if self._ask("steps_at", now):
            inbox, self._car_inbox = self._car_inbox, []
            for can_id, data in inbox:
                self.judge.delivered(can_id, data)
                self._ask("car_frame", Frame(now, can_id, data, CAR_BUS))
            self._sample()
            if now >= self._setpoint_due and self.has_bus and self.charger is not None:
                self._setpoint_due = now + SETPOINT_PERIOD_S
                self._ask("setpoint", Setpoint(now, self.wanted, self.power_w, now + 1.0, "", self.order), now)
                self.judge.ordered(self.wanted, self.power_w, self.order)
        reports, self._reports = self._reports, []
        for asked_t, report in reports:
            self._ask("guard_report", report, now, age_s=now - asked_t)
        for _ in range(40):
            turn = self._ask("turn", now)
            if turn is None:
                return
            for can_id, data in turn.to_car:
                self.judge.told_car(can_id, data)
                self._carry(self.to_car, can_id, data, self._evse_arrives)
            if turn.to_guard is not None:
                self._to_guard(turn.to_guard)
            for _, data in turn.to_pre:
                self._request(data)
            self._take_answers()
            if not turn.to_pre or self.charger is None:
                break
        if self.charger is not None:
            due = self._ask("next_due", now)
            self._charger_t = max(due, now + WIRE_S / 2) if due is not None else self._charger_t

    def _take_answers(self) -> None:
        while self._pre_inbox:
            self._ask("pre_frame", Frame(self.now, ANSWER_ID, self._pre_inbox.pop(0), PRE_BUS))

    def _sample(self) -> None:
        if not self.measured:
            return
        volts_v: float | None = self.plant.sensed_v
        for spoil in self.adc:
            if volts_v is not None:
                volts_v = spoil(volts_v)
        if volts_v is not None:
            self.adc_shown.append((self.now, volts_v, self.plant.sensed_v))
            self._ask("cable_sample", volts_v, self.now)

    # guard.

    def _to_guard(self, request: Request) -> None:
        if self.guard is None:
            return
        if self.guard_held:
            self._packets = [*self._packets, (self.now, request)][-QUEUED:]
            return
        self._asked_t = self.now
        self._ask_guard("on_request", self.now, request)
        self._guard_acts()

    def _guard_acts(self) -> None:
        if self._sweeper is not None:
            self._sweeps(self._sweeper)
            return
        if self.guard is None or self.guard_held:
            self._guard_t = math.inf
            return
        packets, self._packets = self._packets, []
        for asked_t, request in packets:
            self._asked_t = asked_t
            self._ask_guard("on_request", self.now, request)
            self._guard_acts_once()
        self._guard_acts_once()

    def _guard_acts_once(self) -> None:
        inbox, self._guard_inbox = self._guard_inbox, []
        for frame in inbox:
            self._ask_guard("on_frame", frame)
        actions = self._ask_guard("act", self.now, self.plant.outputs)
        guard = self.guard
        if actions is None or guard is None:
            return
        self.judge.guard_is(guard.state.name)
        if actions.send is not None:
            self._request(actions.send, by_guard=True)
        self._switch(actions.outputs)
        for note in actions.notes:
            self.say(f"guard: {note.code} {note.text}")
        self._guard_t = max(actions.next_t, self.now + WIRE_S / 2)
        if actions.report and self.charger is not None:
            report = self._ask_guard("report", self.plant.outputs)
            if report is None:
                return
            told = (report.outputs, report.state, report.k_on)
            if told != self._last_told:
                self._last_told = told
                self._reports.append((self._asked_t, report))
                if not self.charger_held:
                    self._charger_t = min(self._charger_t, self.now + WIRE_S)
            elif self.charger_held:
                self._reports = [*self._reports, (self._asked_t, report)][-QUEUED:]
            else:
                self._ask("guard_report", report, self.now, age_s=self.now - self._asked_t)

    def _switch(self, target: Output) -> None:
        plant = self.plant
        target = self.break_outputs(plant.outputs, target)
        if target == plant.outputs:
            return
        for order, changing, on in (
            (OFF_ORDER, plant.outputs & ~target, False),
            (ON_ORDER, target & ~plant.outputs, True),
        ):
            for output in order:
                if output in changing:
                    self.say(f"{output.name} {'on' if on else 'off'}")
                    self.judge.switching(output, on)
                    plant.set_output(output, on)
                    self.judge.switched(output, on)

    def _sweeps(self, sweeper: MakeSafe) -> None:
        assert self._swept is not None
        step = sweeper.step(self.now, self.plant.outputs, self._swept)
        self._switch(self.plant.outputs & ~step.off)
        if step.send is not None:
            self._request(step.send, by_guard=True)
        self._guard_t = self.now + SWEEP_S
        if step.done:
            self._sweeper = self._swept = None
            self._guard_t = math.inf if self.guard is None else self.now


def _where(error: Exception) -> str:
    """'FrameError in evse.py: ...' without numbers, because numbers would make a separate kind for each seed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename.rsplit("/", 1)[-1] if trace is not None else "?"
    return f"{type(error).__name__} in {file}"


def _words(data: bytes) -> str:
    index, sent = data[1] | data[2] << 8, int.from_bytes(data[4:6], "little", signed=True)
    return f"{index:04X} = {sent / (1 if index == 0x2100 else 10):g}"
