"""The messages of both dialects as (name, fields): what they mean, and how an answer is built. Pure.

fields are the body of a message as the codec gives and takes it: dictionaries, texts for enums and hexadecimal bytes,
numbers, booleans. A PhysicalValue is {"Value", "Multiplier", "Unit"} with Value * 10 ** Multiplier in that unit.
The names of DIN SPEC 70121 and ISO 15118-2 differ in a few places; they meet in Ask, and nothing outside this file
knows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from v2h.ccs import limits
from v2h.ccs.record import Isolation

Fields = Mapping[str, Any]


class Ask(Enum):
    """The requests of a DC session with external payment, in their normal order."""

    PROTOCOL = auto()
    SETUP = auto()
    DISCOVERY = auto()
    DETAIL = auto()
    PAYMENT = auto()
    AUTHORISATION = auto()
    PARAMETERS = auto()
    CABLE_CHECK = auto()
    PRECHARGE = auto()
    POWER = auto()
    DEMAND = auto()
    WELDING = auto()
    RECEIPT = auto()
    END = auto()


_COMMON = {
    "SessionSetup": Ask.SETUP,
    "ServiceDiscovery": Ask.DISCOVERY,
    "ServiceDetail": Ask.DETAIL,
    "ChargeParameterDiscovery": Ask.PARAMETERS,
    "CableCheck": Ask.CABLE_CHECK,
    "PreCharge": Ask.PRECHARGE,
    "PowerDelivery": Ask.POWER,
    "CurrentDemand": Ask.DEMAND,
    "WeldingDetection": Ask.WELDING,
    "MeteringReceipt": Ask.RECEIPT,
    "SessionStop": Ask.END,
}
HANDSHAKE, HANDSHAKE_NAMESPACE = "supportedAppProtocol", "urn:iso:15118:2:2010:AppProtocol"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the two protocols. stems: the first part of a message's name -> what it means; "Req" or "Res" follow."""

    name: str
    namespace: str
    major: int
    stems: Mapping[str, Ask]

    def ask(self, request: str) -> Ask | None:
        """What a request means; None for one that has no place in a DC session with external payment."""
        return self.stems.get(request.removesuffix("Req")) if request.endswith("Req") else None


DIN = Dialect(
    "DIN SPEC 70121",
    "urn:din:70121:2012:MsgDef",
    2,
    MappingProxyType(_COMMON | {"ServicePaymentSelection": Ask.PAYMENT, "ContractAuthentication": Ask.AUTHORISATION}),
)
ISO2 = Dialect(
    "ISO 15118-2",
    "urn:iso:15118:2:2013:MsgDef",
    2,
    MappingProxyType(_COMMON | {"PaymentServiceSelection": Ask.PAYMENT, "Authorization": Ask.AUTHORISATION}),
)
DIALECTS = (DIN, ISO2)

