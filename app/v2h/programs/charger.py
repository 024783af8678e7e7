"""charger: speaks CHAdeMO on the car's bus and SDO on the PRE's bus. It carries out a power setpoint that expires, and
contains no energy policy.

A thin shell around v2h.chademo.charger: two CAN ports, the cable's ADC, the safety wire, the bus. With a table [ccs] in
v2h.toml the car is one for CCS instead: then it leaves the car's bus alone, listens for the program ccs, and reads the
insulation monitor (programs/charger_ccs.py). Which of the two it is, is decided at the start and not again.

What happens when this program
- is killed or hangs: guard notices it within 300 ms and makes safe; supervisor starts it again; the new process finds
  the trip or the locked plug, latches a fault, unlocks on a measured cable voltage and waits for a person;
- loses the bus or manager: the setpoint expires within 1 s, then 0 A; after 60 s the session stops normally;
- loses guard: 0 A at once; the session ends in a fault;
- is asked to stop (SIGTERM): the session stops normally, then the program ends.
charger obeys `v2h/command/stop` itself, independently of manager. It accepts a person's word that the plug may be
unlocked only from the panel (`v2h/panel/unlock`), never as a command.
"""

import errno
import sys
import time
from typing import TYPE_CHECKING

from v2h.bus.coding import MessageError
from v2h.bus.messages import Command, Reply, Setpoint, UnlockWord
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS
from v2h.chademo import frames
from v2h.chademo.charger import RESTING_STEP_S, Charger, Turn
from v2h.chademo.refusals import clear_refusal
from v2h.chademo.session import Session
from v2h.drivers.adc_inputs import AdcInputs
from v2h.drivers.fan import Fan
from v2h.ports.can import CanPort, open_can
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller
from v2h.ports.evsesender import REFUSED_S, EvseSender
from v2h.ports.lines import open_pwm
from v2h.pre import objects as pre
from v2h.programs.charger_reports import ChargerReports
from v2h.runtime.paths import GUARD_SOCKET
from v2h.runtime.program import SLACK_S, Program
from v2h.runtime.realtime import CHARGER_PRIORITY, claim
from v2h.safety.outputs import Output
from v2h.safety.shell.wire_client import WireClient
from v2h.safety.wire import Report

if TYPE_CHECKING:
    from v2h.programs.charger_ccs import CcsSide

RETRY_S = 1.0
CARE_S = 1.0
"""Period for the fan and the further ADC inputs."""
TEMPERATURE_FRESH_S = 2.0


