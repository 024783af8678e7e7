"""guard: owns the seven outputs and reads K. It makes safe when charger is silent, late, or asks for a forbidden
combination of outputs.

A thin shell around v2h.safety.guarding: outputs, K, one socket on the converter's bus, the safety wire.

What happens when this program
- is killed: the kernel holds the outputs (gpio-leds); its second (backup_guard.py) makes safe at once and charger
  commands 0 A; supervisor starts it again; it reads the outputs before it changes any and makes safe if c1 or c2 are
  still closed;
- hangs: its second kills it after 300 ms with live outputs, and the same follows; at rest pulse kills it within 2 s;
- loses supervisord: the kernel sends SIGTERM (end_with_parent), see below; when supervisord is stopped, it makes safe;
- is asked to stop (SIGTERM): it ends when no live output is on, else it makes safe first. supervisor stops charger
  before guard, so an output that is still on then means that the tree above is gone; systemd then runs its own
  make-safe.
guard switches the lock only at charger's request and within the rules, so a restart leaves it as found.
"""

import errno
import os
import sys
import time

from v2h.canframe import PRE_BUS
from v2h.ports.can import CanPort, open_can
from v2h.ports.canidentity import PRE_CONTROLLER, wrong_controller
from v2h.ports.lines import InputLine, OutputLine, open_input, open_output
from v2h.pre import objects as pre
from v2h.runtime.parent import end_with_parent, is_stopped, open_process
from v2h.runtime.paths import GUARD_SOCKET
from v2h.runtime.program import SLACK_S, Program
from v2h.runtime.realtime import GUARD_PRIORITY, claim
from v2h.safety.guarding import IDLE_CHECK_S, LIVE, Actions, Guarding
from v2h.safety.makesafe import OFF_ORDER, ON_ORDER
from v2h.safety.outputs import NONE, Output, line_name
from v2h.safety.shell.backup_guard import BackupGuard
from v2h.safety.shell.sweep import make_safe
from v2h.safety.shell.wire_server import WireServer
from v2h.safety.wire import GuardState, Report, Trip, WireError, pack_report, unpack_request

READ_BACK_S = 0.5
BEAT_S = 0.5
"""Short enough that pulse notices a hung guard within 2 s."""
RETRY_S = 1.0


