"""When a state after energy flow is done and what follows, down to an unlocked plug or a latched fault: one function
per state, as in transitions.py."""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import MEASURED, Source
from v2h.chademo.conditions import (
    converter_high,
    emptied_by_converter,
    is_empty,
    lasts,
    note_car,
    outputs_on,
    small_current,
)
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.refusals import clear_refusal, word_refusal
from v2h.chademo.supervision import car_opened
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.rules import UNLOCK_BY_PERSON_S
from v2h.safety.wire import GuardState

_OFF_IN_SAFE = Output.D1 | Output.D2 | CONTACTORS | Output.PRE_AC


def _stop_current(session: Progress, now: float, inputs: Inputs) -> State | None:
    """At the end 109.5.0 falls, and the car opens its contactors. Before that, two measured currents in a row must be
    small, and our frames must have shown the car that we stop."""
    if not small_current(inputs, now):
        session.held_t = None
        return None
    session.held_t = inputs.pre.amps_t if session.held_t is None else session.held_t
    if not session.stop_shown or now - session.since_t < limits.STOP_SHOWN.value or inputs.pre.amps_t <= session.held_t:
        return None
    session.charging = False
    return State.WELDING


def _welding(session: Progress, now: float, inputs: Inputs) -> State | None:
    """The car opens its contactors, and reports it if it has the flag; the converter empties the cable. If d2 holds the
    car's contactors, they open when d2 falls: CHAdeMO 0.9 wants that 4 s after 109.5.0 = 0. The same way is used for a
    car that never asked for current, because it may not have recognised our stop."""
    if session.gives_on:  # it does not empty the cable
        return State.OPEN
    if _current_unknown(inputs, now):
        return State.SAFE
    empty = emptied_by_converter(session, now, inputs)
    opened = not inputs.flagged or car_opened(inputs)
    bled_s = now - session.since_t
    if limits.BLED_BY.value <= bled_s and converter_high(inputs, now):
        session.conducts = True  # -0.2 A would have emptied a converter that is not connected to the cable
    if empty and opened and _shows_itself_alone(session, inputs):
        return None
    if empty and opened:
        session.welding = "verified" if inputs.flagged and inputs.cable_source is Source.VERIFIED else "assumed"
        return State.OPEN
    hangs_on_d2 = (session.refused or not inputs.flagged) and now - session.since_t >= limits.D2_HELD_UNFLAGGED.value
    return State.CAR_RELEASES if hangs_on_d2 and small_current(inputs, now) else None


def _current_unknown(inputs: Inputs, now: float) -> bool:
    """The converter has fallen silent since its current was low: it may give any current, and its silence has ended the
    session as a fault. Only make-safe opens c1 and c2 at an unknown current, and only after the converter's AC is
    off."""
    return now - inputs.pre.amps_t > limits.PRE_LOST.value


def _shows_itself_alone(session: Progress, inputs: Inputs) -> bool:
    """The empty cable is only the converter's word (or also that of a sensor calibrated against it), and nothing showed
    that c1 and c2 connect it to the cable: it may have emptied itself alone. The doubt stays for the whole session."""
    alone = inputs.cable_source in (Source.ASSUMED, Source.BY_CONVERTER) and not session.conducts
    session.adc_doubted = session.adc_doubted or alone
    return alone


def _car_releases(session: Progress, now: float, inputs: Inputs) -> State | None:
    if session.gives_on:
        return State.D2_OFF
    if _current_unknown(inputs, now):
        return State.SAFE
    if not emptied_by_converter(session, now, inputs) or Output.D2 in outputs_on(inputs):
        return None
    if _shows_itself_alone(session, inputs):
        return None
    session.welding = "assumed"
    return State.D2_OFF


def _car_opens(session: Progress, now: float, inputs: Inputs) -> State | None:
    note_car(session, inputs)
    if inputs.car.x102 is None:
        return None
    if not inputs.flagged:
        return State.D2_OFF if now - session.since_t >= limits.CAR_OPENS_UNFLAGGED.value else None
    told_now = (
        car_opened(inputs) and inputs.car.age_s(0x102, now) < now - session.since_t
    )  # not a report from before it closed its contactors
    return (
        State.D2_OFF
        if lasts(session, now, told_now or _left_alone(session, inputs), limits.CAR_OPEN_FOR.value)
        else None
    )


