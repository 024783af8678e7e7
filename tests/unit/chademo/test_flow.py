"""How much current may flow: the smaller of both sides' limits, in both directions, slewed away from zero only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.flow import allowed_a, next_a
from v2h.chademo.frames import X100, X101, X102, X200, X201
from v2h.chademo.interface import Inputs
from v2h.pre.telemetry import PreTelemetry

NOW = 100.0


def leaf(**x102: object) -> Car:
    """A Leaf at 60 % that offers 14 A of charge and 15 A of discharge."""
    wishes = X102(charge_current_request_a=14, target_battery_v=410, discharge_compatible=True, soc_pct=60)
    return Car(
        x100=X100(max_battery_v=435),
        x101=X101(capacity_kwh=22.4),
        x102=replace(wishes, **x102),  # type: ignore[arg-type]
        x200=X200(max_discharge_current_a=15, min_discharge_v=250, remaining_min_raw=67, remaining_max_raw=179),
        seen_t=dict.fromkeys((0x100, 0x101, 0x102, 0x200), NOW),
    )


def measured(volts_v: float | None) -> CableVoltage:
    return CableVoltage(volts_v, Source.UNKNOWN if volts_v is None else Source.VERIFIED, volts_v)


def look(car: Car, **values: object) -> Inputs:
    world = Inputs(
        car=car,
        guard=None,
        pre=PreTelemetry(volts_v=380.0, amps_t=NOW),
        cable=measured(380.0),
        wanted=True,
        order=1,
        setpoint_w=0.0,
        max_charge_a=15.0,
        max_discharge_a=15.0,
    )
    return replace(world, **values)  # type: ignore[arg-type]


def test_the_smaller_of_both_sides_holds() -> None:
    assert allowed_a(look(leaf()), NOW) == (14.0, 15.0)
    assert allowed_a(look(leaf(), max_charge_a=6.0, max_discharge_a=3.0), NOW) == (6.0, 3.0)


def test_the_cars_flag_forbids_discharge_alone() -> None:
    assert allowed_a(look(leaf(discharge_compatible=False)), NOW) == (14.0, 0.0)


def test_a_car_without_v2h_frames_is_only_charged() -> None:
    car = leaf()
    car.x200 = None
    assert allowed_a(look(car), NOW) == (14.0, 0.0)


@pytest.mark.parametrize(("soc_pct", "discharge_a"), [(29, 0.0), (30, 15.0), (60, 15.0)])
def test_the_cars_floor_in_tenths_of_a_kwh_forbids_discharge_alone(soc_pct: int, discharge_a: float) -> None:
    """67 tenths of a kWh are 29.9 % of 22.4 kWh: a car without 0x201 sends its floor as an energy (CAP1)."""
    assert allowed_a(look(leaf(soc_pct=soc_pct)), NOW) == (14.0, discharge_a)


@pytest.mark.parametrize(("soc_pct", "discharge_a"), [(67, 0.0), (68, 15.0)])
def test_the_cars_floor_is_percent_where_it_sends_0x201(soc_pct: int, discharge_a: float) -> None:
    car = leaf(soc_pct=soc_pct)
    car.x201 = X201()
    assert allowed_a(look(car), NOW) == (14.0, discharge_a)


def test_a_flat_battery_is_not_discharged_but_charged() -> None:
    assert allowed_a(look(leaf(), cable=measured(249.0)), NOW) == (14.0, 0.0)


def test_a_quiet_car_gets_nothing() -> None:
    assert allowed_a(look(leaf()), NOW + 0.31) == (0.0, 0.0)
    car = leaf()
    car.seen_t[0x200] = NOW - 0.31
    assert allowed_a(look(car), NOW) == (14.0, 0.0)


def test_current_rises_by_20_a_a_second_and_falls_at_once() -> None:
    up = look(leaf(), setpoint_w=5000.0)
    assert next_a(up, NOW, 0.0, 0.05) == 1.0
    assert next_a(up, NOW, 12.9, 0.05) == 13.2
    assert next_a(look(leaf(), setpoint_w=380.0), NOW, 13.0, 0.05) == 1.0
    assert next_a(look(leaf(), setpoint_w=-5000.0), NOW, 13.0, 0.05) == -1.0


@given(
    setpoint_w=st.floats(-20_000, 20_000),
    last_a=st.floats(-15, 15),
    request_a=st.integers(0, 255),
    offer_a=st.integers(0, 255),
    mine_a=st.floats(0, 16),
    elapsed_s=st.floats(0, 10),
)
def test_never_beyond_the_smaller_limit(
    setpoint_w: float, last_a: float, request_a: int, offer_a: int, mine_a: float, elapsed_s: float
) -> None:
    car = leaf(charge_current_request_a=request_a)
    assert car.x200 is not None
    car.x200 = replace(car.x200, max_discharge_current_a=offer_a)
    world = look(car, setpoint_w=setpoint_w, max_charge_a=mine_a, max_discharge_a=mine_a)
    amps_a = next_a(world, NOW, last_a, elapsed_s)
    assert -min(offer_a, mine_a, 15) <= amps_a <= min(request_a, mine_a, 15)
    assert str(amps_a) != "-0.0"
