"""When a state is done and what follows: one function per state, each with a few conditions on the measurements.

Each returns the next state, or None to stay. Deadlines and stops are not here: they are in the rows of states.py. A
function that may unlock, open, close or start something uses the judged voltage (cable.highest_v) or requires that a
condition lasts.
"""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import MEASURED, Source
from v2h.chademo.calibration import Calibration
from v2h.chademo.conditions import (
    FRESH_S,
    converter_agrees,
    emptied_by_converter,
    is_empty,
    lasts,
    note_car,
    outputs_on,
)
from v2h.chademo.endings import ENDINGS
from v2h.chademo.interface import Fault, Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.refusals import refusal
from v2h.chademo.supervision import car_opened, unheard
from v2h.safety.outputs import CONTACTORS, Output


def _idle(session: Progress, now: float, inputs: Inputs) -> State | None:
    if inputs.calibrate and not refusal(inputs):
        session.begin(now, inputs, Calibration())
        return State.WAKE
    if not (inputs.wanted and inputs.order_live) or inputs.order == session.order_done:
        return None
    why_not = refusal(inputs)
    if why_not:
        session.reason = why_not
        return None
    session.begin(now, inputs)
    return State.WAKE


def _wake(session: Progress, now: float, inputs: Inputs) -> State | None:
    spoke = all(inputs.car.age_s(can_id, now) < now - session.since_t for can_id in (0x100, 0x101, 0x102))
    if not spoke:
        if inputs.guard is not None and inputs.guard.k_on and now - session.since_t > limits.K_BEFORE_CAN.value:
            session.fail(Fault("k_before_can", say("watch.k_before_can")), now)
        return None
    session.speaking_t = now
    return State.HANDSHAKE


def _handshake(session: Progress, now: float, inputs: Inputs) -> State | None:
    permitted = (
        inputs.guard is not None
        and inputs.guard.k_on
        and inputs.car.x102 is not None
        and inputs.car.x102.charging_enabled
    )
    if not permitted:
        return None
    session.permitted_t = now
    return State.CONVERTER


def _converter(session: Progress, now: float, inputs: Inputs) -> State | None:
    """Compatibility is checked first: an incompatible car need not wait for the converter."""
    wrong = _incompatible(session, inputs)
    if wrong:
        session.fail(Fault("incompatible", wrong), now)
        return None
    if not inputs.pre.enabled or now - inputs.pre.enabled_t > FRESH_S or unheard(inputs, now):
        return None
    session.locked = True
    return State.LOCK


def _incompatible(session: Progress, inputs: Inputs) -> str:
    """Why the car cannot be served, or "". 100.2-3 is 0 from cars that do not use it, 1 V from an e-NV200, and does not
    exist in protocol 0 and 1."""
    if inputs.car.x102 is None or inputs.car.x100 is None:
        return say("incompatible.needs_unknown")
    if inputs.pack_unlike and inputs.cable_source is not Source.VERIFIED:
        return inputs.pack_unlike
    if inputs.car.target_v > limits.AVAILABLE_V.value:
        return say("incompatible.target", target_v=inputs.car.target_v, available_v=limits.AVAILABLE_V.value)
    lowest_v = inputs.car.x100.min_battery_v if inputs.flagged else 0
    if limits.LOWEST_TOLD_V.value <= lowest_v < limits.OUTPUT_MIN_V.value:
        return say("incompatible.lowest", lowest_v=lowest_v, from_v=limits.OUTPUT_MIN_V.value)
    highest_v = inputs.car.x100.max_battery_v
    if 0 < highest_v < limits.OUTPUT_MIN_V.value:
        return say("incompatible.highest", highest_v=highest_v, from_v=limits.OUTPUT_MIN_V.value)
    return ""


