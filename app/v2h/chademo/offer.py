"""The currents that we offer to the car (108.3, 208.3): they follow the current that really flows. Pure.

A car compares the current that it asked for with the current that it gets. Two public cars trip when they ask for 12 A
more than they get for 5 s; some kits trip at 3 A for half a second. Their request follows 108.3, so 108.3 must not stay
far above the current.
"""

from math import ceil

from v2h.chademo import flow, limits
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.supervision import at_ceiling


def told_offer_a(session: Progress, inputs: Inputs, now: float, commanded_a: float) -> tuple[int, int]:
    """(108.3, 208.3) in A. Until energy flows it is the most that the hardware can carry, because the car must ask for
    current to begin; then what installation and temperature permit; in a pause 0.

    108.3 is lowered further in three cases: the converter is at its voltage ceiling (to the flowing current plus 1 A);
    a car without V2H (to the wished current: it needs no reserve in the other direction); any other car after 108.3
    has been more than OFFER_AHEAD_A above the current for OFFER_AHEAD_FOR.
    """
    if session.paused:
        return 0, 0
    if not session.charging:
        return int(limits.AVAILABLE_A.value), int(limits.AVAILABLE_A.value)
    charge_a, discharge_a = (int(amps_a) for amps_a in flow.offered_a(inputs))
    if session.ending:
        return charge_a, discharge_a
    wished_a = max(0.0, flow.wished_a(inputs))
    flowing_a = max(0.0, told_amps_a(inputs, now))
    busy_a = max(wished_a, flowing_a, commanded_a)
    if charge_a - busy_a <= limits.OFFER_AHEAD_A.value:
        session.ahead_t = None
    elif session.ahead_t is None:
        session.ahead_t = now
    if wished_a > 0.0 and at_ceiling(inputs):
        charge_a = min(charge_a, int(flowing_a) + 1)
    elif not inputs.car.may_discharge:
        charge_a = min(charge_a, ceil(wished_a))
    elif session.ahead_t is not None and now - session.ahead_t >= limits.OFFER_AHEAD_FOR.value:
        charge_a = min(charge_a, int(busy_a + limits.OFFER_AHEAD_A.value))
    return charge_a, discharge_a


def told_amps_a(inputs: Inputs, now: float) -> float:
    """The measured current for 109.3 and 208.0, A, + charging; 0 if it is too old to be reported."""
    fresh = now - inputs.pre.amps_t <= limits.AMPS_TOLD_FOR.value
    return inputs.pre.amps_a if fresh and inputs.pre.amps_a is not None else 0.0


def held_back(session: Progress, inputs: Inputs, told_a: int) -> bool:
    """The car asks for all that we offer (a Leaf asks for even amps only), so it may be able to take more."""
    return (
        told_a < int(flow.offered_a(inputs)[0]) and inputs.car.charge_request_a >= told_a - 1 and not at_ceiling(inputs)
    )
