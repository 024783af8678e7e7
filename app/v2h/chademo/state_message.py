"""The state message that `charger` publishes on the bus. Pure."""

from v2h.bus.messages import ChargerState
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.charger import Charger
from v2h.safety.outputs import NONE, names


def charger_state(charger: Charger, now: float, inputs_v: dict[str, float], fan_pct: int | None) -> ChargerState:
    """The state message at `now` (monotonic s). inputs_v: further ADC inputs by name; fan_pct: None without a fan.

    The state of charge is that of this session's car: None before it is known.
    """
    session = charger.session
    inputs = charger.inputs(now)
    t = inputs.pre
    charge_a, discharge_a = session.limits_a(inputs, now)
    lost, slow = limits.PRE_LOST.value, limits.PRE_SLOW_LOST.value
    volts_v = t.volts_v if now - t.volts_t <= lost else None  # a converter that is off or silent has no values
    amps_a = t.amps_a if now - t.amps_t <= lost else None
    power_w = None if volts_v is None or amps_a is None else volts_v * amps_a
    reason = session.reason
    if session.state is State.IDLE and (why_not := charger.refusal(now)):
        reason = why_not
    status = charger.status_109_5()
    return ChargerState(
        t=now,
        state=str(session.state),
        since_t=session.since_t,
        reason=reason,
        soc_pct=charger.soc_pct,
        volts_v=volts_v,
        amps_a=amps_a,
        power_w=None if power_w is None else round(power_w, 1),
        t_power=t.amps_t if power_w is not None else None,
        setpoint_a=session.commanded_a,
        max_charge_a=charge_a,
        max_discharge_a=discharge_a,
        k_on=bool(inputs.guard and inputs.guard.k_on),
        outputs=names(inputs.guard.outputs if inputs.guard else NONE),
        faults=[session.fault.name] if session.fault else [],
        guard="silent" if inputs.guard is None else inputs.guard.state.name.lower(),
        status_109_5="" if status is None else f"{status:02x}",
        cable_v=None if inputs.cable_v is None else round(inputs.cable_v, 1),
        temperature_c=t.temperature_c if now - t.temperature_t <= slow else None,
        session=session.number,
        ages_s={"car": _age(charger.car_age_s(now)), "converter": _age(now - t.amps_t)},
        checks=session.checks(inputs),
        capacity_kwh=inputs.car.capacity_kwh,
        ended_by=session.ended_by,
        starts=session.starts,
        refusals=session.refusals,
        paused=session.paused,
        inputs_v=inputs_v,
        fan_pct=fan_pct,
    )


def _age(seconds: float) -> float | None:
    return None if seconds == float("inf") else round(seconds, 2)
