"""manager: from mode, car, meter and limits to the setpoint, and the reason for it in words. Wiring of v2h.energy.

Owns the mode. A setpoint lives one second and is sent again every 0.25 s, at once when it changes. A mode is never
remembered: after a restart of this program the appliance is idle. A stop by a person is remembered in settings.json.
Dies or hangs: charger's setpoint expires within 1 s, it ramps to 0 A and pauses; this program comes back in idle.
"""

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from v2h import durable
from v2h.bus import (
    SETPOINT_LIFE_S,
    SETPOINT_PERIOD_S,
    Alive,
    ChargerPower,
    ChargerState,
    Command,
    ManagerState,
    MessageError,
    MeterReading,
    Reply,
    Setpoint,
)
from v2h.energy import policy
from v2h.energy.matching import Matcher
from v2h.energy.orders import Order, OrderError, read_order
from v2h.energy.watch import Watch
from v2h.paths import DATA
from v2h.program import Program

SETTINGS = "settings.json"
SPACING_S = 0.04
"""Least time between two setpoints; a change that comes earlier goes out with the next telemetry or meter value."""
OWN_POWER_OLD_S = 1.0
"""Telemetry older than this says that nothing flows."""
STATE_PERIOD_S = 1.0
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
STOPPED = "Stopped by you. Choose a mode to start."


