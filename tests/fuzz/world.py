"""Actions of supervisors, people and the car's driver on charger, guard and plant."""

import math

from tests.fuzz.shells import Shells
from v2h.rig.ev import Phase
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import FROM_SIGNALS, MakeSafe
from v2h.safety.outputs import CONTACTORS, Output

RESTART_S = 1.5
"""supervisor restarts a program that ended."""
PULSE_S = 2.0
"""pulse kills a guard that hangs (docs/SAFETY.md, "pulse")."""
SECOND_S = 0.35
"""The backup guard acts when guard hangs with live outputs (docs/SAFETY.md: 0.3 s without a message)."""
LIVE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC


class World(Shells):
    """The whole world of one charger: troubles and people act on it, between two calls of run_to() or from later()."""

    # What happens to programs.

    def died(self, program: str) -> None:
        if program == "charger":
            self.kill_charger()
        else:
            self.kill_guard()

    def kill_charger(self) -> None:
        if self.charger is None:
            return
        self.say("charger dies")
        self.charger, self.charger_held, self._charger_t = None, False, math.inf
        self.charger_dead_t = min(self.charger_dead_t, self.now)
        self._car_inbox, self._pre_inbox, self._reports = [], [], []
        if self.guard is not None and not self.guard_held:
            self._ask_guard("on_charger_gone")
            self._guard_t = self.now
        self.later(RESTART_S, self._start_charger)

    def _start_charger(self) -> None:
        if self.charger is None:
            self.say("charger starts")
            self._new_charger()

    def hold_charger(self, for_s: float) -> None:
        if self.charger is None or self.charger_held:
            return
        self.say("charger is held")
        self.charger_held, self._charger_t, self.charger_dead_t = True, math.inf, self.now
        held = self.charger

        def go_on() -> None:
            if self.charger is held:
                self.say("charger goes on")
                self.charger_held, self._charger_t, self.charger_dead_t = False, self.now, math.inf

        self.later(for_s, go_on)

    def kill_guard(self, *, second: bool = True) -> None:
        """second: the backup guard lives and makes safe; without it the new guard must do that."""
        if self.guard is None:
            return
        self.say("guard dies")
        since_t = self.guard.zero_since_t
        self.guard, self.guard_held, self._guard_t = None, False, math.inf
        self.guard_dead_t = min(self.guard_dead_t, self.now)
        self._guard_inbox, self._packets, self._reports = [], [], []
        self.judge.guard_is("DEAD")
        if self.charger is not None:
            self._ask("guard_gone")
            if not self.charger_held:
                self._charger_t = self.now
        if second and self.plant.outputs & LIVE:
            self._sweep(since_t)
        self.later(RESTART_S, self._start_guard)

    def _start_guard(self) -> None:
        if self.guard is not None:
            return
        self.say("guard starts")
        self._sweeper = self._swept = None
        self.guard = Guarding(self.now, self.plant.outputs, self._k)
        self.guard_dead_t = math.inf
        self._guard_acts()
        if self.guard is not None:
            self.guard.can_up = self.guard.ready_to_start = True
        self._guard_acts()

    def hold_guard(self, for_s: float) -> None:
        """If something is live, the backup guard kills guard after 0.3 s and makes safe; else pulse does after 2 s."""
        guard = self.guard
        if guard is None or self.guard_held:
            return
        self.say("guard is held")
        self.guard_held, self._guard_t, self.guard_dead_t = True, math.inf, self.now
        started = self.now

        def dies() -> None:
            if self.guard is guard and self.guard_held:
                self.kill_guard()

        def go_on() -> None:
            if self.guard is guard and self.guard_held:
                self.say("guard goes on")
                self.guard_held, self.guard_dead_t = False, math.inf
                self._ask_guard("on_k", self._k)
                self._guard_acts()
                if self.now - started > SECOND_S:
                    self._ask_guard("on_charger_gone")
                    self._guard_acts()

        if self.plant.outputs & LIVE:
            self.later(SECOND_S, dies)
        self.later(PULSE_S, dies)
        self.later(for_s, go_on)

    def kill_tree(self) -> None:
        self.kill_charger()
        self.kill_guard()

    def _sweep(self, since_t: float | None) -> None:
        found = self.plant.outputs
        self._sweeper = MakeSafe(self.now if since_t is None else since_t, 0 if found & CONTACTORS else FROM_SIGNALS)
        self._swept = ConverterMonitor.late()
        self._guard_t = self.now

    # What people do.

    def stop(self) -> None:
        """The owner's stop, through manager and directly to charger."""
        self.say("the owner stops")
        self.wanted = False
        self._ask("stop")
        self.judge.stopped()

    def start(self, power_w: float) -> None:
        """A new order; ignored when the run is about to end."""
        if not self.takes_orders:
            return
        self.order += 1
        self.wanted, self.power_w, self.has_bus = True, power_w, True
        self._setpoint_due = self.now
        self.say(f"order {self.order}: {power_w:.0f} W")

    def clear(self, *, word: bool) -> None:
        """A person clears the fault; word: and confirms that the plug may be unlocked."""
        self.say(f"a person clears{' and gives the word' if word else ''}")
        self.judge.cleared(word)
        self._ask("clear_fault", unlock_confirmed=word)

    def car_ends(self) -> None:
        """The car itself ends the session, if it is awake."""
        if self.car.phase is not Phase.ASLEEP:
            self.car.end_session(self.now)

    def plug(self, *, into: bool) -> None:
        """A person pulls or inserts the plug; the lock may hold it."""
        if into is self.circuit.plugged or (not into and self.circuit.locked):
            return
        self.say(f"plug {'in' if into else 'out'}")
        self.plant.set_plugged(into)
