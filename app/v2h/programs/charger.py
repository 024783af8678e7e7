"""charger: CHAdeMO on the car's bus, the PRE on its own: carries out a power setpoint that expires; knows no policy.

A thin shell around v2h.chademo.charger: two CAN ports, the cable's ADC, the safety wire, the bus.

What happens when this program
- is killed or hangs: guard misses it within 300 ms and makes safe; supervisor starts it again; the new one finds the
  trip or the locked plug, latches a fault, unlocks on a measured cable voltage and waits for a person;
- loses the bus or manager: the setpoint expires within 1 s, 0 A; after 60 s the session ends in order;
- loses guard: 0 A at once; the session ends in a fault;
- is asked to stop (SIGTERM): the session ends in order, then the program.
`v2h/command/stop` is obeyed here, whatever manager does.
"""

import sys
import time

from v2h.bus import ChargerPower, Command, MessageError, Reply, Setpoint
from v2h.canframe import CAR_BUS, PRE_BUS
from v2h.chademo import frames
from v2h.chademo.charger import RESTING_STEP_S, Charger, Turn
from v2h.chademo.session import Session
from v2h.chademo.states import State
from v2h.chademo.telling import charger_state
from v2h.chademo.transitions import clear_refusal
from v2h.drivers.ad7327 import SPI_MODE, Ad7327
from v2h.drivers.fan import Fan
from v2h.paths import GUARD_SOCKET
from v2h.ports.can import CanPort, open_can
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller
from v2h.ports.evsesender import EvseSender
from v2h.ports.lines import open_pwm
from v2h.ports.spi import open_spi
from v2h.pre import objects as pre
from v2h.program import SLACK_S, Program
from v2h.realtime import CHARGER_PRIORITY, claim
from v2h.safety.guardlink import GuardLink
from v2h.safety.outputs import Output
from v2h.safety.wire import Report

RETRY_S = 1.0
CARE_S = 1.0
"""Fan and further ADC inputs."""
TEMPERATURE_FRESH_S = 2.0
STATE_PERIOD_S = 1.0
"""Between two states on the bus while nothing changes; what power flows is told more often."""
POWER_PERIOD_S = 0.5
"""Between two powers on the bus while neither order nor current changes."""
STEPS_WITH_POWER = (State.READY, State.ENERGY, State.STOP_CURRENT)


