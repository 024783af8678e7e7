"""Charger, guard and plant on one virtual clock that jumps from event to event, and the faults between them.

An event is: a program's own timer, a packet, a K edge, a frame that comes late, what the campaign does. Between two of
them only the plant moves. The programs' shells are modelled: charger reads the car's frames when it looks (every 50 ms,
200 ms at rest), guard hears the converter's bus when it acts, each can be killed, stopped and continued, or slow.
Nothing here is random and nothing reads a clock: the board pickles at any event and goes on alike.
"""

import heapq
import math
from dataclasses import replace
from typing import Any

from tests.faults.judge import Judge
from tests.faults.parts import FaultyCar, FaultyCircuit, FaultyPre
from tests.faults.quick import QuickPlant
from v2h.bus import SETPOINT_PERIOD_S, Setpoint
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.chademo.states import State
from v2h.pre import objects as pre
from v2h.safety import standby
from v2h.safety.guarding import LIVE, Guarding
from v2h.safety.makesafe import ALL_BUT_LOCK, FROM_SIGNALS, OFF_ORDER, ON_ORDER, MakeSafe
from v2h.safety.makesafe import STEP_S as SWEEP_S
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.preheard import PreHeard
from v2h.safety.wire import SILENCE_S, GuardState, Report, Request

WIRE_S = 0.001
"""A report that changes something reaches charger after this."""
EPSILON_S = 1e-9
RESTART_S = 1.5
"""supervisor starts a program that died again."""
PULSE_S = 2.0
"""pulse kills a hung guard, the design's word."""
QUEUED = 8
"""Packets that wait in the wire's socket for a guard that does not read."""


