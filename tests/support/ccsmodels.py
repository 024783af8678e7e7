"""A CCS car that goes on by the answers that it gets, and a guard that grants outputs by the real rules."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.ccscar import amount, request
from v2h.ccs.messages import DIN, Ask, Dialect
from v2h.ccs.record import (
    Pilot,
)
from v2h.ccs.secc import Answer
from v2h.safety.outputs import NONE, Output
from v2h.safety.rules import View, judge
from v2h.safety.wire import Request


@dataclass
class CcsCar:
    """Sends one request after another as its answers permit. contactors: closed. battery_v: behind them. wants_a: the
    current it asks for. stops: it ends the charge by itself. mute: it sends nothing more."""

    dialect: Dialect = DIN
    battery_v: float = 395.0
    wants_a: float = 12.0
    max_v: float = 413.0
    contactors: bool = False
    stops: bool = False
    mute: bool = False
    pilot: Pilot = Pilot.B
    ask: Ask | None = Ask.PROTOCOL
    wants: str = "Start"
    answers: list[Answer] = field(default_factory=list)
    precharge_v: float | None = None

    def next_request(self) -> tuple[str, dict[str, Any]] | None:
        if self.ask is None or self.mute:
            return None
        name, fields = request(self.dialect, self.ask, self.wants)
        if self.ask is Ask.PRECHARGE:
            target_v = self.battery_v if self.precharge_v is None else self.precharge_v
            fields |= {"EVTargetVoltage": amount(target_v, "V"), "EVTargetCurrent": amount(0, "A")}
        if self.ask is Ask.PARAMETERS:
            fields["DC_EVChargeParameter"]["EVMaximumVoltageLimit"] = amount(self.max_v, "V")
        if self.ask is Ask.DEMAND:
            fields |= {"EVMaximumVoltageLimit": amount(self.max_v, "V")}
            fields |= {"EVTargetVoltage": amount(self.max_v, "V"), "EVTargetCurrent": amount(self.wants_a, "A")}
        return name, fields

    def take(self, answer: Answer, inlet_v: float) -> None:
        """Decide what to ask next. inlet_v: the voltage that the car measures at its inlet."""
        self.answers.append(answer)
        code, processing = answer.fields["ResponseCode"], answer.fields.get("EVSEProcessing", "Finished")
        status = answer.fields.get("DC_EVSEStatus", {}).get("EVSEStatusCode", "")
        if not code.startswith("OK"):
            self.ask, self.contactors, self.pilot = None, False, Pilot.B
        elif status in ("EVSE_Malfunction", "EVSE_EmergencyShutdown"):
            self.ask, self.contactors, self.pilot = Ask.END if self.ask is not Ask.END else None, False, Pilot.B
        elif processing == "Finished":
            self._go_on(status, inlet_v)

    def _go_on(self, status: str, inlet_v: float) -> None:
        following = {
            Ask.PROTOCOL: Ask.SETUP,
            Ask.SETUP: Ask.DISCOVERY,
            Ask.DISCOVERY: Ask.PAYMENT,
            Ask.PAYMENT: Ask.AUTHORISATION,
            Ask.AUTHORISATION: Ask.PARAMETERS,
            Ask.PARAMETERS: Ask.CABLE_CHECK,
            Ask.CABLE_CHECK: Ask.PRECHARGE,
            Ask.END: None,
        }
        if self.ask in following:
            self.ask = following[self.ask]
            self.pilot = Pilot.C if self.ask is Ask.CABLE_CHECK else self.pilot
        elif self.ask is Ask.PRECHARGE and (status == "EVSE_Shutdown" or self.stops):
            self.ask, self.wants = Ask.POWER, "Stop"
        elif self.ask is Ask.PRECHARGE and abs(inlet_v - self.battery_v) < 10.0:
            self.contactors, self.ask, self.wants = True, Ask.POWER, "Start"
        elif self.ask is Ask.DEMAND and (status == "EVSE_Shutdown" or self.stops):
            self.ask, self.wants = Ask.POWER, "Stop"
        elif self.ask is Ask.POWER:
            self.ask = Ask.DEMAND if self.wants == "Start" else Ask.WELDING
            self.pilot = Pilot.C if self.wants == "Start" else Pilot.B
        elif self.ask is Ask.WELDING:
            self.contactors = False
            self.ask = Ask.END if inlet_v < 60.0 else Ask.WELDING


@dataclass
class Guard:
    """Grants outputs by the real rules. `make_safe` is instant here; guard's own tests hold its times."""

    outputs: Output = NONE
    tripped: bool = False
    session: int = 1
    refused: list[str] = field(default_factory=list)

    def take(self, wanted: Request, k_on: bool, current_a: float | None, cable_high_v: float | None) -> None:
        if self.tripped and wanted.session != self.session and not wanted.outputs & ~Output.PLUG_LOCK:
            self.tripped = False
        if wanted.trip_wanted:
            self.trip()
        if self.tripped:
            return
        self.session = wanted.session
        signals_off_s = 0.0 if self.outputs & (Output.D1 | Output.D2) else 1000.0
        view = View(self.outputs, k_on, current_a, 1000.0, signals_off_s, cable_high_v)
        verdict = judge(view, wanted)
        if verdict.trip is not None:
            self.refused.append(verdict.why)
            self.trip()
        else:
            self.outputs = verdict.apply

    def trip(self) -> None:
        self.tripped, self.outputs = True, self.outputs & Output.PLUG_LOCK