class Manager:
    """State of the program; every handler runs in the one loop."""

    def __init__(self, program: Program) -> None:
        self._program, self._bus, self._config = program, program.bus, program.config
        self._order, self._idle_reason = Order(), ""
        self._number = 0
        self._watch, self._window = Watch(), policy.Window()
        self._charger: ChargerState | None = None
        self._charger_t = self._power_t = float("-inf")
        self._meter: MeterReading | None = None
        self._matcher = Matcher(self._config.limits.grid_target_w)
        self._sent: Setpoint | None = None
        self._told: tuple[str, policy.Code, str] | None = None
        self._told_t = float("-inf")
        self._settings = self._read_settings()
        if self._settings.get("stopped") is True:
            self._idle_reason = STOPPED
        self._commands: dict[str, Callable[[Command, float], Reply | None]] = {
            "mode": self._on_mode,
            "stop": self._on_stop,
            "clear-fault": self._on_clear_fault,
        }
        for name in self._commands:
            self._bus.subscribe(Command.TOPIC.format(name), self._on_command, retained=False)
        self._bus.subscribe(MeterReading.TOPIC.format("grid"), self._on_meter)
        self._bus.subscribe(ChargerPower.TOPIC, self._on_power)
        self._bus.subscribe(ChargerState.TOPIC, self._on_charger)
        self._bus.subscribe(Alive.TOPIC.format("charger"), self._on_alive)
        program.every(SETPOINT_PERIOD_S, self._decide)

    def stop(self, now: float) -> bool:
        """On SIGTERM: the last word is "no session"; charger ends it in order."""
        self._order, self._idle_reason = Order(), "The appliance is being stopped."
        self._decide(now)
        return True

    # What comes in

    def _on_meter(self, topic: str, payload: bytes) -> None:
        now = time.monotonic()
        self._meter = reading = MeterReading.from_json(payload)
        if self._order.mode not in policy.MATCHING or policy.meter_stale(now, reading):
            return
        if now - self._power_t > OWN_POWER_OLD_S:
            self._matcher.reset()
        limit = policy.bounds(self._order, self._charger, self._config.limits, self._window)
        self._matcher.limit(limit.low_w, limit.high_w)
        self._matcher.meter(now, reading.t - reading.lag_s, reading.power_w)
        self._decide_if_changed(now)

    def _on_power(self, topic: str, payload: bytes) -> None:
        power = ChargerPower.from_json(payload)
        self._own_power(power.t, power.power_w, power.volts_v)

    def _on_charger(self, topic: str, payload: bytes) -> None:
        state = ChargerState.from_json(payload)
        self._charger, self._charger_t = state, time.monotonic()
        self._window = policy.window_after(self._window, self._order, state, self._config.limits)
        self._watch, why = self._watch.charger(state)
        if state.power_w is not None and state.t_power is not None and state.volts_v is not None:
            self._own_power(state.t_power, state.power_w, state.volts_v)
        if why is not None:
            self._fall(f"{why}. Choose a mode to start again.")

    def _on_alive(self, topic: str, payload: bytes) -> None:
        alive = Alive.from_json(payload)
        if alive.alive:
            self._watch, why = self._watch.process(alive.pid)
            if why is not None:
                self._fall(f"{why}. Choose a mode to start again.")

    def _own_power(self, t: float, power_w: float, volts_v: float) -> None:
        now = time.monotonic()
        if now - t > OWN_POWER_OLD_S:
            return
        self._power_t = max(self._power_t, t)
        self._matcher.power(now, t, power_w, volts_v)
        if self._order.mode in policy.MATCHING:
            self._decide_if_changed(now)

    # Orders of people

    def _on_command(self, topic: str, payload: bytes) -> None:
        command = Command.from_json(payload)
        if not _ID.fullmatch(str(command.id)) or not isinstance(command.values, dict):
            raise MessageError(f"Command: id = {command.id!r} or values = {command.values!r} is malformed")
        now = time.monotonic()
        reply = self._commands[topic.rpartition("/")[2]](command, now)
        if reply is not None:
            self._bus.publish(reply, reply.id)
            text = f"{topic} from {command.source}: {reply.text}"
            self._bus.event("info" if reply.ok else "warning", "command", text, **reply.applied)
        self._decide(now)

    def _on_mode(self, command: Command, now: float) -> Reply:
        limits = self._config.limits
        try:
            order = read_order(command.values, limits, now, datetime.now(UTC).astimezone())
        except OrderError as error:
            return Reply(command.id, False, f"Not applied: {error}")
        if order.mode == "idle":
            self._take(order, "Idle, as ordered.")
            return Reply(command.id, True, "Mode is idle: the session ends.", order.applied())
        if self._config.errors:
            return Reply(command.id, False, f"Not applied: the configuration has errors: {self._config.errors[0]}")
        if self._charger is not None and self._charger.faults:
            what = self._charger.reason or ", ".join(self._charger.faults)
            return Reply(command.id, False, f"Not applied: a fault is latched ({what}). Press clear first.")
        kept = self._remember_stop(False)
        self._take(order, "")
        text = ", ".join(f"{key} {value}" for key, value in order.applied().items())
        return Reply(command.id, True, f"Applied: {text}.{kept}", order.applied())

    def _on_stop(self, command: Command, now: float) -> Reply:
        self._take(Order(), STOPPED)
        self._decide(now)  # before the disk: a slow card must not delay a stop
        kept = self._remember_stop(True)
        return Reply(command.id, True, f"Stopped; stays stopped until you start something.{kept}", {"mode": "idle"})

    def _on_clear_fault(self, command: Command, now: float) -> Reply | None:
        """charger clears and answers; here the sentence about it ends, or the charger's silence is told."""
        if self._order.mode == "idle":
            self._idle_reason = STOPPED if self._settings.get("stopped") is True else ""
        if now - self._charger_t > policy.CHARGER_SILENT_S:
            return Reply(command.id, False, "Nothing was cleared: the charger does not answer.")
        return None

    def _take(self, order: Order, idle_reason: str) -> None:
        if order.mode != self._order.mode or order.soc_limit_pct != self._order.soc_limit_pct:
            self._window = policy.window_after(policy.Window(), order, self._charger, self._config.limits)
        if order.mode != "idle" and self._order.mode == "idle":
            self._number = int(time.monotonic() * 1000)  # new also after a restart of this program
        self._order, self._idle_reason = order, idle_reason
        self._watch = self._watch.order(order.mode != "idle")

    def _fall(self, why: str) -> None:
        """The order ends without anybody asking for it."""
        if self._order.mode != "idle":
            self._bus.event("warning", "mode-ended", why, mode=self._order.mode)
            self._take(Order(), why)
            self._decide(time.monotonic())

    # What goes out

    def _decide_if_changed(self, now: float) -> None:
        changed = self._sent is None or abs(self._matcher.command_w - self._sent.power_w) > 1.0
        if changed and (self._sent is None or now - self._sent.t >= SPACING_S):
            self._decide(now)

    def _decide(self, now: float) -> None:
        decision = policy.decide(
            now,
            self._order,
            self._charger,
            now - self._charger_t,
            self._meter,
            self._config.limits,
            self._window,
            self._matcher.command_w,
            self._config.errors,
            self._idle_reason,
        )
        if decision.mode == "idle" and self._order.mode != "idle":
            self._bus.event("info", "mode-ended", decision.why, mode=self._order.mode)
            self._take(Order(), decision.why)
        power_w, expires_t = round(decision.power_w, 1), now + SETPOINT_LIFE_S
        self._sent = Setpoint(now, decision.wanted, power_w, expires_t, decision.why, self._number)
        self._bus.publish(self._sent)
        told = (decision.mode, decision.code, "" if self._charger is None else self._charger.state)
        if told != self._told or now - self._told_t >= STATE_PERIOD_S:
            self._told, self._told_t = told, now
            self._tell(now, decision)

    def _tell(self, now: float, decision: policy.Decision) -> None:
        limits, meter = self._config.limits, self._meter
        limit = policy.bounds(self._order, self._charger, limits, self._window)
        state = ManagerState(
            now,
            decision.mode,
            decision.why,
            round(decision.power_w, 1),
            None if meter is None else meter.power_w,
            None if meter is None else round(now - meter.t, 3),
            {
                "charge_w": limit.high_w,
                "discharge_w": -limit.low_w,
                "soc_min_pct": limits.soc_min_pct,
                "soc_max_pct": limits.soc_max_pct,
                "grid_target_w": limits.grid_target_w,
            },
            list(self._config.errors),
        )
        self._bus.publish(state)

    # What is remembered

    def _read_settings(self) -> dict[str, object]:
        try:
            return durable.read_json(DATA / SETTINGS)
        except durable.BadFileError as error:
            self._bus.event("warning", "settings-bad", str(error))
            return {"stopped": True}  # what it said is unknown: the careful reading is that somebody stopped us

    def _remember_stop(self, stopped: bool) -> str:
        """Write it down if it is news; returns what to add to the reply."""
        if self._settings.get("stopped", False) is stopped:
            return ""
        self._settings["stopped"] = stopped
        try:
            durable.write_json(DATA / SETTINGS, self._settings)
        except OSError as error:
            self._bus.event("warning", "settings-not-written", str(error))
            return f" This could not be written down ({error.strerror}) and is forgotten at a restart."
        return ""


def main() -> int:
    program = Program("manager")
    manager = Manager(program)
    program.on_stop(manager.stop)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
