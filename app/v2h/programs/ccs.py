"""ccs: speaks with a CCS car: by the pilot, by SLAC, and by the messages of DIN SPEC 70121 and ISO 15118-2. It runs
only when v2h.toml has a table [ccs].

A thin shell around v2h.ccs.plug: the modem's interface, the pilot box, one TCP connection, the wire to `charger`. It
orders no current and no output: it reports what the car asks for, and `charger` decides. The car is a stranger, so this
program has no right but the one to send raw frames (CAP_NET_RAW), and no hardware but the modem and the pilot box.

What happens when this program
- is killed or hangs: `charger` notices it within 300 ms, orders 0 A and stops; the pilot box hears nothing for 500 ms,
  switches the pilot off and opens its relay, so K falls; supervisor starts it again;
- loses `charger`: the pilot goes off after 300 ms, and stays off until charger has ended the session;
- loses the pilot box: the pilot's state is unknown, and charger stops;
- loses the modem's interface: the connection breaks, and charger stops; the interface is looked for each second.
"""

import os
import sys
import time

from v2h.bus.messages import CcsState, CcsTraffic
from v2h.bus.sentences import say
from v2h.ccs.homeplug import ETHERTYPE
from v2h.ccs.messages import DIALECTS, DIN, ISO2
from v2h.ccs.pilot import ORDER_S, Order
from v2h.ccs.plug import REST_S, Plug
from v2h.ccs.record import Pilot
from v2h.ccs.slac import Phase as Link
from v2h.ccs.state_words import step_words
from v2h.ccs.traffic import BEGIN, CAR, CHARGER, FRAME, Traffic
from v2h.config.ccs import Ccs
from v2h.drivers.pilotbox import PilotBox
from v2h.ports.carline import CarLine
from v2h.ports.ccswire import ChargerWire
from v2h.ports.plc import INTERFACE, PlcPort
from v2h.ports.url import PortUrlError
from v2h.runtime.paths import CCS_SOCKET
from v2h.runtime.program import SLACK_S, Program
from v2h.runtime.realtime import CCS_PRIORITY, claim

TURN_S = 0.05
"""SLAC's deadlines are looked at in this rhythm, but at rest."""
RECORD_S = 0.1
OPEN_S = 1.0
STATE_S = 1.0
TRAFFIC_S = 1.0
PROTOCOLS = {"both": DIALECTS, "din": (DIN,), "iso2": (ISO2,)}


