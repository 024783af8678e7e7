"""What is watched while a session runs: a table of conditions, how long each may last, and what it ends in.

Thresholds come from limits.py. The car's fault bits keep the order of the standard's text (the predecessor's code
had it reversed and would have called an over-temperature an undervoltage).
"""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.chademo import frames, limits
from v2h.chademo.cable import Source
from v2h.chademo.flow import floor_v
from v2h.chademo.states import State
from v2h.chademo.view import Fault, Inputs
from v2h.pre import objects as pre

_TALKING = (
    *(State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN),
    *(State.CAR_CONTACTORS, State.MATCH, State.READY, State.ENERGY),
)
_PERMITTED = _TALKING[1:]
_LOCKED = (*_TALKING[2:], State.STOP_CURRENT)
_BEFORE_ENERGY = _TALKING[:-1]
_STOPPING = (State.STOP_CURRENT, State.WELDING, State.CAR_OPENS)
_TEST = (State.INSULATION,)
_ENABLED = (State.INSULATION, State.BLEED, State.MATCH, State.READY, State.ENERGY, State.STOP_CURRENT, State.WELDING)
_JOINED = (State.READY, State.ENERGY)
_MEASURED = (*_JOINED, State.STOP_CURRENT)
_FLOW = (State.ENERGY,)
_SYSTEM_FAULT = "charging_system_fault"


@dataclass(frozen=True, slots=True)
class Watch:
    """bad(inputs, now, commanded_a) is a text when something is wrong, else ""; it may last for_s.

    normal: a wish of the car rather than a fault: the session stops in order and nothing is latched.
    """

    name: str
    states: tuple[State, ...]
    bad: Callable[[Inputs, float, float], str]
    for_s: float = 0.0
    bit: str = "system"
    normal: bool = False


def _car_lost(i: Inputs, now: float, commanded_a: float) -> str:
    age_s = i.car.age_s(0x102, now)
    return f"the car is silent for {age_s:.1f} s" if age_s > limits.CAR_LOST.value else ""


def _car_fault(i: Inputs, now: float, commanded_a: float) -> str:
    found = [name for name in frames.faults(i.car.x102) if name != _SYSTEM_FAULT] if i.car.x102 else ()
    return "the car reports " + ", ".join(name.replace("_", " ") for name in found) if found else ""


def _car_system_fault(i: Inputs, now: float, commanded_a: float) -> str:
    return "the car reports a fault of the charging system" if i.car.x102 and i.car.x102.charging_system_fault else ""


def _stop_request(i: Inputs, now: float, commanded_a: float) -> str:
    """102.5.4 counts before the first current only, and a car of protocol 0 or 1 has no such bit."""
    x102 = i.car.x102
    if x102 is None or x102.protocol < 2 or not x102.normal_stop_request or x102.charge_current_request_a > 0:
        return ""
    return "the car asks for a stop before energy"


def _k_against_can(i: Inputs, now: float, commanded_a: float) -> str:
    if i.guard is None or i.car.x102 is None or i.guard.k_on is i.car.x102.charging_enabled:
        return ""
    words = ("off", "on") if i.car.x102.charging_enabled else ("on", "off")
    return f"the permission line K is {words[0]} although the car's frames say {words[1]}"


def _not_in_park(i: Inputs, now: float, commanded_a: float) -> str:
    return "the car is not in park" if i.car.x102 and i.car.x102.not_in_park else ""


def _car_ended(i: Inputs, now: float, commanded_a: float) -> str:
    return "the car ended the session" if i.car.x102 and not i.car.x102.charging_enabled else ""


def _k_off(i: Inputs, now: float, commanded_a: float) -> str:
    return "the car took its charge permission away" if i.guard and not i.guard.k_on else ""


def _guard_lost(i: Inputs, now: float, commanded_a: float) -> str:
    return "guard is silent" if i.guard is None else ""


def _converter_lost(i: Inputs, now: float, commanded_a: float) -> str:
    age_s = now - i.converter_answered_t
    return f"the converter is silent for {age_s:.1f} s" if age_s > limits.PRE_LOST.value else ""


def _converter_off(i: Inputs, now: float, commanded_a: float) -> str:
    return "the converter switched itself off" if i.pre.enabled is False else ""


