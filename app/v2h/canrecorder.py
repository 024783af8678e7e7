"""Both CAN buses into the black box, and the black box into a file: at a fault by itself, or when somebody asks.

Part of datalog. Never sends; a bus that is not there is looked for again, and said once.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from v2h.blackbox import KEEP_S, BlackBox
from v2h.bus import Command, Reply
from v2h.capturefiles import FOLDER, CaptureFile
from v2h.paths import DATA
from v2h.ports.canlisten import CanListener, open_listener
from v2h.ports.url import PortUrlError
from v2h.program import SLACK_S, Program

DRAIN_S = 0.5
"""Some 100 frames of both buses; a socket's queue holds several hundred."""
RETRY_S = 10.0
AFTER_FAULT_S = 5.0
"""What follows a fault belongs into its capture."""
SPACING_S = KEEP_S - 60.0
"""Between the captures of two faults: one that comes again and again must not wear the card out. A minute less than
the box goes back, so that what led to a fault right after a capture is in the next one."""
ASKED = "asked-for"
PIECE_S = 0.1
"""Between two pieces of a capture: 2000 frames a second, so that ten minutes take about one."""
NEVER_S = 1e9


class _Fault(NamedTuple):
    t: float
    code: str


class CanRecorder:
    """All `now` are monotonic seconds. trouble(what, text): words for the log, "" when it is over."""

    def __init__(
        self, program: Program, wall_offset_s: Callable[[], float], trouble: Callable[[str, str], None]
    ) -> None:
        hardware = program.config.hardware
        self.box = BlackBox()
        self._program, self._wall_offset_s, self._trouble = program, wall_offset_s, trouble
        self._urls = {0: hardware.pre_can, 1: hardware.car_can}
        self._ears: dict[int, CanListener] = {}
        self._file: CaptureFile | None = None
        self._why = ""
        self._asked = False
        self._owed: _Fault | None = None
        """The first fault that no capture has been begun for."""
        self._newest = _Fault(time.monotonic(), "")
        self._kept_t = float("-inf")

    def start(self) -> None:
        every = self._program.every
        self._program.bus.subscribe(Command.TOPIC.format("capture"), self._on_command, retained=False)
        every(RETRY_S, self._open, slack_s=SLACK_S)
        every(DRAIN_S, self.drain)
        self._timer = every(NEVER_S, self._write)
        self._arrange(time.monotonic())

    def drain(self, now: float) -> None:
        """What the buses have carried since the last time goes into the box."""
        self.box.clock(time.time() - now)
        for bus, ear in list(self._ears.items()):
            try:
                ear.drain(self.box)
            except OSError as error:
                self._trouble(f"can{bus}", f"lost {self._urls[bus]}: {error}")
                ear.close()
                del self._ears[bus]

    def fault(self, code: str, t: float) -> None:
        """A capture of the fault at `t`, AFTER_FAULT_S later, or as soon as the one before is SPACING_S old and nothing
        else is being written: it goes back far enough. It is named by the first fault that it is for. A fault told
        again, or from before the box listened, is none."""
        if t <= self._newest.t:
            return
        self._newest = _Fault(t, code)
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

    def _on_command(self, topic: str, payload: bytes) -> None:
        command, begun = Command.from_json(payload), self._file is None and not self._asked
        text = "A capture is being written."
        if begun:
            self._asked = True
            self._arrange(time.monotonic())
            text = "The last 10 minutes of both CAN buses are being written; they are in the log's files in a moment."
        self._program.bus.publish(Reply(command.id, begun, text), command.id)

    def _arrange(self, now: float) -> None:
        """When there is something to write."""
        due = now + NEVER_S
        if self._file is not None:
            due = min(self._timer.due, now + PIECE_S)
        elif self._asked:
            due = now
        elif self._owed is not None:
            due = max(self._owed.t + AFTER_FAULT_S, self._kept_t + SPACING_S)
        self._timer.due = due

    def _write(self, now: float) -> None:
        """Begin the capture that is due, or write its next piece."""
        bus = self._program.bus
        try:
            if self._file is None:
                self._begin(now)
            elif self._file.step():
                name, self._file = self._file.path.name, None
                bus.event("info", "capture", f"The CAN buses before {self._why!r} are kept as {name}", name=name)
        except OSError as error:
            self._file = None
            bus.event("warning", "capture-failed", f"The CAN buses could not be kept: {error}")
        self._arrange(time.monotonic())

    def _begin(self, now: float) -> None:
        self.drain(now)
        if self._asked:
            self._asked, self._why = False, ASKED
        elif self._owed is not None:
            self._kept_t, self._why = now, self._owed.code
            self._owed = None if self._newest.t + AFTER_FAULT_S <= now else self._newest
        else:
            return
        frames = min(sum(self.box.counts), self.box.capacity)
        DATA.mkdir(parents=True, exist_ok=True)
        wall_s = now + self._wall_offset_s()
        self._file = CaptureFile(DATA / FOLDER, wall_s, self._why, self.box.candump(), frames)
