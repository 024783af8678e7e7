"""When a state of a CCS session is done and what follows: one function per state, as in chademo/transitions.py.

Each returns the next state, or None to stay. What ends a session early stands in power_supervision.py.
"""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.ccs import limits
from v2h.ccs.power_flow import precharge_v, test_v
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_progress import PowerProgress
from v2h.ccs.record import Isolation, Phase, Pilot
from v2h.chademo import limits as charger_limits
from v2h.chademo.cable import Source
from v2h.chademo.conditions import (
    FRESH_S,
    converter_agrees,
    converter_low,
    is_empty,
    lasts,
    outputs_on,
    small_current,
)
from v2h.chademo.endings import ENDINGS
from v2h.chademo.interface import Fault
from v2h.chademo.refusals import refusal as any_refusal
from v2h.chademo.supervision import unheard
from v2h.safety.outputs import CONTACTORS, Output

_PLUGGED = (Pilot.B, Pilot.C, Pilot.D)


def refusal(inputs: PowerInputs) -> str:
    """Why a start would be refused now; "" if it would not. A voltage or an insulation that nothing measures is a
    reason: nothing is assumed in CCS. A sensor that was calibrated against the converter could not unlock the plug: c1
    and c2 open at the battery's voltage, so the converter never shows the cable empty."""
    if inputs.cable_source is not Source.VERIFIED:
        return say("refusal.ccs_cable_not_measured")
    if (common := any_refusal(inputs)) != "":
        return common
    if inputs.isolation is Isolation.INVALID:
        return say("refusal.ccs_monitor")
    if inputs.isolation is Isolation.FAULT:
        return say("refusal.ccs_isolation")
    if inputs.ccs is None:
        return say("refusal.ccs_silent")
    return "" if inputs.pilot in _PLUGGED else say("refusal.ccs_no_car", pilot=inputs.pilot.name)


def current_gone(session: PowerProgress, inputs: PowerInputs, now: float) -> bool:
    """The measured current is below 1 A, in a reading so late after the order of 0 A that no current rises any more."""
    amps_a, at = inputs.pre.amps_a, inputs.pre.amps_t
    counts = now - at <= FRESH_S and at >= session.zero_t + charger_limits.FOLLOWS_AFTER.value
    return counts and amps_a is not None and abs(amps_a) < limits.CURRENT_GONE_A.value