def _converter_status(i: Inputs, now: float, commanded_a: float) -> str:
    odd = 0 if i.pre.status is None else pre.unexpected_status(i.pre.status)
    return f"the converter's status word has unexpected bits {odd:#06x}" if odd else ""


def _converter_warning(i: Inputs, now: float, commanded_a: float) -> str:
    return f"the converter's word 2150 is {i.pre.warning_word:#010x} instead of 0" if i.pre.warning_word else ""


def _unheeded(i: Inputs, now: float, commanded_a: float) -> str:
    set_a = i.pre.set_amps_a
    if set_a is None or abs(set_a - commanded_a) <= limits.UNHEEDED_A.value:
        return ""
    return f"the converter holds a setpoint of {set_a} A instead of {commanded_a:.1f} A"


def _too_hot(i: Inputs, now: float, commanded_a: float) -> str:
    hot = i.pre.temperature_c is not None and i.pre.temperature_c > limits.OVER_TEMPERATURE_C.value
    return f"the converter is at {i.pre.temperature_c} degC" if hot else ""


def threshold_v(i: Inputs) -> float:
    """108.4-5: the smaller of the battery's maximum and what we can give."""
    battery_v = i.car.x100.max_battery_v if i.car.x100 and i.car.x100.max_battery_v else limits.AVAILABLE_V.value
    return min(float(battery_v), limits.AVAILABLE_V.value)


def _volts(i: Inputs) -> float | None:
    return i.cable_v if i.cable_v is not None else i.pre.volts_v


def _over_voltage(i: Inputs, now: float, commanded_a: float) -> str:
    measured = _volts(i)
    over = measured is not None and measured > threshold_v(i)
    return f"{measured} V at the cable, limit {threshold_v(i):.0f} V" if over else ""


def _test_over_voltage(i: Inputs, now: float, commanded_a: float) -> str:
    highest = max(i.cable_v or 0.0, i.pre.volts_v or 0.0)
    over = highest > limits.TEST_V.value + limits.TEST_OVERSHOOT_V.value
    return f"{highest:.0f} V in the insulation test instead of {limits.TEST_V.value:.0f} V" if over else ""


def _under_voltage(i: Inputs, now: float, commanded_a: float) -> str:
    measured, amps_a = _volts(i), i.pre.amps_a
    if measured is None or amps_a is None or measured > floor_v(i) or amps_a >= -limits.UNDER_VOLTAGE_A.value:
        return ""
    return f"{-amps_a} A are drawn from a battery of {measured} V, limit {floor_v(i):.0f} V"


def _battery_gone(i: Inputs, now: float, commanded_a: float) -> str:
    gone = i.cable_v is not None and i.cable_v < limits.BATTERY_PRESENT_V.value
    return f"{i.cable_v:.0f} V at the cable although the car's contactors should be closed" if gone else ""


def _battery_unlike(i: Inputs, now: float, commanded_a: float) -> str:
    if i.cable_source is not Source.ASSUMED or i.cable_v is None or i.assumed_battery_v is None:
        return ""
    far = abs(i.cable_v - i.assumed_battery_v) > limits.ASSUMED_WITHIN_V.value
    return f"the battery has {i.cable_v:.0f} V, {i.assumed_battery_v:.0f} V were assumed" if far else ""


def _cable_lost(i: Inputs, now: float, commanded_a: float) -> str:
    lost = i.cable_source is not Source.VERIFIED and not i.may_assume
    return "the cable voltage is no longer measured" if lost else ""


def _deviation_of(i: Inputs, commanded_a: float, more_than_a: float) -> str:
    if i.pre.amps_a is None or abs(i.pre.amps_a - commanded_a) <= more_than_a:
        return ""
    return f"the converter gives {i.pre.amps_a} A instead of {commanded_a:.1f} A"


def _deviation(i: Inputs, now: float, commanded_a: float) -> str:
    return _deviation_of(i, commanded_a, limits.DEVIATION_A.value)


def _small_deviation(i: Inputs, now: float, commanded_a: float) -> str:
    return _deviation_of(i, commanded_a, limits.DEVIATION_WARN_A.value)


def _asks_too_much(i: Inputs, now: float, commanded_a: float) -> str:
    asked_a = i.car.charge_request_a
    over = asked_a > limits.AVAILABLE_A.value
    return f"the car asks for {asked_a:.0f} A, {limits.AVAILABLE_A.value:.0f} A are available" if over else ""


