"""The currents that the charger offers the car (108.3, 208.3), at each limit."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, leaf, look, measured, telemetry
from v2h.chademo.frames import X102
from v2h.chademo.interface import Inputs
from v2h.chademo.offer import held_back, told_amps_a, told_offer_a
from v2h.chademo.progress import Progress


def flowing(**values: Any) -> Progress:
    s = Progress(1)
    s.charging = True
    for name, value in values.items():
        setattr(s, name, value)
    return s


def plain_car() -> Any:
    """A car without V2H."""
    car = leaf(discharge_compatible=False)
    car.x200 = None
    return car


def wish(amps_a: float, **values: Any) -> Inputs:
    return look(setpoint_w=amps_a * 380.0, **values)


def test_before_energy_the_hardware_in_a_pause_nothing_after_that_the_installation() -> None:
    small = look(max_charge_a=6.5, max_discharge_a=3.2)
    assert told_offer_a(flowing(charging=False), small, NOW, 0.0) == (15, 15)
    assert told_offer_a(flowing(paused=True), small, NOW, 0.0) == (0, 0)
    assert told_offer_a(flowing(paused=True, charging=False), small, NOW, 0.0) == (0, 0)
    assert told_offer_a(flowing(), small, NOW, 0.0) == (6, 3)
    assert told_offer_a(flowing(ending=True), small, NOW, 0.0) == (6, 3)


@pytest.mark.parametrize(
    ("wished_a", "told_a"), [(0.0, 0), (0.1, 1), (5.0, 5), (5.1, 6), (14.9, 15), (20.0, 15), (-5.0, 0)]
)
def test_a_car_without_v2h_is_offered_what_is_wished(wished_a: float, told_a: int) -> None:
    assert told_offer_a(flowing(), wish(wished_a, car=plain_car()), NOW, 0.0) == (told_a, 15)
    assert told_offer_a(flowing(ending=True), wish(wished_a, car=plain_car()), NOW, 0.0) == (15, 15)


@pytest.mark.parametrize(
    ("volts_v", "wished_a", "flows_a", "told_a"),
    [
        (407.0, 10.0, 4.6, 5),  # the ceiling is 410 V, and 407 V counts as at the ceiling
        (406.9, 10.0, 4.6, 15),
        (409.0, 0.1, -3.0, 1),
        (409.0, 0.0, 4.6, 15),  # no current is wished, so none is held back
        (409.0, 14.0, 20.0, 15),  # never more than the installation allows
    ],
)
def test_at_the_ceiling_it_follows_what_flows(volts_v: float, wished_a: float, flows_a: float, told_a: int) -> None:
    i = wish(wished_a, cable=measured(volts_v), pre=telemetry(amps_a=flows_a))
    assert told_offer_a(flowing(), i, NOW, 10.0) == (told_a, 15)


@pytest.mark.parametrize(
    ("wished_a", "flows_a", "commanded_a", "told_a"),
    [
        (0.0, 0.0, 0.0, 9),
        (5.9, 0.0, 0.0, 14),
        (6.0, 0.0, 0.0, 15),  # 9 A ahead is not too much
        (0.0, 5.5, 0.0, 14),
        (0.0, 0.0, 5.5, 14),
        (-9.0, -9.0, -9.0, 9),
    ],
)
def test_after_3_s_too_far_ahead_it_is_9_a_above(
    wished_a: float, flows_a: float, commanded_a: float, told_a: int
) -> None:
    s = flowing()
    for after_s, told in ((0.0, 15), (2.9, 15), (3.0, told_a), (9.0, told_a)):
        now = NOW + after_s
        i = wish(wished_a, pre=telemetry(amps_a=flows_a, amps_t=now))
        assert told_offer_a(s, i, now, commanded_a) == (told, 15), after_s


def test_the_3_s_begin_again_when_it_caught_up() -> None:
    s = flowing()
    for after_s, wished_a in ((0.0, 0.0), (2.0, 8.0), (2.5, 0.0), (5.4, 0.0)):
        assert told_offer_a(s, wish(wished_a), NOW + after_s, 0.0) == (15, 15)
    assert told_offer_a(s, wish(0.0), NOW + 5.5, 0.0) == (9, 15)


@pytest.mark.parametrize(("age_s", "amps_a"), [(0.0, 7.5), (0.5, 7.5), (0.51, 0.0)])
def test_a_current_older_than_half_a_second_is_not_told(age_s: float, amps_a: float) -> None:
    assert told_amps_a(look(pre=telemetry(amps_a=7.5)), NOW + age_s) == amps_a
    assert told_amps_a(look(pre=telemetry(amps_a=None)), NOW + age_s) == 0.0


@pytest.mark.parametrize(
    ("told_a", "asked_a", "volts_v", "held"),
    [
        (14, 14, 380.0, True),
        (14, 13, 380.0, True),
        (14, 12, 380.0, False),
        (15, 15, 380.0, False),  # 15 A is the maximum
        (14, 14, 407.0, False),
        (14, 14, 406.9, True),
    ],
)
def test_held_back(told_a: int, asked_a: int, volts_v: float, held: bool) -> None:
    car = leaf()
    car.x102 = replace(car.x102 or X102(), charge_current_request_a=asked_a)
    assert held_back(flowing(), look(car=car, cable=measured(volts_v)), told_a) is held


def test_what_is_held_back_is_charge() -> None:
    assert not held_back(flowing(), look(max_charge_a=14.0, max_discharge_a=15.0), 14)
    assert held_back(flowing(), look(max_charge_a=15.0, max_discharge_a=14.0), 14)
