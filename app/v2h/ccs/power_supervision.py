"""What is watched while a CCS session runs: rows as in chademo/supervision.py, which also lends what it knows of guard,
converter and cable."""

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.ccs import limits
from v2h.ccs.messages import CAR_ERRORS, CAR_WELL
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_progress import GONE
from v2h.ccs.power_states import JOINED, TABLE, TALKING
from v2h.ccs.record import CHARGING_PILOT, Isolation, Phase, Pilot
from v2h.chademo import limits as charger_limits
from v2h.chademo.supervision import CURRENT_REMAINS, WATCHES, Watch

_LENT = {watch.name: watch.bad for watch in WATCHES}
_EARLY = (State.WAKE, State.HANDSHAKE)
"""No voltage is near the car yet: its leaving is no fault."""
_POWERED = tuple(state for state in TALKING if state not in _EARLY)
_SPOKEN = TALKING[1:]
_ENABLED = (*_POWERED[1:], State.STOP_CURRENT, State.WELDING)
_PERMITTED = tuple(state for state in TALKING if TABLE[state].k)
_LIVE = (State.MATCH, State.READY, State.ENERGY)
_FLOW = (State.READY, State.ENERGY)


def _ccs_lost(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_lost") if inputs.ccs is None else ""


def _broken(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_broken") if inputs.phase is Phase.FAILED else ""


def _ended(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    over = inputs.ccs is not None and inputs.phase in (*GONE, Phase.STOP, Phase.WELDING)
    return say("watch.car_ended") if over else ""


def _demand_lost(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    if inputs.ccs is None or inputs.phase is not Phase.ENERGY:
        return ""
    age_s = inputs.ccs.request_age_ms / 1000
    return say("watch.ccs_demand_lost", age_s=age_s) if age_s > limits.DEMAND_LOST.value else ""


def _again(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_again") if inputs.phase in (Phase.PARAMETERS, Phase.START) else ""


def _car_error(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    error = 0 if inputs.ccs is None else inputs.ccs.car_error
    if error in CAR_WELL:
        return ""
    name = CAR_ERRORS[error] if error < len(CAR_ERRORS) else str(error)
    return say("watch.car_fault", faults=name.removeprefix("FAILED_"))


def _left(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    """No car, or a fault of the pilot line."""
    return say("watch.ccs_pilot", pilot=inputs.pilot.name) if inputs.pilot in (Pilot.A, Pilot.E, Pilot.F) else ""


def _pilot(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    left = inputs.pilot not in (*CHARGING_PILOT, Pilot.UNKNOWN)
    return say("watch.ccs_pilot", pilot=inputs.pilot.name) if left else ""


def _pilot_lost(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_pilot_lost") if inputs.ccs is not None and inputs.pilot is Pilot.UNKNOWN else ""


def _isolation(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_isolation") if inputs.isolation is Isolation.FAULT else ""


def _monitor_lost(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    return say("watch.ccs_monitor_lost") if inputs.isolation is Isolation.INVALID else ""


def _over_voltage(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    limit_v = min(inputs.car_max_v, limits.MOST_V.value)
    over = inputs.cable_v is not None and 0 < limit_v < inputs.cable_v - limits.OVER_VOLTAGE_V.value
    return say("watch.over_voltage", cable_v=inputs.cable_v, limit_v=limit_v) if over else ""


def _backfeed(inputs: PowerInputs, now: float, commanded_a: float) -> str:
    amps_a = inputs.pre.amps_a
    out = amps_a is not None and amps_a < -limits.BACKFEED_A.value
    return say("watch.ccs_backfeed", drawn_a=-(amps_a or 0.0)) if out else ""


CCS_WATCHES: tuple[Watch[PowerInputs], ...] = (
    Watch("guard_lost", TALKING, _LENT["guard_lost"]),
    Watch("isolation_fault", (*_SPOKEN, State.STOP_CURRENT), _isolation),
    Watch("ccs_lost", _EARLY, _ccs_lost, normal=True),
    Watch("ccs_lost", _POWERED, _ccs_lost),
    Watch("pilot_lost", _POWERED, _pilot_lost),
    Watch("left", TALKING, _left, normal=True),
    Watch("pilot", _PERMITTED, _pilot, normal=True),
    Watch("k_off", _PERMITTED, _LENT["k_off"], normal=True),
    Watch("car_fault", _SPOKEN, _car_error),
    Watch("broken", (State.HANDSHAKE, State.CONVERTER, State.LOCK), _broken, normal=True),
    Watch("car_lost", tuple(state for state in _POWERED if TABLE[state].k), _broken),
    Watch("car_ended", _SPOKEN, _ended, normal=True),
    Watch("car_lost", (State.ENERGY,), _demand_lost),
    Watch("again", (State.ENERGY,), _again, for_s=limits.CAR_NEXT.value, normal=True),
    Watch("isolation_monitor_lost", (State.TEST_OPEN, *_LIVE), _monitor_lost),
    Watch("cable_lost", _ENABLED, _LENT["cable_lost"], for_s=charger_limits.CABLE_LOST_FOR.value),
    Watch("converter_lost", _ENABLED, _LENT["converter_lost"]),
    Watch("converter_off", _ENABLED, _LENT["converter_off"]),
    Watch("converter_status", _ENABLED, _LENT["converter_status"]),
    Watch("converter_warning", _ENABLED, _LENT["converter_warning"]),
    Watch("over_temperature", _ENABLED, _LENT["over_temperature"]),
    Watch(
        "test_over_voltage",
        (State.INSULATION,),
        _LENT["test_over_voltage"],
        for_s=charger_limits.OVER_VOLTAGE_FOR.value,
    ),
    Watch("over_voltage", (*_LIVE, State.STOP_CURRENT), _over_voltage, for_s=limits.OVER_VOLTAGE_FOR.value),
    Watch("ccs_backfeed", _LIVE, _backfeed, for_s=limits.BACKFEED_FOR.value),
    Watch("current_deviation", _FLOW, _LENT["current_deviation"], for_s=charger_limits.DEVIATION_FOR.value),
    Watch("setpoint_unheeded", _FLOW, _LENT["setpoint_unheeded"], for_s=charger_limits.UNHEEDED_FOR.value),
    Watch(
        "cable_against_converter",
        # Before the flow, too: a sensor that died on an empty cable must not unlock a live one. BLEED has its deadline.
        tuple(state for state in JOINED if state is not State.BLEED),
        _LENT["cable_against_converter"],
        for_s=charger_limits.CABLE_AGAINST_PRE_FOR.value,
    ),
    Watch(CURRENT_REMAINS, (State.WELDING,), _LENT[CURRENT_REMAINS], for_s=charger_limits.REMAINS_FOR.value),
)
"""The first row that is wrong counts, so the worse reasons stand first."""
WATCHED = {state: tuple(watch for watch in CCS_WATCHES if state in watch.states) for state in TABLE}
