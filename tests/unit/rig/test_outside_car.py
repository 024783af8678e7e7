"""A CCS car for which another program speaks: that program moves pilot and contactors by the rig's knobs."""

from functools import partial

import pytest

from v2h.ccs.pilot import Order
from v2h.rig.ccs.car import CcsCar, Phase
from v2h.rig.control import apply, state
from v2h.rig.plant import Plant


def pulsed() -> tuple[Plant, CcsCar]:
    """A rig whose car sees the pilot's pulse and has matched."""
    plant = Plant(car=partial(CcsCar, dialect=None))
    assert isinstance(plant.car, CcsCar)
    plant.car.box.order, plant.car.box.dead = Order.PWM, False
    plant.car.connect()
    plant.step(0.1)
    return plant, plant.car


def test_the_program_sees_what_the_car_measures() -> None:
    plant, _ = pulsed()
    seen = state(plant)["ccs"]
    assert seen["joined"] and not seen["stops"] and seen["pilot"] == "B"
    assert seen["measured"] == {"battery_v": plant.battery.ocv_v(), "inlet_v": 0.0, "soc_pct": 60.0}
    apply(plant, "car", "stop")
    assert state(plant)["ccs"]["stops"]


def test_the_program_moves_pilot_and_contactors_and_ends_the_session() -> None:
    plant, car = pulsed()
    for knob in ("ccs_wants_energy", "ccs_closed"):
        apply(plant, knob, "1")
    plant.step(0.2)
    seen = state(plant)
    assert seen["ccs"]["pilot"] == "C" and seen["k_on"] and seen["contactors"]["car"]
    assert car.phase is Phase.CHARGING
    apply(plant, "ccs_over", "1")
    plant.step(0.3)
    seen = state(plant)
    assert seen["ccs"]["pilot"] == "B" and not seen["contactors"]["car"] and not seen["ccs"]["joined"]


def test_the_pulse_goes_and_takes_pilot_and_contactors_with_it() -> None:
    plant, car = pulsed()
    apply(plant, "ccs_wants_energy", "1")
    apply(plant, "ccs_closed", "1")
    plant.step(0.2)
    car.box.order = Order.OFF
    plant.step(0.3)
    assert not state(plant)["contactors"]["car"] and not car.box.wants_energy
    assert car.failed == "the pilot's pulse has gone"


def test_without_its_session_a_knob_is_refused() -> None:
    plant = Plant(car=partial(CcsCar, dialect=None))
    with pytest.raises(ValueError, match="ccs_closed: no session of another program runs"):
        apply(plant, "ccs_closed", "1")
    with pytest.raises(ValueError, match=r"unknown knob"):
        apply(Plant(), "ccs_over", "1")
