"""What `charger` has more with a CCS plug: the wire on which the program ccs connects, and the insulation monitor.

`charger` reads the monitor, and `ccs` does not: a program that speaks with a stranger must not be the one that says
that the insulation is good.
"""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.ccs.power_charger import CcsCharger
from v2h.ccs.power_session import PowerSession
from v2h.ccs.record import Isolation, RecordError, pack_charger, unpack_car
from v2h.config.site import Config
from v2h.drivers.imd import InsulationMonitor
from v2h.ports.url import PortUrlError
from v2h.runtime.paths import CCS_SOCKET
from v2h.runtime.program import SLACK_S, Program
from v2h.safety.shell.wire_server import WireServer

OPEN_S = 1.0
POLL_S = 0.1
"""The monitor is read once a second; each of its answers waits at most so long."""


class CcsSide:
    """turn(now): a turn of charger. say(about, level, text): an event, if it is news."""

    def __init__(
        self,
        program: Program,
        config: Config,
        number: int,
        turn: Callable[[float], None],
        tell: Callable[[str, str, str], None],
    ) -> None:
        assert config.ccs is not None
        self._url, self._turn, self._tell = config.ccs.insulation_monitor, turn, tell
        self.charger = CcsCharger(
            PowerSession(number),
            max_charge_a=config.limits.max_charge_a,
            by_converter=config.cable.by == "converter",
        )
        self._monitor: InsulationMonitor | None = None
        self._wire = WireServer(CCS_SOCKET, program, self._on_packet, self._on_gone, self._on_refused, peer="ccs")
        program.every(OPEN_S, self._open, slack_s=SLACK_S)
        program.every(POLL_S, self._poll)

    def _open(self, now: float) -> None:
        if self._monitor is not None:
            return
        try:
            self._monitor = InsulationMonitor(self._url)
        except (OSError, PortUrlError) as error:
            self._lose(str(error))

    def _poll(self, now: float) -> None:
        if self._monitor is None:
            return
        try:
            self._monitor.poll(now)
        except OSError as error:
            self._monitor.close()
            self._monitor = None
            self.charger.isolation(Isolation.INVALID, float("-inf"))
            self._lose(str(error))
            return
        word, measured_t = self._monitor.look(now)
        self.charger.isolation(word, measured_t)
        if self._monitor.trouble:
            self._lose(self._monitor.trouble)
        elif word is not Isolation.INVALID:
            self._tell("monitor", "info", say("ccs.monitor_open", url=self._url))

    def _lose(self, why: str) -> None:
        self._tell("monitor", "warning", say("ccs.monitor_missing", url=self._url, error=why))

    def _on_packet(self, now: float, packet: bytes) -> None:
        try:
            record = unpack_car(packet)
        except RecordError as error:
            self._tell("ccs wire", "warning", str(error))
            return
        self.charger.car_record(record, now)
        self._turn(now)
        self._wire.tell(pack_charger(self.charger.answer(now, record.sequence)))

    def _on_gone(self, now: float) -> None:
        self.charger.ccs_gone()
        self._turn(now)

    def _on_refused(self, why: str) -> None:
        self._tell("ccs wire", "warning", why)
