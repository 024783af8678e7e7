"""The charger's side of the message sequence of DIN SPEC 70121 and ISO 15118-2 DC (external payment). Pure.

One Secc is one TCP connection. It is given the car's messages one by one, and at each turn the last record of
`charger`; it returns the answers, and what `charger` must know of the car. It orders no current: it reports. All
measured values in its answers are those of the record. Times are monotonic seconds.

A FAILED answer ends the session, whatever stands after "FAILED": the car must begin again.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from v2h.ccs import limits
from v2h.ccs.answers import ANSWERS, EMERGENCY, NEEDS_CHARGER, SILENT, Request, Result, View, told
from v2h.ccs.messages import (
    CAR_ERRORS,
    HANDSHAKE,
    HANDSHAKE_NAMESPACE,
    Ask,
    Dialect,
    Fields,
    amount,
    answer,
    car_status,
    starts,
)
from v2h.ccs.record import CarRecord, ChargerRecord, Isolation, Phase, Pilot
from v2h.ccs.sequence import RENEGOTIATE, START, Step, permitted

SESSION_ID_BYTES = 8
_AMOUNTS = {
    "EVMaximumVoltageLimit": ("max_v", 1000.0),
    "EVMaximumCurrentLimit": ("max_a", 1000.0),
    "EVMaximumPowerLimit": ("max_w", 1e6),
    "EVTargetVoltage": ("target_v", 1000.0),
    "EVTargetCurrent": ("target_a", 1000.0),
}
"""Element of a request -> its name in the record, and the most that is believed: no CCS car has more."""
_PHASES = {
    Ask.PARAMETERS: Phase.PARAMETERS,
    Ask.CABLE_CHECK: Phase.CABLE_CHECK,
    Ask.PRECHARGE: Phase.PRECHARGE,
    Ask.DEMAND: Phase.ENERGY,
    Ask.WELDING: Phase.WELDING,
    Ask.END: Phase.END,
}
_AGREED = f"{HANDSHAKE}Res"
_POWER_PHASES = {START: Phase.START, RENEGOTIATE: Phase.PARAMETERS}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to send: the namespace whose codec writes it, and the session id of its header (None: the handshake
    has no header)."""

    namespace: str
    name: str
    fields: dict[str, Any]
    session: bytes | None


def new_session_id(draw: Callable[[int], bytes]) -> bytes:
    """Eight random bytes that are not all 0, because 0 asks for a new session. draw(n): n random bytes."""
    while not any(session_id := draw(SESSION_ID_BYTES)):
        continue
    return session_id


