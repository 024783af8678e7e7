"""When the next turn of `charger` is due: at rest five times a second, and at once when `wanted` changes."""

from v2h.bus.messages import Setpoint
from v2h.chademo.charger import RESTING_STEP_S, Charger
from v2h.chademo.session import Session


def wish(now: float, *, wanted: bool) -> Setpoint:
    return Setpoint(now, wanted, 1000.0, now + 1.0, "", 1)


def test_only_a_changed_wish_is_looked_at_at_once() -> None:
    charger = Charger(Session(1), max_charge_a=14, max_discharge_a=14)
    charger.turn(0.0)
    assert charger.resting and charger.next_due(0.01) == RESTING_STEP_S
    for now, wanted, changed in ((0.01, False, False), (0.02, True, True), (0.03, True, False), (0.04, False, True)):
        charger.setpoint(wish(now, wanted=wanted), now)
        assert (charger.next_due(now) == now) is changed, (now, wanted)
        charger.turn(now)
    assert charger.next_due(0.05) > 0.05
