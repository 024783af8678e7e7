"""Texts that say why: why a start, the clearing of a fault or a person's word is refused, or why a state is late.
A text names what was measured or received, not a guess. Pure."""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import MEASURED
from v2h.chademo.conditions import is_empty
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.states import TABLE
from v2h.chademo.supervision import unheard
from v2h.safety.outputs import CONTACTORS, names
from v2h.safety.rules import UNLOCK_BY_PERSON_S
from v2h.safety.wire import GuardState


def refusal(inputs: Inputs) -> str:
    """Why a start would be refused now; "" if it would not."""
    if inputs.guard is None or inputs.guard.state is not GuardState.READY:
        return say("refusal.guard_not_ready")
    if not inputs.guard.session:
        return say("refusal.guard_not_met")  # a new guard grants nothing before a request for rest
    if not inputs.guard.can_up:
        return say("refusal.can_down")
    if inputs.guard.outputs:
        return say("refusal.outputs_on", outputs=", ".join(names(inputs.guard.outputs)))
    if inputs.guard.k_on:
        return say("refusal.k_on")
    if inputs.cable_source not in MEASURED and not inputs.may_assume:
        return say("refusal.cable_not_measured")
    if inputs.cable_v is not None and abs(inputs.cable_v) > limits.CABLE_EMPTY_BEFORE_TEST_V.value:
        return say("refusal.cable_live", cable_v=inputs.cable_v)
    if inputs.cable_source in MEASURED and not is_empty(inputs, limits.CABLE_EMPTY_BEFORE_TEST_V.value):
        return say("refusal.cable_measured_too_short")
    return ""


def clear_refusal(session: Progress, inputs: Inputs) -> str:
    """Why a latched fault would not be cleared now; "" if it would."""
    if inputs.guard is None:
        return say("clear.guard_silent")
    if inputs.guard.state is not GuardState.READY:
        return say("clear.making_safe")
    if session.locked and is_empty(inputs, limits.CABLE_UNLOCK_V.value) and session.inherited:
        return say("clear.found_locked", after_s=UNLOCK_BY_PERSON_S)
    if session.locked and not is_empty(inputs, limits.CABLE_UNLOCK_V.value):
        if inputs.cable_v is None:
            return say("clear.cable_unknown")
        return say("clear.cable_not_empty", cable_v=inputs.cable_v)
    return ""


def word_refusal(session: Progress, now: float, inputs: Inputs) -> str:
    """Why a person's word does not unlock the plug now, or "". It replaces a missing measurement and overrides none."""
    if not session.locked:
        return say("unlock.not_locked")
    if inputs.guard is None or inputs.guard.state is not GuardState.READY:
        return say("unlock.guard_not_ready")
    if inputs.cable_v is not None:
        return say("unlock.measured", cable_v=inputs.cable_v)
    off_s = now - session.signals_on_t
    if off_s < UNLOCK_BY_PERSON_S:
        return say("unlock.too_early", off_s=off_s, needed_s=UNLOCK_BY_PERSON_S)
    return ""


def late_words(state: State, now: float, inputs: Inputs) -> str:
    """Why the state did not end before its deadline."""
    seen = _SEEN.get(state)
    return (seen(now, inputs) if seen is not None else "") or TABLE[state].late


def _no_permission(now: float, inputs: Inputs) -> str:
    k_on = inputs.guard is not None and inputs.guard.k_on
    told = inputs.car.x102 is not None and inputs.car.x102.charging_enabled
    if k_on and not told:
        return say("late.no_permission_bit")
    if told and not k_on:
        return say("late.k_off")
    return say("late.no_permission", within_s=limits.PERMISSION.value)


def _converter_not_ready(now: float, inputs: Inputs) -> str:
    if inputs.pre.enabled:
        return unheard(inputs, now)
    return "" if inputs.pre.status is None else say("late.converter_status", status=inputs.pre.status)


def _said_closed(inputs: Inputs) -> str:
    closed = inputs.flagged and inputs.car.x102 is not None and not inputs.car.x102.contactors_open
    return say("late.closed_before_d2") if closed else ""


def _not_locked(now: float, inputs: Inputs) -> str:
    return _live_before_car(now, inputs) or (_said_closed(inputs) if inputs.cable_v is None else "")


def _live_before_car(now: float, inputs: Inputs) -> str:
    low_v = limits.CABLE_EMPTY_BEFORE_TEST_V.value
    if inputs.cable_v is not None and abs(inputs.cable_v) > low_v:
        return say("late.cable_live", cable_v=inputs.cable_v)
    if inputs.pre.volts_v is not None and inputs.pre.volts_v > low_v:
        return say("late.converter_live", converter_v=inputs.pre.volts_v)
    return ""


def _not_at_test_voltage(now: float, inputs: Inputs) -> str:
    test_v, cable_v, converter_v = limits.TEST_V.value, inputs.cable_v, inputs.pre.volts_v
    if cable_v is not None and converter_v is not None:
        return say("late.test_voltage", test_v=test_v, cable_v=cable_v, converter_v=converter_v)
    if cable_v is not None:
        return say("late.test_voltage_on_cable", test_v=test_v, cable_v=cable_v)
    if converter_v is not None:
        return say("late.test_voltage_at_converter", test_v=test_v, converter_v=converter_v)
    return ""


def _not_calibrated(now: float, inputs: Inputs) -> str:
    if inputs.pre.volts_v is None:
        return ""
    return say("late.calibration_at", converter_v=inputs.pre.volts_v)


def _not_opened(now: float, inputs: Inputs) -> str:
    if inputs.guard is not None and inputs.guard.outputs & CONTACTORS:
        return say("late.kept_closed", contactors=" and ".join(names(inputs.guard.outputs & CONTACTORS)))
    return _said_closed(inputs) or _live_before_car(now, inputs) or say("late.cable_not_known_empty")


def _not_closed(now: float, inputs: Inputs) -> str:
    return "" if inputs.flagged else say("late.no_battery_voltage")


def _not_unlocked(now: float, inputs: Inputs) -> str:
    if inputs.cable_v is None:
        return say("late.unlock_unknown")
    return say("late.unlock_live", cable_v=inputs.cable_v) if inputs.cable_v > limits.CABLE_UNLOCK_V.value else ""


_SEEN: dict[State, Callable[[float, Inputs], str]] = {
    State.HANDSHAKE: _no_permission,
    State.CONVERTER: _converter_not_ready,
    State.LOCK: _not_locked,
    State.INSULATION: _not_at_test_voltage,
    State.CALIBRATE: _not_calibrated,
    State.TEST_OPEN: _not_opened,
    State.CAR_CONTACTORS: _not_closed,
    State.UNLOCK: _not_unlocked,
}