class Guard:
    """The shell: passes what the ports receive to Guarding, and carries out its actions."""

    def __init__(self, program: Program) -> None:
        self._program, self._hardware = program, program.config.hardware
        self._lines: dict[Output, OutputLine] = {}
        self._k: InputLine | None = None
        self._can: CanPort | None = None
        self._core: Guarding | None = None
        self._outputs = NONE
        self._broken = ""
        self._tree = open_process(os.getppid())
        self._wire = WireServer(GUARD_SOCKET, program, self._on_packet, self._on_gone, self._on_refused)
        program.every(RETRY_S, self._open, slack_s=SLACK_S)
        program.every(READ_BACK_S, self._read_back, slack_s=SLACK_S)
        self._timer = program.every(IDLE_CHECK_S, self._act)
        program.on_stop(self._stop)
        program.at_exit(self._close)
        self._standby = BackupGuard(lambda since_t: make_safe(program.config, program.log, since_t), program.log)
        self._open(time.monotonic())  # before the loop and the broker, because contactors may be closed

    # Opening: outputs and K first, with an act() at once; then the converter's bus.

    def _open(self, now: float) -> None:
        if self._core is None:
            try:
                for output in Output:
                    if output not in self._lines:
                        self._lines[output] = open_output(self._hardware.outputs + line_name(output))
                if self._k is None:
                    self._k = open_input(self._hardware.k)
                self._read_lines()
                k_on = not self._k.read()  # the opto-coupler pulls the line low while the car permits
            except OSError as error:
                self._say_once("warning", "lines", f"waiting for the outputs and K: {error}")
                return
            self._program.watch(self._k, self._on_k)
            self._core = Guarding(now, self._outputs, k_on, ccs=self._program.config.ccs is not None)
            self._act(now)
        if self._can is None:
            self._open_can(now, self._core)

    def _open_can(self, now: float, core: Guarding) -> None:
        url = self._hardware.pre_can
        wrong = wrong_controller(url, PRE_CONTROLLER) if self._hardware.can_identity else None
        if wrong is not None:
            self._say_once("fault", "pre-can-identity", wrong)
            return
        try:
            self._can = open_can(url, PRE_BUS, [pre.REQUEST_ID, pre.ANSWER_ID], ours=frozenset({pre.REQUEST_ID}))
        except OSError as error:
            self._say_once("warning", "pre-can", f"waiting for the converter's bus: {error}")
            return
        self._program.is_news("pre-can", "")
        core.can_up = core.ready_to_start = True
        self._act(now)

    # What comes in.

    def _on_k(self, now: float) -> None:
        if self._k is None or self._core is None:
            return
        try:
            self._k.take_edges()
            k_on = not self._k.read()
        except OSError as error:
            self._program.unwatch(self._k.fileno())
            self._lose_line(f"K: {error}")
            k_on = False
        self._core.on_k(k_on)
        self._act(now)

    def _hear_converter(self, core: Guarding) -> None:
        """Read all frames since the last act together: a wake for each of 100 frames a second would cost too much."""
        if self._can is None:
            return
        try:
            for frame in self._can.frames():
                core.on_frame(frame)
        except OSError as error:
            self._lose_can(error)

    def _on_packet(self, now: float, packet: bytes) -> None:
        try:
            request = unpack_request(packet)
        except WireError as error:
            self._say_once("fault", "wire", str(error))
            return
        if self._core is None:
            starting = Report(NONE, GuardState.STARTING, Trip.NONE, request.session, request.sequence, False, False)
            self._wire.tell(pack_report(starting))
        else:
            self._core.on_request(now, request)
            self._act(now)

    def _on_gone(self, now: float) -> None:
        if self._core is not None:
            self._core.on_charger_gone()
            self._act(now)

    # What goes out.

    def _act(self, now: float) -> None:
        if self._core is None:
            return
        self._hear_converter(self._core)
        if self._outputs & LIVE:
            self._core.on_tree(stopped=is_stopped(self._tree))
        actions = self._core.act(now, self._outputs)
        self._do(actions)
        self._standby.say(now, bool((self._outputs | actions.outputs) & LIVE), self._core.zero_since_t)
        self._timer.due = actions.next_t
        if self._broken and self._core.state is GuardState.TRIPPED:
            raise OSError(f"{self._broken}; ending, so that a new guard opens the lines again")

    def _do(self, actions: Actions) -> None:
        if actions.send is not None:
            self._send(actions.send)
        if actions.outputs != self._outputs:
            self._switch(actions.outputs)
        if actions.report and self._core is not None:
            self._wire.tell(pack_report(self._core.report(self._outputs)))
        for note in actions.notes:
            self._program.bus.event(note.level, note.code, note.text)

    def _send(self, data: bytes) -> None:
        if self._can is None:
            return
        try:
            self._can.send(pre.REQUEST_ID, data)
        except OSError as error:
            # ENOBUFS: a converter without mains acknowledges no frame, so the queue is full. The bus itself is up.
            if error.errno != errno.ENOBUFS:
                self._lose_can(error)

    def _lose_can(self, error: Exception) -> None:
        if self._can is not None and self._core is not None:
            self._can.close()
            self._can, self._core.can_up = None, False
            self._say_once("warning", "pre-can", f"the converter's bus is lost: {error}")

    def _switch(self, target: Output) -> None:
        """Switch outputs off first, then on, and read back each line. A line that fails keeps the level that was last
        read, and is retried as long as the core asks for it."""
        changes = [(output, False) for output in OFF_ORDER if output in self._outputs & ~target]
        changes += [(output, True) for output in ON_ORDER if output in target & ~self._outputs]
        for output, on in changes:
            try:
                self._lines[output].write(on)
                self._note_level(output, self._lines[output].read())
            except OSError as error:
                self._lose_line(f"output {line_name(output)}: {error}")

    def _read_back(self, now: float) -> None:
        if self._core is None:
            return
        if self._can is not None and self._can.forged:
            self._say_once("warning", "can-forged", "a program of this board sends frames as the converter: dropped")
        try:
            self._read_lines()
        except OSError as error:
            self._lose_line(f"outputs: {error}")
        self._act(now)

    def _lose_line(self, what: str) -> None:
        self._broken = what
        self._say_once("fault", "line-lost", what)
        if self._core is not None:
            self._core.on_line_lost()

    def _read_lines(self) -> None:
        for output, line in self._lines.items():
            self._note_level(output, line.read())

    def _note_level(self, output: Output, on: bool) -> None:
        self._outputs = self._outputs | output if on else self._outputs & ~output

    def _on_refused(self, why: str) -> None:
        self._say_once("warning", "refused", f"connection on the safety wire refused: {why}")

    def _say_once(self, level: str, code: str, text: str) -> None:
        """Publish an event only when its text has changed; otherwise it would come every second."""
        if self._program.is_news(code, text):
            self._program.bus.event(level, code, text)

    # The end.

    def _stop(self, now: float) -> bool:
        """After SIGTERM: True when no live output is on, or when make-safe is done."""
        if self._core is None or not self._outputs & LIVE or self._core.state is GuardState.TRIPPED:
            return True
        self._core.on_stop()
        self._act(now)
        return False

    def _close(self) -> None:
        """The outputs keep their level; if one is live, guard sends 0 A once more before it closes the safety wire."""
        if self._outputs & LIVE:
            self._send(pre.write_amps(0.0))
        self._wire.close()
        self._standby.close()


def main() -> int:
    end_with_parent()
    program = Program("guard", beat_s=BEAT_S)
    Guard(program)
    claim(GUARD_PRIORITY, program.log)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
