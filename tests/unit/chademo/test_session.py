"""What a session reports about itself, and when it sends frames to the car."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, OPEN, UNKNOWN, leaf, look, measured, report
from v2h.bus.states import State
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.session import Session
from v2h.safety.outputs import Output


def unlocking() -> Session:
    """Return a session that has released the car while the plug stays locked on a live cable."""
    s = Session(1)
    s.step(NOW - 70.0, look(wanted=False, guard=OPEN, cable=measured(0.0)))  # at rest it has had a report of guard
    s.enter(State.UNLOCK, NOW)
    s.speaking_t, s.locked = NOW - 60.0, True
    return s


def spoken(session: Session, now: float, heard_t: float) -> bool:
    """Return whether the session sends frames to a car whose last frame came at `heard_t`."""
    car = leaf()
    car.seen_t = dict.fromkeys(car.seen_t, heard_t)
    inputs = look(car=car, guard=report(Output.PLUG_LOCK, k_on=False), cable=measured(300.0))
    return bool(session.step(now, inputs).frames)


def test_a_car_that_has_gone_is_not_spoken_to_beyond_300_ms_and_not_again() -> None:
    """SAFETY.md: frames that nobody acknowledges would wait in the controller for the next car."""
    s = unlocking()
    assert spoken(s, NOW + 0.1, NOW)
    assert spoken(s, NOW + 0.29, NOW)
    assert not spoken(s, NOW + 0.31, NOW)
    assert s.state is State.UNLOCK
    assert not spoken(s, NOW + 1.0, NOW + 1.0), "a stray frame begins nothing"


@pytest.mark.parametrize(
    ("cable", "may_assume", "said"),
    [
        (measured(300.0), False, "verified"),
        (measured(300.0), True, "verified"),
        (CableVoltage(300.0, Source.ASSUMED, 300.0), False, "assumed"),
        (CableVoltage(300.0, Source.ASSUMED, 300.0), True, "assumed"),
        (UNKNOWN, True, "assumed"),
        (UNKNOWN, False, "not fitted"),
    ],
)
def test_what_is_said_of_the_cables_voltage(cable: CableVoltage, may_assume: bool, said: str) -> None:
    changes: dict[str, Any] = {"cable": cable, "may_assume": may_assume}
    assert unlocking().checks(look(**changes))["cable_v"] == said


@pytest.mark.parametrize(("state", "doubted"), [(State.HANDSHAKE, True), (State.IDLE, False)])
def test_a_cable_that_guard_doubts_is_doubted_in_a_session(state: State, doubted: bool) -> None:
    """At rest a new session may begin: guard's doubt is about the session before it."""
    s = Session(1)
    s.enter(state, NOW)
    s.step(NOW, look(wanted=False, guard=replace(report(), cable_doubted=True)))
    assert s.adc_doubted is doubted


def test_a_persons_word_outside_of_a_fault_has_no_answer() -> None:
    s = Session(1)
    s.step(NOW, look(wanted=False, unlock_word=True))
    assert s.word_answer == ""
