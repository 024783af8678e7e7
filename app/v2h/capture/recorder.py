"""Records both CAN buses in the black box, and writes it to a file: automatically at a fault, or on request.

With a CCS plug, what `ccs` tells of the power line is recorded beside them, and written to a file of its own directly
after. Part of datalog. Never sends. A bus that cannot be opened is tried again every RETRY_S, and logged once.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from v2h.bus.messages import CcsTraffic, Command, Reply
from v2h.bus.sentences import say
from v2h.capture.batch_listener import CanListener, open_listener
from v2h.capture.capture_files import FOLDER, PIECE_BYTES, CaptureFile
from v2h.capture.power_line import PACKET_B, PowerLineBox
from v2h.capture.ring import KEEP_S, BlackBox
from v2h.ports.url import PortUrlError
from v2h.runtime.disk_space import check_room
from v2h.runtime.paths import DATA
from v2h.runtime.program import SLACK_S, Program

DRAIN_S = 0.5
"""About 100 frames of both buses; the queue of a socket holds several hundred."""
RETRY_S = 10.0
AFTER_FAULT_S = 5.0
"""The capture of a fault also contains this much time after it."""
SPACING_S = KEEP_S - 60.0
"""Least time between the captures of two faults: a repeated fault must not wear out the card. This is a minute less
than the black box keeps, so the next capture contains the events before a fault that came right after a capture."""
ASKED = "asked-for"
PIECE_S = 0.1
"""Time between two pieces of a capture: 2000 frames a second, so ten minutes of traffic are written in about one."""
NEVER_S = 1e9


class _Fault(NamedTuple):
    t: float
    name: str


class CanRecorder:
    """Records and writes. All `now` are monotonic seconds. trouble(what, text) logs a problem; text "" ends it."""

    def __init__(
        self, program: Program, wall_offset_s: Callable[[], float], trouble: Callable[[str, str], None]
    ) -> None:
        hardware = program.config.hardware
        self.box = BlackBox()
        self.power_line = PowerLineBox()
        self._program, self._wall_offset_s, self._trouble = program, wall_offset_s, trouble
        self._urls = {0: hardware.pre_can, 1: hardware.car_can}
        self._ears: dict[int, CanListener] = {}
        self._file: CaptureFile | None = None
        self._next: Callable[[], CaptureFile] | None = None
        """Begins the capture of the power line, once that of the buses is written."""
        self._why = ""
        self._asked = False
        self._owed: _Fault | None = None
        """The first fault for which no capture has begun yet."""
        self._newest = _Fault(time.monotonic(), "")
        self._kept_t = float("-inf")

    def start(self) -> None:
        every = self._program.every
        self._program.bus.subscribe(Command.TOPIC.format("capture"), self._on_command, retained=False)
        if self._program.config.ccs is not None:
            self._program.bus.subscribe(CcsTraffic.TOPIC, self._on_traffic, retained=False)
        every(RETRY_S, self._open, slack_s=SLACK_S)
        every(DRAIN_S, self.drain)
        self._timer = every(NEVER_S, self._write)
        self._arrange(time.monotonic())

    def drain(self, now: float) -> None:
        """Move the frames since the last call from the sockets to the black box."""
        self.box.clock(time.time() - now)
        for bus, ear in list(self._ears.items()):
            try:
                ear.drain(self.box)
            except OSError as error:
                self._trouble(f"can{bus}", f"lost {self._urls[bus]}: {error}")
                ear.close()
                del self._ears[bus]

    def fault(self, name: str, t: float) -> None:
        """Request a capture of the fault at `t`. It begins AFTER_FAULT_S later, or as soon as the previous one is
        SPACING_S old and no other is being written; the black box goes back far enough. The capture has the name of the
        first of its faults. A repeated fault, and one older than the recording, is ignored."""
        if t <= self._newest.t:
            return
        self._newest = _Fault(t, name)
        self._owed = self._owed or self._newest
        self._arrange(time.monotonic())

    def close(self, now: float) -> None:
        self.drain(now)
        if self._file is not None:
            self._file.abandon()
        for ear in self._ears.values():
            ear.close()

    def _open(self, now: float) -> None:
        for bus in self._urls.keys() - self._ears.keys():
            try:
                self._ears[bus] = open_listener(self._urls[bus], bus)
                self._trouble(f"can{bus}", "")
            except (OSError, PortUrlError) as error:
                self._trouble(f"can{bus}", f"cannot listen on {self._urls[bus]}: {error}")

    def _on_traffic(self, topic: str, payload: bytes) -> None:
        for t, kind, digits in CcsTraffic.from_json(payload).packets:
            self.power_line.add(t, kind, bytes.fromhex(digits))

    def _on_command(self, topic: str, payload: bytes) -> None:
        command, begun = Command.from_json(payload), self._file is None and not self._asked
        text = say("capture.begun" if begun else "capture.busy")
        try:
            DATA.mkdir(parents=True, exist_ok=True)
            check_room(DATA, PIECE_BYTES * self._frames())
        except OSError as error:
            begun, text = False, say("capture.failed", error=str(error))
        if begun:
            self._asked = True
            self._arrange(time.monotonic())
        self._program.bus.publish(Reply(command.id, begun, text), command.id)

    def _arrange(self, now: float) -> None:
        """Set the timer to the time of the next write."""
        due = now + NEVER_S
        if self._file is not None:
            due = min(self._timer.due, now + PIECE_S)
        elif self._asked:
            due = now
        elif self._owed is not None:
            due = max(self._owed.t + AFTER_FAULT_S, self._kept_t + SPACING_S)
        self._timer.due = due

    def _write(self, now: float) -> None:
        """Begin the capture that is due, or write the next piece of the present one."""
        bus = self._program.bus
        try:
            if self._file is None:
                self._begin(now)
            elif self._file.step():
                name, begin = self._file.path.name, self._next
                said = say("capture.kept" if name.endswith(".log") else "capture.kept_ccs", why=self._why, name=name)
                self._file = self._next = None
                bus.event("info", "capture", said, name=name)
                self._file = None if begin is None else begin()
        except OSError as error:
            self._file = self._next = None
            bus.event("warning", "capture-failed", say("capture.failed", error=str(error)))
        self._arrange(time.monotonic())

    def _begin(self, now: float) -> None:
        self.drain(now)
        if self._asked:
            self._asked, self._why = False, ASKED
        elif self._owed is not None:
            self._kept_t, self._why = now, self._owed.name
            self._owed = None if self._newest.t + AFTER_FAULT_S <= now else self._newest
        else:
            return
        DATA.mkdir(parents=True, exist_ok=True)
        wall_s = now + self._wall_offset_s()
        self._file = CaptureFile(DATA / FOLDER, wall_s, self._why, self.box.candump(), self._frames())
        if len(self.power_line):
            pieces, count = self.power_line.pcap(self._wall_offset_s()), len(self.power_line)
            settings: dict[str, Any] = {"suffix": ".pcap", "piece_bytes": PACKET_B}
            self._next = lambda: CaptureFile(DATA / FOLDER, wall_s, self._why, pieces, count, **settings)

    def _frames(self) -> int:
        """How many frames a capture of this moment holds at most."""
        return min(sum(self.box.counts), self.box.capacity)
