"""How much current may flow, at each limit; the plain cases are in tests/unit/chademo/test_flow.py."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, UNKNOWN, leaf, look, measured, telemetry
from v2h.chademo.car import Car
from v2h.chademo.flow import allowed_a, derating, floor_v, next_a, offered_a, wished_a
from v2h.chademo.frames import X200, X201
from v2h.chademo.interface import Inputs


@pytest.mark.parametrize(
    ("temperature_c", "share"),
    [(None, 1.0), (-20.0, 1.0), (75.0, 1.0), (77.5, 0.8), (80.0, 0.6), (84.0, 0.28), (85.0, 0.2), (99.0, 0.2)],
)
def test_derating(temperature_c: float | None, share: float) -> None:
    assert derating(temperature_c) == pytest.approx(share)


def test_the_offer_is_cut_to_tenths() -> None:
    assert offered_a(look(max_charge_a=6.79, max_discharge_a=3.29)) == (6.7, 3.2)
    assert offered_a(look(max_charge_a=20.0, max_discharge_a=20.0)) == (15.0, 15.0)
    assert offered_a(look(pre=telemetry(temperature_c=80.0))) == (9.0, 9.0)


def heard(car_s: float = 0.0, x200_s: float = 0.0, amps_s: float = 0.0) -> Inputs:
    car = leaf()
    car.seen_t = {0x102: -car_s, 0x200: -x200_s}
    return look(car=car, pre=telemetry(amps_t=-amps_s))


@pytest.mark.parametrize(
    ("i", "charge_a", "discharge_a"),
    [
        (heard(car_s=0.3), 14.0, 15.0),
        (heard(car_s=0.31), 0.0, 0.0),
        (heard(x200_s=0.3), 14.0, 15.0),
        (heard(x200_s=0.31), 14.0, 0.0),
        (heard(amps_s=0.35), 14.0, 15.0),
        (heard(amps_s=0.36), 0.0, 0.0),
        (look(car=Car()), 0.0, 0.0),
    ],
)
def test_how_old_each_may_be(i: Inputs, charge_a: float, discharge_a: float) -> None:
    assert allowed_a(i, 0.0) == (charge_a, discharge_a)


@pytest.mark.parametrize(
    ("change", "discharge_a"),
    [
        ({"cable": measured(250.0)}, 0.0),
        ({"cable": measured(250.1)}, 15.0),
        ({"cable": UNKNOWN, "pre": telemetry(volts_v=250.0)}, 0.0),
        ({"cable": UNKNOWN, "pre": telemetry(volts_v=251.0)}, 15.0),
        ({"cable": UNKNOWN, "pre": telemetry(volts_v=None)}, 0.0),
        ({"max_discharge_a": 2.0}, 2.0),
    ],
)
def test_no_discharge_at_or_below_the_floor(change: dict[str, Any], discharge_a: float) -> None:
    assert allowed_a(look(**change), NOW) == (14.0, discharge_a)


@pytest.mark.parametrize(("theirs_v", "volts_v"), [(240, 250.0), (250, 250.0), (260, 260.0)])
def test_the_higher_floor_counts(theirs_v: int, volts_v: float) -> None:
    car = leaf()
    car.x200 = X200(min_discharge_v=theirs_v)
    assert floor_v(look(car=car)) == volts_v
    car.x200 = None
    assert floor_v(look(car=car)) == 250.0


@pytest.mark.parametrize(("floor", "soc_pct", "discharge_a"), [(59, 60, 15.0), (60, 60, 0.0), (0xFF, 1, 15.0)])
def test_the_cars_own_floor(floor: int, soc_pct: int, discharge_a: float) -> None:
    car = leaf()
    assert car.x102 is not None and car.x200 is not None
    car.x102, car.x201 = replace(car.x102, soc_pct=soc_pct), X201()
    car.x200 = replace(car.x200, remaining_min_raw=floor)
    assert allowed_a(look(car=car), NOW) == (14.0, discharge_a)
    car.x100 = None
    assert allowed_a(look(car=car), NOW) == (14.0, 15.0 if floor == 0xFF else 0.0), "an unknown SOC is below any floor"


def test_the_wish_in_amps() -> None:
    assert wished_a(look(setpoint_w=1000.0)) == 2.6
    assert wished_a(look(setpoint_w=1000.0, pre=telemetry(volts_v=None), cable=measured(400.0))) == 2.5
    assert wished_a(look(setpoint_w=1000.0, pre=telemetry(volts_v=0.0), cable=measured(400.0))) == 2.5
    assert wished_a(look(setpoint_w=1000.0, pre=telemetry(volts_v=None), cable=UNKNOWN)) == 0.0
    assert str(wished_a(look(setpoint_w=-1.0))) == "0.0"


@pytest.mark.parametrize(
    ("wish_a", "last_a", "elapsed_s", "amps_a"),
    [
        (10.0, 0.0, 0.1, 2.0),
        (10.0, 9.0, 0.1, 10.0),
        (10.0, 0.0, -1.0, 0.0),  # a negative time counts as 0 s
        (-10.0, 0.0, 0.1, -2.0),
        (-10.0, -9.0, 0.1, -10.0),
        (-10.0, 9.0, 0.1, -2.0),  # the fall to zero is at once, the rise from zero is slewed
        (10.0, -0.5, 0.1, 2.0),
        (3.0, 9.0, 0.1, 3.0),
        (-3.0, -9.0, 0.0, -3.0),
        (0.0, 9.0, 0.0, 0.0),
        (20.0, 13.9, 1.0, 14.0),
        (-20.0, -14.9, 1.0, -15.0),
    ],
)
def test_the_slew(wish_a: float, last_a: float, elapsed_s: float, amps_a: float) -> None:
    assert next_a(look(setpoint_w=wish_a * 380.0), NOW, last_a, elapsed_s) == pytest.approx(amps_a)
