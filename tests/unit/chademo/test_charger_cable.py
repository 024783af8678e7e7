"""`charger` looks at the cable once in a turn, and again as soon as something has come in."""

import pytest

from v2h.chademo.cable import Source
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session


@pytest.mark.parametrize("between", ["nothing", "a turn", "a question", "a turn and a question"])
def test_a_reading_of_the_same_moment_as_the_last_look_is_seen(between: str) -> None:
    charger = Charger(Session(1), max_charge_a=14, max_discharge_a=14)
    if "turn" in between:
        charger.turn(5.0)
    if "question" in between:
        assert charger.inputs(5.0).cable.source is Source.UNKNOWN
    charger.cable_sample(400.0, 5.0)
    charger.turn(5.0)
    assert charger.inputs(5.0).cable.volts_v == 400.0
    charger.cable_sample(20.0, 5.0)
    charger.turn(5.0)
    assert charger.inputs(5.0).cable.volts_v == 20.0
