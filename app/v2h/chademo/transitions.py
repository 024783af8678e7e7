"""When a state is done and what follows: one function a state, each a few conditions on what is measured.

Each returns the next state or None to stay. Deadlines and stops are not here: they are rows of states.py.
"""

from collections.abc import Callable

from v2h.chademo import limits
from v2h.chademo.cable import Source
from v2h.chademo.progress import Progress
from v2h.chademo.states import State
from v2h.chademo.view import Fault, Inputs
from v2h.safety.outputs import CONTACTORS, NONE, Output, names
from v2h.safety.rules import UNLOCK_BY_PERSON_S
from v2h.safety.wire import GuardState

FRESH_S = 0.5
"""A reading of the converter older than this decides nothing."""
_OFF_IN_SAFE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC


def _outputs(i: Inputs) -> Output:
    return NONE if i.guard is None else i.guard.outputs


def _empty(i: Inputs, below_v: float) -> bool:
    """The cable is measured, and below."""
    return i.cable_v is not None and i.cable_v <= below_v


def _small_current(i: Inputs, now: float) -> bool:
    fresh = now - i.pre.amps_t <= FRESH_S
    return fresh and i.pre.amps_a is not None and abs(i.pre.amps_a) <= limits.OPEN_UNDER_A.value


def _car_contactors_are(opened: bool, s: Progress, now: float, i: Inputs) -> bool:
    """By 102.5.3, from protocol 2 on both sides; without that flag the car is believed some time after the state
    began."""
    if i.car.x102 is None:
        return False
    if min(i.car.x102.protocol, s.protocol) < 2:
        return now - s.since_t >= limits.CAR_CONTACTORS_ASSUMED.value
    return i.car.x102.contactors_open is opened


def refusal(i: Inputs) -> str:
    """Why a start would be refused now, or ""."""
    if i.guard is None or i.guard.state is not GuardState.READY:
        return "guard is not ready"
    if not i.guard.can_up:
        return "the converter's CAN bus is down"
    if i.guard.outputs:
        return f"still on: {', '.join(names(i.guard.outputs))}"
    if i.guard.k_on:
        return "the car's permission line K is on before a session: check plug and line"
    if i.cable_source is not Source.VERIFIED and not i.may_assume:
        return (
            "the cable voltage is not measured: calibrate [cable] in v2h.toml, or name the car's battery there "
            "([car] cells_in_series) and accept assumed voltages"
        )
    if i.cable_v is not None and i.cable_v > limits.CABLE_EMPTY_BEFORE_TEST_V.value:
        return f"{i.cable_v:.0f} V on the cable before the start"
    return ""


def _idle(s: Progress, now: float, i: Inputs) -> State | None:
    if not i.wanted or i.order == s.order_done:
        return None
    why_not = refusal(i)
    if why_not:
        s.reason = why_not
        return None
    s.begin(now, i)
    return State.WAKE


def _wake(s: Progress, now: float, i: Inputs) -> State | None:
    spoke = all(i.car.age_s(can_id, now) < now - s.since_t for can_id in (0x100, 0x101, 0x102))
    if not spoke:
        if i.guard is not None and i.guard.k_on and now - s.since_t > limits.K_BEFORE_CAN.value:
            s.fail(Fault("k_before_can", "charge permission is on before the car has spoken", ""), now)
        return None
    s.speaking_t = now
    return State.HANDSHAKE


def _handshake(s: Progress, now: float, i: Inputs) -> State | None:
    permitted = i.guard is not None and i.guard.k_on and i.car.x102 is not None and i.car.x102.charging_enabled
    if not permitted:
        return None
    s.permitted_t = now
    return State.CONVERTER


def _converter(s: Progress, now: float, i: Inputs) -> State | None:
    """Compatibility first: a car that does not fit need not wait for the converter."""
    wrong = _incompatible(s, i)
    if wrong:
        s.fail(Fault("incompatible", wrong, "incompatible"), now)
        return None
    if not i.pre.enabled or now - i.pre.enabled_t > FRESH_S:
        return None
    s.locked = True
    return State.LOCK


