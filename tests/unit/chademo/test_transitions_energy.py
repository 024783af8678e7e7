"""Into energy and out of it: what starts it, what it reports about the contactors, and how an early stop ends it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, at, following, leaf, look, report, telemetry
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.safety.outputs import Output


def _discharging(allowed_a: int, *, compatible: bool = True) -> Car:
    car = leaf(charge_current_request_a=0, discharge_compatible=compatible)
    assert car.x200 is not None
    car.x200 = replace(car.x200, max_discharge_current_a=allowed_a)
    return car


NO_V2H, NO_NEEDS = leaf(charge_current_request_a=0), leaf()
NO_V2H.x200 = NO_NEEDS.x102 = None


@pytest.mark.parametrize(
    ("change", "asks", "closed"),
    [
        ({}, True, True),
        ({"guard": None}, False, False),
        ({"guard": report(Output.C1)}, False, False),
        ({"car": NO_NEEDS}, False, False),
        ({"car": leaf(charge_current_request_a=1, discharge_compatible=False)}, True, True),
        ({"car": _discharging(1)}, True, True),
        ({"car": _discharging(0)}, False, True),
        ({"car": _discharging(15, compatible=False)}, False, True),
        ({"car": NO_V2H}, False, True),
    ],
)
def test_energy_begins_when_the_car_asks_or_offers(change: dict[str, Any], asks: bool, closed: bool) -> None:
    s = at(State.READY)
    assert following(s, look(**change)) is (State.ENERGY if asks else None)
    assert s.battery_seen is closed


@pytest.mark.parametrize(
    ("change", "since_s", "conducts"),
    [
        ({"amps_a": 1.1}, 5.0, True),
        ({"amps_a": -1.1}, 5.0, True),
        ({"amps_a": 1.0}, 5.0, False),
        ({"amps_a": None}, 5.0, False),
        ({"amps_a": 9.0, "amps_t": NOW - 0.5}, 5.0, True),
        ({"amps_a": 9.0, "amps_t": NOW - 0.51}, 5.0, False),
        ({"amps_a": 9.0, "amps_t": NOW - 0.25}, 0.25, False),
    ],
)
def test_a_current_shows_that_the_contactors_conduct(change: dict[str, Any], since_s: float, conducts: bool) -> None:
    s = at(State.ENERGY, since_s=since_s)
    assert following(s, look(pre=telemetry(**change))) is None
    assert s.conducts is conducts
    following(s, look(pre=telemetry()))
    assert s.conducts is conducts, "once seen it stays seen"


@pytest.mark.parametrize(
    ("source", "conducts"), [(Source.VERIFIED, True), (Source.BY_CONVERTER, True), (Source.ASSUMED, False)]
)
def test_a_current_is_no_witness_where_the_converter_alone_measures(source: Source, conducts: bool) -> None:
    s = at(State.ENERGY)
    following(s, look(pre=telemetry(amps_a=9.0), cable=CableVoltage(380.0, source, 380.0)))
    assert s.conducts is conducts


def test_a_stop_from_before_energy_shows_itself_first() -> None:
    shown_s = limits.STOP_SHOWN.value
    for now, ending, then in ((shown_s - 0.001, True, None), (shown_s, True, State.STOP_CURRENT), (9.0, False, None)):
        assert following(at(State.ENERGY, since_s=now, now=now, ending=ending), look(), now) is then