def _idle(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    if not (inputs.wanted and inputs.order_live) or inputs.order == session.order_done:
        return None
    why_not = refusal(inputs)
    if why_not:
        session.reason = why_not
        return None
    session.begin(now, inputs)
    session.meet_car()
    return State.WAKE


def _wake(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    if inputs.ccs is None or not Phase.HELLO <= inputs.phase < Phase.END:
        return None
    session.car_session = inputs.ccs.session
    return State.HANDSHAKE


def _handshake(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    if inputs.phase is not Phase.PARAMETERS:
        return None
    session.permitted_t = now
    return State.CONVERTER


def _converter(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """Compatibility is checked first: an incompatible car need not wait for the converter."""
    if inputs.car_max_v < limits.PRECHARGE_LEAST_V.value:
        low = say("incompatible.highest", highest_v=inputs.car_max_v, from_v=limits.PRECHARGE_LEAST_V.value)
        session.fail(Fault("incompatible", low), now)
        return None
    if not inputs.pre.enabled or now - inputs.pre.enabled_t > FRESH_S or unheard(inputs, now):
        return None
    session.locked = True
    return State.LOCK


def _lock(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """c1 and c2 close onto an empty cable and an empty converter, and only once the car asks for the cable check with
    pilot C and the outside chain closed."""
    settled = now - session.since_t >= charger_limits.LOCK_SETTLE.value and Output.PLUG_LOCK in outputs_on(inputs)
    empty = is_empty(inputs, charger_limits.CABLE_EMPTY_BEFORE_TEST_V.value) and converter_low(inputs, now)
    session.lock_ready = settled and empty
    asked = inputs.phase is Phase.CABLE_CHECK and inputs.pilot_permits
    return State.INSULATION if session.lock_ready and asked else None


def _insulation(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """The cable stands at the test voltage, and the monitor has measured it there: a measurement from before the
    voltage, or from before the monitor could follow it, does not count."""
    joined = CONTACTORS in outputs_on(inputs)
    session.seen_empty = session.seen_empty or (
        joined and is_empty(inputs, charger_limits.CABLE_EMPTY_BEFORE_TEST_V.value)
    )
    risen = inputs.cable_v is not None and inputs.cable_v >= test_v(inputs) - limits.TEST_WITHIN_V.value
    stands = session.seen_empty and risen and joined and converter_agrees(inputs, now)
    lasts(session, now, stands, 0.0)
    if session.held_t is None or inputs.isolation_t - session.held_t < limits.ISOLATION_SETTLE.value:
        return None
    if inputs.isolation is not Isolation.VALID:
        session.fail(Fault("isolation_fault", say("watch.ccs_isolation_low")), now)
        return None
    session.isolated = True
    return State.BLEED


def _bleed(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """Cable and converter both show less than 60 V. A whole second of readings of the cable counts."""
    pre_low = inputs.pre.volts_v is not None and inputs.pre.volts_v < limits.BLED_V.value
    fresh = now - inputs.pre.volts_t <= FRESH_S
    if not (is_empty(inputs, limits.BLED_V.value) and pre_low and fresh):
        return None
    return State.WELDING if session.ending else State.TEST_OPEN


def _test_open(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    return State.MATCH if inputs.phase is Phase.PRECHARGE else None


def _match(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """Matched: cable and converter stand within 10 V of the car's target for two polls of 2107."""
    target_v, volts_v = precharge_v(inputs), inputs.pre.volts_v
    near = volts_v is not None and target_v > 0.0 and abs(volts_v - target_v) <= limits.PRECHARGE_WITHIN_V.value
    if not (near and converter_agrees(inputs, now)):
        session.held_t, session.matched = None, False
        return None
    session.held_t = inputs.pre.volts_t if session.held_t is None else session.held_t
    session.matched = inputs.pre.volts_t > session.held_t
    return State.READY if session.matched and inputs.phase is Phase.START else None


def _ready(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    return State.ENERGY if inputs.phase is Phase.ENERGY else None


def _energy(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """Supervision or a stop ends this state."""
    fresh = now - inputs.pre.amps_t <= FRESH_S and inputs.pre.amps_t > session.since_t
    amps_a = inputs.pre.amps_a
    session.conducts = session.conducts or (fresh and amps_a is not None and amps_a > charger_limits.CONDUCTS_A.value)
    return None


def _stop_current(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """0 A is ordered. The car is asked to stop, and c1 and c2 open when it has, or when it does not in CAR_STOPS; in an
    emergency, as soon as the current is gone. A current that does not fall is made safe by guard."""
    waited_s = now - session.since_t
    if waited_s > charger_limits.CURRENT_STOP.value and not small_current(inputs, now):
        session.make_safe(Fault("late_stop", say("late.stop")), now)
        return None
    if not current_gone(session, inputs, now):
        session.held_t = None
        return None
    session.held_t = inputs.pre.amps_t if session.held_t is None else session.held_t
    if inputs.pre.amps_t <= session.held_t:
        return None
    session.cut = session.cut or waited_s >= limits.CAR_STOPS.value
    stopped = inputs.phase in (Phase.STOP, Phase.WELDING)
    return State.WELDING if stopped or session.deserted(inputs) else None


def _welding(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """c1 and c2 open at once; then the car tests its own contactors and ends the session."""
    waited_s = now - session.since_t
    if inputs.guard is None or outputs_on(inputs) & CONTACTORS:
        if waited_s > charger_limits.OPENING.value:
            session.make_safe(Fault("late_open", say("late.contactors_open")), now)
        return None
    ended = session.deserted(inputs) or waited_s >= limits.WELDING.value
    return State.UNLOCK if ended else None


def _farewell(session: PowerProgress, now: float, inputs: PowerInputs) -> State | None:
    """The pilot stays on for a while, so that the car can end in order."""
    if now - session.since_t < limits.FAREWELL.value:
        return None
    return State.IDLE if session.fault is None else State.FAULT


NEXT: dict[State, Callable[[PowerProgress, float, PowerInputs], State | None]] = {
    State.IDLE: _idle,
    State.WAKE: _wake,
    State.HANDSHAKE: _handshake,
    State.CONVERTER: _converter,
    State.LOCK: _lock,
    State.INSULATION: _insulation,
    State.BLEED: _bleed,
    State.TEST_OPEN: _test_open,
    State.MATCH: _match,
    State.READY: _ready,
    State.ENERGY: _energy,
    State.STOP_CURRENT: _stop_current,
    State.WELDING: _welding,
    State.UNLOCK: ENDINGS[State.UNLOCK],
    State.FAREWELL: _farewell,
    State.SAFE: ENDINGS[State.SAFE],
    State.FAULT: ENDINGS[State.FAULT],
}