DC_TRANSFER = ("DC_core", "DC_extended", "DC_combo_core", "DC_unique")
"""Energy transfer types of direct current. The plug has one pair of DC pins, so all four mean the same here."""
SERVICE_ID = 1
TUPLE_ID = 1
EVSE_ID = {DIN.name: "00", ISO2.name: "ZZ00000"}
"""We have no operator's number: `00` means "no number" in DIN SPEC 70121, ZZ00000 by convention in ISO 15118-2."""
ISOLATION = {
    Isolation.INVALID: "Invalid",
    Isolation.VALID: "Valid",
    Isolation.WARNING: "Warning",
    Isolation.FAULT: "Fault",
}
CAR_ERRORS = (
    "NO_ERROR", "FAILED_RESSTemperatureInhibit", "FAILED_EVShiftPosition", "FAILED_ChargerConnectorLockFault",
    "FAILED_EVRESSMalfunction", "FAILED_ChargingCurrentdifferential", "FAILED_ChargingVoltageOutOfRange", "Reserved_A",
    "Reserved_B", "Reserved_C", "FAILED_ChargingSystemIncompatibility", "NoData",
)  # fmt: skip
CAR_WELL = (0, 11)
"""The indexes of CAR_ERRORS that end nothing: no error, and no data."""
_SHORT = 32767
_FINEST = {"V": -1, "A": -1, "W": 0}


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer may say. status: an EVSEStatusCode. present_v, present_a: as measured. stop: ISO 15118-2 adds
    StopCharging to the status; DIN SPEC 70121 permits no notification [V2G-DC-500]."""

    code: str = "OK"
    status: str = "EVSE_NotReady"
    isolation: Isolation = Isolation.INVALID
    processing: str = "Finished"
    present_v: float = 0.0
    present_a: float = 0.0
    max_v: float = 0.0
    min_v: float = 0.0
    max_a: float = 0.0
    max_w: float = 0.0
    achieved: tuple[bool, bool, bool] = (False, False, False)
    """The current, the voltage and the power stand at our limit."""
    stop: bool = False
    service_id: int = SERVICE_ID


def physical(value: float, unit: str) -> dict[str, Any]:
    """A PhysicalValue in tenths of a volt or ampere, or in watts; what does not fit into a short is coarser."""
    multiplier = _FINEST[unit]
    while abs(round(value / 10**multiplier)) > _SHORT and multiplier < 3:
        multiplier += 1
    scaled = max(-_SHORT, min(_SHORT, round(value / 10**multiplier)))
    return {"Value": scaled, "Multiplier": multiplier, "Unit": unit}


def amount(value: Fields | None, most: float) -> float | None:
    """The number of a PhysicalValue within 0 and `most`; None for one that is not there. A car may write 32 MV."""
    if value is None:
        return None
    number = float(value["Value"]) * 10.0 ** int(value["Multiplier"])
    return min(limits.charge_only_a(number), most)


def car_status(fields: Fields) -> Fields | None:
    """DC_EVStatus of a request, wherever it stands."""
    for key in ("DC_EVChargeParameter", "DC_EVPowerDeliveryParameter"):
        if key in fields:
            return fields[key].get("DC_EVStatus")  # type: ignore[no-any-return]
    return fields.get("DC_EVStatus")


def starts(fields: Fields) -> str:
    """What a PowerDeliveryReq wants: "Start", "Stop" or "Renegotiate"."""
    if "ReadyToChargeState" in fields:
        return "Start" if fields["ReadyToChargeState"] else "Stop"
    return str(fields["ChargeProgress"])


def answer(dialect: Dialect, request: str, told: Told) -> tuple[str, dict[str, Any]]:
    """(name, fields) of the response to a request of this dialect. Also a refusal has all fields of its type."""
    stem = request.removesuffix("Req")
    fields = {"ResponseCode": told.code} | _BUILD[dialect.stems[stem]](dialect, told)
    return f"{stem}Res", fields


def _status(dialect: Dialect, told: Told) -> dict[str, Any]:
    return {
        "NotificationMaxDelay": 0,
        "EVSENotification": "StopCharging" if told.stop and dialect is ISO2 else "None",
        "EVSEIsolationStatus": ISOLATION[told.isolation],
        "EVSEStatusCode": told.status,
    }


def _with_status(dialect: Dialect, told: Told) -> dict[str, Any]:
    return {"DC_EVSEStatus": _status(dialect, told)}


def _with_voltage(dialect: Dialect, told: Told) -> dict[str, Any]:
    return _with_status(dialect, told) | {"EVSEPresentVoltage": physical(told.present_v, "V")}


def _setup(dialect: Dialect, told: Told) -> dict[str, Any]:
    """The optional time of day is left out: the board may not know it."""
    return {"EVSEID": EVSE_ID[dialect.name]}


def _discovery(dialect: Dialect, told: Told) -> dict[str, Any]:
    """DIN SPEC 70121 wants neither ServiceName nor ServiceScope nor a list [V2G-DC-628, V2G-DC-629]."""
    tag = {"ServiceID": SERVICE_ID, "ServiceCategory": "EVCharging"}
    payment = {"PaymentOption": ["ExternalPayment"]}
    if dialect is DIN:
        service = {"ServiceTag": tag, "FreeService": True, "EnergyTransferType": "DC_extended"}
        return {"PaymentOptions": payment, "ChargeService": service}
    modes = {"EnergyTransferMode": ["DC_extended"]}
    service = tag | {"FreeService": True, "SupportedEnergyTransferMode": modes}
    return {"PaymentOptionList": payment, "ChargeService": service}


def _parameters(dialect: Dialect, told: Told) -> dict[str, Any]:
    interval = {"start": 0, "duration": int(limits.SCHEDULE_S.value)}
    if dialect is DIN:
        pmax: Any = int(min(told.max_w, limits.PMAX_MOST_W.value))
        schedule: dict[str, Any] = {"PMaxScheduleID": 1}
    else:
        pmax, schedule = physical(told.max_w, "W"), {}
    schedule["PMaxScheduleEntry"] = [{"PMax": pmax, "RelativeTimeInterval": interval}]
    return {
        "EVSEProcessing": told.processing,
        "SAScheduleList": {"SAScheduleTuple": [{"SAScheduleTupleID": TUPLE_ID, "PMaxSchedule": schedule}]},
        "DC_EVSEChargeParameter": {
            "DC_EVSEStatus": _status(dialect, told),
            "EVSEMaximumCurrentLimit": physical(told.max_a, "A"),
            "EVSEMaximumPowerLimit": physical(told.max_w, "W"),
            "EVSEMaximumVoltageLimit": physical(told.max_v, "V"),
            "EVSEMinimumCurrentLimit": physical(limits.LEAST_A.value, "A"),
            "EVSEMinimumVoltageLimit": physical(told.min_v, "V"),
            "EVSEPeakCurrentRipple": physical(limits.RIPPLE_A.value, "A"),
        },
    }


def _demand(dialect: Dialect, told: Told) -> dict[str, Any]:
    current, voltage, power = told.achieved
    fields = _with_voltage(dialect, told) | {
        "EVSEPresentCurrent": physical(told.present_a, "A"),
        "EVSECurrentLimitAchieved": current,
        "EVSEVoltageLimitAchieved": voltage,
        "EVSEPowerLimitAchieved": power,
        "EVSEMaximumVoltageLimit": physical(told.max_v, "V"),
        "EVSEMaximumCurrentLimit": physical(told.max_a, "A"),
        "EVSEMaximumPowerLimit": physical(told.max_w, "W"),
    }
    return fields if dialect is DIN else fields | {"EVSEID": EVSE_ID[dialect.name], "SAScheduleTupleID": TUPLE_ID}


def _receipt(dialect: Dialect, told: Told) -> dict[str, Any]:
    """We never ask for a receipt, so this is only ever a refusal. The type of DIN SPEC 70121 knows no DC status."""
    if dialect is ISO2:
        return _with_status(dialect, told)
    status = {"PowerSwitchClosed": False, "RCD": False, "NotificationMaxDelay": 0, "EVSENotification": "None"}
    return {"AC_EVSEStatus": status}


_BUILD: dict[Ask, Callable[[Dialect, Told], dict[str, Any]]] = {
    Ask.SETUP: _setup,
    Ask.DISCOVERY: _discovery,
    Ask.DETAIL: lambda dialect, told: {"ServiceID": told.service_id},
    Ask.PAYMENT: lambda dialect, told: {},
    Ask.AUTHORISATION: lambda dialect, told: {"EVSEProcessing": told.processing},
    Ask.PARAMETERS: _parameters,
    Ask.CABLE_CHECK: lambda dialect, told: _with_status(dialect, told) | {"EVSEProcessing": told.processing},
    Ask.PRECHARGE: _with_voltage,
    Ask.POWER: _with_status,
    Ask.DEMAND: _demand,
    Ask.WELDING: _with_voltage,
    Ask.RECEIPT: _receipt,
    Ask.END: lambda dialect, told: {},
}
