"""The messages of a simulated CCS car, for both dialects: what it asks, and what it does with the answers. Pure.

The order and the pauses are those of cars in public recordings. The car supervises the charger as cars do: an answer
that is not OK, or a status of emergency, ends the session at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from v2h.ccs.messages import DIN, HANDSHAKE, Ask, Dialect, amount, physical
from v2h.ccs.sequence import START, STOP
from v2h.rig.ccs.carside import CarSide

PAUSE_S = 0.1
"""From an answer to the next request, as cars in recordings: 10 to 120 ms."""
CLOSE_WITHIN_V = 10.0
"""The car closes its contactors when its inlet is as near to its battery."""
DEAD_V = 60.0
EMERGENCY = ("EVSE_EmergencyShutdown", "EVSE_Malfunction")
FIRST = (
    *(Ask.PROTOCOL, Ask.SETUP, Ask.DISCOVERY, Ask.PAYMENT, Ask.AUTHORISATION, Ask.PARAMETERS, Ask.CABLE_CHECK),
    Ask.PRECHARGE,
)
"""One after the other, each again while its answer says Ongoing."""
_AMOUNTS_MOST_A = 1000.0


@dataclass(slots=True)
class Evcc(CarSide):
    """One session of one car, with the messages. The caller sets what the car measures before each call."""

    dialect: Dialect
    ask: Ask = Ask.PROTOCOL
    rhythm_s: float = 0.0
    """Knob: from a request to the next one, however long the answer takes. 0: PAUSE_S after each answer."""
    _asked_t: float = 0.0
    _wants: str = START
    _due_t: float = 0.0
    _waits: bool = False
    _given_a: float = 0.0

    def request(self, now: float) -> tuple[str, dict[str, Any]] | None:
        """The next request, or None while it waits."""
        if self.over or self._waits or now < self._due_t:
            return None
        self._waits, self._asked_t = True, now
        name, fields = self._request()
        if self.asked[-1:] != [name]:
            self.asked.append(name)
        return name, fields

    def unsent(self) -> None:
        """The last request could not be sent: it is asked again."""
        self._waits = False

    def take(self, now: float, fields: Mapping[str, Any]) -> None:
        """The answer to the last request."""
        self._waits = False
        self._due_t = self._asked_t + self.rhythm_s if self.rhythm_s else now + PAUSE_S
        code, status = str(fields["ResponseCode"]), fields.get("DC_EVSEStatus", {})
        told = status.get("EVSEStatusCode", "")
        if not code.startswith("OK"):
            self.fail(f"{self.ask.name} was answered with {code}")
        elif told in EMERGENCY:
            self.fail(f"{self.ask.name}: the charger says {told}")
        elif fields.get("EVSEProcessing", "Finished") == "Finished":
            stop = self.stops or told == "EVSE_Shutdown" or status.get("EVSENotification") == "StopCharging"
            self._go_on(fields, stop)

    def _go_on(self, fields: Mapping[str, Any], stop: bool) -> None:
        match self.ask:
            case Ask.PRECHARGE if stop:
                self.ask, self._wants = Ask.POWER, STOP
            case Ask.PRECHARGE:
                if abs(self.inlet_v - self.battery_v) <= CLOSE_WITHIN_V:
                    self.closed, self.ask, self._wants = True, Ask.POWER, START
            case Ask.POWER if self._wants == START:
                self.ask = Ask.DEMAND
            case Ask.POWER:
                self.ask, self.wants_energy = Ask.WELDING, False
            case Ask.DEMAND:
                self._given_a = amount(fields.get("EVSEMaximumCurrentLimit"), _AMOUNTS_MOST_A) or 0.0
                if stop:
                    self.ask, self._wants = Ask.POWER, STOP
            case Ask.WELDING:
                self.closed = False
                self.ask = Ask.END if self.inlet_v < DEAD_V else Ask.WELDING
            case Ask.END:
                self.over = True
            case _:
                self.ask = FIRST[FIRST.index(self.ask) + 1]
                self.wants_energy = self.ask in (Ask.CABLE_CHECK, Ask.PRECHARGE)

    def _request(self) -> tuple[str, dict[str, Any]]:
        if self.ask is Ask.PROTOCOL:
            offer = {"ProtocolNamespace": self.dialect.namespace, "VersionNumberMajor": self.dialect.major}
            offer |= {"VersionNumberMinor": 0, "SchemaID": 1, "Priority": 1}
            return f"{HANDSHAKE}Req", {"AppProtocol": [offer]}
        stem = next(stem for stem, ask in self.dialect.stems.items() if ask is self.ask)
        return f"{stem}Req", self._fields()

    def _fields(self) -> dict[str, Any]:
        status = {"EVReady": self.wants_energy, "EVErrorCode": "NO_ERROR", "EVRESSSOC": round(self.soc_pct)}
        ev: dict[str, Any] = {"DC_EVStatus": status}
        most = {"EVMaximumVoltageLimit": physical(self.max_v, "V"), "EVMaximumCurrentLimit": physical(200.0, "A")}
        match self.ask:
            case Ask.SETUP:
                return {"EVCCID": "020000000E01"}
            case Ask.PAYMENT:
                service = {"SelectedService": [{"ServiceID": 1}]}
                return {"SelectedPaymentOption": "ExternalPayment", "SelectedServiceList": service}
            case Ask.PARAMETERS:
                kind = "EVRequestedEnergyTransferType" if self.dialect is DIN else "RequestedEnergyTransferMode"
                return {kind: "DC_extended", "DC_EVChargeParameter": ev | most}
            case Ask.CABLE_CHECK | Ask.WELDING:
                return ev
            case Ask.PRECHARGE:
                target = {"EVTargetVoltage": physical(self.battery_v, "V"), "EVTargetCurrent": physical(0.0, "A")}
                return ev | target
            case Ask.POWER if self.dialect is DIN:
                return {"ReadyToChargeState": self._wants == START}
            case Ask.POWER:
                return {"ChargeProgress": self._wants, "SAScheduleTupleID": 1}
            case Ask.DEMAND:
                wanted = {"EVTargetVoltage": physical(self.max_v, "V"), "EVTargetCurrent": physical(self._now_a, "A")}
                return ev | most | wanted | {"ChargingComplete": False}
            case Ask.END if self.dialect is not DIN:
                return {"ChargingSession": "Terminate"}
        return {}

    @property
    def _now_a(self) -> float:
        return min(self.wants_a, self._given_a)
