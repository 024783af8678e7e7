"""Volts and amps of a CCS session: the smallest of all limits, and never out of the car. Pure."""

from v2h.ccs import limits
from v2h.ccs.limits import charge_only_a
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.record import Phase
from v2h.chademo import limits as charger_limits
from v2h.chademo.flow import offered_a


def volts_v(inputs: PowerInputs) -> float | None:
    """The larger of the fresh voltages of cable and converter, because a power limit counts at the larger; None if
    neither is known."""
    known = [volts for volts in (inputs.cable_v, inputs.pre.volts_v) if volts is not None]
    return max(known, default=None)


def ours_a(inputs: PowerInputs) -> float:
    """Amps that the charger gives now: converter (also by its temperature), configuration, 6 kW and the setpoint."""
    at_v = volts_v(inputs)
    if at_v is None or at_v < limits.PRECHARGE_LEAST_V.value:
        return 0.0
    power_w = min(limits.MOST_W.value, inputs.setpoint_w)
    return charge_only_a(min(offered_a(inputs)[0], power_w / at_v))


def allowed_a(inputs: PowerInputs, now: float) -> float:
    """Amps that may flow now: ours, and what the car asks for and bears. 0 if a side is silent or not ready.

    A request older than DEMAND_LOST, a current of the converter that is not measured, EVReady = false, a phase other
    than the charging loop, pilot not C or D and K off each mean 0 A."""
    car, at_v = inputs.ccs, volts_v(inputs)
    if car is None or at_v is None or car.phase is not Phase.ENERGY or not car.ready or not inputs.pilot_permits:
        return 0.0
    if car.request_age_ms > limits.DEMAND_LOST.value * 1000 or car.target_a is None:
        return 0.0
    if now - inputs.pre.amps_t > charger_limits.PRE_QUIET.value:
        return 0.0
    most = [ours_a(inputs), car.target_a]
    most += [] if car.max_a is None else [car.max_a]
    most += [] if car.max_w is None else [car.max_w / at_v]
    return charge_only_a(min(most))


def next_a(inputs: PowerInputs, now: float, last_a: float, elapsed_s: float) -> float:
    """Current to order, in 0.1 A, rounded down: what is allowed, with a limited rise. A fall takes effect at once."""
    step_a = charger_limits.SLEW_A_PER_S.value * max(0.0, elapsed_s)
    return int(charge_only_a(min(allowed_a(inputs, now), last_a + step_a)) * 10 + 1e-6) / 10


def test_v(inputs: PowerInputs) -> float:
    """The voltage of the cable check, V (IEC 61851-23:2023 CC.4.1.2)."""
    return min(limits.MOST_V.value, inputs.car_max_v + limits.TEST_ABOVE_CAR_V.value)


def ceiling_v(inputs: PowerInputs) -> float:
    """The voltage above which nothing is charged, V: the smallest of the car's target, its maximum and ours."""
    if inputs.ccs is None or inputs.ccs.target_v is None:
        return 0.0
    return min(inputs.ccs.target_v, inputs.car_max_v, limits.MOST_V.value)


def precharge_v(inputs: PowerInputs) -> float:
    """The voltage of the precharge, V. A target that the converter cannot hold (0 V, or below its lowest voltage) is
    0 V: it waits for a better one (Lenient.LOW_PRECHARGE_TARGET)."""
    target_v = ceiling_v(inputs)
    return target_v if target_v >= limits.PRECHARGE_LEAST_V.value else 0.0
