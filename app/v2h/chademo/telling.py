"""What charger tells the bus of itself. Pure."""

from v2h.bus import ChargerState
from v2h.chademo.charger import Charger
from v2h.chademo.states import State
from v2h.chademo.transitions import refusal
from v2h.safety.outputs import NONE, names


def charger_state(charger: Charger, now: float, inputs_v: dict[str, float], fan_pct: int | None) -> ChargerState:
    """Everything that is known at `now` (monotonic s). inputs_v: further ADC inputs by name; fan_pct: None without fan.

    The state of charge is the car's of this session: None before it has permitted.
    """
    session = charger.session
    i = charger.inputs(now)
    t = i.pre
    charge_a, discharge_a = session.limits_a(i, now)
    power_w = t.volts_v * t.amps_a if t.volts_v is not None and t.amps_a is not None else None
    reason = session.reason
    if session.state is State.IDLE and refusal(i):
        reason = refusal(i)
    car_known = i.car.awake and session.permitted_t > session.d1_t
    status = charger.status_109_5()
    return ChargerState(
        t=now,
        state=str(session.state),
        since_t=session.since_t,
        reason=reason,
        soc_pct=i.car.soc_pct if car_known else None,
        volts_v=t.volts_v,
        amps_a=t.amps_a,
        power_w=None if power_w is None else round(power_w, 1),
        t_power=t.amps_t if power_w is not None else None,
        setpoint_a=session.commanded_a,
        max_charge_a=charge_a,
        max_discharge_a=discharge_a,
        k_on=bool(i.guard and i.guard.k_on),
        outputs=names(i.guard.outputs if i.guard else NONE),
        faults=[session.fault.name] if session.fault else [],
        guard="silent" if i.guard is None else i.guard.state.name.lower(),
        status_109_5="" if status is None else f"{status:02x}",
        cable_v=None if i.cable_v is None else round(i.cable_v, 1),
        temperature_c=t.temperature_c,
        session=session.number,
        ages_s={"car": _age(i.car.age_s(0x102, now)), "converter": _age(now - i.converter_answered_t)},
        checks=session.checks(i),
        capacity_kwh=i.car.capacity_kwh,
        ended_by=session.ended_by,
        starts=session.starts,
        refusals=session.refusals,
        paused=session.paused,
        inputs_v=inputs_v,
        fan_pct=fan_pct,
    )


def _age(seconds: float) -> float | None:
    return None if seconds == float("inf") else round(seconds, 2)
