"""The current that may flow, and the current to command: the smaller of both sides' limits, setpoint, slew. Pure."""

from v2h.chademo import limits
from v2h.chademo.interface import Inputs


def derating(temperature_c: float | None) -> float:
    """Share of the current that the converter's temperature permits: 1 up to DERATE_FROM, then a linear fall to
    DERATED_SHARE at the temperature at which supervision stops. An unknown temperature does not reduce the current
    (supervision watches the age of the reading)."""
    low_c, high_c, least = limits.DERATE_FROM_C.value, limits.OVER_TEMPERATURE_C.value, limits.DERATED_SHARE.value
    if temperature_c is None or temperature_c <= low_c:
        return 1.0
    return max(least, 1.0 - (1.0 - least) * (temperature_c - low_c) / (high_c - low_c))


def offered_a(inputs: Inputs) -> tuple[float, float]:
    """(charge, discharge) amps that we can give and take now, both positive, in steps of 0.1 A (the converter's)."""
    most_a = limits.AVAILABLE_A.value * derating(inputs.pre.temperature_c)
    return int(min(most_a, inputs.max_charge_a) * 10) / 10, int(min(most_a, inputs.max_discharge_a) * 10) / 10


def allowed_a(inputs: Inputs, now: float) -> tuple[float, float]:
    """(charge, discharge) amps that both sides allow now, both positive.

    Discharge needs 102.5.7 and 0x200, a cable above both lower thresholds, and a SOC above the car's own floor
    (200.6); at the floor only discharge is forbidden. 200.7 is shown, not enforced (as by the vendor). No current is
    allowed if the car is silent for more than 0.3 s, or if the converter has not reported its current for three polls.
    """
    car = inputs.car
    if car.x102 is None or car.age_s(0x102, now) > limits.CAR_QUIET.value:
        return 0.0, 0.0
    if now - inputs.pre.amps_t > limits.PRE_QUIET.value:
        return 0.0, 0.0
    our_charge_a, our_discharge_a = offered_a(inputs)
    charge_a = min(car.charge_request_a, our_charge_a)
    discharge_a = 0.0
    if car.may_discharge and car.x200 is not None and car.age_s(0x200, now) <= limits.CAR_QUIET.value:
        floor_pct, soc_pct = car.discharge_floor_pct, car.soc_pct
        above_floor = floor_pct is None or (soc_pct is not None and soc_pct > floor_pct)
        measured_v = inputs.cable_v if inputs.cable_v is not None else inputs.pre.volts_v
        if above_floor and measured_v is not None and measured_v > floor_v(inputs):
            discharge_a = min(float(car.x200.max_discharge_current_a), our_discharge_a)
    return charge_a, discharge_a


def floor_v(inputs: Inputs) -> float:
    """No discharge at or below this voltage, V: the larger of 200.4-5 and 208.6-7."""
    theirs_v = float(inputs.car.x200.min_discharge_v) if inputs.car.x200 is not None else 0.0
    return max(theirs_v, limits.LOWER_THRESHOLD_V.value)


def wished_a(inputs: Inputs) -> float:
    """The setpoint in amps, + charging, rounded to the converter's 0.1 A, before any limit."""
    volts_v = inputs.pre.volts_v or inputs.cable_v
    return round(inputs.setpoint_w / volts_v, 1) + 0.0 if volts_v else 0.0


def next_a(inputs: Inputs, now: float, last_a: float, elapsed_s: float) -> float:
    """Current to command (+ charging), in 0.1 A: the setpoint inside both limits. Only a rise away from zero is slewed.

    A fall takes effect at once, also the falling part of a reversal: less current is never the dangerous direction.
    """
    charge_a, discharge_a = allowed_a(inputs, now)
    target_a = max(-discharge_a, min(charge_a, wished_a(inputs)))
    from_a = last_a if last_a * target_a > 0 else 0.0
    step_a = limits.SLEW_A_PER_S.value * max(0.0, elapsed_s)
    if abs(target_a) > abs(from_a):
        target_a = max(from_a - step_a, min(from_a + step_a, target_a))
    return round(target_a, 1) + 0.0