def _lock(session: Progress, now: float, inputs: Inputs) -> State | None:
    """The cable must be measured empty; where only the converter can measure it, that is done after c1/c2 connect the
    two at 0 V: then the car must report that its contactors are open. A charge left on the converter's own capacitor
    must not be connected to an empty cable."""
    if (
        inputs.pre.volts_v is None
        or now - inputs.pre.volts_t > FRESH_S
        or inputs.pre.volts_v > limits.MATCH_WITHIN_V.value
    ):
        return None
    settled = now - session.since_t >= limits.LOCK_SETTLE.value and Output.PLUG_LOCK in outputs_on(inputs)
    session.seen_empty = is_empty(inputs, limits.CABLE_EMPTY_BEFORE_TEST_V.value)
    assumed = inputs.cable_v is None and inputs.may_assume and car_opened(inputs)
    if session.calibration is not None:
        return State.CALIBRATE if settled and assumed else None
    return State.INSULATION if settled and (session.seen_empty or assumed) else None


def _see_empty(session: Progress, inputs: Inputs) -> None:
    """The test voltage is ordered only after the cable has been seen empty (session.py)."""
    session.seen_empty = session.seen_empty or (
        CONTACTORS in outputs_on(inputs) and is_empty(inputs, limits.CABLE_EMPTY_BEFORE_TEST_V.value)
    )


def _insulation(session: Progress, now: float, inputs: Inputs) -> State | None:
    _see_empty(session, inputs)
    risen = inputs.cable_v is not None and inputs.cable_v >= limits.TEST_V.value - limits.MATCH_WITHIN_V.value
    stands = risen and converter_agrees(inputs, now) and CONTACTORS in outputs_on(inputs)
    return State.BLEED if lasts(session, now, stands, limits.INSULATION_HOLD.value) else None


def _calibrate(session: Progress, now: float, inputs: Inputs) -> State | None:
    """The cable is isolated as in the insulation test: the car has not closed its contactors, and d2 never rises in
    this session. After the last voltage, or as soon as no line can come out, the session ends in order."""
    _see_empty(session, inputs)
    if session.calibration is None or not session.seen_empty or not inputs.joined:
        return None
    if session.calibration.take(now, inputs):
        session.reason = session.calibration.text
        session.stop(now, "us")
    return None


def _bleed(session: Progress, now: float, inputs: Inputs) -> State | None:
    """Sensor and converter must both show an empty cable: with a sensor stuck at 0 V c1/c2 would open at 500 V, and the
    plug would unlock. Readings from before the converter could follow its order do not count: the test voltage may
    still be rising. In a calibration the new line is the sensor."""
    if session.calibration is not None:
        shows_empty = session.calibration.shows_empty(now, inputs)
        if not emptied_by_converter(session, now, inputs) or not shows_empty:
            return None
        session.calibration.conclude(inputs)
        session.reason = session.calibration.text or session.reason
        return State.TEST_OPEN
    return State.TEST_OPEN if emptied_by_converter(session, now, inputs) else None


def _test_open(session: Progress, now: float, inputs: Inputs) -> State | None:
    if inputs.guard is None or outputs_on(inputs) & CONTACTORS:
        return None
    if session.ending or session.calibration is not None:
        if inputs.cable_source is Source.ASSUMED and session.seen_empty and session.calibration is None:
            session.adc_doubted = True  # nothing has shown that c1 and c2 connected the converter to the cable
        return State.D2_OFF
    if inputs.cable_source in MEASURED:
        return State.CONTACTOR_CHECK
    if not inputs.may_assume:
        return None  # the sensor has just been lost (supervision.py, cable_lost)
    return State.CAR_CONTACTORS if is_empty(inputs, limits.CABLE_EMPTY_BEFORE_D2_V.value) else None


def _contactor_check(session: Progress, now: float, inputs: Inputs) -> State | None:
    """The converter is at 50 V while c1 and c2 are open: if the cable follows it, both are welded. With d2 the car
    would then close its contactors onto the converter's empty capacitor. Only the sensor shows it: the converter's own
    value from before c1 and c2 opened does not, so a sensor that is lost here ends the session."""
    if (
        inputs.cable_source not in MEASURED
        or inputs.pre.volts_v is None
        or now - inputs.pre.volts_t > FRESH_S
        or inputs.pre.volts_v < limits.CHECK_RISEN_V.value
    ):
        session.held_t = None
        return None
    if inputs.cable_v is not None and inputs.cable_v > limits.CABLE_EMPTY_BEFORE_D2_V.value:
        session.held_t = None
        if not inputs.cable.steady:
            return None  # a spike
        session.fail(Fault("contactors_welded", say("watch.cable_follows", cable_v=inputs.cable_v)), now)
        return None
    apart = lasts(session, now, True, limits.CHECK_HOLD.value)
    return State.CAR_CONTACTORS if apart and is_empty(inputs, limits.CABLE_EMPTY_BEFORE_D2_V.value) else None