def _incompatible(s: Progress, i: Inputs) -> str:
    """100.2-3 is 0 on cars that do not use it, and unknown to protocol 0 and 1."""
    if i.car.x102 is None or i.car.x100 is None:
        return "the car does not say what it needs"
    if i.car.target_v > limits.AVAILABLE_V.value:
        return f"the car wants {i.car.target_v:.0f} V, we can {limits.AVAILABLE_V.value:.0f} V"
    lowest_v = i.car.x100.min_battery_v if min(i.car.x102.protocol, s.protocol) >= 2 else 0
    if 0 < lowest_v < limits.OUTPUT_MIN_V.value:
        return f"the car's battery begins at {lowest_v} V, we at {limits.OUTPUT_MIN_V.value:.0f} V"
    if 0 < i.car.x100.max_battery_v < limits.OUTPUT_MIN_V.value:
        return f"the car's battery ends at {i.car.x100.max_battery_v} V, we begin at {limits.OUTPUT_MIN_V.value:.0f} V"
    return ""


def _lock(s: Progress, now: float, i: Inputs) -> State | None:
    """On a cable measured empty, or, where only the converter can measure it, before c1/c2 join the two at 0 V."""
    settled = now - s.since_t >= limits.LOCK_SETTLE.value and Output.PLUG_LOCK in _outputs(i)
    s.seen_empty = _empty(i, limits.CABLE_EMPTY_BEFORE_TEST_V.value)
    return State.INSULATION if settled and (s.seen_empty or (i.cable_v is None and i.may_assume)) else None


def _insulation(s: Progress, now: float, i: Inputs) -> State | None:
    """The test voltage is asked for once the cable has been seen empty (session.py)."""
    s.seen_empty = s.seen_empty or (CONTACTORS in _outputs(i) and _empty(i, limits.CABLE_EMPTY_BEFORE_TEST_V.value))
    risen = i.cable_v is not None and i.cable_v >= limits.TEST_V.value - limits.MATCH_WITHIN_V.value
    if not risen or not _converter_agrees(i, now) or CONTACTORS not in _outputs(i):
        s.held_t = None
        return None
    s.held_t = now if s.held_t is None else s.held_t
    return State.BLEED if now - s.held_t >= limits.INSULATION_HOLD.value else None


def _converter_agrees(i: Inputs, now: float) -> bool:
    """With c1/c2 closed both measure the same wire; where only the converter does it agrees with itself."""
    if i.cable_v is None or i.pre.volts_v is None or now - i.pre.volts_t > FRESH_S:
        return False
    return abs(i.cable_v - i.pre.volts_v) <= limits.CABLE_AGAINST_PRE_V.value


def _bleed(s: Progress, now: float, i: Inputs) -> State | None:
    """Empty by the sensor and by the converter: a sensor stuck at 0 V would open c1/c2 on 500 V, and unlock."""
    empty = _empty(i, limits.CABLE_EMPTY_BEFORE_TEST_V.value) and _converter_agrees(i, now)
    return State.TEST_OPEN if empty else None


def _test_open(s: Progress, now: float, i: Inputs) -> State | None:
    if i.guard is None or _outputs(i) & CONTACTORS or not _empty(i, limits.CABLE_EMPTY_BEFORE_D2_V.value):
        return None
    return State.D2_OFF if s.ending else State.CAR_CONTACTORS


def _car_contactors(s: Progress, now: float, i: Inputs) -> State | None:
    if not _car_contactors_are(False, s, now, i):
        s.held_t = None
        return None
    s.held_t = now if s.held_t is None else s.held_t
    seen = i.battery_v is not None and i.battery_v > limits.BATTERY_PRESENT_V.value
    return State.MATCH if seen and now - s.held_t >= limits.CABLE_SETTLE.value else None


def _match(s: Progress, now: float, i: Inputs) -> State | None:
    if i.battery_v is None or i.pre.volts_v is None or now - i.pre.volts_t > FRESH_S:
        return None
    if i.car.age_s(0x102, now) > limits.CAR_QUIET.value:
        return None  # our contactors do not close onto a car that has just fallen silent
    return State.READY if abs(i.pre.volts_v - i.battery_v) <= limits.MATCH_WITHIN_V.value else None


def _ready(s: Progress, now: float, i: Inputs) -> State | None:
    if CONTACTORS not in _outputs(i) or i.car.x102 is None:
        return None
    asks = i.car.charge_request_a > 0
    offers = i.car.may_discharge and i.car.x200 is not None and i.car.x200.max_discharge_current_a > 0
    return State.ENERGY if asks or offers else None


def _energy(s: Progress, now: float, i: Inputs) -> State | None:
    """Left by supervision; here only by a stop that was wished before energy was reached."""
    return State.STOP_CURRENT if s.ending and now - s.since_t >= limits.STOP_SHOWN.value else None


def _stop_current(s: Progress, now: float, i: Inputs) -> State | None:
    if now - s.since_t < limits.STOP_SHOWN.value or not _small_current(i, now):
        return None
    s.charging = False
    return State.WELDING


