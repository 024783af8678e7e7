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
from v2h.rig.ev import Phase
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import FROM_SIGNALS, OFF_ORDER, ON_ORDER, MakeSafe
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import Report, Request

REQUEST_ID, ANSWER_ID = 0x630, 0x5B0
WIRE_S = 0.001
EPSILON_S = 1e-9
RESTART_S = 1.5
"""supervisor restarts a program that ended."""
PULSE_S = 2.0
"""pulse kills a guard that hangs (docs/SAFETY.md, "pulse")."""
SECOND_S = 0.35
"""The backup guard acts when guard hangs with live outputs (docs/SAFETY.md: 0.3 s without a message)."""
SWEEP_S = 0.02
LIVE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC
CELLS = 96
QUEUED = 8

CarFilter = Callable[[int, bytes], list[tuple[float, bytes]]]
"""One frame -> the frames that arrive: (delay, bytes) each."""


class World:
    """One charger, one car, one session after another. Troubles and judge use the public attributes."""

    def __init__(
        self,
        habits: Habits,
        *,
        measured: bool,
        soc_pct: float = 60.0,
        site_a: tuple[float, float] = (15.0, 15.0),
        pack_kwh: int = 24,
    ) -> None:
        self.now = 0.0
        self.measured, self.site_a, self.pack_kwh = measured, site_a, pack_kwh
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
        if self._swept is not None:
            self._swept.hear(frame)

    # charger.

    def _new_charger(self) -> None:
        self.numbers += 1000
        more = {"pack_kwh": self.pack_kwh} if "pack_kwh" in inspect.signature(Charger).parameters else {}
        cells = 0 if self.measured else CELLS
        session = Session(self.numbers)
        self.charger = Charger(
            session, max_charge_a=self.site_a[0], max_discharge_a=self.site_a[1], cells_in_series=cells, **more
        )
        self._charger_t, self._last_told = self.now, ()
        self.charger_dead_t = math.inf
        self.judge.charger_new()

    def _ask(self, name: str, *args: Any, **more: Any) -> Any:
        """Call charger; an exception ends the program, as it would in reality."""
        if self.charger is None:
            return None
        try:
            return getattr(self.charger, name)(*args, **more)
        except Exception as error:  # noqa: BLE001 - any exception at all is what we look for
            self.judge.broke(f"exception in charger: {_where(error)}")
            self.kill_charger()
            return None

    def _ask_guard(self, name: str, *args: Any, **more: Any) -> Any:
        if self.guard is None:
            return None
        try:
            return getattr(self.guard, name)(*args, **more)
        except Exception as error:  # noqa: BLE001 - as above
            self.judge.broke(f"exception in guard: {_where(error)}")
            self.kill_guard()
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

    # What happens to programs.

    def kill_charger(self) -> None:
        if self.charger is None:
            return
        self.say("charger dies")
        self.charger, self.charger_held, self._charger_t = None, False, math.inf
        self.charger_dead_t = min(self.charger_dead_t, self.now)
        self._car_inbox, self._pre_inbox, self._reports = [], [], []
        if self.guard is not None and not self.guard_held:
            self._ask_guard("on_charger_gone")
            self._guard_t = self.now
        self.later(RESTART_S, self._start_charger)

    def _start_charger(self) -> None:
        if self.charger is None:
            self.say("charger starts")
            self._new_charger()

    def hold_charger(self, for_s: float) -> None:
        if self.charger is None or self.charger_held:
            return
        self.say("charger is held")
        self.charger_held, self._charger_t, self.charger_dead_t = True, math.inf, self.now
        held = self.charger

        def go_on() -> None:
            if self.charger is held:
                self.say("charger goes on")
                self.charger_held, self._charger_t, self.charger_dead_t = False, self.now, math.inf

        self.later(for_s, go_on)

    def kill_guard(self, *, second: bool = True) -> None:
        """second: the backup guard lives and makes safe; without it the new guard must do that."""
        if self.guard is None:
            return
        self.say("guard dies")
        self.guard, self.guard_held, self._guard_t = None, False, math.inf
        self.guard_dead_t = min(self.guard_dead_t, self.now)
        self._guard_inbox, self._packets, self._reports = [], [], []
        self.judge.guard_is("DEAD")
        if self.charger is not None:
            self._ask("guard_gone")
            if not self.charger_held:
                self._charger_t = self.now
        if second and self.plant.outputs & LIVE:
            self._sweep()
        self.later(RESTART_S, self._start_guard)

    def _start_guard(self) -> None:
        if self.guard is not None:
            return
        self.say("guard starts")
        self._sweeper = self._swept = None
        self.guard = Guarding(self.now, self.plant.outputs, self._k)
        self.guard_dead_t = math.inf
        self._guard_acts()
        if self.guard is not None:
            self.guard.can_up = self.guard.ready_to_start = True
        self._guard_acts()

    def hold_guard(self, for_s: float) -> None:
        """If something is live, the backup guard kills guard after 0.3 s and makes safe; else pulse does after 2 s."""
        guard = self.guard
        if guard is None or self.guard_held:
            return
        self.say("guard is held")
        self.guard_held, self._guard_t, self.guard_dead_t = True, math.inf, self.now
        started = self.now

        def dies() -> None:
            if self.guard is guard and self.guard_held:
                self.kill_guard()

        def go_on() -> None:
            if self.guard is guard and self.guard_held:
                self.say("guard goes on")
                self.guard_held, self.guard_dead_t = False, math.inf
                self._ask_guard("on_k", self._k)
                self._guard_acts()
                if self.now - started > SECOND_S:
                    self._ask_guard("on_charger_gone")
                    self._guard_acts()

        if self.plant.outputs & LIVE:
            self.later(SECOND_S, dies)
        self.later(PULSE_S, dies)
        self.later(for_s, go_on)

    def kill_tree(self) -> None:
        self.kill_charger()
        self.kill_guard()

    def _sweep(self) -> None:
        found = self.plant.outputs
        self._sweeper = MakeSafe(self.now, 0 if found & CONTACTORS else FROM_SIGNALS)
        self._swept = ConverterMonitor()
        self._guard_t = self.now

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

    # What people do.

    def stop(self) -> None:
        """The owner's stop, through manager and directly to charger."""
        self.say("the owner stops")
        self.wanted = False
        self._ask("stop")
        self.judge.stopped()

    def start(self, power_w: float) -> None:
        """A new order; ignored when the run is about to end."""
        if not self.takes_orders:
            return
        self.order += 1
        self.wanted, self.power_w, self.has_bus = True, power_w, True
        self._setpoint_due = self.now
        self.say(f"order {self.order}: {power_w:.0f} W")

    def clear(self, *, word: bool) -> None:
        """A person clears the fault; word: and confirms that the plug may be unlocked."""
        self.say(f"a person clears{' and gives the word' if word else ''}")
        self.judge.cleared(word)
        self._ask("clear_fault", unlock_confirmed=word)

    def car_ends(self) -> None:
        """The car itself ends the session, if it is awake."""
        if self.car.phase is not Phase.ASLEEP:
            self.car.end_session(self.now)

    def plug(self, *, into: bool) -> None:
        """A person pulls or inserts the plug; the lock may hold it."""
        if into is self.circuit.plugged or (not into and self.circuit.locked):
            return
        self.say(f"plug {'in' if into else 'out'}")
        self.plant.set_plugged(into)


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
