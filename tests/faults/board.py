"""Actions of people, supervisors and the car's driver on a board, and actions that a fault calls later by name."""

import math
from typing import TYPE_CHECKING, Any

from tests.faults.numbers import READS_S, STRANGER_S, UNREAD_STRANGER_S
from tests.faults.shells import Shells
from v2h.canframe import PRE_BUS, Frame
from v2h.pre import objects as pre
from v2h.safety.guarding import LIVE
from v2h.safety.makesafe import ALL_BUT_LOCK
from v2h.safety.shell import backup_guard
from v2h.safety.wire import SILENCE_S

if TYPE_CHECKING:
    from tests.faults.faults import Fault

RESTART_S = 1.5
"""supervisor restarts a program that ended."""
PULSE_S = 2.0
"""pulse kills a hung guard after this time, by the design."""


class Board(Shells):
    """The whole board: call run(), and change its knobs between two calls."""

    def turn(self, name: str, value: Any) -> None:
        """Set a knob; for later()."""
        self._say("%s = %s", name, value)
        setattr(self, name, value)

    def strike(self, name: str) -> None:
        """Begin the fault of this name now."""
        fault = self.faults()[name]
        self.judge.excused |= fault.excuses
        self._say("FAULT: %s", name)
        fault.begin(self)
        if fault.undo is not None:
            self.later(fault.undo_s, "turn_back", name)

    def turn_back(self, name: str) -> None:
        """Undo a temporary fault; for later(). Its excuses stay in force for this session."""
        undo = self.faults()[name].undo
        if undo is not None:
            self._say("fault over: %s", name)
            undo(self)

    def faults(self) -> "dict[str, Fault]":
        """The faults of this kind of board, by name."""
        from tests.faults.faults import BY_NAME

        return BY_NAME

    def press_clear(self, confirm: bool) -> None:
        """A person clears the fault, and if `confirm` confirms that the plug may be unlocked."""
        self._say("a person clears the fault%s", " and confirms unlocking" if confirm else "")
        if self.charger is not None:
            self.clears.append(self.now)
            if confirm:
                self.confirms.append(self.now)
            self.charger.clear_fault(unlock_confirmed=confirm)

    def order_calibration(self) -> None:
        """The owner orders a calibration of the cable; for later()."""
        if self.charger is not None:
            self._say("a calibration is ordered %s", self.charger.calibrate(self.now))

    def car_ends(self) -> None:
        """The car itself ends the session; for later()."""
        self.car.end_session(self.now)

    def break_adc(self, how: str) -> None:
        """The sensor of the cable begins to fail; "" repairs it."""
        self.sensor.fail(self.now, how)

    def pull_plug(self) -> None:
        """A person pulls the plug: it comes out unless the lock holds it."""
        if self.circuit.locked or not self.circuit.plugged:
            return
        self._say("the plug is pulled")
        self.plant.set_plugged(False)

    def car_wants(self, amps_a: float) -> None:
        """The car asks for another current from now on, A."""
        self.car.most_a = (int(amps_a), int(amps_a))

    def stranger_writes(self) -> None:
        """A third node, neither charger nor guard, sets a current; for later()."""
        self._say("a stranger writes 10 A to the converter")
        self.judge.stranger_t, self.judge.stranger_s = self.now, STRANGER_S
        self.guard.hear(Frame(self.now, pre.REQUEST_ID, pre.write_amps(10.0), PRE_BUS))
        self.plant.pre_request(self.now, pre.write_amps(10.0))

    def owner_stop(self) -> None:
        if self.charger is not None:
            self.charger.stop()

    def kill_charger(self, restart_s: float = RESTART_S) -> None:
        self._say("charger is killed")
        self.programs_died = True
        self.charger, self._charger_stopped = None, False
        self._charger_t = math.inf
        self._car_inbox.clear(), self._pre_inbox.clear(), self._reports.clear()
        self.guard.charger_gone(self.now)
        self.later(restart_s, "start_charger")

    def start_charger(self) -> None:
        if self.charger is not None:
            return
        self._say("charger is started")
        self.charger, self._charger_t = self._new_charger(), self.now
        self.charger_born_t = self.now
        self._last_told = ()

    def stop_charger(self, for_s: float) -> None:
        """SIGSTOP, and SIGCONT after for_s; pulse kills a program that stays stopped."""
        self._say("charger is stopped")
        self._charger_stopped, self._charger_t = True, math.inf
        self.later(for_s, "continue_charger")

    def continue_charger(self) -> None:
        if self.charger is not None and self._charger_stopped:
            self._say("charger goes on")
            self._charger_stopped, self._charger_t = False, self.now

    def kill_guard(self, restart_s: float = RESTART_S) -> None:
        if self.guard.core is None:
            return
        self._say("guard is killed")
        if self.judge.stranger_t is not None and self.now - self.judge.stranger_t < READS_S:
            self.judge.stranger_s = UNREAD_STRANGER_S
        self.guard.die()
        if self.charger is not None:
            self._reports.clear()
            self.charger.guard_gone()
            self._charger_t = self._not_before(self.now)
        self.later(restart_s, "start_guard")

    def start_guard(self) -> None:
        if self.guard.core is not None:
            return
        self._say("guard is started")
        core = self._new_guard(self.plant.outputs, k_on=self._k)
        core.on_tree(stopped=self.tree_stopped)
        self.guard.start(self, core)

    def stop_guard(self, for_s: float) -> None:
        """SIGSTOP and SIGCONT. If something is live, the backup guard kills the hung guard and makes safe; otherwise
        pulse kills a guard without heartbeat."""
        self._say("guard is stopped")
        self.guard.stop()
        if self.plant.outputs & LIVE:
            self.later(backup_guard.SILENCE_S + backup_guard.LATE_S, "second_steps_in")
        if for_s >= PULSE_S:
            self.later(PULSE_S, "kill_hung_guard")
        else:
            self.later(for_s, "continue_guard", self.now)

    def kill_hung_guard(self) -> None:
        if self.guard.stopped:
            self.kill_guard()

    def second_steps_in(self) -> None:
        """safety/shell/backup_guard. (It does not act when guard is killed: the new guard must manage alone.)"""
        if self.guard.stopped and self.guard.core is not None:
            self._say("guard's second kills it and makes safe")
            since_t = self.guard.core.zero_since_t
            self.kill_guard()
            self._sweep(since_t)

    def continue_guard(self, since: float) -> None:
        """guard first handles what waited in its sockets; a charger that had given up on guard has closed the wire."""
        core = self.guard.core
        if core is None or not self.guard.stopped:
            return
        self._say("guard goes on")
        self.guard.stopped = False
        core.on_k(self._k)
        self.guard.act(self)
        if self.now - since > SILENCE_S:
            core.on_charger_gone()
            self.guard.act(self)

    def kill_tree(self) -> None:
        """supervisord has ended: systemd ends the rest, runs the stand-alone make-safe, then restarts everything.
        A guard that was there left a second, which is earlier and knows since when guard has commanded 0 A."""
        since_t = None if self.guard.core is None else self.guard.core.zero_since_t
        self.kill_charger(restart_s=6.0)
        self.kill_guard(restart_s=5.0)
        self._sweep(since_t)

    def stop_tree(self, for_s: float) -> None:
        """SIGSTOP for supervisord, and SIGCONT; guard notices it the next time it acts."""
        self._say("supervisord is stopped")
        self.later(for_s, "continue_tree")
        self._tell_guard_of_tree(stopped=True)

    def continue_tree(self) -> None:
        self._say("supervisord goes on")
        self._tell_guard_of_tree(stopped=False)

    def _tell_guard_of_tree(self, *, stopped: bool) -> None:
        self.tree_stopped = stopped
        if self.guard.core is not None:
            self.guard.core.on_tree(stopped=stopped)

    def _sweep(self, since_t: float | None) -> None:
        """The stand-alone make-safe, or that of guard's second."""
        if self.plant.outputs & ALL_BUT_LOCK:
            self.guard.make_safe_instead(self.now, self.plant.outputs, since_t)