class CcsShell:
    """Passes what the ports receive to the Plug, and sends what it returns."""

    def __init__(self, program: Program, config: Ccs) -> None:
        self._program, self._config = program, config
        number = time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF  # another one than before a restart
        self._plug = Plug(PROTOCOLS[config.protocols], os.urandom, number)
        self._frames: PlcPort | None = None
        self._line: CarLine | None = None
        self._watched: set[int] = set()
        self._box: PilotBox | None = None
        self._order, self._order_t = Order.OFF, float("-inf")
        self._record_t = self._state_t = float("-inf")
        self._told: tuple[object, ...] = ()
        self._told_phase: object = None
        self._traffic, self._connected = Traffic(), False
        self._wire = ChargerWire(CCS_SOCKET, program.watch, program.unwatch, self._on_answer)
        self._rests = False
        program.every(OPEN_S, self._open, slack_s=SLACK_S)
        self._timer = program.every(TURN_S, self._turn)
        program.every(TRAFFIC_S, self._tell_traffic, slack_s=SLACK_S)
        program.at_exit(self._close)

    # Opening and losing.

    def _open(self, now: float) -> None:
        if self._box is None:
            try:
                self._box = PilotBox(self._config.pilot_box)
                if not self._rests:
                    self._program.watch(self._box, self._on_box)
                self._say("box", "info", say("ccs.box_open", url=self._config.pilot_box))
            except (OSError, PortUrlError) as error:
                self._say("box", "warning", say("ccs.box_missing", url=self._config.pilot_box, error=str(error)))
        if self._frames is None:
            try:
                self._frames = PlcPort(INTERFACE, ETHERTYPE)
                self._plug.attach(self._frames.mac)
                self._program.watch(self._frames, self._on_frames)
                self._say("modem", "info", say("ccs.modem_open", interface=INTERFACE))
            except OSError as error:
                self._say("modem", "warning", say("ccs.modem_missing", interface=INTERFACE, error=str(error)))
        if self._line is None:
            try:
                self._line = CarLine(INTERFACE)
                self._follow_line()
                self._program.is_news("line", "")
            except OSError as error:
                self._say("line", "warning", say("ccs.modem_missing", interface=INTERFACE, error=str(error)))

    def _lose_modem(self, error: OSError) -> None:
        if self._frames is not None:
            self._program.unwatch(self._frames.fileno())
            self._frames.close()
        self._frames = None
        self._plug.detach()
        self._lose_line(error)
        self._say("modem", "warning", say("ccs.modem_missing", interface=INTERFACE, error=str(error)))

    def _lose_line(self, error: OSError) -> None:
        for fileno in self._watched:
            self._program.unwatch(fileno)
        self._watched.clear()
        if self._line is not None:
            self._line.close()
        self._line = None
        self._say("line", "warning", say("ccs.modem_missing", interface=INTERFACE, error=str(error)))

    def _lose_box(self, error: OSError) -> None:
        if self._box is not None:
            self._program.unwatch(self._box.fileno())
            self._box.close()
        self._box = None
        self._say("box", "warning", say("ccs.box_missing", url=self._config.pilot_box, error=str(error)))

    def _follow_line(self) -> None:
        """Watch the sockets that the line has now: a car that connects brings a new one."""
        sockets = {} if self._line is None else {node.fileno(): node for node in self._line.sockets()}
        for fileno in self._watched - sockets.keys():
            self._program.unwatch(fileno)
        for fileno, node in sockets.items():
            if fileno not in self._watched:
                self._program.watch(node, self._on_line)
        self._watched = set(sockets)

    # What comes in.

    def _on_box(self, now: float) -> None:
        before = self._pilot(now)
        self._read_box(now)
        if self._pilot(now) is not before:
            self._record_t = float("-inf")
            self._turn(now)

    def _read_box(self, now: float) -> None:
        if self._box is None:
            return
        try:
            self._box.read(now)
        except OSError as error:
            self._lose_box(error)
            return
        self._say("bad line", "warning", say("ccs.box_line", why=self._box.why_bad)) if self._box.why_bad else None

    def _on_answer(self, now: float) -> None:
        """At rest the answer of `charger` is news only if it wants a session."""
        charger = self._wire.latest(now)
        if not self._rests or charger is None or charger.wanted:
            self._turn(now)

    def _on_frames(self, now: float) -> None:
        if self._frames is None:
            return
        try:
            for frame in self._frames.frames():
                self._traffic.note(now, FRAME, frame)
                self._plug.frame(now, frame)
        except OSError as error:
            self._lose_modem(error)
        self._turn(now)

    def _on_line(self, now: float) -> None:
        self._read_line(now)
        self._turn(now)

    def _read_line(self, now: float) -> None:
        if self._line is None:
            return
        try:
            messages = self._line.read()
            if self._line.connected and not self._connected:
                self._traffic.note(now, BEGIN)
            self._connected = self._line.connected
            for message in messages:
                self._traffic.note(now, CAR, message)
                self._plug.message(message)
        except OSError as error:
            self._lose_line(error)
        self._follow_line()

    # What goes out.

    def _turn(self, now: float) -> None:
        if self._rests:
            self._read_box(now)
        pilot = self._pilot(now)
        connected = self._line is not None and self._line.connected
        turn = self._plug.turn(now, self._wire.latest(now), pilot, connected=connected)
        for note in turn.notes:
            self._program.log.info("%s", note)
        self._send_frames(now, turn.frames)
        self._send_line(now, turn.messages, turn.hang_up)
        self._send_order(now, turn.order)
        phase = (self._plug.phase, self._plug.secc and self._plug.secc.busy, bool(turn.messages))
        if now - self._record_t >= RECORD_S - 0.01 or phase != self._told_phase:
            self._record_t, self._told_phase = now, phase
            self._wire.send(now, self._plug.record(now, self._wire.next_sequence(), pilot))
        self._say("wire", "warning", self._wire.refused) if self._wire.refused else None
        self._tell(now, pilot)
        if self._rests is not self._plug.rests:
            self._pace(now)

    def _pace(self, now: float) -> None:
        """At rest nothing is urgent: the box, with its 20 lines a second, wakes nobody, and is read at each turn."""
        self._rests = self._plug.rests
        self._timer.period_s = REST_S if self._rests else TURN_S
        self._timer.due = now + self._timer.period_s
        if self._box is not None and self._rests:
            self._program.unwatch(self._box.fileno())
        elif self._box is not None:
            self._program.watch(self._box, self._on_box)

    def _pilot(self, now: float) -> Pilot:
        return Pilot.UNKNOWN if self._box is None else self._box.pilot(now)

    def _send_frames(self, now: float, frames: list[bytes]) -> None:
        try:
            for frame in frames:
                if self._frames is not None:
                    self._traffic.note(now, FRAME, frame)
                    self._frames.send(frame)
        except OSError as error:
            self._lose_modem(error)

    def _send_line(self, now: float, messages: list[bytes], hang_up: str) -> None:
        if self._line is None or not (messages or hang_up):
            return
        try:
            for message in messages:
                self._traffic.note(now, CHARGER, message)
                self._line.send(message)
            if hang_up:
                self._line.hang_up(hang_up)
            self._connected = self._line.connected
        except OSError as error:
            self._lose_line(error)
        self._follow_line()

    def _send_order(self, now: float, order: Order) -> None:
        """A changed order goes out at once."""
        if self._box is None or (order is self._order and now - self._order_t < ORDER_S - 0.01):
            return
        self._order, self._order_t = order, now
        try:
            self._box.send(order)
        except OSError as error:
            self._lose_box(error)

    def _tell(self, now: float, pilot: Pilot) -> None:
        """Publish the state at every change and each second."""
        secc = self._plug.secc
        text = step_words(self._plug, pilot, box=self._box is not None, modem=self._frames is not None)
        protocol = "" if secc is None or secc.dialect is None else secc.dialect.name
        soc_pct = None if secc is None else secc.soc_pct
        link = self._plug.link if self._frames is not None else Link.OFF
        told = (pilot, link, self._plug.phase, text, protocol, soc_pct)
        if told == self._told and now - self._state_t < STATE_S:
            return
        self._told, self._state_t = told, now
        self._program.bus.publish(
            CcsState(now, pilot.name, link.name.lower(), self._plug.phase.name.lower(), text, protocol, soc_pct)
        )

    def _tell_traffic(self, now: float) -> None:
        """What was said in the last second, for datalog's black box."""
        lost = self._traffic.lost
        if packets := self._traffic.take():
            self._program.bus.publish(CcsTraffic(now, packets))
        if lost:
            self._program.log.warning("%d packets of one second are not in the black box: the car says too much", lost)

    def _close(self) -> None:
        """The pilot off at once: else the box waits for its dead man."""
        if self._box is not None:
            self._send_order(float("inf"), Order.OFF)
        for port in (self._line, self._frames, self._box, self._wire):
            if port is not None:
                port.close()

    def _say(self, about: str, level: str, text: str) -> None:
        if self._program.is_news(about, text):
            self._program.bus.event(level, "port", text)


def main() -> int:
    program = Program("ccs")
    config = program.config.ccs
    if config is None:
        program.log.error("v2h.toml has no table [ccs]: nothing to do")
        return 1
    CcsShell(program, config)
    claim(CCS_PRIORITY, program.log)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
