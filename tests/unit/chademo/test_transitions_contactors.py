"""From the insulation test to energy: what each contactor waits for, at each limit."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import (
    NOW,
    OPEN,
    UNKNOWN,
    assumed,
    at,
    fault_name,
    following,
    leaf,
    look,
    measured,
    report,
    telemetry,
)
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.conditions import converter_low
from v2h.chademo.interface import Inputs
from v2h.safety.outputs import Output

OLD = leaf(protocol=1)


def volts(cable_v: float | None, pre_v: float | None, age_s: float = 0.0, **more: Any) -> Inputs:
    cable = UNKNOWN if cable_v is None else measured(cable_v)
    return look(cable=cable, pre=telemetry(volts_v=pre_v, volts_t=NOW - age_s), **more)


def steady(volts_v: float) -> CableVoltage:
    return replace(measured(volts_v), steady=True)


TEST_OK = volts(500.0, 500.0)
CHECKED = {"guard": OPEN, "cable": measured(0.0), "pre": telemetry(volts_v=50.0)}
LASTING: list[tuple[State, Inputs, float, State]] = [
    (State.INSULATION, TEST_OK, limits.INSULATION_HOLD.value, State.BLEED),
    (State.BLEED, volts(0.0, 0.0), 0.2, State.TEST_OPEN),  # SAFETY.md, "What a voltage is worth"
    (State.CONTACTOR_CHECK, look(**CHECKED), limits.CHECK_HOLD.value, State.CAR_CONTACTORS),
    (State.CAR_CONTACTORS, look(), limits.CABLE_SETTLE.value, State.MATCH),
    (State.CAR_CONTACTORS, look(car=OLD), limits.CABLE_SEEN_FOR.value, State.MATCH),
]


@pytest.mark.parametrize(("state", "i", "for_s", "then"), LASTING)
def test_the_condition_lasts_so_long(state: State, i: Inputs, for_s: float, then: State) -> None:
    s = at(state, since_s=10.0, now=0.0)
    assert following(s, i, 0.0) is None
    assert s.held_t == 0.0
    assert following(s, i, for_s - 0.001) is None
    assert s.held_t == 0.0
    assert following(s, i, for_s - 5e-7) is then, "a step a hair early by floating point"


@pytest.mark.parametrize(
    ("i", "stands"),
    [
        (TEST_OK, True),
        (volts(490.0, 500.0), True),
        (volts(489.9, 489.9), False),
        (volts(500.0, 490.0), True),
        (volts(500.0, 489.9), False),
        (volts(490.0, 500.1), False),
        (volts(500.0, 500.0, 0.5), True),
        (volts(500.0, 500.0, 0.51), False),
        (volts(500.0, None), False),
        (volts(None, 500.0), False),
        (volts(500.0, 500.0, guard=None), False),
        (volts(500.0, 500.0, guard=report(Output.C2)), False),
    ],
)
def test_the_test_voltage_stands(i: Inputs, stands: bool) -> None:
    s = at(State.INSULATION, held_s=1.0)
    assert following(s, i) is (State.BLEED if stands else None)
    assert s.held_t == (NOW - 1.0 if stands else None), "a break begins the time again"


@pytest.mark.parametrize(
    ("i", "before", "empty"),
    [
        (look(cable=measured(10.0)), False, True),
        (look(cable=measured(10.1)), False, False),
        (look(cable=measured(10.0), guard=report(Output.C1)), False, False),
        (look(cable=UNKNOWN), False, False),
        (look(cable=measured(500.0)), True, True),
    ],
)
def test_the_cable_is_seen_empty_with_closed_contactors_before_the_voltage_rises(
    i: Inputs, before: bool, empty: bool
) -> None:
    s = at(State.INSULATION, seen_empty=before)
    following(s, i)
    assert s.seen_empty is empty


@pytest.mark.parametrize(
    ("i", "empty"),
    [
        (volts(10.0, 0.0), True),
        (volts(0.0, 10.0), True),
        (volts(-10.0, 0.0), True),
        (volts(10.1, 1.0), False),
        (volts(-10.1, -1.0), False),
        (volts(1.0, 10.1), False),
        (volts(-10.0, 0.1), False),
        (volts(0.0, None), False),
        (volts(0.0, 0.0, 0.5), True),
        (volts(0.0, 0.0, 0.51), False),
        (look(cable=CableVoltage(None, Source.VERIFIED, 0.0), pre=telemetry(volts_v=0.0)), False),
        (look(cable=assumed(0.0, 10.0)), True),
        (look(cable=assumed(0.0, 10.1)), False),
        (look(cable=UNKNOWN), False),
    ],
)
def test_what_empties_the_cable_shows_it_empty(i: Inputs, empty: bool) -> None:
    assert following(at(State.BLEED, held_s=1.0), i) is (State.TEST_OPEN if empty else None)


@pytest.mark.parametrize(("i", "low"), [
    (volts(0.0, 10.0), True), (volts(0.0, 10.1), False), (volts(0.0, None), False), (volts(0.0, 0.0, 0.5), True),
    (volts(0.0, 0.0, 0.51), False),
])  # fmt: skip
def test_the_converter_is_low_by_a_fresh_reading(i: Inputs, low: bool) -> None:
    assert converter_low(i, NOW) is low


@pytest.mark.parametrize("i", [volts(0.0, 0.0), look(cable=assumed(0.0))])
def test_what_was_read_before_the_converter_could_follow_says_nothing(i: Inputs) -> None:
    follows_s = limits.FOLLOWS_AFTER.value
    for now, then in ((follows_s - 0.001, None), (follows_s, State.TEST_OPEN)):
        assert following(at(State.BLEED, since_s=now, held_s=1.0, now=now), i, now) is then


@pytest.mark.parametrize(
    ("change", "ending", "then"),
    [
        ({"guard": OPEN}, False, State.CONTACTOR_CHECK),
        ({"guard": OPEN}, True, State.D2_OFF),
        ({"guard": None}, True, None),
        ({"guard": report(Output.C1)}, True, None),
        ({"guard": report(Output.C2)}, False, None),
        ({"guard": OPEN, "cable": assumed(0.0, 20.0), "may_assume": True}, False, State.CAR_CONTACTORS),
        ({"guard": OPEN, "cable": assumed(0.0, 20.1), "may_assume": True}, False, None),
        ({"guard": OPEN, "cable": assumed(0.0)}, False, None),
        ({"guard": OPEN, "cable": UNKNOWN}, False, None),
    ],
)
def test_the_test_is_done_with_open_contactors(change: dict[str, Any], ending: bool, then: State | None) -> None:
    assert following(at(State.TEST_OPEN, ending=ending), look(**change)) is then


SPIKE, WELDED = measured(20.1), steady(20.1)


@pytest.mark.parametrize(
    ("change", "then", "holds", "fault"),
    [
        ({}, State.CAR_CONTACTORS, True, ""),
        ({"pre": telemetry(volts_v=40.0)}, State.CAR_CONTACTORS, True, ""),
        ({"pre": telemetry(volts_v=39.9)}, None, False, ""),
        ({"pre": telemetry(volts_v=39.9), "cable": WELDED}, None, False, ""),
        ({"pre": telemetry(volts_v=None)}, None, False, ""),
        ({"pre": telemetry(volts_v=50.0, volts_t=NOW - 0.5)}, State.CAR_CONTACTORS, True, ""),
        ({"pre": telemetry(volts_v=50.0, volts_t=NOW - 0.51)}, None, False, ""),
        ({"cable": steady(20.0)}, State.CAR_CONTACTORS, True, ""),
        ({"cable": WELDED}, None, False, "contactors_welded"),
        ({"cable": SPIKE}, None, False, ""),
        ({"cable": CableVoltage(0.0, Source.VERIFIED, 20.1)}, None, True, ""),
        ({"cable": CableVoltage(None, Source.VERIFIED, 20.0)}, State.CAR_CONTACTORS, True, ""),
        ({"cable": UNKNOWN}, None, False, ""),
        ({"cable": assumed(0.0), "may_assume": True}, None, False, ""),
    ],
)
def test_a_cable_that_follows_the_converter(
    change: dict[str, Any], then: State | None, holds: bool, fault: str
) -> None:
    s = at(State.CONTACTOR_CHECK, held_s=1.0)
    assert following(s, look(**(CHECKED | change))) is then
    assert s.held_t == (NOW - 1.0 if holds else None)
    assert (fault_name(s), s.fault.bit if s.fault else "") == (fault, "malfunction" if fault else "")


@pytest.mark.parametrize(
    ("change", "matching", "joined", "seen"),
    [
        ({}, True, True, True),
        ({"car": leaf(contactors_open=True)}, False, False, True),
        ({"cable": measured(50.1)}, True, True, True),
        ({"cable": measured(50.0)}, False, True, False),
        ({"cable": UNKNOWN}, False, True, False),
        ({"cable": UNKNOWN, "assumed_battery_v": 380.0}, True, True, False),
        ({"cable": measured(50.0), "car": OLD}, False, True, False),
        ({"cable": measured(50.1), "car": OLD}, True, True, True),
    ],
)
def test_the_cars_battery_is_on_the_cable(change: dict[str, Any], matching: bool, joined: bool, seen: bool) -> None:
    s = at(State.CAR_CONTACTORS, held_s=1.0)
    assert following(s, look(**change)) is (State.MATCH if matching else None)
    assert (s.car_joined, s.battery_seen) == (joined, seen)


def test_what_was_seen_of_the_car_stays_seen() -> None:
    s = at(State.CAR_CONTACTORS, car_joined=True, battery_seen=True)
    following(s, look(car=leaf(contactors_open=True), cable=measured(0.0)))
    assert s.car_joined and s.battery_seen


@pytest.mark.parametrize(
    ("change", "matched"),
    [
        ({}, True),
        ({"pre": telemetry(volts_v=390.0)}, True),
        ({"pre": telemetry(volts_v=390.1)}, False),
        ({"pre": telemetry(volts_v=370.0)}, True),
        ({"pre": telemetry(volts_v=369.9)}, False),
        ({"pre": telemetry(volts_v=None)}, False),
        ({"pre": telemetry(volts_t=NOW - 0.5)}, True),
        ({"pre": telemetry(volts_t=NOW - 0.51)}, False),
        ({"cable": measured(380.0)}, False),
        ({"cable": UNKNOWN}, False),
        ({"cable": UNKNOWN, "assumed_battery_v": 380.0}, True),
        ({"car": leaf(contactors_open=True)}, False),
        ({"car": Car()}, False),
        ({"cable": steady(150.0), "pre": telemetry(volts_v=150.0)}, True),
    ],
)
def test_two_polls_meet_a_steady_battery(change: dict[str, Any], matched: bool) -> None:
    s = at(State.MATCH, held_s=0.6)
    assert following(s, look(**({"cable": steady(380.0)} | change))) is (State.READY if matched else None)
    assert s.held_t == (NOW - 0.6 if matched else None)
    assert s.fault is None


def test_the_first_poll_that_matches_is_not_enough() -> None:
    s = at(State.MATCH)
    for age_s, then in ((0.3, None), (0.3, None), (0.2, State.READY)):
        i = look(cable=steady(380.0), pre=telemetry(volts_t=NOW - age_s))
        assert following(s, i) is then
        assert s.held_t == NOW - 0.3


@pytest.mark.parametrize(("cable", "fault"), [
    (steady(149.9), "incompatible"), (measured(149.9), ""), (steady(150.0), ""),
])  # fmt: skip
def test_a_battery_below_what_the_converter_can_is_refused_once_it_is_steady(cable: CableVoltage, fault: str) -> None:
    s = at(State.MATCH)
    assert following(s, look(cable=cable, pre=telemetry(volts_v=150.0))) is None
    assert (fault_name(s), s.fault.bit if s.fault else "") == (fault, fault)
    assert not fault or (s.state, s.held_t) == (State.CAR_OPENS, None), "the next state's time has not begun"


def test_contactors_do_not_close_onto_a_car_that_fell_silent() -> None:
    quiet_s = limits.CAR_QUIET.value
    for now, then in ((quiet_s, State.READY), (quiet_s + 0.001, None)):
        car = leaf()
        car.seen_t = {0x102: 0.0}
        assert following(at(State.MATCH, held_s=1.0, now=now), look(car=car, cable=steady(380.0)), now) is then
