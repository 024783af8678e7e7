"""What is watched while a session runs: a table of conditions, how long each may last, and what follows then.

Thresholds come from limits.py. The car's fault bits keep the order of the standard's text (the predecessor's code
had it reversed and would have reported an over-temperature as an undervoltage).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from typing import Generic, TypeVar

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import frames, limits
from v2h.chademo.cable import MEASURED, Source
from v2h.chademo.flow import floor_v
from v2h.chademo.interface import Fault, Inputs
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS

In = TypeVar("In", bound=Inputs)

_TALKING = (
    *(State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.CALIBRATE, State.BLEED),
    *(State.TEST_OPEN, State.CONTACTOR_CHECK, State.CAR_CONTACTORS, State.MATCH, State.READY, State.ENERGY),
)
_PERMITTED = _TALKING[1:]
_LOCKED = (*_TALKING[2:], State.STOP_CURRENT)
_BEFORE_ENERGY = _TALKING[:-1]
_BEFORE_JOINED = _TALKING[1:-2]
_STOPPING = (State.STOP_CURRENT, State.WELDING, State.CAR_RELEASES, State.CAR_OPENS)
_TEST = (State.INSULATION, State.CALIBRATE)
_EMPTYING = (State.WELDING, State.CAR_RELEASES)
_ENABLED = (*_LOCKED, *_EMPTYING)
_JOINED = (State.READY, State.ENERGY)
_MEASURED = (*_JOINED, State.STOP_CURRENT)
_FLOW = (State.ENERGY,)
_SYSTEM_FAULT = "charging_system_fault"
CURRENT_REMAINS = "current_remains"


@dataclass(frozen=True, slots=True)
class Watch(Generic[In]):
    """bad(inputs, now, commanded_a) returns a text when something is wrong, else ""; that may last for_s.

    normal: the car asks for the end, it is not a fault: an orderly stop without a latched fault.
    """

    name: str
    states: tuple[State, ...]
    bad: Callable[[In, float, float], str]
    for_s: float = 0.0
    normal: bool = False


def _car_lost(inputs: Inputs, now: float, commanded_a: float) -> str:
    age_s = inputs.car.age_s(0x102, now)
    if age_s > limits.CAR_LOST.value:
        return say("watch.car_never_heard") if age_s == inf else say("watch.car_lost", age_s=age_s)
    return ""


def _car_fault(inputs: Inputs, now: float, commanded_a: float) -> str:
    found = [name for name in frames.faults(inputs.car.x102) if name != _SYSTEM_FAULT] if inputs.car.x102 else ()
    return say("watch.car_fault", faults=", ".join(name.replace("_", " ") for name in found)) if found else ""


def _car_system_fault(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.car_system_fault") if inputs.car.x102 and inputs.car.x102.charging_system_fault else ""


def _stop_request(inputs: Inputs, now: float, commanded_a: float) -> str:
    """102.5.4 counts only before the first current, and a car of protocol 0 or 1 does not have this bit."""
    x102 = inputs.car.x102
    if x102 is None or x102.protocol < 2 or not x102.normal_stop_request or x102.charge_current_request_a > 0:
        return ""
    return say("watch.stop_request")


def _k_against_can(inputs: Inputs, now: float, commanded_a: float) -> str:
    if inputs.guard is None or inputs.car.x102 is None or inputs.guard.k_on is inputs.car.x102.charging_enabled:
        return ""
    return say("watch.k_off_frames_on" if inputs.car.x102.charging_enabled else "watch.k_on_frames_off")


def _not_in_park(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.not_in_park") if inputs.car.x102 and inputs.car.x102.not_in_park else ""


def _car_ended(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.car_ended") if inputs.car.x102 and not inputs.car.x102.charging_enabled else ""


def _k_off(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.k_off") if inputs.guard and not inputs.guard.k_on else ""


def _guard_lost(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.guard_lost") if inputs.guard is None else ""


_OBJECTS = (
    (say("converter_object.current"), attrgetter("amps_t"), limits.PRE_LOST.value),
    (say("converter_object.voltage"), attrgetter("volts_t"), limits.PRE_LOST.value),
    (say("converter_object.status"), attrgetter("status_t"), limits.PRE_LOST.value),
    (say("converter_object.enable_word"), attrgetter("enabled_t"), limits.READ_BACK_LOST.value),
    (say("converter_object.voltage_setpoint"), attrgetter("set_volts_t"), limits.READ_BACK_LOST.value),
    (say("converter_object.current_setpoint"), attrgetter("set_amps_t"), limits.READ_BACK_LOST.value),
    (say("converter_object.temperature"), attrgetter("temperature_t"), limits.PRE_SLOW_LOST.value),
    (say("converter_object.warning_word"), attrgetter("warning_t"), limits.PRE_SLOW_LOST.value),
)
"""Every object of the converter that a decision here uses, and how old its value may be, s. If the converter refuses to
read an object, its value becomes old."""


def unheard(inputs: Inputs, now: float) -> str:
    """A text about the first object of the converter whose value is too old; "" when all are fresh."""
    for what, told_t, limit_s in _OBJECTS:
        age_s = now - told_t(inputs.pre)
        if age_s > limit_s:
            recent = now - inputs.pre.odd_t <= limits.PRE_LOST.value
            odd = say("watch.odd_reading", odd=inputs.pre.odd) if recent else ""
            if age_s == inf:
                return say("watch.converter_never_heard", what=what, odd=odd)
            return say("watch.converter_lost", what=what, age_s=age_s, odd=odd)
    return ""


def _converter_lost(inputs: Inputs, now: float, commanded_a: float) -> str:
    return unheard(inputs, now)


def _converter_off(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.converter_off") if inputs.pre.enabled is False else ""


def _converter_status(inputs: Inputs, now: float, commanded_a: float) -> str:
    odd = 0 if inputs.pre.status is None else pre.unexpected_status(inputs.pre.status)
    return say("watch.converter_status", odd=odd) if odd else ""


def _converter_warning(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.converter_warning", word=inputs.pre.warning_word) if inputs.pre.warning_word else ""


def _unheeded(inputs: Inputs, now: float, commanded_a: float) -> str:
    set_a = inputs.pre.set_amps_a
    if set_a is None or abs(set_a - commanded_a) <= limits.UNHEEDED_A.value:
        return ""
    return say("watch.setpoint_unheeded", set_a=set_a, commanded_a=commanded_a)


def _too_hot(inputs: Inputs, now: float, commanded_a: float) -> str:
    hot = inputs.pre.temperature_c is not None and inputs.pre.temperature_c > limits.OVER_TEMPERATURE_C.value
    return say("watch.over_temperature", temperature_c=inputs.pre.temperature_c) if hot else ""


def threshold_v(inputs: Inputs) -> float:
    """108.4-5, V: the smaller of the battery's maximum and the voltage that we can give."""
    battery_v = (
        inputs.car.x100.max_battery_v if inputs.car.x100 and inputs.car.x100.max_battery_v else limits.AVAILABLE_V.value
    )
    return min(float(battery_v), limits.AVAILABLE_V.value)


