"""Both CAN buses into the black box, and the black box into a file: at a fault by itself, or when somebody asks.

Part of datalog. Never sends; a bus that is not there is looked for again, and said once.
"""

import time
from collections.abc import Callable

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
PIECE_S = 0.1
"""Between two pieces of a capture: 2000 frames a second, so that ten minutes take about one."""
NEVER_S = 1e9


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
        self._fault_t = float("-inf")

    def start(self) -> None:
        every = self._program.every
        self._program.bus.subscribe(Command.TOPIC.format("capture"), self._on_command, retained=False)
        every(RETRY_S, self._open, slack_s=SLACK_S)
        every(DRAIN_S, self.drain)
        self._timer = every(NEVER_S, self._write)
        self._timer.due += NEVER_S

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

    def fault(self, code: str) -> None:
        """A capture in a moment, named by the fault; not again while the last fault is still in the box: a fault that
        comes again and again must not wear the card out."""
        due = time.monotonic() + AFTER_FAULT_S
        if due - self._fault_t >= KEEP_S and self._order(due, code):
            self._fault_t = due

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
        command = Command.from_json(payload)
        begun = self._order(time.monotonic(), "asked-for")
        text = "The last 10 minutes of both CAN buses are being written; they are in the log's files in a moment."
        text = text if begun else "A capture is being written."
        self._program.bus.publish(Reply(str(command.id), begun, text), str(command.id))

    def _order(self, due: float, why: str) -> bool:
        if self._why:
            return False
        self._why = why
        self._timer.period_s, self._timer.due = PIECE_S, due
        return True

    def _write(self, now: float) -> None:
        """Begin the ordered capture, or write its next piece."""
        bus = self._program.bus
        try:
            if self._file is None:
                self.drain(now)
                frames = min(sum(self.box.counts), self.box.capacity)
                DATA.mkdir(parents=True, exist_ok=True)
                wall_s = now + self._wall_offset_s()
                self._file = CaptureFile(DATA / FOLDER, wall_s, self._why, self.box.candump(), frames)
            elif self._file.step():
                name = self._file.path.name
                bus.event("info", "capture", f"The CAN buses before {self._why!r} are kept as {name}", name=name)
                self._end()
        except OSError as error:
            bus.event("warning", "capture-failed", f"The CAN buses could not be kept: {error}")
            self._end()

    def _end(self) -> None:
        self._file, self._why = None, ""
        self._timer.period_s, self._timer.due = NEVER_S, time.monotonic() + NEVER_S
