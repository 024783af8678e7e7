"""The reason that is given when a state lasts too long names what was seen, state by state."""

from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, OPEN, UNKNOWN, leaf, look, measured, report, telemetry
from v2h.bus.states import State
from v2h.chademo.car import Car
from v2h.chademo.interface import Inputs
from v2h.chademo.refusals import late_words
from v2h.chademo.states import TABLE
from v2h.safety.outputs import Output

DARK = {"cable": UNKNOWN, "pre": telemetry(volts_v=None)}


def live(cable_v: float | None, pre_v: float | None, **more: Any) -> Inputs:
    cable = UNKNOWN if cable_v is None else measured(cable_v)
    return look(cable=cable, pre=telemetry(volts_v=pre_v), **more)


NO_BIT = leaf(charging_enabled=False)
CLOSED, OPENED = leaf(contactors_open=False), leaf(contactors_open=True)
OLD = leaf(protocol=1)
SAID: list[tuple[State, Inputs, str]] = [
    (State.HANDSHAKE, look(car=NO_BIT), "K is on, but the car's permission bit (102.5.0) is missing"),
    (State.HANDSHAKE, look(car=Car()), "K is on, but the car's permission bit (102.5.0) is missing"),
    (State.HANDSHAKE, look(guard=report(k_on=False)), "but K is off: is its wire whole?"),
    (State.HANDSHAKE, look(guard=None), "but K is off: is its wire whole?"),
    (State.HANDSHAKE, look(guard=report(k_on=False), car=NO_BIT), "within 8 s: neither K nor 102.5.0"),
    (State.CONVERTER, look(pre=telemetry(enabled=False, status=0x0900)), "status word 0x0900"),
    (State.CONVERTER, look(pre=telemetry(enabled=False, status=None)), TABLE[State.CONVERTER].late),
    (State.CONVERTER, look(pre=telemetry()), TABLE[State.CONVERTER].late),
    (State.CONVERTER, look(pre=telemetry(volts_t=NOW - 2)), "has not reported its voltage (2107) for 2.0 s"),
    (State.LOCK, live(10.1, 0.0), "10 V on the cable before the car may join"),
    (State.LOCK, live(-10.1, 0.0), "-10 V on the cable"),
    (State.LOCK, live(10.0, 10.1), "10 V at the converter's output before"),
    (State.LOCK, live(None, 10.1), "10 V at the converter's output before"),
    (State.LOCK, live(10.0, 10.0), TABLE[State.LOCK].late),
    (State.LOCK, look(**DARK), "contactors are closed (102.5.3 = 0) before d2"),
    (State.LOCK, look(**DARK, car=leaf(contactors_open=True)), TABLE[State.LOCK].late),
    (State.INSULATION, live(300.0, 310.0), "at 500 V: 300 V on the cable, 310 V at the converter"),
    (State.INSULATION, live(None, 310.0), "at 500 V: 310 V at the converter"),
    (State.INSULATION, live(300.0, None), "at 500 V: 300 V on the cable"),
    (State.INSULATION, look(**DARK), TABLE[State.INSULATION].late),
    (State.TEST_OPEN, look(guard=report(Output.C2 | Output.D1)), "guard keeps c2 closed"),
    (State.TEST_OPEN, look(), "guard keeps c1 and c2 closed"),
    (State.TEST_OPEN, look(guard=OPEN, car=CLOSED), "contactors are closed (102.5.3 = 0) before d2"),
    (State.TEST_OPEN, live(20.0, 0.0, guard=OPEN, car=OPENED), "20 V on the cable"),
    (State.TEST_OPEN, live(0.0, 0.0, guard=None, car=OLD), "not known to be empty"),
    (State.TEST_OPEN, live(0.0, 0.0, guard=OPEN, car=OPENED), "not known to be empty"),
    (State.CAR_CONTACTORS, look(car=OLD), "no battery voltage comes to the cable after d2"),
    (State.CAR_CONTACTORS, look(), TABLE[State.CAR_CONTACTORS].late),
    (State.UNLOCK, look(cable=UNKNOWN), "the cable voltage is not known: the plug stays locked"),
    (State.UNLOCK, live(10.1, 0.0), "10 V on the cable: the plug stays locked"),
    (State.UNLOCK, live(10.0, 0.0), TABLE[State.UNLOCK].late),
    (State.WELDING, look(), TABLE[State.WELDING].late),
]


@pytest.mark.parametrize(("state", "i", "words"), SAID, ids=lambda v: v if isinstance(v, str) else "")
def test_it_says_what_was_seen(state: State, i: Inputs, words: str) -> None:
    said = late_words(state, NOW, i)
    assert said == words if words == TABLE[state].late else words in said
