"""What the charger answers to each request that is in order: one function per request. Pure.

Each takes a View and returns a Result, or None if the answer must still wait for `charger`. Order of messages, session
ids and the silence of `charger` were checked before (secc.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from v2h.ccs import limits
from v2h.ccs.messages import DC_TRANSFER, DIN, ISO2, SERVICE_ID, TUPLE_ID, Ask, Dialect, Fields, Told
from v2h.ccs.record import CHARGING_PILOT, ChargerRecord, Isolation, Phase, Pilot
from v2h.ccs.sequence import RENEGOTIATE, START, Step
from v2h.chademo.limits import Limit

EMERGENCY, MALFUNCTION = "EVSE_EmergencyShutdown", "EVSE_Malfunction"
_AT_LIMIT = 0.97
"""A measured value above this share of the limit stands at the limit."""
SILENT = ChargerRecord(Phase.NONE, 0)
"""In the place of the record of a silent charger: nothing done, measured, given or permitted."""


@dataclass(frozen=True, slots=True)
class Request:
    """The request that waits for its answer. wants: of a PowerDeliveryReq, else ""."""

    name: str
    dialect: Dialect
    ask: Ask
    fields: Fields
    wants: str
    heard_t: float


@dataclass(frozen=True, slots=True)
class View:
    """What an answer depends on. charger: its last record, SILENT if that is too old. since_t: when the first request
    of this step was heard; precharge_t: the first PreChargeReq. car_max_v: the car's highest voltage. present_v,
    present_a: the last measured values; isolation_failed: the isolation was Fault once in this session."""

    now: float
    request: Request
    step: Step
    charger: ChargerRecord
    pilot: Pilot
    since_t: float
    precharge_t: float
    car_max_v: float
    present_v: float
    present_a: float
    isolation_failed: bool

    def late(self, limit: Limit) -> bool:
        """The step has lasted longer than this."""
        return self.now - self.since_t > limit.value

    def done(self, phase: Phase) -> bool:
        """`charger` has done what this phase waits for."""
        return self.charger.phase is phase and self.charger.done

    @property
    def urgent(self) -> str:
        """The status that a stop or fault of the charger puts into every answer; "" without one."""
        if self.charger.cut:
            return EMERGENCY
        if self.charger.fault or self.isolation_failed:
            return MALFUNCTION
        return "EVSE_Shutdown" if self.charger.stop else ""

    @property
    def impatient(self) -> bool:
        """The answer can wait no longer."""
        long = self.request.dialect is ISO2 and self.request.ask is Ask.POWER
        return self.now - self.request.heard_t > (limits.ANSWER_POWER if long else limits.ANSWER).value


@dataclass(frozen=True, slots=True)
class Result:
    """told: what the answer says; step: where it leads, None stays. A code of FAILED ends the session."""

    told: Told
    step: Step | None = None


def told(view: View, code: str = "OK", status: str = "EVSE_NotReady", **more: Any) -> Told:
    """An answer with all that the charger measures and gives. An isolation that has failed is never shown as valid."""
    charger = view.charger
    return Told(
        code,
        view.urgent or status,
        Isolation.FAULT if view.isolation_failed else charger.isolation,
        present_v=view.present_v,
        present_a=view.present_a,
        max_v=charger.max_v,
        min_v=charger.min_v,
        max_a=charger.max_a,
        max_w=charger.max_w,
        stop=charger.stop,
        **more,
    )


def _setup(view: View) -> Result:
    return Result(told(view, "OK_NewSessionEstablished"), Step.DISCOVERY)


def _discovery(view: View) -> Result:
    return Result(told(view), Step.PAYMENT)


def _detail(view: View) -> Result:
    """No service of ours has details."""
    return Result(told(view, "FAILED_ServiceIDInvalid", service_id=int(view.request.fields["ServiceID"])))


def _payment(view: View) -> Result:
    fields = view.request.fields
    if fields["SelectedPaymentOption"] != "ExternalPayment":
        return Result(told(view, "FAILED_PaymentSelectionInvalid"))
    if any(one["ServiceID"] != SERVICE_ID for one in fields["SelectedServiceList"]["SelectedService"]):
        return Result(told(view, "FAILED_ServiceSelectionInvalid"))
    return Result(told(view), Step.AUTHORISATION)


def _authorisation(view: View) -> Result:
    """The place to wait for the owner: chargers in captures hold it for up to 159 s."""
    if view.charger.authorised and not view.urgent:
        return Result(told(view), Step.PARAMETERS)
    return Result(told(view, processing="Ongoing"))


def _parameters(view: View) -> Result:
    fields = view.request.fields
    transfer = fields.get("EVRequestedEnergyTransferType", fields.get("RequestedEnergyTransferMode"))
    if transfer not in DC_TRANSFER or "DC_EVChargeParameter" not in fields:
        return Result(told(view, f"FAILED_WrongEnergyTransfer{'Type' if view.request.dialect is DIN else 'Mode'}"))
    if view.car_max_v < view.charger.min_v:
        return Result(told(view, "FAILED_WrongChargeParameter"))
    if view.done(Phase.PARAMETERS):
        step = Step.CABLE_CHECK if view.step is Step.PARAMETERS else Step.AGAIN_POWER
        return Result(told(view, status="EVSE_Ready"), step)
    if view.late(limits.PARAMETERS):
        return Result(told(view, "FAILED"))
    return Result(told(view, processing="Ongoing"))


def _cable_check(view: View) -> Result:
    """Valid is said once the charger has measured it, and only with Finished and EVSE_Ready: an Audi Q4 waits for ever
    for Ready."""
    if view.urgent:
        answer = told(view)
        if answer.isolation is Isolation.VALID and not view.done(Phase.CABLE_CHECK):
            answer = replace(answer, isolation=Isolation.INVALID)  # a check that was broken off has shown nothing
        return Result(answer, Step.BROKEN_OFF)
    if view.pilot not in CHARGING_PILOT and view.late(limits.PILOT_C):
        return Result(told(view, "FAILED", MALFUNCTION))
    if view.done(Phase.CABLE_CHECK) and view.charger.isolation is Isolation.VALID:
        return Result(told(view, status="EVSE_Ready"), Step.FIRST_PRECHARGE)
    if view.late(limits.CABLE_CHECK):
        return Result(told(view, "FAILED", MALFUNCTION))
    return Result(told(view, status="EVSE_IsolationMonitoringActive", processing="Ongoing"))


def _precharge(view: View) -> Result:
    late = view.now - view.precharge_t > limits.PRECHARGE.value
    if view.charger.present_v is None or late:
        return Result(told(view, "FAILED", MALFUNCTION))
    return Result(told(view, status="EVSE_Ready"), Step.PRECHARGE)


def _power(view: View) -> Result | None:
    """A start needs a converter at the car's voltage; a stop and a renegotiation, a current below 1 A."""
    wants = view.request.wants
    if wants == START:
        return _power_start(view)
    again = wants == RENEGOTIATE
    if view.done(Phase.PARAMETERS if again else Phase.STOP):
        return Result(
            told(view, status="EVSE_Ready" if again else "EVSE_NotReady"), Step.AGAIN if again else Step.STOPPED
        )
    return Result(told(view, "FAILED", EMERGENCY)) if view.impatient else None


