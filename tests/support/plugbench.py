"""One plug of a CCS car in virtual time: real matching and real EXI, with simulated modems, a car, and a `charger` that
grants what each phase waits for."""

from dataclasses import replace

from tests.support.ccscar import GRANTS
from tests.support.ccsmodels import CcsCar
from v2h.ccs import exi
from v2h.ccs.messages import DIALECTS, DIN, HANDSHAKE_NAMESPACE, Ask, Dialect
from v2h.ccs.pilot import Order
from v2h.ccs.plug import Plug
from v2h.ccs.record import CarRecord, ChargerRecord, Isolation, Phase, Pilot
from v2h.ccs.traffic import CAR, CHARGER, FRAME
from v2h.rig.ccs.plcmodem import CHARGER as CHARGER_END
from v2h.rig.ccs.plcmodem import Medium, Modem
from v2h.rig.ccs.slaccar import SlacCar
from v2h.rig.ccs.slaccar import Step as SlacStep

MAC = bytes.fromhex("020000005e01")
CAR_MAC = bytes.fromhex("020000000e01")
STEP_S = 0.02


class PlugBench:
    """charger, pilot, silent, connects may be changed at any time. silent: `charger` says nothing. connects: the car
    opens its connection once it is matched. asked: a request of the car waits for its answer.
    traffic: (t, kind, data) of all that was said, as ccs.traffic wants it."""

    def __init__(self, dialect: Dialect = DIN) -> None:
        self.now = 100.0
        self.plug = Plug(DIALECTS, self._draw, 7)
        self.plug.attach(MAC)
        self.car = CcsCar(dialect)
        self.modems = Medium([Modem(), Modem()])
        self.matching: SlacCar | None = None
        self.charger = replace(GRANTS, wanted=True)
        self.pilot, self.silent, self.connects, self.connected = Pilot.B, False, True, False
        self.orders: list[Order] = [Order.OFF]
        self.notes: list[str] = []
        self.hung_up: list[str] = []
        self.keys: list[bytes] = []
        self.records: list[CarRecord] = []
        self.traffic: list[tuple[float, str, bytes]] = []
        self._session = bytes(8)
        self.asked = False
        self._runs = 0

    def run(self, seconds: float) -> "PlugBench":
        until = self.now + seconds
        while self.now < until:
            self.step()
        return self

    def until(self, phase: Phase, within_s: float = 20.0) -> "PlugBench":
        until = self.now + within_s
        while self.plug.phase is not phase:
            assert self.now < until, f"{self.plug.phase} instead of {phase}; {self.notes} {self.hung_up}"
            self.step()
        return self

    def step(self) -> None:
        self.now += STEP_S
        self._car_matches()
        self._car_speaks()
        turn = self.plug.turn(self.now, self._record(), self._pilot(), connected=self.connected)
        self._pass(CHARGER_END, turn.frames)
        for data in turn.messages:
            self.traffic.append((self.now, CHARGER, data))
            namespace = HANDSHAKE_NAMESPACE if self.car.ask is Ask.PROTOCOL else self.car.dialect.namespace
            answer = exi.decode(namespace, data)
            self._session = answer.session or self._session
            self.asked = False
            self.car.take(answer, self.car.battery_v if self.plug.phase is not Phase.WELDING else 0.0)  # type: ignore[arg-type]
        if turn.hang_up:
            self.connected = False
            self.hung_up.append(turn.hang_up)
        self.notes += turn.notes
        self.orders += [turn.order] if turn.order is not self.orders[-1] else []
        self.records.append(self.plug.record(self.now, len(self.records), self._pilot()))

    def say(self, data: bytes) -> None:
        """The car sends these bytes as a message."""
        self.traffic.append((self.now, CAR, data))
        self.plug.message(data)

    def _pilot(self) -> Pilot:
        """A car without 5 % takes no energy, whatever it wants."""
        moved = self.pilot is Pilot.B and self.orders[-1] is Order.PWM
        return self.car.pilot if moved else self.pilot

    def _record(self) -> ChargerRecord | None:
        if self.silent:
            return None
        phase = self.plug.phase
        checked = phase >= Phase.CABLE_CHECK and self.charger.done
        return replace(self.charger, phase=phase, isolation=Isolation.VALID if checked else self.charger.isolation)

    def _draw(self, count: int) -> bytes:
        self._runs += 1
        drawn = bytes([self._runs] * count)
        self.keys += [drawn] if count == 16 else []
        return drawn

    def _car_matches(self) -> None:
        """The car begins to match at each new 5 %."""
        if self.orders[-1] is not Order.PWM:
            self.matching = None
            return
        if self.matching is None:
            self.matching = SlacCar(CAR_MAC, bytes([self._runs] * 8))
        self._pass(1, self.matching.tick(self.now))
        self.connected = self.connected or (
            self.connects and self.matching.step is SlacStep.MATCHED and self.plug.secc is None
        )

    def _car_speaks(self) -> None:
        if self.asked or not self.connected or self.plug.secc is None:
            return
        request = self.car.next_request()
        if request is None:
            self.connected = False
            return
        handshake = self.car.ask is Ask.PROTOCOL
        namespace = HANDSHAKE_NAMESPACE if handshake else self.car.dialect.namespace
        session = None if handshake else self._session
        self.say(exi.encode(namespace, exi.Message(request[0], session, request[1])))
        self.asked = True

    def _pass(self, end: int, frames: list[bytes]) -> None:
        for frame in frames:
            if end == CHARGER_END:
                self.traffic.append((self.now, FRAME, frame))
            for receiver, data in self.modems.take(self.now, end, frame):
                if receiver == CHARGER_END:
                    self.traffic.append((self.now, FRAME, data))
                    self.plug.frame(self.now, data)
                elif self.matching is not None:
                    self._pass(receiver, self.matching.take(self.now, data))


def charging(dialect: Dialect = DIN) -> PlugBench:
    """A car in the charging loop."""
    return PlugBench(dialect).until(Phase.ENERGY)