class ChargerShell:
    """Ports in, ports out."""

    def __init__(self, program: Program) -> None:
        self._program, self._config = program, program.config
        number = time.monotonic_ns() // 1000 & 0xFFFFFFFF
        self._charger = Charger(
            Session(number, protocol=int(self._config.car.protocol)),
            max_charge_a=self._config.limits.max_charge_a,
            max_discharge_a=self._config.limits.max_discharge_a,
            cells_in_series=int(self._config.car.cells_in_series),
        )
        self._car: CanPort | None = None
        self._sender: EvseSender | None = None
        self._pre: CanPort | None = None
        self._adc: Ad7327 | None = None
        self._inputs_v: dict[str, float] = {}
        self._fan: Fan | None = None
        self._aborts = 0
        self._guard = GuardLink(GUARD_SOCKET, program, self._on_report)
        self._said: dict[str, str] = {}
        self._state_t = self._power_t = float("-inf")
        self._told_a: float | None = None
        self._last_state: tuple[object, ...] = ()
        self._last_events: tuple[State, str] = (State.IDLE, "")
        program.every(RETRY_S, self._open, slack_s=SLACK_S)
        program.every(CARE_S, self._care, slack_s=SLACK_S)
        self._timer = program.every(RESTING_STEP_S, self._turn)
        program.on_stop(self._stop)
        program.at_exit(self._close)
        bus = program.bus
        bus.subscribe(Setpoint.TOPIC, self._on_setpoint, retained=False)
        bus.subscribe(Command.TOPIC.format("stop"), self._on_stop_command, retained=False)
        bus.subscribe(Command.TOPIC.format("clear-fault"), self._on_clear_fault, retained=False)

    # Opening.

    def _open(self, now: float) -> None:
        hardware = self._config.hardware
        if self._car is None:
            self._car = self._open_can(hardware.car_can, CAR_BUS, sorted(frames.CAR_IDS), CAR_CONTROLLER)
            if self._car is not None:
                self._sender = EvseSender(self._car)
        if self._pre is None:
            self._pre = self._open_can(hardware.pre_can, PRE_BUS, [pre.ANSWER_ID], PRE_CONTROLLER)
        if self._adc is None and (self._config.cable.scale_v_per_v or self._config.adc):
            try:
                adc = Ad7327(open_spi(hardware.ad7327, mode=SPI_MODE))
                adc.configure()
                self._adc = adc
                measured = "is measured" if self._config.cable.scale_v_per_v else "is not measured: not calibrated"
                self._say("adc", "info", f"the ADC answers; the cable voltage {measured}")
            except OSError as error:
                self._say("adc", "warning", f"the cable voltage cannot be measured: {error}")
        if self._fan is None:
            try:
                self._fan = Fan(open_pwm(hardware.fan))
                self._say("fan", "info", "the fan is driven; nothing tells whether it turns")
            except OSError as error:
                self._say("fan", "warning", f"the fan cannot be driven: {error}")

    def _open_can(self, url: str, bus: int, can_ids: list[int], controller: str) -> CanPort | None:
        wrong = wrong_controller(url, controller) if self._config.hardware.can_identity else None
        if wrong is not None:
            self._say(url, "fault", wrong)
            return None
        try:
            port = open_can(url, bus, can_ids)
        except OSError as error:
            self._say(url, "warning", f"waiting for {url}: {error}")
            return None
        port.drop_queued()
        self._say(url, "info", f"{url} is open")
        if bus == PRE_BUS:  # the car's frames are looked at in every step, not one by one
            self._program.watch(port, self._on_pre)
        return port

    def _lose(self, port: CanPort, error: Exception) -> None:
        self._program.unwatch(port.fileno())
        if port is self._car and self._sender is not None:
            self._sender.close()
            self._sender = None
        port.close()
        lost = "car" if port is self._car else "converter"
        self._car = None if port is self._car else self._car
        self._pre = None if port is self._pre else self._pre
        self._program.bus.event("warning", "can-lost", f"the {lost}'s bus is lost: {error}")

    # What comes in.

    def _on_pre(self, now: float) -> None:
        if self._pre is None:
            return
        try:
            frame = self._pre.frame()  # one answer to one request; what else came wakes us again
        except OSError as error:
            self._lose(self._pre, error)
            return
        if frame is not None:
            self._charger.pre_frame(frame)
        self._turn(now)  # the next request goes out as soon as the answer is in

    def _hear_car(self) -> None:
        if self._car is None:
            return
        try:
            for frame in self._car.frames():
                self._charger.car_frame(frame)
        except OSError as error:
            self._lose(self._car, error)

    def _sample(self, now: float) -> None:
        cable = self._config.cable
        if self._adc is None or not cable.scale_v_per_v:
            return
        try:
            pin_v = self._adc.read_v(int(cable.adc_channel))
            self._charger.cable_sample(pin_v * cable.scale_v_per_v + cable.offset_v, now)
        except OSError as error:
            self._lose_adc(error)

    def _lose_adc(self, error: OSError) -> None:
        self._say("adc", "warning", f"the cable voltage cannot be measured: {error}")
        self._adc = None
        self._inputs_v = {}

    def _care(self, now: float) -> None:
        """What is slow: further ADC inputs, the fan."""
        try:
            if self._adc is not None:
                for name, one in self._config.adc.items():
                    volts_v = self._adc.read_v(int(one.channel)) * one.scale_v_per_v + one.offset_v
                    self._inputs_v[name] = round(volts_v, 3)
        except OSError as error:
            self._lose_adc(error)
        telemetry, report = self._charger.converter.telemetry, self._charger.report
        fresh = now - telemetry.temperature_t <= TEMPERATURE_FRESH_S
        converter_on = report is None or Output.PRE_AC in report.outputs
        try:
            if self._fan is not None:
                self._fan.care(now, converter_on, telemetry.temperature_c if fresh else None)
        except OSError as error:
            self._say("fan", "warning", f"the fan cannot be driven: {error}")
            self._fan = None

    def _on_report(self, now: float, report: Report) -> None:
        self._charger.guard_report(report, now, age_s=self._guard.age_s(now))
        self._timer.due = min(self._timer.due, self._charger.next_due(now))

    def _on_setpoint(self, topic: str, payload: bytes) -> None:
        now = time.monotonic()
        self._charger.setpoint(Setpoint.from_json(payload), now)
        self._timer.due = min(self._timer.due, self._charger.next_due(now))

    def _on_stop_command(self, topic: str, payload: bytes) -> None:
        """Whatever the message looks like: no way of saying stop is a wrong one."""
        self._charger.stop()
        try:
            source = Command.from_json(payload).source
        except MessageError as error:
            source = f"somebody, unreadable: {error}"
        self._program.bus.event("info", "stop", f"stop by {source}")
        self._turn(time.monotonic())

    def _on_clear_fault(self, topic: str, payload: bytes) -> None:
        command = Command.from_json(payload)
        if self._charger.session.state is not State.FAULT:
            self._program.bus.publish(Reply(command.id, False, "no fault is latched"), command.id)
            return
        self._charger.clear_fault(unlock_confirmed=command.values.get("unlock_confirmed") is True)
        self._turn(time.monotonic())
        session = self._charger.session
        cleared = session.fault is None
        text = session.reason if cleared else clear_refusal(session, self._charger.inputs(time.monotonic()))
        self._program.bus.publish(Reply(command.id, cleared, text), command.id)

    # What goes out.

    def _turn(self, now: float) -> None:
        if self._charger.steps_at(now):
            self._hear_car()
            self._sample(now)
            self._guard.poll(now)
            if not self._guard.connected:
                self._charger.guard_gone()
        turn = self._charger.turn(now)
        self._send(now, turn)
        self._timer.due = min(self._timer.due, max(now, self._charger.next_due(now)))
        if turn.stepped:
            self._tell(now)
        if not self._charger.converter.under_way:
            self._tell_power(now)

    def _send(self, now: float, turn: Turn) -> None:
        if self._pre is not None:
            try:
                for can_id, data in turn.to_pre:
                    self._pre.send(can_id, data)
            except OSError as error:
                self._lose(self._pre, error)
        if self._car is not None and self._sender is not None:
            try:
                if turn.to_car or (self._sender.speaking and not self._charger.speaks):
                    self._sender.update(now, turn.to_car)
            except OSError as error:
                self._lose(self._car, error)
        if turn.to_guard is not None:
            self._guard.send(now, turn.to_guard)

    def _tell(self, now: float) -> None:
        """State at every change and on the period; events for changes of state."""
        session = self._charger.session
        if (session.state, session.reason) != self._last_events:
            was, self._last_events = self._last_events, (session.state, session.reason)
            level = "fault" if session.state is State.FAULT and was[0] is not State.FAULT else "info"
            self._program.bus.event(level, f"session-{session.state}".replace(" ", "-"), session.reason)
            if session.state in (State.WAKE, State.FAREWELL) and was[0] is not session.state:
                checks = session.checks(self._charger.inputs(now))
                told = ", ".join(f"{name} {word}" for name, word in checks.items()).replace("cable_v", "cable voltage")
                self._program.bus.event("info", "checks", told, **checks)
        for code, text in session.remarks:
            self._program.bus.event("warning", code.replace("_", "-"), text)
        session.remarks.clear()
        link = self._charger.converter.link
        if link.aborts != self._aborts:
            self._aborts = link.aborts
            if link.last_abort is not None:
                self._say("converter refuses", "warning", str(link.last_abort))
        key = (session.state, session.reason, self._charger.report and self._charger.report.outputs)
        if key != self._last_state or now - self._state_t >= STATE_PERIOD_S:
            self._last_state, self._state_t = key, now
            fan_pct = None if self._fan is None else round(100 * self._fan.duty)
            self._program.bus.publish(charger_state(self._charger, now, self._inputs_v, fan_pct))

    def _tell_power(self, now: float) -> None:
        """As soon as a round has measured it; but while nothing changes, not every one."""
        telemetry = self._charger.converter.telemetry
        if telemetry.amps_t <= self._power_t or self._charger.session.state not in STEPS_WITH_POWER:
            return
        volts_v, amps_a = telemetry.volts_v, telemetry.amps_a
        told = amps_a == self._told_a and not self._charger.stirs(now)
        if told and telemetry.amps_t - self._power_t < POWER_PERIOD_S:
            return
        if volts_v and amps_a is not None:
            self._power_t, self._told_a = telemetry.amps_t, amps_a
            self._program.bus.publish(ChargerPower(telemetry.amps_t, round(volts_v * amps_a, 1), amps_a, volts_v))

    # The end, and words.

    def _stop(self, now: float) -> bool:
        self._charger.stop()
        return self._charger.resting

    def _close(self) -> None:
        if self._sender is not None:
            self._sender.close()

    def _say(self, about: str, level: str, text: str) -> None:
        """An event when it differs from the last one about the same thing."""
        if self._said.get(about) != text:
            self._said[about] = text
            self._program.bus.event(level, "port", text)


def main() -> int:
    program = Program("charger")
    ChargerShell(program)
    claim(CHARGER_PRIORITY, program.log)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
