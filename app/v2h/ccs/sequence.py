"""The order of the messages: which request is permitted in which step. One table for both dialects. Pure.

The rows follow the table that EVerest's EvseV2G uses for both dialects. What goes beyond it names its leniency.
"""

from enum import Enum, auto

from v2h.ccs.leniencies import Lenient
from v2h.ccs.messages import ISO2, Ask, Dialect


class Step(Enum):
    """What the last answer leads to."""

    PROTOCOL = auto()
    SETUP = auto()
    DISCOVERY = auto()
    PAYMENT = auto()
    AUTHORISATION = auto()
    PARAMETERS = auto()
    CABLE_CHECK = auto()
    FIRST_PRECHARGE = auto()
    """The cable check has passed."""
    PRECHARGE = auto()
    FIRST_DEMAND = auto()
    """Power has been started."""
    DEMAND = auto()
    AGAIN = auto()
    """The car renegotiates: 0 A, and the parameters again."""
    AGAIN_POWER = auto()
    BROKEN_OFF = auto()
    """The cable check did not pass."""
    STOPPED = auto()
    """Power has been stopped."""
    OVER = auto()


START, STOP, RENEGOTIATE = "Start", "Stop", "Renegotiate"

ALLOWED: dict[Step, frozenset[Ask]] = {
    Step.PROTOCOL: frozenset({Ask.PROTOCOL}),
    Step.SETUP: frozenset({Ask.SETUP}),
    Step.DISCOVERY: frozenset({Ask.DISCOVERY, Ask.END}),
    Step.PAYMENT: frozenset({Ask.PAYMENT, Ask.DETAIL, Ask.END}),
    Step.AUTHORISATION: frozenset({Ask.AUTHORISATION, Ask.END}),
    Step.PARAMETERS: frozenset({Ask.PARAMETERS, Ask.END}),
    Step.CABLE_CHECK: frozenset({Ask.CABLE_CHECK, Ask.POWER, Ask.END}),
    Step.FIRST_PRECHARGE: frozenset({Ask.PRECHARGE, Ask.POWER, Ask.END}),
    Step.PRECHARGE: frozenset({Ask.PRECHARGE, Ask.POWER, Ask.END}),
    Step.FIRST_DEMAND: frozenset({Ask.DEMAND, Ask.END}),
    Step.DEMAND: frozenset({Ask.DEMAND, Ask.POWER, Ask.END}),
    Step.AGAIN: frozenset({Ask.PARAMETERS, Ask.END}),
    Step.AGAIN_POWER: frozenset({Ask.POWER, Ask.END}),
    Step.BROKEN_OFF: frozenset({Ask.POWER, Ask.END}),
    Step.STOPPED: frozenset({Ask.WELDING, Ask.END}),
    Step.OVER: frozenset(),
}
"""Anything else is answered with FAILED_SequenceError [V2G-DC-390], and the session is over."""

POWER: dict[Step, tuple[str, ...]] = {
    Step.CABLE_CHECK: (STOP,),
    Step.FIRST_PRECHARGE: (STOP,),
    Step.PRECHARGE: (START, STOP),
    Step.DEMAND: (STOP, RENEGOTIATE),
    Step.AGAIN_POWER: (START, STOP),
    Step.BROKEN_OFF: (STOP,),
}
"""What a PowerDeliveryReq may want, where it is permitted."""

LENIENT: dict[tuple[Step, str], Lenient] = {
    (Step.CABLE_CHECK, STOP): Lenient.STOP_FROM_CABLE_CHECK,
    (Step.BROKEN_OFF, STOP): Lenient.STOP_FROM_CABLE_CHECK,
    (Step.FIRST_PRECHARGE, STOP): Lenient.STOP_FROM_PRECHARGE,
    (Step.PRECHARGE, STOP): Lenient.STOP_FROM_PRECHARGE,
    (Step.DEMAND, RENEGOTIATE): Lenient.RENEGOTIATION,
}
"""The rows of POWER that are lenient, with the reason."""

ISO2_ONLY = frozenset({Ask.DETAIL})
"""Requests of ALLOWED that DIN SPEC 70121 does not permit there."""


def permitted(dialect: Dialect | None, step: Step, ask: Ask, wants: str = "") -> bool:
    """Whether a request is in order. wants: what a PowerDeliveryReq wants, "" for other requests."""
    if ask not in ALLOWED[step] or (ask in ISO2_ONLY and dialect is not ISO2):
        return False
    return ask is not Ask.POWER or wants in POWER[step]
