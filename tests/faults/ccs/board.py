"""The board with a CCS plug: the real CcsCharger and PowerSession, the real guard with its row for CCS, the real `ccs`
(Plug, SLAC, message machine, EXI), against a simulated car, modems, pilot box and insulation monitor.

Everything else (converter, cable, guard's shell, kills and stops of programs, virtual time) is that of the CHAdeMO
board. The line to the car is read and written on a grid of LINE_S.
"""

import copyreg
from typing import TYPE_CHECKING, Any

from tests.faults.board import PULSE_S, RESTART_S, Board
from tests.faults.ccs.judge import CcsJudge
from tests.faults.ccs.parts import FaultyCcsCar, FaultyEvcc
from tests.faults.ccs.program import TURN_S, CcsProgram
from tests.faults.guard_program import EPSILON_S
from v2h.ccs import exi
from v2h.ccs.insulation import ADDRESS, CHANNEL_WORDS, INSULATION_AT, Monitor, judge, read_channel
from v2h.ccs.messages import DIALECTS, DIN, HANDSHAKE_NAMESPACE, Ask, Dialect
from v2h.ccs.power_charger import CcsCharger
from v2h.ccs.power_session import PowerSession
from v2h.ccs.record import pack_charger, unpack_car
from v2h.chademo.charger import Charger
from v2h.drivers.modbusrtu import ModbusError, read_answer, read_request
from v2h.rig.battery import Pack
from v2h.rig.ccs.plcmodem import CHARGER, Medium, Modem
from v2h.rig.ccs.slaccar import SlacCar, Step
from v2h.rig.habits import Habits
from v2h.safety.guarding import Guarding
from v2h.safety.outputs import Output

if TYPE_CHECKING:
    from tests.faults.faults import Fault

LINE_S, RESTING_LINE_S = 0.05, 0.1
NETWORK_S = 0.5
"""From the match to the connection; cars take 4 to 6 s, and nothing happens in them."""
MONITOR_S = 1.0
CAR, CAR_MAC = 1, bytes.fromhex("020000000e01")
NO_SESSION = bytes(8)
QUESTION = read_request(ADDRESS, INSULATION_AT, CHANNEL_WORDS)
HIGH_ABOVE_V = 450.0
HIGH = Pack(77.0, 70_000.0, (0.0, 100.0), (402.0, 452.0))
"""A battery at which 6 kW are less than the converter's current. Its voltages are ours."""
GARBAGE = bytes.fromhex("80ffff0102")


def _dialect(name: str) -> Dialect:
    return next(dialect for dialect in DIALECTS if dialect.name == name)


copyreg.pickle(Dialect, lambda dialect: (_dialect, (dialect.name,)))
"""The programs compare dialects by identity, and it must survive a snapshot."""


