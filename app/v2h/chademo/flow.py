"""How much current may flow and does: the smaller of both sides' limits, the setpoint, and the slew. Pure."""

from v2h.chademo import limits
from v2h.chademo.view import Inputs


def derating(temperature_c: float | None) -> float:
    """Share of the current that the converter's temperature leaves: 1 up to DERATE_FROM, then falling in a line to
    DERATED_SHARE where supervision stops. An unknown temperature takes nothing away (its silence is watched)."""
    low_c, high_c, least = limits.DERATE_FROM_C.value, limits.OVER_TEMPERATURE_C.value, limits.DERATED_SHARE.value
    if temperature_c is None or temperature_c <= low_c:
        return 1.0
    return max(least, 1.0 - (1.0 - least) * (temperature_c - low_c) / (high_c - low_c))


def offered_a(i: Inputs) -> tuple[float, float]:
    """(charge, discharge) amps that our side can give and take now, both positive, in the converter's 0.1 A."""
    most_a = limits.AVAILABLE_A.value * derating(i.pre.temperature_c)
    return int(min(most_a, i.max_charge_a) * 10) / 10, int(min(most_a, i.max_discharge_a) * 10) / 10


def allowed_a(i: Inputs, now: float) -> tuple[float, float]:
    """(charge, discharge) amps that both sides allow now, both positive.

    Discharge needs 102.5.7 and 0x200, a cable above both lower thresholds, and a SOC above the car's own floor
    (200.6); reaching the floor forbids discharge alone. 200.7 is shown, not enforced (as the vendor). A car that is
    quiet for more than 0.3 s, or a converter for more than three polls, gets no current.
    """
    car = i.car
    if car.x102 is None or car.age_s(0x102, now) > limits.CAR_QUIET.value:
        return 0.0, 0.0
    if now - i.converter_answered_t > limits.PRE_QUIET.value:
        return 0.0, 0.0
    our_charge_a, our_discharge_a = offered_a(i)
    charge_a = min(car.charge_request_a, our_charge_a)
    discharge_a = 0.0
    if car.may_discharge and car.x200 is not None and car.age_s(0x200, now) <= limits.CAR_QUIET.value:
        floor_pct, soc_pct = car.discharge_floor_pct, car.soc_pct
        above_floor = floor_pct is None or (soc_pct is not None and soc_pct > floor_pct)
        measured_v = i.cable_v if i.cable_v is not None else i.pre.volts_v
        if above_floor and measured_v is not None and measured_v > floor_v(i):
            discharge_a = min(float(car.x200.max_discharge_current_a), our_discharge_a)
    return charge_a, discharge_a


def floor_v(i: Inputs) -> float:
    """No discharge at or below: the larger of 200.4-5 and 208.6-7."""
    theirs_v = float(i.car.x200.min_discharge_v) if i.car.x200 is not None else 0.0
    return max(theirs_v, limits.LOWER_THRESHOLD_V.value)


def wished_a(i: Inputs) -> float:
    """The setpoint in amps, + charging, rounded to the converter's 0.1 A, before any limit."""
    volts_v = i.pre.volts_v or i.cable_v
    return round(i.setpoint_w / volts_v, 1) + 0.0 if volts_v else 0.0


def next_a(i: Inputs, now: float, last_a: float, elapsed_s: float) -> float:
    """Current to command (+ charging), in 0.1 A: the setpoint inside both limits, slewed away from zero only.

    A fall, and the part of a reversal that falls, is at once: less current is never the dangerous direction.
    """
    charge_a, discharge_a = allowed_a(i, now)
    target_a = max(-discharge_a, min(charge_a, wished_a(i)))
    from_a = last_a if last_a * target_a > 0 else 0.0
    step_a = limits.SLEW_A_PER_S.value * max(0.0, elapsed_s)
    if abs(target_a) > abs(from_a):
        target_a = max(from_a - step_a, min(from_a + step_a, target_a))
    return round(target_a, 1) + 0.0
