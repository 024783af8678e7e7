"""Where we accept more than the standards say, each for a named car. Nothing else in this room is lenient. Pure."""

from enum import Enum
from typing import NamedTuple


class Car(NamedTuple):
    """cars: which need it. does: what they do. we: what we do."""

    cars: str
    does: str
    we: str


class Lenient(Enum):
    """The source of each is a public capture or issue of pyPLC or EVerest."""

    UNKNOWN_PROTOCOL = Car(
        "Tesla Model X Plaid",
        "it offers urn:tesla:din:2018:MsgDef with a better priority than DIN SPEC 70121",
        "a namespace that we do not know is passed over",
    )
    MINOR_VERSION = Car(
        "cars newer than the schema",
        "they offer a minor version that we do not know",
        "OK_SuccessfulNegotiationWithMinorDeviation, as the standard provides",
    )
    EMPTY_EVCCID = Car("some cars in public captures", "EVCCID is empty", "it is not read at all")
    NOT_READY_AT_PARAMETERS = Car(
        "Audi, Ioniq, Polestar", "EVReady is false until CableCheck", "it is not asked for before"
    )
    STOP_FROM_CABLE_CHECK = Car(
        "Audi Q4",
        "after a cable check that does not please it, it sends PowerDeliveryReq(stop)",
        "PowerDeliveryReq(stop) is in order from CableCheck on",
    )
    STOP_FROM_PRECHARGE = Car(
        "Tesla Model Y",
        "it sends PowerDeliveryReq(stop) from the precharge",
        "PowerDeliveryReq(stop) is in order from the precharge",
    )
    ZERO_PRECHARGE_CURRENT = Car(
        "Tesla", "EVTargetCurrent is 0 in PreChargeReq", "the target voltage counts, the current is our own 2 A"
    )
    LOW_PRECHARGE_TARGET = Car(
        "Skoda Enyaq",
        "the first targets of the precharge are 0 V or below its battery",
        "the converter waits at 0 V until the target is one that it can hold",
    )
    WISHED_PROFILE = Car("Audi", "its ChargingProfile asks for 11 kW", "the profile is not read")
    PAUSE = Car(
        "cars that leave with ChargingSession = Pause", "they want to join the session again", "a pause is an end"
    )
    RENEGOTIATION = Car(
        "Volkswagen group",
        "ChargeProgress = Renegotiate in the charging loop, with pilot C",
        "0 A, the parameters again, then PowerDeliveryReq(start); no second cable check",
    )