class Secc:
    """The sequence of one connection. enabled: the dialects that may be chosen. session_id: 8 bytes, never 0. number:
    of the session at `ccs`, for the record."""

    def __init__(self, enabled: Collection[Dialect], session_id: bytes, number: int, now: float) -> None:
        if not any(session_id):
            raise ValueError("a session id of 0 asks for a new session; draw another")
        self._enabled, self.session_id = tuple(enabled), session_id
        self.dialect: Dialect | None = None
        self.step = Step.PROTOCOL
        self.phase = Phase.HELLO
        self.reason = ""
        """Why the session is over, in words for the log; "" while it runs."""
        self._pending: Request | None = None
        self._foreign = False
        self._began_t = self._answered_t = self._heard_t = now
        self._since: dict[Step, float] = {}
        self._present_v = self._present_a = 0.0
        self._isolation_failed = False
        self._car = CarRecord(Phase.HELLO, number, 0)
        """What the car has told of itself."""

    @property
    def soc_pct(self) -> int | None:
        """The car's state of charge, as it last told it; None before."""
        return self._car.soc_pct

    @property
    def busy(self) -> bool:
        """A request waits for its answer; the next message is taken after it."""
        return self._pending is not None

    def hear(self, now: float, name: str, session: bytes | None, fields: Fields) -> None:
        """Take a message of the car. session: the id of its header, None for the handshake. Of a request that is not in
        order neither values nor phase are kept. Raises ValueError while another one waits for its answer."""
        if self._pending is not None:
            raise ValueError(f"{name} was given while {self._pending.name} waits for its answer")
        self._heard_t = now
        dialect = self.dialect or next((one for one in self._enabled if one.ask(name)), self._enabled[0])
        ask = Ask.PROTOCOL if name == f"{HANDSHAKE}Req" else dialect.ask(name)
        if ask is None:
            self._end(f"{name} has no place in a DC session with external payment")
            return
        wants = starts(fields) if ask is Ask.POWER else ""
        self._pending = Request(name, dialect, ask, fields, wants, now)
        self._foreign = ask not in (Ask.PROTOCOL, Ask.SETUP) and session != self.session_id
        if not self._foreign and permitted(self.dialect, self.step, ask, wants):
            self._since.setdefault(self.step, now)
            self.phase = _POWER_PHASES.get(wants, Phase.STOP) if ask is Ask.POWER else _PHASES.get(ask, self.phase)
            self._note(fields)

    def turn(self, now: float, charger: ChargerRecord | None, pilot: Pilot) -> Answer | None:
        """The answer to the waiting request, or None while there is nothing to send. Call after each message
        and at least every 50 ms. charger: its last record if it is fresh. pilot: the present state."""
        if charger is not None:
            self._isolation_failed = self._isolation_failed or charger.isolation is Isolation.FAULT
            self._present_v = self._present_v if charger.present_v is None else charger.present_v
            self._present_a = self._present_a if charger.present_a is None else charger.present_a
        request = self._pending
        if request is None:
            return None
        if request.ask is Ask.PROTOCOL:
            return self._negotiate(now, request.fields)
        result = self._result(now, request, charger, pilot)
        if result is None:
            return None
        self._pending, self._answered_t = None, now
        if result.told.code.startswith("FAILED"):
            self._end(f"{request.name} was answered with {result.told.code}")
        elif result.step is Step.OVER:
            self._end("the car has ended the session")
        elif result.step is not None:
            self.step = result.step
        response = answer(request.dialect, request.name, result.told)
        return Answer(request.dialect.namespace, *response, self.session_id)

    def closing(self, now: float, pilot: Pilot) -> str:
        """Why the connection is to be closed now, in words for the log; "" if it is not. Call at each turn, after the
        answer has been sent."""
        if self.step is not Step.OVER:
            self._watch(now, pilot)
        lingers = self.phase is Phase.END and now - self._answered_t <= limits.LINGER.value
        return "" if lingers or self.busy else self.reason

    def lost(self, why: str = "the car closed the connection") -> None:
        """The connection is closed, or of no use any more. why: in words for the log."""
        self._pending = None
        self._end(why)

    def record(self, now: float, sequence: int, pilot: Pilot) -> CarRecord:
        """What `charger` must know, for the wire."""
        age_ms = round((now - self._heard_t) * 1000)
        return replace(self._car, phase=self.phase, sequence=sequence, pilot=pilot, request_age_ms=age_ms)

    def _watch(self, now: float, pilot: Pilot) -> None:
        if pilot is Pilot.A:
            self._end("the plug was pulled: pilot A")
        elif self.step in (Step.PROTOCOL, Step.SETUP) and now - self._began_t > limits.SETUP.value:
            self._end(f"no SessionSetupReq within {limits.SETUP.value:g} s")
        elif not self.busy and now - self._answered_t > limits.SEQUENCE.value:
            self._end(f"no request within {limits.SEQUENCE.value:g} s")

    def _note(self, fields: Fields) -> None:
        """Keep what the car tells of itself. DC_EVChargeParameter holds the limits one level deeper."""
        status = car_status(fields)
        if status is not None:
            self._car = replace(
                self._car,
                ready=bool(status["EVReady"]),
                car_error=CAR_ERRORS.index(status["EVErrorCode"]),
                soc_pct=max(0, min(100, int(status["EVRESSSOC"]))),
            )
        holder = fields.get("DC_EVChargeParameter", fields)
        told_now = {name: amount(holder[key], most) for key, (name, most) in _AMOUNTS.items() if key in holder}
        self._car = replace(self._car, **told_now)  # type: ignore[arg-type]

    def _end(self, reason: str) -> None:
        self.step, self.reason = Step.OVER, self.reason or reason
        if self.phase is not Phase.END:
            self.phase = Phase.FAILED

    def _negotiate(self, now: float, wishes: Fields) -> Answer:
        """The car's best priority (the lowest number) among the enabled dialects counts. A second handshake in a
        session is refused."""
        self._pending, self._answered_t = None, now
        offers = sorted(wishes["AppProtocol"], key=lambda offer: int(offer["Priority"]))
        for offer in offers if self.step is Step.PROTOCOL else ():
            for dialect in self._enabled:
                if (offer["ProtocolNamespace"], int(offer["VersionNumberMajor"])) != (dialect.namespace, dialect.major):
                    continue
                self.dialect, self.step = dialect, Step.SETUP
                other = "WithMinorDeviation" if int(offer["VersionNumberMinor"]) else ""
                fields = {"ResponseCode": f"OK_SuccessfulNegotiation{other}", "SchemaID": int(offer["SchemaID"])}
                return Answer(HANDSHAKE_NAMESPACE, _AGREED, fields, None)
        names = ", ".join(str(offer["ProtocolNamespace"]) for offer in offers)
        self._end(f"no agreement on a protocol; the car offers {names}")
        return Answer(HANDSHAKE_NAMESPACE, _AGREED, {"ResponseCode": "Failed_NoNegotiation"}, None)

    def _result(self, now: float, request: Request, charger: ChargerRecord | None, pilot: Pilot) -> Result | None:
        view = View(
            now,
            request,
            self.step,
            charger or SILENT,
            pilot,
            self._since.get(self.step, now),
            self._since.get(Step.FIRST_PRECHARGE, now),
            self._car.max_v or 0.0,
            self._present_v,
            self._present_a,
            self._isolation_failed,
        )
        if self._foreign:
            return Result(told(view, "FAILED_UnknownSession"))
        if not permitted(self.dialect, self.step, request.ask, request.wants):
            return Result(told(view, "FAILED_SequenceError"))
        if charger is None and request.ask in NEEDS_CHARGER:
            return Result(told(view, "FAILED", EMERGENCY))
        return ANSWERS[request.ask](view)