class CcsBoard(Board):
    """As Board. dialect: its name. wants_a, max_v: of the car. bleeds: an open cable falls five times faster than the
    rig's, to save virtual time. Other knobs: car, ccs_slow_s."""

    energy_s, end_s = 45.0, 200.0
    """The longest is an authorisation that stays open while nothing measures the isolation: 180 s."""
    car: FaultyCcsCar
    ccs: CcsProgram | None
    ccs_stopped: bool
    connected: bool
    judge: CcsJudge
    charger: CcsCharger | None

    def __init__(
        self,
        *,
        dialect: str = DIN.name,
        wants_a: float = 16.0,
        max_v: float = 410.0,
        bleeds: bool = False,
        **settings: Any,
    ) -> None:
        self._dialect, self.wants_a, self.max_v = _dialect(dialect), wants_a, max_v
        super().__init__(**settings)
        if max_v > HIGH_ABOVE_V:
            self.plant.battery.pack = HIGH
        self.bleeds = bleeds
        self.ccs = CcsProgram(self.draw, 0)
        self.ccs_stopped, self.ccs_slow_s = False, 0.0
        self.connected = False
        self._side_t = self._line_t = self._ccs_t = 0.0
        self._ccs_free_t = float("-inf")
        self._drawn = 0
        self._medium = Medium([Modem(), Modem()])
        self._slac: SlacCar | None = None
        self._ask_t = float("inf")
        self._to_ccs: list[bytes] = []
        self._from_box = b""
        self._session = NO_SESSION
        self._records: list[bytes] = []
        self._monitor, self._monitor_t = Monitor(), 0.0

    def draw(self, count: int) -> bytes:
        """Other bytes each time."""
        self._drawn += 1
        return self._drawn.to_bytes(4, "big") * (count // 4)

    def faults(self) -> "dict[str, Fault]":
        from tests.faults.ccs.faults import BY_NAME

        return BY_NAME

    def settled(self) -> bool:
        """At rest the pilot is off and the cable is below 60 V, unless the car's contactors hold it up."""
        return not self.car.box.pulsed and (self.circuit.cable_v < 60.0 or self.circuit.car_closed)

    # The parts.

    def _new_car(self, habits: Habits) -> Any:
        return FaultyCcsCar(self.circuit, self._dialect, self.wants_a, self.max_v)

    def _new_judge(self) -> CcsJudge:
        return CcsJudge()

    def _new_guard(self, found: Output, *, k_on: bool) -> Guarding:
        return Guarding(self.now, found, k_on, ccs=True)

    def _new_charger(self) -> CcsCharger:
        self.numbers += 1000
        self._monitor, self._records = Monitor(), []
        return CcsCharger(PowerSession(self.numbers), max_charge_a=self.max_charge_a, by_converter=self.by_converter)

    # What people, supervisors and the line do.

    def kill_ccs(self, restart_s: float = RESTART_S) -> None:
        """Its sockets close: the car's connection, and the wire to charger."""
        if self.ccs is None:
            return
        self._say("ccs is killed")
        self.ccs, self.ccs_stopped = None, False
        self._to_ccs.clear()
        self._lose_connection("the charger closed the connection")
        if self.charger is not None:
            self._records.clear()
            self.charger.ccs_gone()
            self._charger_t = self._not_before(self.now)
        self.later(restart_s, "start_ccs")

    def start_ccs(self) -> None:
        if self.ccs is None:
            self._say("ccs is started")
            self.numbers += 1000
            self.ccs, self._ccs_t = CcsProgram(self.draw, self.numbers), self.now

    def stop_ccs(self, for_s: float) -> None:
        """SIGSTOP, and SIGCONT after for_s; pulse kills a program that stays stopped."""
        self._say("ccs is stopped")
        self.ccs_stopped = True
        self.later(min(for_s, PULSE_S), "continue_ccs" if for_s < PULSE_S else "kill_ccs")

    def continue_ccs(self) -> None:
        self._say("ccs goes on")
        self.ccs_stopped = False

    def kill_charger(self, restart_s: float = RESTART_S) -> None:
        super().kill_charger(restart_s)
        self._records.clear()
        if self.ccs is not None:
            self.ccs.charger_gone()

    def kill_tree(self) -> None:
        self.kill_ccs(restart_s=6.0)
        super().kill_tree()

    def lose_tcp(self) -> None:
        """The connection breaks, and the car notices it."""
        self._lose_connection("the connection broke")

    def cut_tcp(self) -> None:
        """The connection breaks; the car notices nothing, and goes on as it stands."""
        self._say("the connection is cut")
        self.connected = False
        self.car.mute = True

    def say_garbage(self) -> None:
        """The car sends bytes that are no message."""
        self._to_ccs.append(GARBAGE)

    def ask_wrongly(self, name: str) -> None:
        """The car's next request is another one than the order of messages permits."""
        if isinstance(self.car.evcc, FaultyEvcc):
            self.car.evcc.ask = Ask[name]

    def car_wants(self, amps_a: float) -> None:
        """The car asks for another current from now on."""
        self.car.wants_a = amps_a
        if self.car.evcc is not None:
            self.car.evcc.wants_a = amps_a

    def renegotiate(self) -> None:
        if isinstance(self.car.evcc, FaultyEvcc) and self._dialect is not DIN:
            self.car.evcc.renegotiate()

    # Virtual time.

    def _side_acts(self) -> None:
        now = self.now
        if now + EPSILON_S >= self._line_t:
            self._line_t = now + (RESTING_LINE_S if self._sleeps() else LINE_S)
            self.circuit.hurried = self.bleeds and not self.circuit.car_closed
            self._box_speaks()
            self._monitor_speaks()
            self._car_looks()
            self._car_speaks()
        awake = self.ccs is not None and not self.ccs_stopped
        if awake and now + EPSILON_S >= max(self._ccs_t, self._ccs_free_t):
            self._ccs_turns()
        self._side_t = min(self._line_t, max(self._ccs_t, self._ccs_free_t)) if awake else self._line_t
        self._k_changed()

    def _sleeps(self) -> bool:
        return self.at_rest() and not self.connected and not self.car.box.pulsed

    def _box_speaks(self) -> None:
        self._from_box += self.car.box.tick(self.now)
        if self.ccs is not None and not self.ccs_stopped and self._from_box:
            if self.ccs.box_said(self.now, self._from_box):
                self._ccs_t = self.now
            self._from_box = b""

    def _monitor_speaks(self) -> None:
        now, charger = self.now, self.charger
        if charger is None or self._charger_stopped:
            return
        if now >= self._monitor_t:
            self._monitor_t = now + MONITOR_S
            try:
                words = read_answer(QUESTION, answer) if (answer := self.car.monitor.take(QUESTION)) else ()
            except ModbusError:
                words = ()
            if words:
                self._monitor.take(judge(read_channel(words)), now)
        charger.isolation(*self._monitor.look(now))
        self._charger_t = min(self._charger_t, self._not_before(charger.next_due(now)))

    def _car_looks(self) -> None:
        """The matching at each new pulse, then the connection."""
        car, now = self.car, self.now
        if not car.box.pulsed or not self.circuit.plugged:
            self._slac = None
            self._lose_connection("the pilot's pulse has gone")
            return
        if car.ended or car.sleeps or self.ccs is None or self.ccs_stopped:
            return
        if self._slac is None or self._slac.step is Step.FAILED:
            self._slac, self._ask_t = SlacCar(CAR_MAC, self.draw(8)), float("inf")
        self._pass(CAR, self._slac.tick(now))
        if self._slac.step is Step.MATCHED and self._ask_t == float("inf"):
            self._ask_t = now + NETWORK_S
        if not self.connected and now >= self._ask_t and car.evcc is None:
            self.connected, self._session, self._ccs_t = True, NO_SESSION, now
            car.connect()
            self.judge.connects(self)

    def _pass(self, end: int, frames: list[bytes]) -> None:
        for frame in frames:
            for receiver, data in self._medium.take(self.now, end, frame):
                if receiver == CHARGER and self.ccs is not None and not self.ccs_stopped:
                    self.ccs.plug.frame(self.now, data)
                    self._ccs_t = self.now
                elif receiver != CHARGER and self._slac is not None:
                    self._pass(receiver, self._slac.take(self.now, data))

    def _car_speaks(self) -> None:
        evcc = self.car.evcc
        if not self.connected or not isinstance(evcc, FaultyEvcc):
            return
        if evcc.over or self.car.ended:
            self._lose_connection("the connection was closed")
            return
        request = None if self.car.mute else evcc.request(self.now)
        if request is not None:
            handshake = evcc.ask is Ask.PROTOCOL
            namespace = HANDSHAKE_NAMESPACE if handshake else evcc.dialect.namespace
            message = exi.Message(request[0], None if handshake else self._session, request[1])
            self.judge.car_asked(self, *request)
            self._to_ccs.append(exi.encode(namespace, message))
        if self._to_ccs:
            self._ccs_t = self.now

    def _ccs_turns(self) -> None:
        assert self.ccs is not None
        now = self.now
        turn_s = RESTING_LINE_S if self._sleeps() else TURN_S
        self._ccs_t, self._ccs_free_t = now + turn_s, now + self.ccs_slow_s
        for data in self._to_ccs:
            self.ccs.plug.message(data)
        self._to_ccs.clear()
        said = self.ccs.turn(now, connected=self.connected)
        if self.trace is not None:
            for note in said.turn.notes:
                self._say("ccs: %s", note)
        self._pass(CHARGER, said.turn.frames)
        for data in said.turn.messages:
            self._car_hears(data)
        if said.turn.hang_up:
            self._lose_connection(said.turn.hang_up)
        if said.order:
            self.car.box.take(now, said.order)
        if said.record and self.charger is not None:
            self._records.append(said.record)
            self._charger_t = min(self._charger_t, self._not_before(now))

    def _car_hears(self, data: bytes) -> None:
        evcc = self.car.evcc
        if not self.connected or not isinstance(evcc, FaultyEvcc) or evcc.over:
            return
        greeted = evcc.asked[-1:] != ["supportedAppProtocolReq"]
        namespace = evcc.dialect.namespace if greeted else HANDSHAKE_NAMESPACE
        answer = exi.decode(namespace, data)
        self._session = answer.session or self._session
        self.judge.car_told(self, answer.name, answer.fields)
        evcc.take(self.now, answer.fields)

    def _lose_connection(self, why: str) -> None:
        if self.connected:
            self._say("no connection: %s", why)
            self.connected, self._ccs_t = False, self.now
            self._ask_t = float("inf")
            self._to_ccs.clear()
            self.car.disconnect(why)

    def _charger_wakes(self) -> None:
        """Each record is taken, and answered after a turn."""
        charger: Charger | None = self.charger
        if charger is None or self._charger_stopped or not self._records:
            super()._charger_wakes()
            return
        records, self._records = self._records, []
        for packet in records:
            record = unpack_car(packet)
            assert self.charger is not None
            self.charger.car_record(record, self.now)
            super()._charger_wakes()
            if self.ccs is not None and not self.ccs_stopped:
                self.ccs.charger_said(pack_charger(self.charger.answer(self.now, record.sequence)))
                self._side_t = self._ccs_t = self.now
