"""The voltage that the session orders from the converter, in each state that orders one."""

import pytest

from tests.support.chademo_inputs import NOW, OPEN, UNKNOWN, leaf, look, measured, telemetry
from v2h.bus.states import State
from v2h.chademo.interface import Inputs
from v2h.chademo.session import Session


def asked(state: State, i: Inputs) -> tuple[float, float]:
    session = Session(1)
    session.step(NOW - 1.0, look(wanted=False, guard=OPEN))
    session.state, session.since_t, session.signals_on_t = state, NOW - 0.1, NOW
    session.permitted_t = session.d1_t = NOW - 1.0
    actions = session.step(NOW, i)
    assert session.state is state
    return actions.pre_volts_v, actions.pre_amps_a


@pytest.mark.parametrize(
    ("i", "volts_v"),
    [
        (look(cable=measured(370.0)), 378.0),
        (look(cable=measured(496.0)), 500.0),  # 500 V is the converter's maximum
        (look(cable=UNKNOWN, assumed_battery_v=370.0, may_assume=True), 370.0),  # a guess may be too high or too low
    ],
)
def test_the_match_is_8_v_above_a_measured_battery_and_at_a_guessed_one(i: Inputs, volts_v: float) -> None:
    assert asked(State.MATCH, look_open(i)) == (volts_v, 1.0)


def look_open(i: Inputs) -> Inputs:
    return look(
        cable=i.cable,
        assumed_battery_v=i.assumed_battery_v,
        may_assume=i.may_assume,
        guard=OPEN,
        pre=telemetry(volts_v=300.0),
    )


def test_the_contactor_check_raises_50_v_at_1_a() -> None:
    i = look(guard=OPEN, cable=measured(1.0), pre=telemetry(volts_v=5.0), car=leaf(contactors_open=True))
    assert asked(State.CONTACTOR_CHECK, i) == (50.0, 1.0)


def test_the_match_is_held_while_the_battery_is_not_measured() -> None:
    """One wrong reading makes it unknown for 0.2 s; the converter must not begin again from 0 V, since the car does not
    wait. Nothing closes meanwhile, and VOLTAGE_MATCH ends it."""
    session = Session(1)
    session.step(NOW - 1.0, look(wanted=False, guard=OPEN))
    session.state, session.since_t, session.signals_on_t = State.MATCH, NOW - 0.1, NOW
    session.permitted_t = session.d1_t = NOW - 1.0
    session.step(NOW, look_open(look(cable=measured(370.0))))
    actions = session.step(NOW + 0.1, look_open(look(cable=UNKNOWN, may_assume=False)))
    assert session.state is State.MATCH
    assert (actions.pre_volts_v, actions.pre_amps_a) == (378.0, 1.0)
