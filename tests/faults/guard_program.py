"""The program `guard` without its sockets, in virtual time: the real Guarding, what waits for it to read, and what
happens to it when it is killed, stopped or slow. A stand-alone make-safe may act in its place."""

import math
from typing import TYPE_CHECKING

from v2h.canframe import Frame
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import FROM_SIGNALS, MakeSafe
from v2h.safety.makesafe import STEP_S as SWEEP_S
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import GuardState, Request

if TYPE_CHECKING:
    from tests.faults.shells import Shells

WIRE_S = 0.001
"""A report with a change reaches charger after this time."""
EPSILON_S = 1e-9
"""Two moments that are closer together are the same one."""
QUEUED = 8
"""Packets that wait in the wire's socket while guard does not read."""


class GuardProgram:
    """core: the real guard, None while the program is dead. stopped: by SIGSTOP. slow_s: a knob, how long it sleeps
    after it has acted. due_t: when it acts next. It acts on the board that is passed to a method."""

    def __init__(self, core: Guarding) -> None:
        self.core: Guarding | None = core
        self.stopped, self.slow_s, self.due_t = False, 0.0, 0.0
        self._free_t = -math.inf
        self._frames: list[Frame] = []
        self._packets: list[tuple[float, Request]] = []
        self._asked_t = 0.0
        self._sweeper: MakeSafe | None = None
        self._swept: ConverterMonitor | None = None

    @property
    def works(self) -> bool:
        """The program is there and runs."""
        return self.core is not None and not self.stopped

    @property
    def replaced(self) -> bool:
        """A make-safe acts in its place."""
        return self._sweeper is not None

    # What happens to the program.

    def die(self) -> None:
        """Its sockets and what waited in them are gone."""
        self.core, self.stopped, self.due_t = None, False, math.inf
        self._frames.clear()
        self._packets.clear()

    def start(self, board: "Shells", core: Guarding) -> None:
        """A new guard takes over the outputs as they are; its CAN socket is up directly after."""
        self.core = core
        self.act(board)
        core.can_up = core.ready_to_start = True
        self.act(board)

    def stop(self) -> None:
        self.stopped, self.due_t = True, math.inf

    def make_safe_instead(self, now: float, found: Output, since_t: float | None) -> None:
        """The make-safe of guard's second, or the stand-alone one. since_t: since when guard has commanded 0 A, None if
        nobody knows it."""
        self._sweeper = MakeSafe(now if since_t is None else since_t, 0 if found & CONTACTORS else FROM_SIGNALS)
        self._swept = ConverterMonitor.late()
        self.due_t = now

    # What reaches it.

    def hear(self, frame: Frame) -> None:
        """A frame on the converter's bus."""
        if self.core is not None:
            self._frames.append(frame)
        if self._swept is not None and self._swept.hear(frame) and self._sweeper is not None:
            self._sweeper.drop_pre_ac(frame.t)

    def take(self, board: "Shells", request: Request) -> None:
        """A request of charger; it waits in the socket while guard does not read."""
        if self.core is None:
            return
        if self.stopped or board.now < self._free_t:
            self._packets = [*self._packets, (board.now, request)][-QUEUED:]
            return
        self._asked_t = board.now
        self.core.on_request(board.now, request)
        self.act(board)

    def k_edge(self, now: float, k_on: bool) -> None:
        if self.core is not None and not self.stopped:
            self.core.on_k(k_on)
            self.due_t = max(now, self._free_t)

    def charger_gone(self, now: float) -> None:
        """charger has ended, which closes the wire."""
        if self.core is not None and not self.stopped:
            self.core.on_charger_gone()
            self.due_t = now

    # What it does.

    def act(self, board: "Shells") -> None:
        if self._sweeper is not None:
            self._sweep(board, self._sweeper)
            return
        core = self.core
        if core is None or self.stopped:
            self.due_t = math.inf
            return
        if self.slow_s:
            if board.now < self._free_t - EPSILON_S:
                self.due_t = self._free_t
                return
            self._free_t = board.now + self.slow_s
        packets, self._packets = self._packets, []
        for asked_t, request in packets:
            self._asked_t = asked_t
            core.on_request(board.now, request)
            self._act_once(board, core)
        self._act_once(board, core)

    def _act_once(self, board: "Shells", core: Guarding) -> None:
        for frame in self._frames:
            core.on_frame(frame)
        self._frames.clear()
        actions = core.act(board.now, board.plant.outputs)
        if board.stranger and core.state is GuardState.MAKING_SAFE:
            board.stranger = False
            board.later(0.05, "stranger_writes")
        if actions.send is not None:
            board.request(actions.send, by_guard=True)
        if actions.outputs != board.plant.outputs:
            board.switch(actions.outputs)
        for note in actions.notes:
            board._say("guard: %s %s", note.code, note.text)
        self.due_t = max(actions.next_t, self._free_t, board.now + WIRE_S / 2)
        if actions.report:
            board.guard_reports(core.report(board.plant.outputs), self._asked_t)

    def _sweep(self, board: "Shells", sweeper: MakeSafe) -> None:
        assert self._swept is not None
        step = sweeper.step(board.now, board.plant.outputs, self._swept)
        board.switch(board.plant.outputs & ~step.off)
        if step.send is not None:
            board.request(step.send, by_guard=True)
        self.due_t = board.now + SWEEP_S
        if step.done:
            self._sweeper = self._swept = None
            self.due_t = math.inf if self.core is None else board.now