def ceiling_v(inputs: Inputs) -> float:
    """The voltage above which we do not charge: the smaller of the car's target and threshold; 0 before 0x100 came."""
    return min(inputs.car.target_v, threshold_v(inputs)) if inputs.car.x100 else 0.0


def at_ceiling(inputs: Inputs) -> bool:
    """The converter is at its voltage ceiling: less current than ordered is then the normal end of a charge."""
    measured = _volts(inputs)
    return measured is not None and measured >= ceiling_v(inputs) - limits.AT_CEILING_V.value


def _volts(inputs: Inputs) -> float | None:
    return inputs.cable_v if inputs.cable_v is not None else inputs.pre.volts_v


def _over_voltage(inputs: Inputs, now: float, commanded_a: float) -> str:
    measured = _volts(inputs)
    over = measured is not None and measured > threshold_v(inputs)
    return say("watch.over_voltage", cable_v=measured, limit_v=threshold_v(inputs)) if over else ""


def _test_over_voltage(inputs: Inputs, now: float, commanded_a: float) -> str:
    highest = max(inputs.cable_v or 0.0, inputs.pre.volts_v or 0.0)
    over = highest > limits.TEST_V.value + limits.TEST_OVERSHOOT_V.value
    return say("watch.test_over_voltage", highest_v=highest, test_v=limits.TEST_V.value) if over else ""


