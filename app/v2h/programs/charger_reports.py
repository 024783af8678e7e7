"""What `charger` reports on the bus by itself: its state, its power, the changes of the session, what a calibration has
found.

It looks at the Charger and orders nothing. A report that nothing has changed since is repeated periodically, because
others distrust a state that is old. (Events about ports and answers to commands are in programs/charger.py.)
"""

from collections.abc import Callable
from dataclasses import replace

from v2h.bus.messages import CableCalibration, ChargerPower
from v2h.bus.sentences import say
from v2h.bus.states import STATE_EVENT, State
from v2h.chademo.charger import Charger
from v2h.chademo.state_message import charger_state
from v2h.runtime.program import Program

STATE_PERIOD_S = 1.0
"""Time between two states on the bus while nothing changes; the power is published more often."""
POWER_PERIOD_S = 0.5
"""Time between two powers on the bus while neither order nor current changes."""
STEPS_WITH_POWER = (State.READY, State.ENERGY, State.STOP_CURRENT)


class ChargerReports:
    """stop_t: when `charger` last received the owner's stop, monotonic s; None: not since it was started. tell(about,
    level, text): an event about a port, if it is news."""

    def __init__(self, program: Program, charger: Charger, tell: Callable[[str, str, str], None]) -> None:
        self._bus, self._charger, self._tell = program.bus, charger, tell
        self._adc_channel = int(program.config.cable.adc_channel)
        self.stop_t: float | None = None
        self._state_t = self._power_t = float("-inf")
        self._told_a: float | None = None
        self._last_state: tuple[object, ...] = ()
        self._last_events: tuple[State, str] = (State.IDLE, "")
        self._aborts = 0

    def stepped(self, now: float, inputs_v: dict[str, float], fan_pct: int | None) -> None:
        """Call after each step of the session. inputs_v, fan_pct: see charger_state()."""
        self._changes(now)
        self._refusals()
        session, report = self._charger.session, self._charger.report
        key = (session.state, session.reason, report and report.outputs)
        if key != self._last_state or now - self._state_t >= STATE_PERIOD_S:
            self._last_state, self._state_t = key, now
            state = charger_state(self._charger, now, inputs_v, fan_pct)
            self._bus.publish(replace(state, stop_t=self.stop_t))
        self._calibration(now)

    def power(self, now: float) -> None:
        """Publish the power as soon as a round of polls has measured it; while nothing changes, only every
        POWER_PERIOD_S."""
        telemetry = self._charger.converter.telemetry
        if telemetry.amps_t <= self._power_t or self._charger.session.state not in STEPS_WITH_POWER:
            return
        volts_v, amps_a = telemetry.volts_v, telemetry.amps_a
        told = amps_a == self._told_a and not self._charger.stirs(now)
        if told and telemetry.amps_t - self._power_t < POWER_PERIOD_S:
            return
        if volts_v and amps_a is not None:
            self._power_t, self._told_a = telemetry.amps_t, amps_a
            self._bus.publish(ChargerPower(telemetry.amps_t, round(volts_v * amps_a, 1), amps_a, volts_v))

    def _changes(self, now: float) -> None:
        """Events for a new state or reason, for the checks before and after energy, and for remarks."""
        session = self._charger.session
        if (session.state, session.reason) != self._last_events:
            was, self._last_events = self._last_events, (session.state, session.reason)
            level = "fault" if session.state is State.FAULT and was[0] is not State.FAULT else "info"
            fault = {"fault": session.fault.name} if session.fault else {}
            self._bus.event(level, STATE_EVENT, session.reason, state=session.state, **fault)
            if session.state in (State.WAKE, State.FAREWELL) and was[0] is not session.state:
                checks = session.checks(self._charger.inputs(now))
                summary = say("checks.with_welding" if "welding" in checks else "checks.before_welding", **checks)
                self._bus.event("info", "checks", summary, **checks)
        for code, text in session.remarks:
            self._bus.event("warning", code.replace("_", "-"), text)
        session.remarks.clear()

    def _refusals(self) -> None:
        """An event when the converter has refused another request."""
        link = self._charger.converter.link
        if link.aborts != self._aborts:
            self._aborts = link.aborts
            if link.last_abort is not None:
                self._tell("converter refuses", "warning", say("converter.refuses", refusal=str(link.last_abort)))

    def _calibration(self, now: float) -> None:
        """Publish, once, what came out of a calibration."""
        result = self._charger.calibrated()
        if result is None:
            return
        scale, offset_v = (result.line.scale_v_per_v, result.line.offset_v) if result.line else (None, None)
        self._bus.publish(CableCalibration(now, self._adc_channel, scale, offset_v, result.text))
        self._bus.event("info" if result.line else "warning", "calibration", result.text)