class ChargerShell:
    """Passes what the ports receive to the Charger, and sends what it returns."""

    def __init__(self, program: Program) -> None:
        self._program, self._config = program, program.config
        number = time.monotonic_ns() // 1000 & 0xFFFFFFFF
        self._ccs = None if self._config.ccs is None else self._for_ccs(number)
        self._charger = self._ccs.charger if self._ccs is not None else self._for_chademo(number)
        self._car: CanPort | None = None
        self._sender: EvseSender | None = None
        self._pre: CanPort | None = None
        self._pre_refused_t = float("-inf")
        self._adc = AdcInputs(self._config, self._say)
        self._fan: Fan | None = None
        self._guard = WireClient(GUARD_SOCKET, program, self._on_report)
        self._reports = ChargerReports(program, self._charger, self._say)
        program.every(RETRY_S, self._open, slack_s=SLACK_S)
        program.every(CARE_S, self._care, slack_s=SLACK_S)
        self._timer = program.every(RESTING_STEP_S, self._turn)
        program.on_stop(self._stop)
        program.at_exit(self._close)
        bus = program.bus
        bus.subscribe(Setpoint.TOPIC, self._on_setpoint, retained=False)
        bus.subscribe(Command.TOPIC.format("stop"), self._on_stop_command, retained=False)
        bus.subscribe(Command.TOPIC.format("clear-fault"), self._on_clear_fault, retained=False)
        bus.subscribe(Command.TOPIC.format("calibrate"), self._on_calibrate, retained=False)
        bus.subscribe(UnlockWord.TOPIC, self._on_unlock_word, retained=False)

    def _for_ccs(self, number: int) -> "CcsSide":
        from v2h.programs.charger_ccs import CcsSide  # a CHAdeMO charger does not load the tables of CCS

        return CcsSide(self._program, self._config, number, self._turn, self._say)

    def _for_chademo(self, number: int) -> Charger:
        return Charger(
            Session(number, protocol=int(self._config.car.protocol)),
            max_charge_a=self._config.limits.max_charge_a,
            max_discharge_a=self._config.limits.max_discharge_a,
            cells_in_series=int(self._config.car.cells_in_series),
            pack_kwh=int(self._config.car.pack_kwh),
            by_converter=self._config.cable.by == "converter",
        )

    # Opening.

    def _open(self, now: float) -> None:
        hardware = self._config.hardware
        if self._car is None and self._ccs is None:
            self._car = self._open_can(hardware.car_can, CAR_BUS, sorted(frames.CAR_IDS), CAR_CONTROLLER)
            if self._car is not None:
                self._sender = EvseSender(self._car)
        if self._pre is None:
            self._pre = self._open_can(hardware.pre_can, PRE_BUS, [pre.ANSWER_ID], PRE_CONTROLLER)
        self._adc.open(now)
        if self._fan is None:
            try:
                self._fan = Fan(open_pwm(hardware.fan))
                self._say("fan", "info", say("fan.driven"))
            except OSError as error:
                self._say("fan", "warning", say("fan.not_driven", error=str(error)))

    def _open_can(self, url: str, bus: int, can_ids: list[int], controller: str) -> CanPort | None:
        wrong = wrong_controller(url, controller) if self._config.hardware.can_identity else None
        if wrong is not None:
            self._say(url, "fault", say("can.wrong_controller", why=wrong))
            return None
        try:
            port = open_can(url, bus, can_ids, short_queue=bus == CAR_BUS)
        except OSError as error:
            self._say(url, "warning", say("can.waiting", url=url, error=str(error)))
            return None
        port.drop_queued()
        self._say(url, "info", say("can.open", url=url))
        if bus == PRE_BUS:  # the car's frames are read together in every step
            self._program.watch(port, self._on_pre)
        return port

    def _lose(self, port: CanPort, error: Exception) -> None:
        self._program.unwatch(port.fileno())
        if port is self._car and self._sender is not None:
            self._sender.close()
            self._sender = None
        port.close()
        text = say("can.car_lost" if port is self._car else "can.converter_lost", error=str(error))
        self._car = None if port is self._car else self._car
        self._pre = None if port is self._pre else self._pre
        self._program.bus.event("warning", "can-lost", text)

    # What comes in.

    def _on_pre(self, now: float) -> None:
        if self._pre is None:
            return
        try:
            frame = self._pre.frame()  # one answer per request; a further frame wakes us again
        except OSError as error:
            self._lose(self._pre, error)
            return
        if frame is not None:
            self._charger.pre_frame(frame)
        self._turn(now)  # the next request goes out as soon as the answer has arrived

    def _hear_car(self) -> None:
        if self._car is None:
            return
        try:
            for frame in self._car.frames():
                self._charger.car_frame(frame)
        except OSError as error:
            self._lose(self._car, error)

    def _sample(self, now: float) -> None:
        cable_v = self._adc.cable_v(now)
        if cable_v is not None:
            self._charger.cable_sample(cable_v, now)
        pin_v = self._adc.pin_v(now) if self._charger.calibrates else None
        if pin_v is not None:
            self._charger.pin_sample(pin_v, now)

    def _care(self, now: float) -> None:
        """Handle the slow parts: forged frames, further ADC inputs, the fan."""
        for sender, port in (("car", self._car), ("converter", self._pre)):
            if port is not None and port.forged and self._program.is_news(f"forged {sender}", "said"):
                text = say("can.forged", sender=sender, count=port.forged)
                self._program.bus.event("warning", "can-forged", text)
        self._adc.care(now)
        telemetry, report = self._charger.converter.telemetry, self._charger.report
        fresh = now - telemetry.temperature_t <= TEMPERATURE_FRESH_S
        converter_on = report is None or Output.PRE_AC in report.outputs
        try:
            if self._fan is not None:
                self._fan.care(now, converter_on, telemetry.temperature_c if fresh else None)
        except OSError as error:
            self._say("fan", "warning", say("fan.not_driven", error=str(error)))
            self._fan = None

    def _on_report(self, now: float, report: Report) -> None:
        self._charger.guard_report(report, now, age_s=self._guard.age_s(now))
        self._timer.due = min(self._timer.due, self._charger.next_due(now))

    def _on_setpoint(self, topic: str, payload: bytes) -> None:
        now = time.monotonic()
        self._charger.setpoint(Setpoint.from_json(payload), now)
        self._timer.due = min(self._timer.due, self._charger.next_due(now))

    def _on_stop_command(self, topic: str, payload: bytes) -> None:
        """Stop, also when the message cannot be read: charger obeys every message on this topic."""
        self._charger.stop()
        self._reports.stop_t = time.monotonic()  # for a manager that was away; see energy/kept_order.py
        try:
            text = say("stop.by", source=Command.from_json(payload).source)
        except MessageError as error:
            text = say("stop.unreadable", error=str(error))
        self._program.bus.event("info", "stop", text)
        self._turn(time.monotonic())

    def _on_clear_fault(self, topic: str, payload: bytes) -> None:
        command = Command.from_json(payload)
        if "unlock_confirmed" in command.values:
            reply = Reply(command.id, False, UnlockWord.GIVEN_AT_THE_PANEL, bad_input=True)
        else:
            reply = Reply(command.id, *self._clear_fault(unlock_confirmed=False))
        self._program.bus.publish(reply, command.id)

    def _on_calibrate(self, topic: str, payload: bytes) -> None:
        """Begin a session that calibrates the cable. The reply says whether it begins; CableCalibration follows."""
        command = Command.from_json(payload)
        why_not = self._calibrate(time.monotonic())
        text = say("calibration.refused", why=why_not) if why_not else say("calibration.begins")
        self._program.bus.publish(Reply(command.id, not why_not, text), command.id)
        self._program.bus.event("info", "calibration", text)

    def _calibrate(self, now: float) -> str:
        if self._config.cable.scale_v_per_v:
            return say("calibration.has_one")
        self._adc.open(now, wanted=True)
        if self._adc.pin_v(now) is None:
            return say("calibration.adc_silent")
        why_not = self._charger.calibrate(now)
        self._turn(now)
        return why_not

    def _on_unlock_word(self, topic: str, payload: bytes) -> None:
        """The person at the button gets no reply, so the result goes to the log and the page."""
        age_s = time.monotonic() - UnlockWord.from_json(payload).t
        if 0.0 <= age_s <= UnlockWord.FRESH_S:
            taken, text = self._clear_fault(unlock_confirmed=True)
        else:
            taken, text = False, say("unlock.word_too_old", age_s=age_s)
        self._program.bus.event("info" if taken else "warning", "unlock-word", text)

    def _clear_fault(self, *, unlock_confirmed: bool) -> tuple[bool, str]:
        """Try it now. Returns whether the fault was cleared, or else whether the person's word was accepted, and the
        reason."""
        if self._charger.session.state is not State.FAULT:
            return False, say("clear.no_fault")
        self._charger.clear_fault(unlock_confirmed=unlock_confirmed)
        self._turn(time.monotonic())
        session = self._charger.session
        if session.fault is None:
            return True, session.reason
        if unlock_confirmed:
            return session.unlocks_by_word, session.word_answer
        return False, clear_refusal(session, self._charger.inputs(time.monotonic()))

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
            fan_pct = None if self._fan is None else round(100 * self._fan.duty)
            self._reports.stepped(now, self._adc.inputs_v, fan_pct)
        if not self._charger.converter.under_way:
            self._reports.power(now)

    def _send(self, now: float, turn: Turn) -> None:
        if turn.to_pre:
            self._send_pre(now, turn.to_pre)
        if self._car is not None and self._sender is not None:
            try:
                if turn.to_car or (self._sender.speaking and not self._charger.speaks):
                    self._sender.update(now, turn.to_car)
                    self._tell_refused("car", self._sender.refused(now))
            except OSError as error:
                self._lose(self._car, error)
        if turn.to_guard is not None:
            self._guard.send(now, turn.to_guard)

    def _send_pre(self, now: float, messages: list[tuple[int, bytes]]) -> None:
        """Send requests to the converter. One that the bus does not accept is dropped: the SDO client notices that no
        answer comes."""
        if self._pre is None:
            return
        try:
            for can_id, data in messages:
                self._pre.send(can_id, data)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                self._lose(self._pre, error)
                return
            self._pre_refused_t = now
        self._tell_refused("converter", now - self._pre_refused_t < REFUSED_S)

    def _tell_refused(self, whose: str, refused: bool) -> None:
        """Report once when a bus begins to refuse frames, and once when it accepts them again."""
        about = f"refused by the {whose}'s bus"
        if refused:
            self._say(about, "warning", say("can.car_refuses" if whose == "car" else "can.converter_refuses"))
        elif self._program.is_news(about, ""):
            text = say("can.car_accepts" if whose == "car" else "can.converter_accepts")
            self._program.bus.event("info", "port", text)

    # The end, and events.

    def _stop(self, now: float) -> bool:
        self._charger.stop()
        return self._charger.resting

    def _close(self) -> None:
        if self._sender is not None:
            self._sender.close()

    def _say(self, about: str, level: str, text: str) -> None:
        """Publish an event if its text differs from the last one about the same thing."""
        if self._program.is_news(about, text):
            self._program.bus.event(level, "port", text)


def main() -> int:
    program = Program("charger")
    ChargerShell(program)
    claim(CHARGER_PRIORITY, program.log)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