def _power_start(view: View) -> Result | None:
    if view.request.fields.get("SAScheduleTupleID", TUPLE_ID) != TUPLE_ID:
        return Result(told(view, "FAILED_TariffSelectionInvalid"))
    if view.urgent or view.impatient:
        return Result(told(view, "FAILED_PowerDeliveryNotApplied"))
    return Result(told(view, status="EVSE_Ready"), Step.FIRST_DEMAND) if view.done(Phase.START) else None


def _demand(view: View) -> Result:
    """A value that nothing measures now is not replaced by an older one: the session fails."""
    charger = view.charger
    if charger.present_v is None or charger.present_a is None:
        return Result(told(view, "FAILED", EMERGENCY))
    achieved = (
        charger.present_a >= _AT_LIMIT * charger.max_a,
        charger.present_v >= _AT_LIMIT * charger.max_v,
        charger.present_v * charger.present_a >= _AT_LIMIT * charger.max_w,
    )
    return Result(told(view, status="EVSE_Ready", achieved=achieved), Step.DEMAND)


def _welding(view: View) -> Result | None:
    """The charger's contactors open first; then the car opens its own and watches the voltage that we measure."""
    opened = view.done(Phase.WELDING)
    if opened and view.charger.present_v is not None:
        return Result(told(view))
    return Result(told(view, "FAILED", MALFUNCTION)) if opened or view.impatient else None


def _end(view: View) -> Result:
    return Result(told(view), Step.OVER)


ANSWERS: dict[Ask, Callable[[View], Result | None]] = {
    Ask.SETUP: _setup,
    Ask.DISCOVERY: _discovery,
    Ask.DETAIL: _detail,
    Ask.PAYMENT: _payment,
    Ask.AUTHORISATION: _authorisation,
    Ask.PARAMETERS: _parameters,
    Ask.CABLE_CHECK: _cable_check,
    Ask.PRECHARGE: _precharge,
    Ask.POWER: _power,
    Ask.DEMAND: _demand,
    Ask.WELDING: _welding,
    Ask.END: _end,
}
"""A metering receipt is never asked for, so its request is never in order."""
NEEDS_CHARGER = (Ask.PARAMETERS, Ask.CABLE_CHECK, Ask.PRECHARGE, Ask.POWER, Ask.DEMAND, Ask.WELDING)
"""Requests that only `charger` can satisfy: while it is silent they fail."""