def _cable_against_pre(i: Inputs, now: float, commanded_a: float) -> str:
    if i.cable_v is None or i.pre.volts_v is None:
        return ""
    far = abs(i.cable_v - i.pre.volts_v) > limits.CABLE_AGAINST_PRE_V.value
    return f"{i.cable_v:.0f} V at the cable, {i.pre.volts_v:.0f} V at the converter" if far else ""


WATCHES: tuple[Watch, ...] = (
    Watch("guard_lost", _TALKING, _guard_lost),
    Watch("car_fault", _TALKING, _car_fault, bit=""),
    Watch("car_system_fault", _TALKING, _car_system_fault),
    Watch("not_in_park", _TALKING, _not_in_park, bit=""),
    Watch("car_lost", _TALKING, _car_lost),
    Watch("stop_request", _BEFORE_ENERGY, _stop_request, for_s=limits.STOP_REQUEST_FOR.value, normal=True),
    Watch("car_ended", _PERMITTED, _car_ended, normal=True),
    Watch("k_off", _PERMITTED, _k_off, normal=True),
    Watch("k_against_can", _STOPPING, _k_against_can, for_s=limits.K_AGAINST_CAN_FOR.value),
    Watch("cable_lost", _LOCKED, _cable_lost, for_s=limits.CABLE_LOST_FOR.value),
    Watch("converter_lost", _ENABLED, _converter_lost),
    Watch("converter_off", _ENABLED, _converter_off),
    Watch("converter_status", _ENABLED, _converter_status),
    Watch("converter_warning", _ENABLED, _converter_warning),
    Watch("over_temperature", _ENABLED, _too_hot),
    Watch("test_over_voltage", _TEST, _test_over_voltage),
    Watch("over_voltage", _MEASURED, _over_voltage),
    Watch("battery_gone", (State.MATCH, *_JOINED), _battery_gone, for_s=limits.BATTERY_GONE_FOR.value),
    Watch("battery_unlike", (State.READY,), _battery_unlike),
    Watch("under_voltage", _FLOW, _under_voltage, for_s=limits.UNDER_VOLTAGE_FOR.value),
    Watch("current_deviation", _JOINED, _deviation, for_s=limits.DEVIATION_FOR.value),
    Watch("setpoint_unheeded", _JOINED, _unheeded, for_s=limits.UNHEEDED_FOR.value),
    Watch("cable_against_converter", _JOINED, _cable_against_pre, for_s=limits.CABLE_AGAINST_PRE_FOR.value),
)

REMARKS: tuple[Watch, ...] = (
    Watch("stop_request", _BEFORE_ENERGY, _stop_request),
    Watch("current_deviation", _FLOW, _small_deviation, for_s=limits.DEVIATION_FOR.value),
    Watch("request_over", _FLOW, _asks_too_much, for_s=limits.REQUEST_OVER_FOR.value),
)
"""What is told in the log, once each time it begins, and ends nothing."""


_WATCHED = {state: tuple(watch for watch in WATCHES if state in watch.states) for state in State}
_REMARKED = {state: tuple(watch for watch in REMARKS if state in watch.states) for state in State}


def remarks(
    state: State, i: Inputs, now: float, commanded_a: float, since: dict[str, float], told: set[str]
) -> list[tuple[str, str]]:
    """(name, text) of each remark that is news. `since` (begins empty in every state) and `told` remember."""
    news: list[tuple[str, str]] = []
    for watch in _REMARKED[state]:
        text = watch.bad(i, now, commanded_a)
        key = "remark " + watch.name
        if not text:
            since.pop(key, None)
            told.discard(key)
        elif now - since.setdefault(key, now) >= watch.for_s and key not in told:
            told.add(key)
            news.append((watch.name, text))
    return news


def check(state: State, i: Inputs, now: float, commanded_a: float, since: dict[str, float]) -> tuple[Fault | None, str]:
    """(fault, "") or (None, reason for a normal stop) or (None, ""). `since` remembers when each condition
    began, and begins empty in every state."""
    for watch in _WATCHED[state]:
        text = watch.bad(i, now, commanded_a)
        if not text:
            since.pop(watch.name, None)
        elif now - since.setdefault(watch.name, now) >= watch.for_s:
            return (None, text) if watch.normal else (Fault(watch.name, text, watch.bit), "")
    return None, ""
