"""Makes the outputs safe without broker, tree or guard: opens lines and CAN itself, and follows make-safe's table.

A step that fails is logged and does not stop the others: without CAN the contactors open at the table's deadlines.
"""

import errno
import logging
import select
import time

from v2h.canframe import PRE_BUS
from v2h.config.site import Config
from v2h.ports.can import CanPort, open_can
from v2h.ports.lines import OutputLine, open_output
from v2h.pre import objects as pre
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.makesafe import ALL_BUT_LOCK, FROM_SIGNALS, OFF_ORDER, STEP_S, MakeSafe
from v2h.safety.outputs import CONTACTORS, NONE, Output, line_name, names

MAX_S = 3.0


class _Lines:
    """The outputs that could be opened. failed: whether any could not be opened, read or switched."""

    def __init__(self, prefix: str, log: logging.Logger) -> None:
        self._log, self._said = log, set[str]()
        self.failed = False
        self._lines: dict[Output, OutputLine] = {}
        for output in OFF_ORDER:
            try:
                self._lines[output] = open_output(prefix + line_name(output))
            except OSError as error:
                self._fail(f"output {line_name(output)} cannot be opened: {error}")

    def read(self) -> Output:
        """What is on; an output that cannot be read counts as on."""
        on = NONE
        for output, line in self._lines.items():
            try:
                on |= output if line.read() else NONE
            except OSError as error:
                on |= output
                self._fail(f"output {line_name(output)} cannot be read: {error}")
        return on

    def switch_off(self, outputs: Output) -> None:
        for output in OFF_ORDER:
            if output in outputs and output in self._lines:
                try:
                    self._lines[output].write(False)
                except OSError as error:
                    self._fail(f"output {line_name(output)} cannot be switched off: {error}")

    def _fail(self, text: str) -> None:
        self.failed = True
        if text not in self._said:
            self._said.add(text)
            self._log.error("%s", text)


class _Bus:
    """The converter's bus. If it cannot be opened, nothing is sent or received."""

    def __init__(self, url: str, log: logging.Logger) -> None:
        self._log = log
        self.port: CanPort | None = None
        try:
            self.port = open_can(url, PRE_BUS, [pre.REQUEST_ID, pre.ANSWER_ID], ours=frozenset({pre.REQUEST_ID}))
        except OSError as error:
            log.error("the converter's bus cannot be opened: %s", error)

    def exchange(self, send: bytes | None, heard: ConverterMonitor, safe: MakeSafe) -> None:
        """Send the request, and pass the frames that have arrived to `heard`. An order of current by another program,
        for example by a charger that was stopped and continues, costs the converter's AC, as in guard."""
        if self.port is None:
            return
        try:
            if send is not None:
                self.port.send(pre.REQUEST_ID, send)
            for frame in self.port.frames():
                if heard.hear(frame):
                    safe.drop_pre_ac(frame.t)
        except OSError as error:
            self._log.error("the converter's bus: %s", error)
            self.port = None if error.errno != errno.ENOBUFS else self.port

    def wait(self, seconds: float) -> None:
        """Wait until a frame arrives, at most `seconds`."""
        try:
            select.select([] if self.port is None else [self.port.fileno()], [], [], seconds)
        except (OSError, ValueError) as error:
            self._log.error("the converter's bus is gone: %s", error)
            self.port = None


def make_safe(config: Config, log: logging.Logger, since_t: float | None = None) -> int:
    """since_t: the monotonic time at which guard began to command 0 A, where the first wait begins; None: nobody did.

    Return the exit code: 0 when all outputs but the lock are off, 1 when one is still on or could not be opened,
    switched or read. Returns always within MAX_S."""
    start = time.monotonic()
    lines = _Lines(config.hardware.outputs, log)
    found = lines.read()
    if not found & ALL_BUT_LOCK:
        log.info("nothing to do: all outputs but the lock are off%s", " or out of reach" if lines.failed else "")
        return int(lines.failed)
    log.warning("making safe; found on: %s", ", ".join(names(found)))
    heard = ConverterMonitor.late()
    safe = MakeSafe(start if since_t is None else min(start, since_t), 0 if found & CONTACTORS else FROM_SIGNALS)
    outputs, done, bus = found, False, None
    while not done and (now := time.monotonic()) < start + MAX_S:
        step = safe.step(now, outputs, heard)
        lines.switch_off(step.off)
        bus = bus or _Bus(config.hardware.pre_can, log)
        bus.exchange(step.send, heard, safe)
        outputs, done = lines.read(), step.done
        if not done:
            bus.wait(STEP_S)
    left = outputs & ALL_BUT_LOCK
    log.log(
        logging.ERROR if left else logging.INFO,
        "after %.2f s: %s",
        time.monotonic() - start,
        "still on: " + ", ".join(names(left)) if left else "all outputs but the lock are off",
    )
    return int(bool(left) or lines.failed)
