"""manager: computes the setpoint from mode, schedule, car, meter and limits, and gives the reason (energy/controller).
When the owner has it on, a plan by prices fills what the schedule leaves open (manager/planner).

A setpoint is valid for one second. It is sent again every 0.25 s (1 s while no session is wanted), and at once when it
changes. A stop by a person is remembered and suspends the schedule until the owner starts something or resumes it. A
charge by hand is remembered too, with its limit and its end; what becomes of it after a restart is in
energy/kept_order.py. No other mode chosen by hand is remembered: after a restart of this program the schedule decides,
or the appliance is idle. A schedule, settings or a charge with which manager died again and again are set aside at its
next start (manager/suspects.py); then nothing starts until a person chooses.
If manager dies or hangs: charger's setpoint expires within 1 s, charger ramps to 0 A and pauses; after its restart
manager continues as described above. It sends no setpoint before charger has reported whether it got a stop meanwhile.
"""

import contextlib
import math
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from v2h.bus.messages import (
    SETPOINT_PERIOD_S,
    STATE_OLD_S,
    ChargerPower,
    ChargerState,
    Command,
    ConverterLosses,
    HouseLoad,
    ManagerPlan,
    ManagerPrices,
    ManagerSchedule,
    ManagerSettings,
    MeterReading,
    Reply,
)
from v2h.bus.sentences import say
from v2h.energy import owner_settings
from v2h.energy.controller import EnergyController
from v2h.energy.schedule_json import Row, schedule_parts
from v2h.energy.steps import Steps, sliced
from v2h.manager import suspects
from v2h.manager.clock_setter import ClockError, ClockSetter
from v2h.manager.clock_sources import BOOT_ID
from v2h.manager.owner_commands import OrderRefusedError, OwnerCommands
from v2h.manager.owner_files import BadOrder, OwnerStore
from v2h.manager.planner import Planner
from v2h.runtime import newest
from v2h.runtime.paths import DATA, PARTITION
from v2h.runtime.program import SLACK_S, Program

STATE_PERIOD_S = 1.0
REST_PERIOD_S = 1.0
"""Time between two setpoints that want no session."""
PLAN_S = 1.0
LOOK_S = 10.0
"""Time between two checks of the clock's trust and of the files."""
PREVIEW_S = 3600.0
"""Time between two previews of the schedule while nothing changes."""
SLICE = 800
"""The preview is computed in slices of this much (energy/steps), so that no turn delays a setpoint: 1 ms on a desk, 20
to 30 ms on the board. A fifth of the time between two setpoints is 50 ms."""
SLICE_S = 0.05
"""Time between two slices: half of the board's time is left for others, and the fullest schedule takes 1.8 s."""