def _welding(s: Progress, now: float, i: Inputs) -> State | None:
    opened = _car_contactors_are(True, s, now, i)
    converter_low = i.pre.volts_v is not None and i.pre.volts_v <= limits.CABLE_UNLOCK_V.value
    cable_low = i.cable_v is None or i.cable_v <= limits.CABLE_UNLOCK_V.value
    if not (opened and converter_low and cable_low):
        return None
    flagged = i.car.x102 is not None and min(i.car.x102.protocol, s.protocol) >= 2
    s.welding = "verified" if flagged and i.cable_source is Source.VERIFIED else "assumed"
    return State.OPEN


def _car_opens(s: Progress, now: float, i: Inputs) -> State | None:
    return State.D2_OFF if _car_contactors_are(True, s, now, i) else None


def _open(s: Progress, now: float, i: Inputs) -> State | None:
    return State.D2_OFF if i.guard is not None and not _outputs(i) & CONTACTORS else None


def _d2_off(s: Progress, now: float, i: Inputs) -> State | None:
    fallen = i.guard is not None and not _outputs(i) & (CONTACTORS | Output.D2)
    return State.UNLOCK if fallen and now - s.since_t >= limits.D2_TO_D1.value else None


def _unlock(s: Progress, now: float, i: Inputs) -> State | None:
    if not _outputs(i) & Output.D1 and _empty(i, limits.CABLE_UNLOCK_V.value):
        s.locked = False
    unlocked = i.guard is not None and Output.PLUG_LOCK not in _outputs(i)
    return State.FAREWELL if not s.locked and unlocked else None


def _farewell(s: Progress, now: float, i: Inputs) -> State | None:
    if now - s.since_t < limits.FAREWELL.value:
        return None
    return State.IDLE if s.fault is None else State.FAULT


def _safe(s: Progress, now: float, i: Inputs) -> State | None:
    if _small_current(i, now):
        s.charging = False
    done = i.guard is not None and i.guard.state is not GuardState.MAKING_SAFE and not _outputs(i) & _OFF_IN_SAFE
    return State.FAULT if done else None


def clear_refusal(s: Progress, i: Inputs) -> str:
    """Why a latched fault would not be cleared now, or ""."""
    if i.guard is None:
        return "not cleared yet: guard does not answer; try again in a few seconds"
    if i.guard.state is not GuardState.READY:
        return "not cleared yet: guard is still making safe; try again in a few seconds"
    if s.locked and i.unlock_confirmed and not _empty(i, limits.CABLE_UNLOCK_V.value):
        return (
            "not cleared yet: your word is taken, and the plug unlocks once d1 and d2 have been off for "
            f"{UNLOCK_BY_PERSON_S:.0f} s; clear again then"
        )
    if s.locked and not _empty(i, limits.CABLE_UNLOCK_V.value):
        return "not cleared: the plug is still locked, for the cable is not measured empty"
    return ""


def _fault(s: Progress, now: float, i: Inputs) -> State | None:
    if not i.clear_fault:
        s.order_done = i.order  # what was ordered during the fault is not carried out when it is cleared
    if i.guard is None or i.guard.state is not GuardState.READY:
        return None
    unlocked_by_person = i.unlock_confirmed and Output.PLUG_LOCK not in _outputs(i)
    if unlocked_by_person or _empty(i, limits.CABLE_UNLOCK_V.value):
        s.locked = False
    if not i.clear_fault or clear_refusal(s, i):
        return None
    s.fault, s.reason = None, "fault cleared"
    return State.IDLE


NEXT: dict[State, Callable[[Progress, float, Inputs], State | None]] = {
    State.IDLE: _idle,
    State.WAKE: _wake,
    State.HANDSHAKE: _handshake,
    State.CONVERTER: _converter,
    State.LOCK: _lock,
    State.INSULATION: _insulation,
    State.BLEED: _bleed,
    State.TEST_OPEN: _test_open,
    State.CAR_CONTACTORS: _car_contactors,
    State.MATCH: _match,
    State.READY: _ready,
    State.ENERGY: _energy,
    State.STOP_CURRENT: _stop_current,
    State.WELDING: _welding,
    State.CAR_OPENS: _car_opens,
    State.OPEN: _open,
    State.D2_OFF: _d2_off,
    State.UNLOCK: _unlock,
    State.FAREWELL: _farewell,
    State.SAFE: _safe,
    State.FAULT: _fault,
}