class Board:
    """Public attributes are knobs to turn between two calls of run()."""

    def __init__(self, *, soc_pct: float = 60.0, max_charge_a: float = 15.0, max_discharge_a: float = 15.0) -> None:
        self.now = 0.0
        self.plant = QuickPlant(soc_pct=soc_pct)
        self.plant.circuit = self.circuit = FaultyCircuit(self.plant.battery)
        self.plant.car = self.car = FaultyCar(self.circuit)
        self.plant.pre = self.pre = FaultyPre()
        self.max_charge_a, self.max_discharge_a = max_charge_a, max_discharge_a
        self.power_w, self.wanted, self.order, self.has_bus = 3000.0, True, 1, True
        self.adc = ""
        self.adc_v: float | None = 0.0
        self.frames: dict[int, str] = {}
        """CAN id -> "lost", "late", "short" or "stale"."""
        self.car_bus_off = self.pre_bus_off = False
        self.stuck_lines = NONE
        """Outputs that do not follow what is written to them."""
        self.charger_slow_s = self.guard_slow_s = 0.0
        self.clock_jumps = self.stranger = self.programs_died = self.tree_stopped = False
        self.asks: tuple[Output, Output] | None = None
        """A mad charger: outputs taken from and added to what it asks for."""
        self.numbers = 1000
        self.confirms: list[float] = []
        self.clears: list[float] = []
        self.states: list[tuple[float, State]] = []
        self.trace: list[str] | None = None
        self.charger: Charger | None = self._new_charger()
        self.guard: Guarding | None = Guarding(0.0, NONE, False, can_up=True, ready_to_start=True)
        self.judge = Judge()
        self.events = 0
        self._charger_t = self._guard_t = 0.0
        self._charger_stopped = self._guard_stopped = False
        self._charger_free_t = self._guard_free_t = -math.inf
        self._setpoint_due = -math.inf
        self._adc_t = 0.0
        self._k = False
        self._later: list[tuple[float, int, str, tuple[Any, ...]]] = []
        self._count = 0
        self._stale: dict[int, bytes] = {}
        self._car_inbox: list[tuple[int, bytes]] = []
        self._pre_inbox: list[bytes] = []
        self._reports: list[tuple[float, Report]] = []
        self._last_told: tuple[Any, ...] = ()
        self._asked_t = 0.0
        self._guard_inbox: list[Frame] = []
        self._packets: list[tuple[float, Request]] = []
        self._sweeper: MakeSafe | None = None
        self._swept: PreHeard | None = None

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
        """Go to the next event, at most to `end`."""
        due = min(end, self._charger_t, self._guard_t)
        if self._later and self._later[0][0] < due:
            due = self._later[0][0]
        self._plant_to(max(due, self.now))
        self.events += 1
        now = self.now
        while self._later and self._later[0][0] <= now + EPSILON_S:
            _, _, name, args = heapq.heappop(self._later)
            getattr(self, name)(*args)
        if now + EPSILON_S >= self._guard_t:
            self._guard_acts()
        if now + EPSILON_S >= self._charger_t:
            self._charger_wakes()
        self.judge.look(self)
        if self.charger and (not self.states or self.states[-1][1] is not self.charger.session.state):
            self._note_state()

    def later(self, delay_s: float, name: str, *args: Any) -> None:
        """Call a method by name after so long."""
        self._count += 1
        heapq.heappush(self._later, (self.now + delay_s, self._count, name, args))

    def at_rest(self) -> bool:
        """Nothing is energised but perhaps the lock, and no session runs."""
        return self.state in (State.IDLE, State.FAULT) and not self.plant.outputs & ALL_BUT_LOCK

    def _plant_to(self, due: float) -> None:
        plant, car = self.plant, self.car
        while True:
            at = min(due, plant.now + plant.longest_s())
            plant.step(at)
            self.now = at
            if car.next_frame <= at:
                self._from_car()
            if plant.k_on is not self._k:
                self._k = plant.k_on
                self._say("K is %s", "on" if self._k else "off")
                self._k_edge()
                return
            if at >= due:
                return

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
        """One frame over the wire, with what is wrong with it."""
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

    def _request(self, data: bytes, *, by_guard: bool = False) -> Frame | None:
        """One SDO request; the answer if it comes at once."""
        self.judge.wrote(self, data, by_guard)
        if self.trace is not None and data[0] != pre.READ:
            self._say("%s writes %s to the converter", "guard" if by_guard else "charger", data.hex(" "))
        if self.pre_bus_off:
            return None
        if not by_guard:
            self._guard_hears(Frame(self.now, pre.REQUEST_ID, data, PRE_BUS))
        answer = self.plant.pre_request(self.now, data)
        if answer is None:
            return None
        if self.pre.late_s:
            self.later(self.pre.late_s, "pre_answers", answer)
            return None
        frame = Frame(self.now, pre.ANSWER_ID, answer, PRE_BUS)
        self._guard_hears(frame)
        if not self.pre.shifted:
            self.judge.pre_heard_t = self.now
        return frame

    def stranger_writes(self) -> None:
        """Neither charger nor guard sets a current; for later()."""
        self._say("a stranger writes 10 A to the converter")
        self.judge.stranger_t = self.now
        self._guard_hears(Frame(self.now, pre.REQUEST_ID, pre.write_amps(10.0), PRE_BUS))
        self.plant.pre_request(self.now, pre.write_amps(10.0))

    def pre_answers(self, answer: bytes) -> None:
        """A late answer arrives."""
        self._guard_hears(Frame(self.now, pre.ANSWER_ID, answer, PRE_BUS))
        if self.charger is not None:
            self.judge.pre_heard_t = self.now if self.pre.late_s < 0.1 else self.judge.pre_heard_t
            self._pre_inbox.append(answer)
            self._charger_t = self._not_before(self.now)

    def _guard_hears(self, frame: Frame) -> None:
        if self.guard is not None:
            self._guard_inbox.append(frame)
        if self._swept is not None:
            self._swept.hear(frame)

    # charger.

    def _new_charger(self) -> Charger:
        self.numbers += 1000
        session = Session(self.numbers)
        return Charger(session, max_charge_a=self.max_charge_a, max_discharge_a=self.max_discharge_a)

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
        if self.charger_slow_s:
            self._charger_free_t = now + self.charger_slow_s
        self._charger_t = self._not_before(max(charger.next_due(now), now + WIRE_S / 2))

    def _sample(self, charger: Charger) -> None:
        """The ADC behind its sense path."""
        volts_v = self.plant.sensed_v
        if self.adc == "lost":
            if self.now - self._adc_t > 0.5:
                self.adc_v = None
            return
        if self.adc == "zero":
            volts_v = 0.0
        elif self.adc == "high":
            volts_v = 600.0
        elif self.adc == "stuck":
            volts_v = self.adc_v if self.adc_v is not None else volts_v
        elif self.adc == "drift":
            volts_v += 5.0 * (self.now - self._adc_t)
        elif self.adc == "drift down":
            volts_v -= 5.0 * (self.now - self._adc_t)
        elif self.adc == "noise":
            volts_v += 3.0 * math.sin(self.now * 977.0)
        self.adc_v = volts_v
        charger.cable_sample(volts_v, self.now)

    def break_adc(self, how: str) -> None:
        self.adc, self._adc_t = how, self.now

    def _turns(self, charger: Charger) -> None:
        now = self.now
        for _ in range(40):
            turn = charger.turn(now)
            for can_id, data in turn.to_car:
                self.judge.told_car(self, can_id, data)
                if not self.car_bus_off:
                    self._carry(can_id, data, "evse_arrives")
            if turn.to_guard is not None:
                self._to_guard(turn.to_guard)
            if not turn.to_pre:
                return
            for _, data in turn.to_pre:
                answer = self._request(data)
                if answer is not None:
                    charger.pre_frame(answer)

    # guard.

    def _to_guard(self, request: Request) -> None:
        guard = self.guard
        if guard is None:
            return
        if self.asks is not None:
            request = replace(request, outputs=request.outputs & ~self.asks[0] | self.asks[1])
        if self._guard_stopped or self.now < self._guard_free_t:
            self._packets = [*self._packets, (self.now, request)][-QUEUED:]
            return
        self._asked_t = self.now
        guard.on_request(self.now, request)
        self._guard_acts()

    def _k_edge(self) -> None:
        if self.guard is not None and not self._guard_stopped:
            self.guard.on_k(self._k)
            self._guard_t = max(self.now, self._guard_free_t)

    def _guard_acts(self) -> None:
        guard, plant = self.guard, self.plant
        if self._sweeper is not None:
            self._sweeps(self._sweeper)
            return
        if guard is None or self._guard_stopped:
            self._guard_t = math.inf
            return
        if self.guard_slow_s:
            if self.now < self._guard_free_t - EPSILON_S:
                self._guard_t = self._guard_free_t
                return
            self._guard_free_t = self.now + self.guard_slow_s
        packets, self._packets = self._packets, []
        for asked_t, request in packets:
            self._asked_t = asked_t
            guard.on_request(self.now, request)
            self._guard_acts_once(guard, plant)
        self._guard_acts_once(guard, plant)

    def _guard_acts_once(self, guard: Guarding, plant: QuickPlant) -> None:
        for frame in self._guard_inbox:
            guard.on_frame(frame)
        self._guard_inbox.clear()
        actions = guard.act(self.now, plant.outputs)
        if self.stranger and guard.state is GuardState.MAKING_SAFE:
            self.stranger = False
            self.later(0.05, "stranger_writes")
        if actions.send is not None:
            self._request(actions.send, by_guard=True)
        if actions.outputs != plant.outputs:
            self._switch(actions.outputs)
        for note in actions.notes:
            self._say("guard: %s %s", note.code, note.text)
        self._guard_t = max(actions.next_t, self._guard_free_t, self.now + WIRE_S / 2)
        if actions.report and self.charger is not None:
            report = guard.report(plant.outputs)
            self._reports.append((self._asked_t, report))
            told = (report.outputs, report.state, report.k_on)
            if told != self._last_told:
                self._last_told = told
                self._charger_t = min(self._charger_t, self._not_before(self.now + WIRE_S))
            elif not self._charger_stopped and not self.charger_slow_s:
                self.charger.guard_report(report, self.now, age_s=self.now - self._asked_t)
                self._reports.clear()

    def _switch(self, target: Output) -> None:
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

    # What people and supervisors do.

    def turn(self, name: str, value: Any) -> None:
        """Set a knob; for later()."""
        self._say("%s = %s", name, value)
        setattr(self, name, value)

    def turn_back(self, fault: str) -> None:
        """A passing fault is over; for later()."""
        from tests.faults.faults import undo

        undo(self, fault)

    def press_clear(self, confirm: bool) -> None:
        """A person clears the fault, perhaps confirming that the plug may be unlocked."""
        self._say("a person clears the fault%s", " and confirms unlocking" if confirm else "")
        if self.charger is not None:
            self.clears.append(self.now)
            if confirm:
                self.confirms.append(self.now)
            self.charger.clear_fault(unlock_confirmed=confirm)

    def car_ends(self) -> None:
        """The car's own wish; for later()."""
        self.car.end_session(self.now)

    def owner_stop(self) -> None:
        if self.charger is not None:
            self.charger.stop()

    def kill_charger(self, restart_s: float = RESTART_S) -> None:
        self._say("charger is killed")
        self.programs_died = True
        self.charger, self._charger_stopped = None, False
        self._charger_t = math.inf
        self._car_inbox.clear(), self._pre_inbox.clear(), self._reports.clear()
        if self.guard is not None and not self._guard_stopped:
            self.guard.on_charger_gone()
            self._guard_t = self.now
        self.later(restart_s, "start_charger")

    def start_charger(self) -> None:
        if self.charger is not None:
            return
        self._say("charger is started")
        self.charger, self._charger_t = self._new_charger(), self.now
        self._last_told = ()

    def stop_charger(self, for_s: float) -> None:
        """SIGSTOP, and SIGCONT after so long; pulse kills one that stays away."""
        self._say("charger is stopped")
        self._charger_stopped, self._charger_t = True, math.inf
        self.later(for_s, "continue_charger")

    def continue_charger(self) -> None:
        if self.charger is not None and self._charger_stopped:
            self._say("charger goes on")
            self._charger_stopped, self._charger_t = False, self.now

    def kill_guard(self, restart_s: float = RESTART_S) -> None:
        if self.guard is None:
            return
        self._say("guard is killed")
        self.guard, self._guard_stopped, self._guard_t = None, False, math.inf
        self._guard_inbox.clear(), self._packets.clear()
        if self.charger is not None:
            self._reports.clear()
            self.charger.guard_gone()
            self._charger_t = self._not_before(self.now)
        self.later(restart_s, "start_guard")

    def start_guard(self) -> None:
        """A new guard finds the outputs as they are; its CAN socket comes up right after."""
        if self.guard is not None:
            return
        self._say("guard is started")
        self.guard = Guarding(self.now, self.plant.outputs, self._k)
        self.guard.on_tree(stopped=self.tree_stopped)
        self._guard_acts()
        self.guard.can_up = self.guard.ready_to_start = True
        self._guard_acts()

    def stop_guard(self, for_s: float) -> None:
        """SIGSTOP and SIGCONT. With something live on, its second kills a guard that hangs, and makes safe; else pulse
        kills one without a beat."""
        self._say("guard is stopped")
        self._guard_stopped, self._guard_t = True, math.inf
        if self.plant.outputs & LIVE:
            self.later(standby.SILENCE_S + standby.LATE_S, "second_steps_in")
        if for_s >= PULSE_S:
            self.later(PULSE_S, "kill_hung_guard")
        else:
            self.later(for_s, "continue_guard", self.now)

    def kill_hung_guard(self) -> None:
        if self._guard_stopped:
            self.kill_guard()

    def second_steps_in(self) -> None:
        """v2h.safety.standby. (A guard that is killed is judged without it: the new one must do by itself as well.)"""
        if self._guard_stopped:
            self._say("guard's second kills it and makes safe")
            self.kill_guard()
            self._sweep()

    def continue_guard(self, since: float) -> None:
        """What waited in its sockets comes first; a charger that had given it up has closed the wire."""
        if self.guard is None or not self._guard_stopped:
            return
        self._say("guard goes on")
        self._guard_stopped = False
        self.guard.on_k(self._k)
        self._guard_acts()
        if self.now - since > SILENCE_S and self.guard is not None:
            self.guard.on_charger_gone()
            self._guard_acts()

    def kill_tree(self) -> None:
        """supervisord is gone: systemd ends the rest and runs the stand-alone make-safe, then starts all again."""
        self.kill_charger(restart_s=6.0)
        self.kill_guard(restart_s=5.0)
        self._sweep()

    def stop_tree(self, for_s: float) -> None:
        """SIGSTOP for supervisord, and SIGCONT; guard sees it when it acts."""
        self._say("supervisord is stopped")
        self.later(for_s, "continue_tree")
        self._tell_guard_of_tree(stopped=True)

    def continue_tree(self) -> None:
        self._say("supervisord goes on")
        self._tell_guard_of_tree(stopped=False)

    def _tell_guard_of_tree(self, *, stopped: bool) -> None:
        self.tree_stopped = stopped
        if self.guard is not None:
            self.guard.on_tree(stopped=stopped)

    def _sweep(self) -> None:
        """The stand-alone make-safe."""
        found = self.plant.outputs
        if found & ALL_BUT_LOCK:
            self._sweeper = MakeSafe(self.now, 0 if found & CONTACTORS else FROM_SIGNALS)
            self._swept = PreHeard()
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
