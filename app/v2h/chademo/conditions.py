"""The conditions on measurements that the transitions of a session use: each is true or false. Pure."""

from v2h.chademo import limits
from v2h.chademo.cable import Source
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.supervision import car_opened
from v2h.safety.outputs import NONE, Output

FRESH_S = 0.5
"""A reading of the converter older than this is not used."""
STEP_SLACK_S = 1e-6
"""A floating point rounding error can put a step slightly before its nominal time."""


def outputs_on(inputs: Inputs) -> Output:
    return NONE if inputs.guard is None else inputs.guard.outputs


def is_empty(inputs: Inputs, below_v: float) -> bool:
    """All readings of the last second show at most below_v on the cable."""
    return inputs.cable.highest_v is not None and inputs.cable.highest_v <= below_v


def small_current(inputs: Inputs, now: float) -> bool:
    fresh = now - inputs.pre.amps_t <= FRESH_S
    return fresh and inputs.pre.amps_a is not None and abs(inputs.pre.amps_a) <= limits.OPEN_UNDER_A.value


def lasts(session: Progress, now: float, condition: bool, for_s: float) -> bool:
    """The condition has held at every step for for_s. Only one such condition per state: it uses session.held_t."""
    if not condition:
        session.held_t = None
        return False
    session.held_t = now if session.held_t is None else session.held_t
    return now - session.held_t >= for_s - STEP_SLACK_S


def emptied_by_converter(session: Progress, now: float, inputs: Inputs) -> bool:
    """With c1/c2 closed the cable is at 10 V or less, after the time that the converter needs to follow its order.
    Where the sensor measures, sensor and converter must both show it for AGREED_FOR; where only the converter measures,
    or the sensor was calibrated against it, the judged voltage (highest_v) must."""
    settled = now - session.since_t >= limits.FOLLOWS_AFTER.value
    if inputs.cable_source is not Source.VERIFIED:
        return settled and is_empty(inputs, limits.CABLE_UNLOCK_V.value)
    low_v = limits.CABLE_UNLOCK_V.value
    both_low = (
        inputs.cable_v is not None
        and abs(inputs.cable_v) <= low_v
        and converter_low(inputs, now)
        and converter_agrees(inputs, now)
    )
    return lasts(session, now, settled and both_low, limits.AGREED_FOR.value)


def converter_high(inputs: Inputs, now: float) -> bool:
    fresh = inputs.pre.volts_v is not None and now - inputs.pre.volts_t <= FRESH_S
    return fresh and inputs.pre.volts_v is not None and inputs.pre.volts_v > limits.WELDED_V.value


def converter_low(inputs: Inputs, now: float) -> bool:
    fresh = inputs.pre.volts_v is not None and now - inputs.pre.volts_t <= FRESH_S
    return fresh and inputs.pre.volts_v is not None and inputs.pre.volts_v <= limits.CABLE_UNLOCK_V.value


def converter_agrees(inputs: Inputs, now: float) -> bool:
    """Cable voltage and 2107 agree: with c1/c2 closed both measure the same wire. Where only the converter measures,
    both are the same reading and agree."""
    if inputs.cable_v is None or inputs.pre.volts_v is None or now - inputs.pre.volts_t > FRESH_S:
        return False
    return abs(inputs.cable_v - inputs.pre.volts_v) <= limits.CABLE_AGAINST_PRE_V.value


def note_car(session: Progress, inputs: Inputs) -> None:
    """Note whether the car can be connected to the cable, and whether the cable's sensor has shown its battery."""
    session.car_joined = session.car_joined or not car_opened(inputs)
    session.battery_seen = session.battery_seen or (
        inputs.cable_v is not None and inputs.cable_v > limits.BATTERY_PRESENT_V.value
    )
