"""The rules of a CCS charge, judged on the simulated plant and on what the car is told.

What holds for any charger (relays, trips, deadlines of states, unlocking) is judged by the CHAdeMO judge's code, with
the numbers of CCS. What a CHAdeMO car would hear on CAN does not exist here.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.faults.ccs import numbers
from tests.faults.judge import Judge
from tests.faults.numbers import INSIDE, LOW_A, SET_AMPS, STOPPED
from v2h.bus.states import State
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import GuardState

if TYPE_CHECKING:
    from tests.faults.board import Board
    from tests.faults.ccs.board import CcsBoard

VOLTS = "volts inside the car's limit"
NEGATIVE = "no current out of the car"
RULES = (INSIDE, STOPPED, VOLTS, NEGATIVE)


class Cause(NamedTuple):
    """What must end a charge. holds: it is the case now. flow_s: 5 A at the latest so long after; open_s: c1 and c2
    open at the latest, with the car's contactors closed."""

    name: str
    holds: "Callable[[CcsJudge, CcsBoard], bool]"
    flow_s: float
    open_s: float


CAUSES = (
    Cause("pilot not in C or D", lambda judge, board: board.car.box.state not in "CD", 0.5, 1.5),
    Cause("K off", lambda judge, board: not board.plant.k_on, 0.5, 1.5),
    Cause("isolation fault", lambda judge, board: board.car.monitor.ohm < numbers.FAULT_OHM, 2.0, 3.0),
    Cause("connection lost", lambda judge, board: not board.connected, 0.8, 2.0),
    Cause("silent car", lambda judge, board: judge.silent_s(board) > numbers.QUIET_S and judge.runs(board), 0.8, 2.0),
    Cause("car stops", lambda judge, board: judge.car_stops, 0.8, 2.5),
    Cause("owner stops", lambda judge, board: judge.owner_stops(board), 1.2, 13.0),
    Cause("no manager", lambda judge, board: not board.has_bus, 2.2, 75.0),
    Cause("no ccs", lambda judge, board: board.ccs is None or board.ccs_stopped, 1.0, 2.5),
    Cause("no charger", lambda judge, board: board.charger is None or board._charger_stopped, 1.7, 1.7),
    Cause("no guard", lambda judge, board: not board.guard.works, 1.0, 3.5),
    Cause("silent converter", lambda judge, board: board.now - judge.pre_heard_t > 1.0, 2.0, 3.5),
)
EXCUSED_S = {"pre": 3.0, "program": 2.0, "can": 2.0, "weld": 2.0, "adc": 1.0}
"""How much later a stop is when the fault itself hinders it: the converter disobeys until guard makes safe; a program
sleeps; a contactor sticks, so that guard must go on to its next step."""