def _car_contactors(session: Progress, now: float, inputs: Inputs) -> State | None:
    """The car has closed its contactors: by 102.5.3 for CABLE_SETTLE and a battery voltage. A car without that flag
    asks for current as soon as it has closed, so its battery voltage on the measured cable is sufficient; MATCH waits
    until the voltage is steady."""
    seen = inputs.battery_v is not None and inputs.battery_v > limits.BATTERY_PRESENT_V.value
    note_car(session, inputs)
    if not inputs.flagged:
        return State.MATCH if lasts(session, now, seen, limits.CABLE_SEEN_FOR.value) else None
    closed = inputs.car.x102 is not None and not inputs.car.x102.contactors_open
    return State.MATCH if lasts(session, now, closed, limits.CABLE_SETTLE.value) and seen else None


def _match(session: Progress, now: float, inputs: Inputs) -> State | None:
    """c1/c2 may close: the battery voltage is steady, and two polls of 2107 in a row match it. They must not close if
    the car has just become silent or has opened its contactors again."""
    if inputs.battery_v is None or inputs.pre.volts_v is None or now - inputs.pre.volts_t > FRESH_S:
        session.held_t = None
        return None
    if inputs.cable.steady and inputs.battery_v < limits.OUTPUT_MIN_V.value:
        text = say("incompatible.battery", battery_v=inputs.battery_v, from_v=limits.OUTPUT_MIN_V.value)
        session.fail(Fault("incompatible", text), now)
        return None
    steady = inputs.cable.steady or inputs.cable_v is None
    heard = inputs.car.age_s(0x102, now) <= limits.CAR_QUIET.value and not car_opened(inputs)
    matched = abs(inputs.pre.volts_v - inputs.battery_v) <= limits.MATCH_WITHIN_V.value
    if not (steady and heard and matched):
        session.held_t = None
        return None
    session.held_t = inputs.pre.volts_t if session.held_t is None else session.held_t
    return State.READY if inputs.pre.volts_t > session.held_t else None


def _ready(session: Progress, now: float, inputs: Inputs) -> State | None:
    if CONTACTORS not in outputs_on(inputs) or inputs.car.x102 is None:
        return None
    session.battery_seen = True  # c1 and c2 have closed at the battery's voltage
    asks = inputs.car.charge_request_a > 0
    offers = inputs.car.may_discharge and inputs.car.x200 is not None and inputs.car.x200.max_discharge_current_a > 0
    return State.ENERGY if asks or offers else None


def _energy(session: Progress, now: float, inputs: Inputs) -> State | None:
    """Supervision or a stop ends this state. Here it ends only for a stop that was requested before ENERGY. A current
    shows that c1 and c2 conduct; where only the converter measures, that must be shown in the welding check itself:
    they may drop out meanwhile."""
    fresh = now - inputs.pre.amps_t <= FRESH_S and inputs.pre.amps_t > session.since_t
    flows = fresh and inputs.pre.amps_a is not None and abs(inputs.pre.amps_a) > limits.CONDUCTS_A.value
    session.conducts = session.conducts or (flows and inputs.cable_source is not Source.ASSUMED)
    return State.STOP_CURRENT if session.ending and now - session.since_t >= limits.STOP_SHOWN.value else None


NEXT: dict[State, Callable[[Progress, float, Inputs], State | None]] = {
    State.IDLE: _idle,
    State.WAKE: _wake,
    State.HANDSHAKE: _handshake,
    State.CONVERTER: _converter,
    State.LOCK: _lock,
    State.INSULATION: _insulation,
    State.CALIBRATE: _calibrate,
    State.BLEED: _bleed,
    State.TEST_OPEN: _test_open,
    State.CONTACTOR_CHECK: _contactor_check,
    State.CAR_CONTACTORS: _car_contactors,
    State.MATCH: _match,
    State.READY: _ready,
    State.ENERGY: _energy,
    **ENDINGS,
}