def _under_voltage(inputs: Inputs, now: float, commanded_a: float) -> str:
    measured, amps_a = _volts(inputs), inputs.pre.amps_a
    if measured is None or amps_a is None or measured > floor_v(inputs) or amps_a >= -limits.UNDER_VOLTAGE_A.value:
        return ""
    return say("watch.under_voltage", drawn_a=-amps_a, battery_v=measured, limit_v=floor_v(inputs))


def _battery_gone(inputs: Inputs, now: float, commanded_a: float) -> str:
    gone = inputs.cable_v is not None and inputs.cable_v < limits.BATTERY_PRESENT_V.value
    return say("watch.battery_gone", cable_v=inputs.cable_v) if gone else ""


def _battery_unlike(inputs: Inputs, now: float, commanded_a: float) -> str:
    """The battery that the owner named has another voltage. A sensor that was calibrated against the converter does not
    show that the converter's voltage is right, so the named battery checks it too."""
    if inputs.cable_source in (Source.VERIFIED, Source.UNKNOWN):
        return ""
    if inputs.cable_v is None or inputs.assumed_battery_v is None:
        return ""
    far = abs(inputs.cable_v - inputs.assumed_battery_v) > limits.ASSUMED_WITHIN_V.value
    if not far:
        return ""
    return say("watch.battery_unlike", battery_v=inputs.cable_v, assumed_v=inputs.assumed_battery_v)


def car_opened(inputs: Inputs) -> bool:
    """The car reports that its contactors are open (102.5.3 = 1)."""
    return inputs.flagged and inputs.car.x102 is not None and inputs.car.x102.contactors_open


def _car_closed(inputs: Inputs, now: float, commanded_a: float) -> str:
    """Before d2 the car's contactors must be open. In the calibration the converter would drive into its battery."""
    return say("watch.car_closed") if inputs.car.x102 is not None and not car_opened(inputs) else ""


def _car_open(inputs: Inputs, now: float, commanded_a: float) -> str:
    return say("watch.car_open") if car_opened(inputs) else ""


def _current_gone(inputs: Inputs, now: float, commanded_a: float) -> str:
    """Without flag, a car that opens its contactors while it charges leaves the cable at the ceiling and no current."""
    measured_a = inputs.pre.amps_a
    if inputs.flagged or measured_a is None or not at_ceiling(inputs):
        return ""
    gone_a = limits.CURRENT_GONE_A.value
    return say("watch.current_gone") if abs(measured_a) < gone_a <= commanded_a - measured_a else ""


def _unflagged_unmeasured(inputs: Inputs, now: float, commanded_a: float) -> str:
    """Without flag and measured cable it cannot be known when the car's contactors close. A sensor that was calibrated
    against the converter is not enough: the flag is the only other witness of the welding check."""
    if inputs.flagged or inputs.car.x102 is None or inputs.cable_source is Source.VERIFIED:
        return ""
    if inputs.cable_source is not Source.BY_CONVERTER and not inputs.may_assume:
        return ""
    return say("watch.unflagged_unmeasured", protocol=inputs.car.x102.protocol)


