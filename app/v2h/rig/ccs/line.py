"""The simulated CCS car on real doors: the charger's modem at plc0, the car's at an interface in its own namespace, the
pilot box and the insulation monitor on serial lines.

    charger: plc0 --- modem0 | power line | modem1 --- car0: the car

The car matches with real frames, asks by real UDP, and speaks by real TCP through the simulated modems. If another
program speaks for it, that program asks and speaks in the namespace `network`, from the match on.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from v2h.ccs import exi
from v2h.ccs.homeplug import ETHERTYPE
from v2h.ccs.insulation import ADDRESS
from v2h.ccs.messages import HANDSHAKE_NAMESPACE, Ask
from v2h.ccs.sdp import GROUP, PORT
from v2h.ccs.v2gtp import HEADER_B, Payload, pack, take_messages
from v2h.ports.plc import INTERFACE, PlcPort
from v2h.rig.ccs.car import CcsCar
from v2h.rig.ccs.evcc import Evcc
from v2h.rig.ccs.plcmodem import Medium, Modem
from v2h.rig.ccs.plcwire import PowerLine, whole_frames
from v2h.rig.ccs.serialline import SerialLine, Watch
from v2h.rig.ccs.slaccar import SlacCar, Step
from v2h.rig.netspace import NetSpace, ip

CHARGER, CAR = 0, 1
CAR_INTERFACE = "car0"
ADDRESSES = {INTERFACE: "fe80::5e", CAR_INTERFACE: "fe80::e"}
ASK_S = 0.25
"""A car repeats its question where the charger is in this rhythm."""
QUESTION = pack(Payload.SDP_REQUEST, bytes([0x10, 0x00]))
"""No TLS, TCP."""
NETWORK_S = 2.0
"""From the match to the first question; cars in recordings take 4 to 6 s."""
NO_SESSION = bytes(8)


def up(interface: str) -> None:
    """One link-local address, usable at once."""
    ip("link", "set", interface, "addrgenmode", "none", "up")
    ip("address", "add", f"{ADDRESSES[interface]}/64", "dev", interface, "nodad")
    whole_frames(interface)


class CcsLine:
    """Call tick(now) at least every 20 ms. directory: of the sockets of the serial lines. Raises OSError where no
    namespace or interface can be made."""

    def __init__(self, car: CcsCar, directory: Path, watch: Watch, clock: Callable[[], float]) -> None:
        self._car, self._watch, self._clock = car, watch, clock
        self._space = NetSpace()
        for host, modem in ((INTERFACE, "modem0"), (CAR_INTERFACE, "modem1")):
            ip("link", "add", "name", host, "type", "veth", "peer", "name", modem)
            ip("link", "set", modem, "addrgenmode", "none", "up")
        ip("link", "set", CAR_INTERFACE, "netns", self._space.path)
        up(INTERFACE)
        with self._space.inside():
            up(CAR_INTERFACE)
            self._frames = PlcPort(CAR_INTERFACE, ETHERTYPE)
            self._scope = socket.if_nametoindex(CAR_INTERFACE)
        self._line = PowerLine(Medium([Modem(), Modem(set_key_failed=True)]), {CHARGER: "modem0", CAR: "modem1"}, {})
        self._box = SerialLine(directory / "pilot.sock", watch, self._read_box)
        self._monitor = SerialLine(directory / "imd.sock", watch, self._read_monitor)
        self._slac: SlacCar | None = None
        self._asking: socket.socket | None = None
        self._talk: socket.socket | None = None
        self._ask_t = float("inf")
        self._buffer, self._session = bytearray(), NO_SESSION
        self._sent_t = 0.0
        for port in (*self._line.ports(), self._frames):
            watch(port, self._carry)

    def settings(self) -> str:
        """The table [ccs]: the addresses of pilot box and insulation monitor."""
        monitor = f"rig:{self._monitor.path}?unit={ADDRESS}"
        return f'[ccs]\npilot_box = "rig:{self._box.path}"\ninsulation_monitor = "{monitor}"\n'

    def shown(self) -> dict[str, object]:
        """The namespace of the car's interface, for `nsenter --net=PATH`."""
        return {"car_network": self._space.path}

    def tick(self, now: float) -> None:
        """Everything that is due: lines of the box, the matching, the car's next request."""
        self._box.write(self._car.box.tick(now))
        if not self._car.box.pulsed or not self._car.circuit.plugged:
            self._hang_up()
            self._slac = None
        elif not self._car.ended:
            self._match(now)
            self._discover(now)
        self._carry()
        self._speak(now)

    def close(self) -> None:
        self._hang_up()
        for door in (self._line, self._frames, self._box, self._monitor, self._space):
            door.close()
        with suppress(OSError):
            ip("link", "delete", INTERFACE)

    def _read_box(self) -> None:
        self._car.box.take(self._clock(), self._box.read())

    def _read_monitor(self) -> None:
        self._monitor.write(self._car.monitor.take(self._monitor.read()))

    def _carry(self) -> None:
        now = self._clock()
        self._line.step(now, wait_s=0.0)
        for frame in self._frames.frames():
            if self._slac is not None:
                for answer in self._slac.take(now, frame):
                    self._frames.send(answer)

    def _match(self, now: float) -> None:
        """The car starts the matching at each new pulse. If it fails, the car repeats it once, without delay."""
        if self._slac is None or self._slac.step is Step.FAILED:
            self._slac, self._ask_t = SlacCar(self._frames.mac, os.urandom(8)), float("inf")
        for frame in self._slac.tick(now):
            self._frames.send(frame)
        if self._slac.step is Step.MATCHED and self._ask_t == float("inf"):
            self._ask_t = now + NETWORK_S

    def _discover(self, now: float) -> None:
        if self._talk is not None or now < self._ask_t:
            return
        if self._car.dialect is None:
            if self._car.evcc is None:
                self._car.connect()
            return
        self._ask_t = now + ASK_S
        if self._asking is None:
            with self._space.inside():
                self._asking = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self._asking.bind((ADDRESSES[CAR_INTERFACE], 0, 0, self._scope))
            self._asking.setblocking(False)
            self._watch(self._asking, self._connect)
        with suppress(OSError):
            self._asking.sendto(QUESTION, (GROUP, PORT, 0, self._scope))

    def _connect(self) -> None:
        assert self._asking is not None
        with suppress(BlockingIOError):
            answer = self._asking.recv(100)[HEADER_B:]
            if self._talk is None and len(answer) == 20:
                address = socket.inet_ntop(socket.AF_INET6, answer[:16])
                with self._space.inside():
                    self._talk = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
                self._talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._talk.setblocking(False)
                self._talk.connect_ex((address, int.from_bytes(answer[16:18], "big"), 0, self._scope))
                self._watch(self._talk, self._hear)
                self._car.connect()
                self._session = NO_SESSION

    def _speak(self, now: float) -> None:
        evcc = self._car.evcc
        if self._talk is None or not isinstance(evcc, Evcc):
            return
        if evcc.over or self._car.ended:
            self._hang_up()
            return
        request = evcc.request(now)
        if request is None:
            return
        handshake = evcc.ask is Ask.PROTOCOL
        namespace = HANDSHAKE_NAMESPACE if handshake else evcc.dialect.namespace
        message = exi.Message(request[0], None if handshake else self._session, request[1])
        self._sent_t = self._clock()
        try:
            self._talk.send(pack(Payload.EXI, exi.encode(namespace, message)))
        except BlockingIOError:
            evcc.unsent()
        except OSError as error:
            self._lose(f"the connection broke: {error.strerror}")

    def _hear(self) -> None:
        evcc, now = self._car.evcc, self._clock()
        if self._talk is None or not isinstance(evcc, Evcc):
            return
        try:
            data = self._talk.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"the connection broke: {error.strerror}")
            return
        if not data:
            self._lose("the charger closed the connection")
            return
        self._buffer += data
        for exi_bytes in take_messages(self._buffer):
            if evcc.ask is Ask.DEMAND:
                self._car.demand_s.append(now - self._sent_t)
            namespace = HANDSHAKE_NAMESPACE if evcc.ask is Ask.PROTOCOL else evcc.dialect.namespace
            answer = exi.decode(namespace, exi_bytes)
            self._session = answer.session or self._session
            evcc.take(now, answer.fields)

    def _lose(self, why: str) -> None:
        self._car.disconnect(why)
        self._hang_up()

    def _hang_up(self) -> None:
        for node in (self._talk, self._asking):
            if node is not None:
                self._watch(node, None)
                node.close()
        if self._talk is not None:
            self._car.disconnect("the connection was closed")
        self._talk = self._asking = None
        self._ask_t = float("inf")
        self._buffer.clear()
