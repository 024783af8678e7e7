"""A CCS car's messages in both dialects, and a charger's record that always grants: for the tests of the SECC."""

from dataclasses import replace
from typing import Any

from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.record import ChargerRecord, Isolation, Phase, Pilot
from v2h.ccs.secc import Answer, Secc

SESSION = bytes.fromhex("c96f26d73b2cabc2")
STATUS = {"EVReady": True, "EVErrorCode": "NO_ERROR", "EVRESSSOC": 42}
GRANTS = ChargerRecord(
    Phase.NONE, 0, True, True, True, present_v=398.7, present_a=10.2, max_v=500.0, min_v=150.0, max_a=15.0, max_w=6000.0
)
"""The record of a charger that has done what the phase waits for; `Driven` puts in the phase."""


def amount(value: float, unit: str) -> dict[str, Any]:
    return {"Value": round(value * 10), "Multiplier": -1, "Unit": unit}


def protocol(*offers: tuple[str, int, int, int, int]) -> dict[str, Any]:
    """A handshake request of (namespace, major, minor, schema, priority)."""
    keys = ("ProtocolNamespace", "VersionNumberMajor", "VersionNumberMinor", "SchemaID", "Priority")
    return {"AppProtocol": [dict(zip(keys, offer, strict=True)) for offer in offers]}


def power(dialect: Dialect, wants: str) -> dict[str, Any]:
    if dialect is DIN:
        return {"ReadyToChargeState": wants == "Start"}
    return {"ChargeProgress": wants, "SAScheduleTupleID": 1}


def request(dialect: Dialect, ask: Ask, wants: str = "Start") -> tuple[str, dict[str, Any]]:
    """(name, fields) of an ordinary request. wants: of a PowerDeliveryReq."""
    if ask is Ask.PROTOCOL:
        return "supportedAppProtocolReq", protocol((dialect.namespace, 2, 0, 7, 1))
    kind = "EVRequestedEnergyTransferType" if dialect is DIN else "RequestedEnergyTransferMode"
    most = {"EVMaximumVoltageLimit": amount(413, "V"), "EVMaximumCurrentLimit": amount(200, "A")}
    target = {"EVTargetVoltage": amount(400, "V"), "EVTargetCurrent": amount(12, "A")}
    status: dict[str, Any] = {"DC_EVStatus": STATUS}
    fields: dict[Ask, dict[str, Any]] = {
        Ask.SETUP: {"EVCCID": "020000000E01"},
        Ask.DETAIL: {"ServiceID": 3},
        Ask.PAYMENT: {
            "SelectedPaymentOption": "ExternalPayment",
            "SelectedServiceList": {"SelectedService": [{"ServiceID": 1}]},
        },
        Ask.PARAMETERS: {kind: "DC_extended", "DC_EVChargeParameter": status | most},
        Ask.CABLE_CHECK: status,
        Ask.PRECHARGE: status | target,
        Ask.POWER: power(dialect, wants),
        Ask.DEMAND: status | target | most | {"ChargingComplete": False},
        Ask.WELDING: status,
        Ask.RECEIPT: {"SAScheduleTupleID": 1},
        Ask.END: {} if dialect is DIN else {"ChargingSession": "Terminate"},
    }
    stem = next(stem for stem, meaning in dialect.stems.items() if meaning is ask)
    return f"{stem}Req", fields.get(ask, {})


class Driven:
    """A Secc with a car that asks and a charger that grants; `charger` and `pilot` may be changed at any time."""

    def __init__(self, dialect: Dialect = DIN, *, now: float = 100.0) -> None:
        self.now, self.dialect = now, dialect
        self.secc = Secc((DIN, ISO2), SESSION, 1, now)
        self.charger: ChargerRecord | None = GRANTS
        self.pilot = Pilot.C

    def turn(self) -> Answer | None:
        charger = self.charger
        if charger is not None and charger.done:
            charger = replace(charger, phase=self.secc.phase)
        if charger is not None and self.secc.phase >= Phase.CABLE_CHECK and charger.isolation is Isolation.INVALID:
            charger = replace(charger, isolation=Isolation.VALID if charger.done else Isolation.INVALID)
        return self.secc.turn(self.now, charger, self.pilot)

    def say(self, name: str, fields: dict[str, Any], session: bytes | None = SESSION) -> Answer | None:
        self.secc.hear(self.now, name, session, fields)
        return self.turn()

    def ask(self, ask: Ask, wants: str = "Start", session: bytes | None = SESSION) -> Answer:
        """Ask, and wait up to 10 s for the answer."""
        answer = self.say(*request(self.dialect, ask, wants), session)
        for _ in range(200):
            if answer is not None:
                return answer
            self.now += 0.05
            answer = self.turn()
        raise AssertionError(f"no answer to {ask}")

    def run(self, *asks: Ask | str) -> list[Answer]:
        """Ask in this order; a text is what a PowerDeliveryReq wants."""
        return [self.ask(Ask.POWER, one) if isinstance(one, str) else self.ask(one) for one in asks]

    def closing(self) -> str:
        return self.secc.closing(self.now, self.pilot)


HELLO = (Ask.PROTOCOL, Ask.SETUP, Ask.DISCOVERY, Ask.PAYMENT, Ask.AUTHORISATION)
TO_CHECK = (*HELLO, Ask.PARAMETERS)
TO_PRECHARGE = (*TO_CHECK, Ask.CABLE_CHECK)
TO_ENERGY = (*TO_PRECHARGE, Ask.PRECHARGE, "Start")
"""The requests that lead to a step, in their normal order."""


def started(*asks: Ask | str, dialect: Dialect = DIN) -> Driven:
    """A car that has asked for all this."""
    driven = Driven(dialect)
    driven.run(*asks)
    return driven


def status(fields: dict[str, Any]) -> tuple[str, str]:
    """(EVSEStatusCode, EVSEIsolationStatus) of an answer."""
    found = fields["DC_EVSEStatus"]
    return found["EVSEStatusCode"], found["EVSEIsolationStatus"]