def _contactors_welded(inputs: Inputs, now: float, commanded_a: float) -> str:
    """The converter's own output shows the battery although 0 V is ordered and c1/c2 are commanded open."""
    told = inputs.pre.volts_v is not None and inputs.pre.volts_v > limits.WELDED_V.value and inputs.flagged
    if not told or inputs.guard is None or inputs.guard.outputs & CONTACTORS:
        return ""
    return say("watch.contactors_welded", converter_v=inputs.pre.volts_v)


def _cable_lost(inputs: Inputs, now: float, commanded_a: float) -> str:
    lost = inputs.cable_source not in MEASURED and not inputs.may_assume
    return say("watch.cable_lost") if lost else ""


def _deviation_of(inputs: Inputs, commanded_a: float, more_than_a: float) -> str:
    if inputs.pre.amps_a is None or abs(inputs.pre.amps_a - commanded_a) <= more_than_a:
        return ""
    if -limits.UNDER_VOLTAGE_A.value <= inputs.pre.amps_a < commanded_a and at_ceiling(inputs):
        return ""  # constant voltage: the battery decides the current
    return say("watch.current_deviation", measured_a=inputs.pre.amps_a, commanded_a=commanded_a)


def _deviation(inputs: Inputs, now: float, commanded_a: float) -> str:
    return _deviation_of(inputs, commanded_a, limits.DEVIATION_A.value)


def _small_deviation(inputs: Inputs, now: float, commanded_a: float) -> str:
    return _deviation_of(inputs, commanded_a, limits.DEVIATION_WARN_A.value)


def _current_remains(inputs: Inputs, now: float, commanded_a: float) -> str:
    """After a stop at most -0.2 A is ordered, to empty the cable; a converter that obeys gives no more."""
    if inputs.pre.amps_a is None or abs(inputs.pre.amps_a) <= limits.REMAINS_A.value:
        return ""
    return say("watch.current_remains", measured_a=inputs.pre.amps_a)


def _asks_too_much(inputs: Inputs, now: float, commanded_a: float) -> str:
    asked_a = inputs.car.charge_request_a
    over = asked_a > limits.AVAILABLE_A.value
    return say("watch.request_over", asked_a=asked_a, available_a=limits.AVAILABLE_A.value) if over else ""


def _cable_against_pre(inputs: Inputs, now: float, commanded_a: float) -> str:
    if inputs.cable_v is None or inputs.pre.volts_v is None:
        return ""
    far = abs(inputs.cable_v - inputs.pre.volts_v) > limits.CABLE_AGAINST_PRE_V.value
    if not far:
        return ""
    return say("watch.cable_against_converter", cable_v=inputs.cable_v, converter_v=inputs.pre.volts_v)