class Manager:
    """State of the program; every handler runs in the one loop."""

    def __init__(self, program: Program, aside: Mapping[str, str] = MappingProxyType({})) -> None:
        """aside: files that were set aside at this start, each with the sentence that says so."""
        self._bus, self._config = program.bus, program.config
        self._store = store = OwnerStore(DATA, self._config, self._warn)
        if self._config.aside:
            self._warn("newer-keys", say("file.newer_keys", file="v2h.toml", keys=list(self._config.aside)))
        if PARTITION is not None:  # a checkout goes back and forth in its history
            with contextlib.suppress(OSError):
                newest.remember()
        if aside:
            store.without(aside, time.monotonic())
        errors = self._config.errors
        self._controller = EnergyController(
            errors,
            store.settings,
            store.schedule,
            store.stopped,
            self._bus.event,
            order_lost=store.stopped and store.order_lost,
        )
        self._clock = ClockSetter(program, store, self._warn)
        self._recall(time.monotonic())
        orders = OwnerCommands(self._controller, store, errors, self._decide)
        self._orders = {
            "mode": orders.mode,
            "stop": orders.stop,
            "resume": orders.resume,
            "slot": orders.slot,
            "setpoint": orders.setpoint,
            "settings": orders.settings,
            "schedule": orders.schedule,
            "prices": orders.prices,
            "trips": orders.trips,
        }
        self._refused_setpoint = ""
        """Why the last setpoint of another program was refused: it may send one every few seconds."""
        self._told: tuple[object, ...] = ()
        self._to_write: tuple[bool, ...] = ()
        self._told_t = self._preview_t = self._charger_t = float("-inf")
        self._planner = Planner(self._controller, store, self._bus.publish, SLICE)
        for name in (*self._orders, "clock", "clear-fault", "plan"):
            self._bus.subscribe(Command.TOPIC.format(name), self._on_command, retained=False)
        self._bus.subscribe(MeterReading.TOPIC.format("grid"), self._on_meter)
        self._bus.subscribe(ChargerPower.TOPIC, self._on_power)
        self._bus.subscribe(ChargerState.TOPIC, self._on_charger)
        self._bus.subscribe(HouseLoad.TOPIC, self._planner.on_house)
        self._bus.subscribe(ConverterLosses.TOPIC, self._planner.on_losses)
        self._preview: Iterator[int] = iter(())
        self._answers: list[tuple[str, Command, Reply]] = []
        """Answers that are given with the next preview."""
        self._slices = program.every(SLICE_S, self._slice)
        self._tell_settings(time.monotonic())
        self._tell_prices(time.monotonic())
        self._bus.publish(ManagerPlan(time.monotonic(), store.settings.plan))
        program.every(LOOK_S, self._look, slack_s=SLACK_S)
        program.every(PLAN_S, self._plan, slack_s=SLACK_S)
        self._timer = program.every(SETPOINT_PERIOD_S, self._decide)

    def _recall(self, now: float) -> None:
        """Find the charge by hand that was in force before the restart. The owner's stop overrules it."""
        store, controller = self._store, self._controller
        if store.stopped:
            return
        if isinstance(store.order, BadOrder):
            controller.lose_order(now, store.order.why)
        elif store.order is not None:
            controller.recall(now, store.order, store.boot)

    def stop(self, now: float) -> bool:
        """On SIGTERM: the last setpoint wants no session, and charger stops the session normally."""
        self._controller.end(now)
        self._decide(now)
        with contextlib.suppress(OSError):
            self._store.write_prices(now, at_once=True)
        return True

    # What comes in

    def _on_meter(self, topic: str, payload: bytes) -> None:
        now = time.monotonic()
        if self._controller.on_meter(now, MeterReading.from_json(payload)):
            self._decide(now)

    def _on_power(self, topic: str, payload: bytes) -> None:
        power, now = ChargerPower.from_json(payload), time.monotonic()
        if self._controller.on_power(now, power.t, power.power_w, power.volts_v):
            self._decide(now)

    def _on_charger(self, topic: str, payload: bytes) -> None:
        state, now = ChargerState.from_json(payload), time.monotonic()
        first, self._charger_t = self._charger_t == float("-inf"), now
        missed = first and state.stop_t is not None and not self._store.knows_stop(state.stop_t)
        if missed and not self._controller.stopped:
            self._controller.stop(now)
            self._bus.event("info", "stopped", say("stop.meanwhile"))
        changed = self._controller.on_charger(now, state)
        if first:
            self._plan(now)
        if first or changed:
            self._decide(now)

    # Orders of people

    def _on_command(self, topic: str, payload: bytes) -> None:
        command = Command.from_json(payload)
        now, name = time.monotonic(), topic.rpartition("/")[2]
        if name == "clock":
            self._on_clock(command, now)
        elif name == "clear-fault":
            self._on_clear_fault(command, now)
        elif name == "plan":
            self._on_plan(command, now)
        else:
            self._on_order(name, command, now)
        self._decide(now)

    def _on_order(self, name: str, command: Command, now: float) -> None:
        try:
            here = _wall().astimezone(self._store.schedule.zone)
            answer = self._orders[name](command.values, now, here)
        except OrderRefusedError as error:
            news = name != "setpoint" or error.args[0] != self._refused_setpoint
            self._refused_setpoint = error.args[0] if name == "setpoint" else self._refused_setpoint
            self._refuse(name, command, error.args[0], bad_input=error.bad_input, applied=error.applied, news=news)
            return
        if answer.changed:
            self._use(now)
        if name == "setpoint":
            self._refused_setpoint = ""
        if name == "prices":
            self._tell_prices(now)
            self._planner.changed()
            self._preview_t = float("-inf")
        self._plan(now)
        reply = Reply(command.id, True, answer.text, answer.applied)
        if name == "schedule":  # the page loads the preview as soon as it has the answer
            self._answers.append((name, command, reply))
        else:
            self._answer(name, command, reply, news=answer.news)

    def _on_clock(self, command: Command, now: float) -> None:
        def done(why_not: str) -> None:
            if why_not:
                self._refuse("clock", command, why_not)
            else:
                self._clock_is_set(command)

        try:
            if self._clock.take(command.values.get("at"), now, done):
                self._clock_is_set(command)
        except ClockError as error:
            self._refuse("clock", command, error.args[0])

    def _clock_is_set(self, command: Command) -> None:
        self._preview_t = float("-inf")
        self._plan(time.monotonic())
        here = _wall().astimezone(self._store.schedule.zone)
        applied = {"source": "owner", "at": here.isoformat(timespec="seconds")}
        text = say("answer.clock_set", time=f"{here:%a %H:%M:%S}")
        self._answer("clock", command, Reply(command.id, True, text, applied))

    def _on_clear_fault(self, command: Command, now: float) -> None:
        """charger clears the fault and answers. manager only drops its own sentence about the fault, and answers itself
        when charger is silent."""
        self._controller.fault_cleared(now)
        if now - self._charger_t > STATE_OLD_S:
            text = say("answer.nothing_cleared")
            self._answer("clear-fault", command, Reply(command.id, False, text))

    def _on_plan(self, command: Command, now: float) -> None:
        """Somebody wants to see what the plan is, or would be. The answer comes with the plan."""
        if not self._controller.trust.trusted:
            self._refuse("plan", command, say("refused.plan_no_clock"))
            return
        self._planner.ask(lambda: self._bus.publish(Reply(command.id, True, say("answer.plan")), command.id))

    def _refuse(
        self,
        name: str,
        command: Command,
        why: str,
        *,
        bad_input: bool = False,
        applied: dict[str, Any] | None = None,
        news: bool = True,
    ) -> None:
        text = say("answer.refused", why=why)
        reply = Reply(command.id, False, text, applied or {}, bad_input=bad_input)
        self._answer(name, command, reply, news=news)

    def _answer(self, name: str, command: Command, reply: Reply, *, news: bool = True) -> None:
        """news: the log has no event for the same answer yet."""
        self._bus.publish(reply, reply.id)
        if not news:
            return
        text = say("answer.event", command=name, source=command.source, answer=reply.text)
        self._bus.event("info" if reply.ok else "warning", "command", text, **reply.applied)

    # What goes out

    def _decide(self, now: float) -> None:
        setpoint = self._controller.decide(now)
        if self._charger_t > float("-inf"):
            self._bus.publish(setpoint)
        self._timer.period_s = SETPOINT_PERIOD_S if setpoint.wanted else REST_PERIOD_S
        self._timer.due = min(self._timer.due, now + self._timer.period_s)
        told = self._controller.told()
        if told != self._told or now - self._told_t >= STATE_PERIOD_S:
            self._told, self._told_t = told, now
            self._bus.publish(self._controller.state(now, _wall()))

    def _plan(self, now: float) -> None:
        wall = _wall()
        changed = self._controller.plan(now, wall, self._clock.trust(wall))
        to_write = self._controller.stopped, self._controller.order_lost, self._controller.needs_kept_order
        if to_write != self._to_write:
            self._to_write = to_write
            self._write_down(now)
        if changed:
            self._decide(now)
        if changed or now - self._preview_t >= PREVIEW_S:
            self._preview_t = now
            self._preview = sliced(self._preview_steps(), SLICE)  # drops one that is not whole yet
            self._slices.due = now
        if self._planner.look(now, wall):
            self._slices.due = now

    def _slice(self, now: float) -> None:
        """Compute the next slice of the preview, then of the plan in money."""
        if next(self._preview, None) is None and not self._planner.turn():
            self._slices.due = math.inf

    def _preview_steps(self) -> Steps[None]:
        """Compute the preview and publish it; until then the last one stays published."""
        store, controller, parts = self._store, self._controller, dict[str, list[Row]]()
        schedule, source, error, car = store.schedule, store.schedule_source, store.schedule_error, controller.car()
        if controller.trust.trusted:
            parts = yield from schedule_parts(schedule, _wall(), car)
        yield SLICE  # the message is a slice of its own: it can have 200 kB
        assumed = car.assumed() if schedule.ready_by and parts else ""
        document = schedule.document
        message = ManagerSchedule(time.monotonic(), document, source=source, error=error, assumed=assumed, **parts)
        self._bus.publish(message)
        answers, self._answers = self._answers, []
        for answer in answers:
            self._answer(*answer)

    def _look(self, now: float) -> None:
        """Check what others may have changed: the clock's trust and the file of the schedule."""
        self._clock.look()
        self._write_down(now)  # again, in case the card could not be written
        error = self._store.schedule_error
        if self._store.look_at_schedule():
            self._use(now)
        elif self._store.schedule_error != error:
            self._preview_t = float("-inf")

    def _write_down(self, now: float) -> None:
        """Make the files of the stop and of the charge by hand agree with what is in force. They differ after a failed
        write, and when no person's command was the reason: a charge has ended, or was stopped or lost in a restart.
        Pushed prices are written when they are due."""
        store, controller = self._store, self._controller
        with contextlib.suppress(OSError):
            store.keep_stop(controller.stopped, now, order_lost=controller.order_lost)
        with contextlib.suppress(OSError):
            store.keep_order(store.order if controller.needs_kept_order else None)
        with contextlib.suppress(OSError):
            store.write_prices(now)

    def _use(self, now: float) -> None:
        """Apply new settings or a new schedule."""
        self._controller.use(now, self._store.settings, self._store.schedule)
        self._preview_t = float("-inf")
        self._planner.changed()
        self._tell_settings(now)
        self._plan(now)

    def _tell_settings(self, now: float) -> None:
        store, bounds = self._store, owner_settings.bounds_as_json(self._config.limits)
        self._bus.publish(ManagerSettings(now, store.settings.as_json(), bounds, store.settings_error))

    def _tell_prices(self, now: float) -> None:
        for direction, prices in self._store.schedule.dated.items():
            self._bus.publish(ManagerPrices(now, **prices.as_json()), direction)

    def _warn(self, code: str, text: str) -> None:
        self._bus.event("warning", code, text)


def _wall() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    program = Program("manager")
    boot = BOOT_ID.read_text().strip()
    try:
        manager = Manager(program, suspects.set_aside(DATA))
        program.on_stop(manager.stop)
        code = program.run()
    except Exception:
        suspects.note_death(DATA, boot, time.monotonic())
        raise
    if code:
        suspects.note_death(DATA, boot, time.monotonic())
    return code


if __name__ == "__main__":
    sys.exit(main())
