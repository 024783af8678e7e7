"""What is watched while a session runs: a table of conditions, how long each may last, and what it ends in.

Thresholds come from limits.py. The car's fault bits keep the order of the standard's text (the predecessor's code
had it reversed and would have called an over-temperature an undervoltage).
"""

from collections.abc import Callable
from dataclasses import dataclass

from v2h.chademo import frames, limits
from v2h.chademo.states import State
from v2h.chademo.view import Fault, Inputs
from v2h.pre import objects as pre

_TALKING = (
    *(State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN),
    *(State.CAR_CONTACTORS, State.MATCH, State.READY, State.ENERGY),
)
_PERMITTED = _TALKING[1:]
_ENABLED = (State.INSULATION, State.BLEED, State.MATCH, State.READY, State.ENERGY, State.STOP_CURRENT, State.WELDING)
_JOINED = (State.READY, State.ENERGY)
_FLOW = (State.ENERGY,)


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
    found = frames.faults(i.car.x102) if i.car.x102 else ()
    return "the car reports " + ", ".join(name.replace("_", " ") for name in found) if found else ""


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


def _too_hot(i: Inputs, now: float, commanded_a: float) -> str:
    hot = i.pre.temperature_c is not None and i.pre.temperature_c > limits.OVER_TEMPERATURE_C.value
    return f"the converter is at {i.pre.temperature_c} degC" if hot else ""


def threshold_v(i: Inputs) -> float:
    """108.4-5: the smaller of the battery's maximum and what we can give."""
    battery_v = i.car.x100.max_battery_v if i.car.x100 and i.car.x100.max_battery_v else limits.AVAILABLE_V.value
    return min(float(battery_v), limits.AVAILABLE_V.value)


def _over_voltage(i: Inputs, now: float, commanded_a: float) -> str:
    measured = i.cable_v if i.cable_v is not None else i.pre.volts_v
    over = measured is not None and measured > threshold_v(i)
    return f"{measured} V at the cable, limit {threshold_v(i):.0f} V" if over else ""


def _deviation(i: Inputs, now: float, commanded_a: float) -> str:
    if i.pre.amps_a is None or abs(i.pre.amps_a - commanded_a) <= limits.DEVIATION_A.value:
        return ""
    return f"the converter gives {i.pre.amps_a} A instead of {commanded_a:.1f} A"


def _cable_against_pre(i: Inputs, now: float, commanded_a: float) -> str:
    if i.cable_v is None or i.pre.volts_v is None:
        return ""
    far = abs(i.cable_v - i.pre.volts_v) > limits.CABLE_AGAINST_PRE_V.value
    return f"{i.cable_v:.0f} V at the cable, {i.pre.volts_v:.0f} V at the converter" if far else ""


WATCHES: tuple[Watch, ...] = (
    Watch("guard_lost", _TALKING, _guard_lost),
    Watch("car_fault", _TALKING, _car_fault, bit=""),
    Watch("not_in_park", _TALKING, _not_in_park, bit=""),
    Watch("car_lost", _TALKING, _car_lost),
    Watch("car_ended", _PERMITTED, _car_ended, normal=True),
    Watch("k_off", _PERMITTED, _k_off, normal=True),
    Watch("converter_lost", _ENABLED, _converter_lost),
    Watch("converter_off", _ENABLED, _converter_off),
    Watch("converter_status", _JOINED, _converter_status),
    Watch("over_temperature", _ENABLED, _too_hot),
    Watch("over_voltage", _JOINED, _over_voltage),
    Watch("current_deviation", _FLOW, _deviation, for_s=limits.DEVIATION_FOR.value),
    Watch("cable_against_converter", _JOINED, _cable_against_pre, for_s=limits.CABLE_AGAINST_PRE_FOR.value),
)


def check(state: State, i: Inputs, now: float, commanded_a: float, since: dict[str, float]) -> tuple[Fault | None, str]:
    """(fault, "") or (None, reason for a normal stop) or (None, ""). `since` remembers when each condition began."""
    for watch in WATCHES:
        text = watch.bad(i, now, commanded_a) if state in watch.states else ""
        if not text:
            since.pop(watch.name, None)
        elif now - since.setdefault(watch.name, now) >= watch.for_s:
            return (None, text) if watch.normal else (Fault(watch.name, text, watch.bit), "")
    return None, ""