def _left_alone(session: Progress, inputs: Inputs) -> bool:
    """With c1/c2 open the measured cable voltage falls only if the car has opened its contactors."""
    if inputs.cable_source not in MEASURED or inputs.cable_v is None:
        return False
    session.entered_v = inputs.cable_v if session.entered_v is None else session.entered_v
    return inputs.cable_v <= session.entered_v - limits.LEFT_ALONE_V.value


def _open(session: Progress, now: float, inputs: Inputs) -> State | None:
    return State.D2_OFF if inputs.guard is not None and not outputs_on(inputs) & CONTACTORS else None


def _d2_off(session: Progress, now: float, inputs: Inputs) -> State | None:
    fallen = inputs.guard is not None and not outputs_on(inputs) & (CONTACTORS | Output.D2)
    return State.UNLOCK if fallen and now - session.since_t >= limits.D2_TO_D1.value else None


def _unlock(session: Progress, now: float, inputs: Inputs) -> State | None:
    if not outputs_on(inputs) & Output.D1 and is_empty(inputs, limits.CABLE_UNLOCK_V.value):
        session.locked = False
    unlocked = inputs.guard is not None and Output.PLUG_LOCK not in outputs_on(inputs)
    return State.FAREWELL if not session.locked and unlocked else None


def _farewell(session: Progress, now: float, inputs: Inputs) -> State | None:
    if now - session.since_t < limits.FAREWELL.value:
        return None
    return State.IDLE if session.fault is None else State.FAULT


def _safe(session: Progress, now: float, inputs: Inputs) -> State | None:
    if session.stop_shown and small_current(inputs, now):
        session.charging = False
    done = (
        inputs.guard is not None
        and inputs.guard.state is not GuardState.MAKING_SAFE
        and not outputs_on(inputs) & _OFF_IN_SAFE
    )
    return State.FAULT if done else None


def _unproven(session: Progress, now: float, inputs: Inputs) -> bool:
    """The plug was found locked, and the sensor has shown only an empty cable since. The sensor may have been dead
    before, so we wait for the time in which the cable empties by itself."""
    return session.inherited and not inputs.cable.alive and now - session.signals_on_t < UNLOCK_BY_PERSON_S


def _fault(session: Progress, now: float, inputs: Inputs) -> State | None:
    if not inputs.clear_fault:
        session.order_done = inputs.order  # an order from during the fault is not carried out after it
    if inputs.unlock_word:
        refused = word_refusal(session, now, inputs)
        session.word_t = float("-inf") if refused else now
        session.word_answer = refused or say("unlock.unlocks")
    if inputs.cable_v is not None or now - session.word_t > limits.UNLOCK_WORD_S.value:
        session.word_t = float("-inf")  # a person's word is valid only for the time at which it was given
    if inputs.guard is None or inputs.guard.state is not GuardState.READY:
        return None
    unlocked_by_person = session.unlocks_by_word and Output.PLUG_LOCK not in outputs_on(inputs)
    if unlocked_by_person or (is_empty(inputs, limits.CABLE_UNLOCK_V.value) and not _unproven(session, now, inputs)):
        session.locked = False
    if not inputs.clear_fault or clear_refusal(session, inputs):
        return None
    session.fault, session.reason = None, say("session.fault_cleared")
    return State.IDLE


ENDINGS: dict[State, Callable[[Progress, float, Inputs], State | None]] = {
    State.STOP_CURRENT: _stop_current,
    State.WELDING: _welding,
    State.CAR_RELEASES: _car_releases,
    State.CAR_OPENS: _car_opens,
    State.OPEN: _open,
    State.D2_OFF: _d2_off,
    State.UNLOCK: _unlock,
    State.FAREWELL: _farewell,
    State.SAFE: _safe,
    State.FAULT: _fault,
}