class CcsJudge(Judge):
    """Checks the rules after each event. asked: the name of the car's last request."""

    longest_s = numbers.LONGEST_S
    car_stops: bool

    def __init__(self) -> None:
        super().__init__()
        self.asked = ""
        self.car_stops = False
        self._asked_t = float("-inf")
        self._car: dict[str, Any] = {}
        self._ours: deque[tuple[float, float]] = deque([(float("-inf"), 0.0)])
        self._cars: deque[tuple[float, float]] = deque([(float("-inf"), 0.0)])
        """(time, A) since when a side has allowed so much. Each is obeyed REACTION_S after it fell, whatever the other
        does meanwhile; a setpoint that the bus lost is followed until the one before expires."""
        self._unheard_t = float("-inf")
        self._true: deque[tuple[float, float, float]] = deque()
        """(time, V, A) of cable and converter in the last TOLD_AGE_S."""
        self._demanded = False
        self._stands_t: float | None = None
        self._tested = False
        self._bad_t: float | None = None
        self._low_t: float | None = None
        self._bad_after = False
        self._cause_t: dict[str, float] = {}
        self._k_was_on = False
        self._edge_t: float | None = None

    # What the car says and hears.

    def connects(self, board: "CcsBoard") -> None:
        """A new connection: another session."""
        self.asked, self._car, self._demanded = "", {}, False
        self.car_stops = self._tested = False
        self._bad_t = None

    def car_asked(self, board: "CcsBoard", name: str, fields: Mapping[str, Any]) -> None:
        """Take a request that the car sends; its limits count from here."""
        self.asked, self._asked_t = name.removesuffix("Req"), board.now
        self._car |= _leaves(fields)
        self._demanded = self._demanded or self.asked == "CurrentDemand"
        starts = fields.get("ReadyToChargeState", fields.get("ChargeProgress") == "Start")
        if self.asked == "PowerDelivery":
            self.car_stops = not starts and fields.get("ChargeProgress") != "Renegotiate"
        self.car_stops = self.car_stops or self.asked in ("WeldingDetection", "SessionStop")

    def car_told(self, board: "CcsBoard", name: str, fields: Mapping[str, Any]) -> None:
        """Take an answer that the car reads."""
        stem = name.removesuffix("Res")
        told = fields.get("DC_EVSEStatus", {})
        isolation = told.get("EVSEIsolationStatus", "")
        if isolation == "Valid" and not self._tested and "adc" not in self.excused:
            self.fail(board, "Valid only after a measurement at the test voltage", f"told in {stem}")
        if isolation == "No_IMD":
            self.fail(board, "a monitor is never denied", stem)
        bad_s = 0.0 if self._bad_t is None else board.now - self._bad_t
        late_s = numbers.FAULT_TOLD_S + (EXCUSED_S["program"] if "program" in self.excused else 0.0)
        unseen = "monitor" in self.excused
        if bad_s > late_s and isolation == "Valid" and not unseen:
            self.fail(board, "an isolation fault is never Valid", f"Valid in {stem} {bad_s:.1f} s after the fault")
        if bad_s > late_s and isolation not in ("Fault", "") and not unseen and "program" not in self.excused:
            self.fail(board, "an isolation fault is told as Fault", f"{isolation} in {stem}, {bad_s:.1f} s after")
        passed = isolation == "Valid" and fields.get("EVSEProcessing") == "Finished" and fields["ResponseCode"] == "OK"
        if stem == "CableCheck" and passed:
            if (high_v := board.circuit.cable_v) > numbers.DEAD_V + 5.0 and "adc" not in self.excused:
                self.fail(board, "a cable check ends below 60 V", f"{high_v:.0f} V")
            low_s = 0.0 if self._low_t is None else board.now - self._low_t
            if low_s > late_s and not unseen:
                self.fail(board, "a cable check needs a good isolation", f"{board.car.monitor.ohm:.0f} ohm")
        granted, amps_a = fields.get("ResponseCode") == "OK", abs(board.circuit.battery_a)
        stopped = stem == "PowerDelivery" and self.car_stops and granted
        if stopped and amps_a > 1.1 and not self.excused & {"pre", "program"}:
            self.fail(board, "a stop is answered below 1 A", f"{amps_a:.1f} A")
        if stem == "WeldingDetection" and CONTACTORS in board.plant.outputs and granted:
            self.fail(board, "c1/c2 open before the welding detection", f"{board.plant.outputs!r}")
        self._judge_values(board, fields)

    def _judge_values(self, board: "CcsBoard", fields: Mapping[str, Any]) -> None:
        """Measured volts and amps, and what may be offered."""
        if not str(fields.get("ResponseCode", "")).startswith("OK"):
            return
        least = fields.get("EVSEMinimumCurrentLimit")
        if least is not None and least["Value"] < 0:
            self.fail(board, "no current below 0 is offered", str(least))
        if self.excused & {"pre", "adc", "program", "told", "car", "weld"}:
            return
        volts, amps = fields.get("EVSEPresentVoltage"), fields.get("EVSEPresentCurrent")
        if volts is not None:
            off_v = _off(_value(volts), [volts_v for _, volts_v, _ in self._true])
            wrong = abs(off_v) > numbers.TOLD_V_OFF
            self._lasts(board, "a CCS car is told the measured volts", wrong, numbers.TOLD_FOR_S, f"{off_v:.0f} V off")
        if amps is not None and board.circuit.joined:
            off_a = _off(_value(amps), [amps_a for _, _, amps_a in self._true])
            wrong = abs(off_a) > numbers.TOLD_A_OFF
            self._lasts(board, "a CCS car is told the measured amps", wrong, numbers.TOLD_FOR_S, f"{off_a:.1f} A off")

    # Orders to the converter.

    def wrote(self, board: "Board", data: bytes, by_guard: bool) -> None:
        super().wrote(board, data, by_guard)
        if data[:4] == SET_AMPS and data[0] != pre.READ:
            amps_a = int.from_bytes(data[4:6], "little", signed=True) / 10
            if amps_a > numbers.PRECHARGE_A + 0.05 and not self._demanded and "mad" not in self.excused:
                self.fail(board, "2 A before the charging loop", f"{amps_a} A")
            if amps_a < -numbers.BLEED_A or (amps_a < 0 and board.circuit.car_closed):
                self.fail(board, "no order is negative while the car is connected", f"{amps_a} A")

    def switching(self, board: "Board", output: Output, on: bool) -> None:
        if output is Output.D2 and "mad" not in self.excused:
            self.fail(board, "d2 is never used", "on" if on else "off")
        super().switching(board, output, on)

    # What the plant does.

    def look(self, board: "Board") -> None:
        super().look(board)
        self._true.append((board.now, board.circuit.cable_v, board.circuit.pre_a))
        while self._true[0][0] < board.now - numbers.TOLD_AGE_S:
            self._true.popleft()
        self._judge_ccs(board)  # type: ignore[arg-type]

    def silent_s(self, board: "CcsBoard") -> float:
        """Since when a car in the charging loop has asked nothing, s."""
        return board.now - self._asked_t if self.asked == "CurrentDemand" else 0.0

    def runs(self, board: "CcsBoard") -> bool:
        """Nobody but the car could end the charge now: in a stop of ours the car has 10 s, at 0 A."""
        return board.has_bus and not self.owner_stops(board)

    def owner_stops(self, board: "CcsBoard") -> bool:
        """The manager tells the owner's stop, or a person has pressed the button."""
        return (board.has_bus and not board.wanted) or (board.charger is not None and board.charger.stop_asked)

    def _judge_ccs(self, board: "CcsBoard") -> None:
        now, circuit = board.now, board.circuit
        low = board.car.monitor.ohm < numbers.WARNING_OHM
        self._low_t = (self._low_t or now) if low else None
        bad = board.car.monitor.ohm < numbers.FAULT_OHM
        latched = self._bad_t is not None and now - self._bad_t > numbers.FAULT_TOLD_S
        self._bad_t = self._bad_t or now if bad else self._bad_t if latched else None
        self._note_test(board)
        self._note_allowed(board)
        self.flowed = self.flowed or (circuit.battery_a > 1.0 and self._demanded)
        charger = board.charger
        rests = charger is None or charger.session.state in (State.IDLE, State.FAULT)
        guard = board.guard.core
        tripped = guard is None or guard.state in (GuardState.MAKING_SAFE, GuardState.TRIPPED)
        slow_s = board.ccs_slow_s + board.charger_slow_s + board.guard.slow_s
        off_s = numbers.PILOT_OFF_S + 2 * slow_s + (2.0 if "program" in self.excused else 0.0)
        self._lasts(board, "the pilot is off at rest", rests and board.car.box.pulsed, off_s)
        live = board.car.box.pulsed and tripped and guard is not None
        self._lasts(board, "the pilot is off after a trip", live, off_s)
        bad_s = 0.0 if self._bad_t is None or not bad else now - self._bad_t
        if bad_s <= numbers.FAULT_READ_S:
            self._bad_after = board.state in numbers.AFTER
        leads_on = bad_s > numbers.FAULT_OFF_S and not self._bad_after and board.connected and board.car.box.pulsed
        if leads_on and not self.excused & {"program", "monitor", "mad"}:
            self.fail(board, "the pilot is off after an isolation fault", f"{bad_s:.1f} s")
        open_v = circuit.cable_v if not (circuit.joined or circuit.car_closed) else 0.0
        self._lasts(
            board, "an open cable falls below 60 V", open_v > numbers.DEAD_V, numbers.DEAD_WITHIN_S, f"{open_v:.0f} V"
        )
        self._judge_causes(board)
        self._judge_edge(board)

    def _judge_edge(self, board: "CcsBoard") -> None:
        """K falls while the car charges and nobody has stopped: PRE AC goes off at once, and the contactors follow."""
        k_on, was_on, self._k_was_on = board.plant.k_on, self._k_was_on, board.plant.k_on
        charger = board.charger
        if k_on or charger is None or not board.guard.works or board.guard.slow_s:
            self._edge_t = None
            return
        session = charger.session
        if self._edge_t is None and was_on and session.state is State.ENERGY and not session.ending:
            self._edge_t = board.now
        if self._edge_t is None:
            return
        since_s, on = board.now - self._edge_t, board.plant.outputs & ~board.stuck_lines
        if not on & (Output.PRE_AC | CONTACTORS):
            self._edge_t = None  # it is answered; what is switched on afterwards is another matter
            return
        if since_s > numbers.K_PRE_AC_S and Output.PRE_AC in on:
            self.fail(board, "PRE AC off at the edge of K", f"{since_s:.2f} s")
        if since_s > numbers.K_OPEN_S and on & CONTACTORS:
            self.fail(board, "c1/c2 open after the edge of K", f"{since_s:.2f} s")

    def _note_test(self, board: "CcsBoard") -> None:
        """Whether the cable has stood at the test voltage long enough, with c1 and c2 closed and the car's open."""
        high_v = self._car.get("EVMaximumVoltageLimit", numbers.MOST_V) + numbers.TEST_ABOVE_V
        stands = board.circuit.joined and not board.circuit.car_closed
        if not stands or board.circuit.cable_v < min(numbers.MOST_V, high_v) - numbers.TEST_WITHIN_V:
            self._stands_t = None
            return
        self._stands_t = board.now if self._stands_t is None else self._stands_t
        self._tested = self._tested or board.now - self._stands_t >= numbers.TEST_S

    def _note_allowed(self, board: "CcsBoard") -> None:
        """What each side allows now: we by setpoint, 6 kW, configuration and converter; the car by its request."""
        volts_v = max(board.circuit.cable_v, 1.0)
        watts_w = max(0.0, min(numbers.MOST_W, board.power_w))
        ours_a = min(board.max_charge_a, numbers.CONVERTER_A, watts_w / volts_v)
        cars_a = numbers.PRECHARGE_A
        if self._demanded:
            car = self._car
            known = [car[name] for name in ("EVTargetCurrent", "EVMaximumCurrentLimit") if name in car]
            known += [car["EVMaximumPowerLimit"] / volts_v] if "EVMaximumPowerLimit" in car else []
            cars_a = min(known, default=numbers.CONVERTER_A) if car.get("EVReady") else 0.0
        else:
            ours_a = max(ours_a, numbers.PRECHARGE_A)
        self._unheard_t = self._unheard_t if board.has_bus else board.now
        unheard = board.now - self._unheard_t <= numbers.REACTION_S + numbers.SETPOINT_LIFE_S
        ours_s = numbers.REACTION_S + (numbers.SETPOINT_LIFE_S if unheard else 0.0)
        for allowed, amps_a, late_s in ((self._ours, ours_a, ours_s), (self._cars, cars_a, numbers.REACTION_S)):
            if abs(allowed[-1][1] - amps_a) > 0.02:
                allowed.append((board.now, max(0.0, amps_a)))
            while len(allowed) > 1 and allowed[1][0] < board.now - late_s:
                allowed.popleft()

    def _judge_current(self, board: "Board", amps_a: float) -> None:
        """Only what flows into or out of the car counts; without it the converter charges its own cable."""
        if not board.circuit.car_closed:
            self._stop_clocks(RULES)
            return
        most_a = min(max(amps for _, amps in allowed) for allowed in (self._ours, self._cars))
        if "pre" in self.excused:  # the converter disobeys: noticed at 5 A from the setpoint, then 2 s, then make-safe
            over = amps_a > most_a + 6.0 or amps_a < -6.0
            self._lasts(board, STOPPED, over, 4.0, f"{amps_a:.1f} A")
            return
        hindered_s = 1.2 if self.excused & {"program", "can"} else 0.0
        over = amps_a > most_a + numbers.SLACK_A
        self._lasts(board, INSIDE, over, hindered_s, f"{amps_a:.1f} A, allowed are {most_a:.1f}")
        self._lasts(board, NEGATIVE, amps_a < -numbers.NEGATIVE_A, 0.0, f"{amps_a:.1f} A")
        high_v, volts_v = self._car.get("EVMaximumVoltageLimit", numbers.MOST_V), board.circuit.cable_v
        over = amps_a > 0.6 and volts_v > high_v + 1.0
        self._lasts(board, VOLTS, over, 1.5 + hindered_s, f"{volts_v:.0f} V, the car bears {high_v:.0f} V")

    def _judge_obedience(self, board: "Board", amps_a: float) -> None:
        """A CCS car is obeyed by CAUSES."""

    def _judge_causes(self, board: "CcsBoard") -> None:
        """Each cause that lasts has ended the current in its time, and then the connection to the battery."""
        if not (board.circuit.joined and board.circuit.car_closed):
            self._cause_t.clear()
            return
        now, amps_a = board.now, abs(board.circuit.battery_a)
        more_s = max((EXCUSED_S.get(excuse, 0.0) for excuse in self.excused), default=0.0)
        more_s += 3 * (board.ccs_slow_s + board.charger_slow_s + board.guard.slow_s)
        for cause in CAUSES:
            if not cause.holds(self, board):
                self._cause_t.pop(cause.name, None)
                continue
            for_s = now - self._cause_t.setdefault(cause.name, now)
            if for_s > cause.flow_s + more_s and amps_a > LOW_A:
                self.fail(board, f"{cause.name}: 5 A in its time", f"{amps_a:.1f} A after {for_s:.2f} s")
            closed = board.plant.outputs & CONTACTORS & ~board.stuck_lines
            if for_s > cause.open_s + more_s and closed and "weld" not in self.excused:
                self.fail(board, f"{cause.name}: c1/c2 open in their time", f"{for_s:.2f} s")


def _off(told: float, true: Sequence[float]) -> float:
    """By how much a told value is outside what there was while it may have been measured."""
    return told - min(max(told, min(true)), max(true)) if true else 0.0


def _value(physical: Mapping[str, Any]) -> float:
    return float(physical["Value"]) * 10.0 ** int(physical["Multiplier"])


def _leaves(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Every element with a value, by its name; a physical value as a number."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and "Multiplier" in value:
            found[name] = _value(value)
        elif isinstance(value, Mapping):
            found |= _leaves(value)
        else:
            found[name] = value
    return found