WATCHES: tuple[Watch[Inputs], ...] = (
    Watch(CURRENT_REMAINS, _EMPTYING, _current_remains, for_s=limits.REMAINS_FOR.value),
    Watch("guard_lost", _TALKING, _guard_lost),
    Watch("car_fault", _TALKING, _car_fault),
    Watch("car_system_fault", _TALKING, _car_system_fault),
    Watch("not_in_park", _TALKING, _not_in_park),
    Watch("car_lost", (State.HANDSHAKE,), _car_lost, normal=True),
    Watch("car_lost", _PERMITTED, _car_lost),
    Watch("stop_request", _BEFORE_ENERGY, _stop_request, for_s=limits.STOP_REQUEST_FOR.value, normal=True),
    Watch("car_ended", _PERMITTED, _car_ended, normal=True),
    Watch("k_off", _PERMITTED, _k_off, normal=True),
    Watch("car_open", (State.MATCH, *_JOINED), _car_open, for_s=limits.CAR_OPEN_FOR.value, normal=True),
    Watch("car_closed", (State.CALIBRATE,), _car_closed, normal=True),
    Watch("current_gone", (State.ENERGY,), _current_gone, for_s=limits.CURRENT_GONE_FOR.value, normal=True),
    Watch("unflagged_unmeasured", _BEFORE_JOINED, _unflagged_unmeasured, normal=True),
    Watch("contactors_welded", (State.CAR_CONTACTORS,), _contactors_welded, limits.WELDED_FOR.value),
    Watch("cable_lost", _LOCKED, _cable_lost, for_s=limits.CABLE_LOST_FOR.value),
    Watch("converter_lost", _ENABLED, _converter_lost),
    Watch("converter_off", _ENABLED, _converter_off),
    Watch("converter_status", _ENABLED, _converter_status),
    Watch("converter_warning", _ENABLED, _converter_warning),
    Watch("over_temperature", _ENABLED, _too_hot),
    Watch("test_over_voltage", _TEST, _test_over_voltage, for_s=limits.OVER_VOLTAGE_FOR.value),
    Watch("over_voltage", _MEASURED, _over_voltage, for_s=limits.OVER_VOLTAGE_FOR.value),
    Watch("battery_gone", (State.MATCH, *_JOINED), _battery_gone, for_s=limits.BATTERY_GONE_FOR.value),
    Watch("battery_unlike", (State.READY,), _battery_unlike),
    Watch("under_voltage", _FLOW, _under_voltage, for_s=limits.UNDER_VOLTAGE_FOR.value),
    Watch("current_deviation", _JOINED, _deviation, for_s=limits.DEVIATION_FOR.value),
    Watch("setpoint_unheeded", _JOINED, _unheeded, for_s=limits.UNHEEDED_FOR.value),
    Watch("cable_against_converter", _JOINED, _cable_against_pre, for_s=limits.CABLE_AGAINST_PRE_FOR.value),
)

REMARKS: tuple[Watch[Inputs], ...] = (
    Watch("stop_request", _BEFORE_ENERGY, _stop_request),
    Watch("current_deviation", _FLOW, _small_deviation, for_s=limits.DEVIATION_FOR.value),
    Watch("k_against_can", _STOPPING, _k_against_can, for_s=limits.K_AGAINST_CAN_FOR.value),
    Watch("request_over", _FLOW, _asks_too_much, for_s=limits.REQUEST_OVER_FOR.value),
)
"""What is only logged, once each time it begins; it does not end the session."""


_WATCHED = {state: tuple(watch for watch in WATCHES if state in watch.states) for state in State}
_REMARKED = {state: tuple(watch for watch in REMARKS if state in watch.states) for state in State}


def remarks(
    state: State, inputs: Inputs, now: float, commanded_a: float, since: dict[str, float], told: set[str]
) -> list[tuple[str, str]]:
    """(name, text) of each new remark. `since` (empty at the start of every state) keeps when each condition began,
    `told` which remarks were already returned."""
    news: list[tuple[str, str]] = []
    for watch in _REMARKED[state]:
        text = watch.bad(inputs, now, commanded_a)
        key = "remark " + watch.name
        if not text:
            since.pop(key, None)
            told.discard(key)
        elif now - since.setdefault(key, now) >= watch.for_s and key not in told:
            told.add(key)
            news.append((watch.name, text))
    return news


def check(
    state: State, inputs: Inputs, now: float, commanded_a: float, since: dict[str, float]
) -> tuple[Fault | None, str]:
    """(fault, "") or (None, reason for a normal stop) or (None, ""). `since` keeps when each condition began; it is
    empty at the start of every state."""
    return first_wrong(_WATCHED[state], inputs, now, commanded_a, since)


def first_wrong(
    watches: tuple[Watch[In], ...], inputs: In, now: float, commanded_a: float, since: dict[str, float]
) -> tuple[Fault | None, str]:
    """As check(), for these rows of a table."""
    for watch in watches:
        text = watch.bad(inputs, now, commanded_a)
        if not text:
            if since:
                since.pop(watch.name, None)
        elif now - since.setdefault(watch.name, now) >= watch.for_s:
            return (None, text) if watch.normal else (Fault(watch.name, text), "")
    return None, ""
