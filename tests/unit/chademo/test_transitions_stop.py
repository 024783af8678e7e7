"""From energy to an unlocked plug: what each state of a stop waits for, at each limit."""

from copy import deepcopy
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
from v2h.chademo.interface import Fault, Inputs
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Trip

BLED_S = 1.2
"""SAFETY.md, "What a voltage is worth": so long after the emptying began a converter that stands alone is empty."""
OPENED, CLOSED, OLD = leaf(contactors_open=True), leaf(contactors_open=False), leaf(protocol=1)


@pytest.mark.parametrize(
    ("change", "small"),
    [
        ({"amps_a": 5.0}, True),
        ({"amps_a": -5.0}, True),
        ({"amps_a": 5.1}, False),
        ({"amps_a": -5.1}, False),
        ({"amps_a": None}, False),
        ({"amps_t": NOW - 0.5}, True),
        ({"amps_t": NOW - 0.51}, False),
    ],
)
def test_109_5_0_falls_on_two_small_currents(change: dict[str, Any], small: bool) -> None:
    s = at(State.STOP_CURRENT, held_s=0.75, charging=True, stop_shown=True)
    assert following(s, look(pre=telemetry(**change))) is (State.WELDING if small else None)
    assert s.charging is not small
    assert s.held_t == (NOW - 0.75 if small else None)


def test_the_first_small_current_is_not_enough() -> None:
    s = at(State.STOP_CURRENT, charging=True, stop_shown=True)
    for age_s, then in ((0.25, None), (0.25, None), (0.125, State.WELDING)):
        assert following(s, look(pre=telemetry(amps_t=NOW - age_s))) is then
        assert s.held_t == NOW - 0.25


def test_the_car_is_shown_the_stop_first() -> None:
    shown_s = limits.STOP_SHOWN.value
    for now, shown, then in ((shown_s, True, State.WELDING), (shown_s - 0.001, True, None), (9.0, False, None)):
        s = at(State.STOP_CURRENT, since_s=now, held_s=1.0, now=now, stop_shown=shown, charging=True)
        assert following(s, look(), now) is then
        assert s.charging is (then is None)


def bled(cable_v: float = 0.0, pre_v: float = 0.0, **more: Any) -> Inputs:
    return look(**({"cable": measured(cable_v), "pre": telemetry(volts_v=pre_v), "car": OPENED} | more))


@pytest.mark.parametrize(
    ("i", "conducts", "then", "welding"),
    [
        (bled(), False, State.OPEN, "verified"),
        (bled(car=OLD), False, State.OPEN, "assumed"),
        (bled(car=CLOSED), False, None, ""),
        (bled(10.0, 10.0), False, State.OPEN, "verified"),
        (bled(10.1, 10.0), False, None, ""),
        (bled(10.0, 10.1), False, None, ""),
        (bled(cable=assumed(0.0, 10.0)), True, State.OPEN, "assumed"),
        (bled(cable=assumed(0.0, 10.1)), True, None, ""),
        (bled(cable=UNKNOWN), True, None, ""),
    ],
)
def test_the_cable_is_empty_and_the_car_says_that_it_opened(
    i: Inputs, conducts: bool, then: State | None, welding: str
) -> None:
    s = at(State.WELDING, since_s=2.0, held_s=1.0, conducts=conducts)
    assert following(s, i) is then
    assert (s.welding, s.adc_doubted) == (welding, False)


def test_an_assumed_cable_is_doubted_unless_the_contactors_have_conducted() -> None:
    s = at(State.WELDING, since_s=2.0)
    assert following(s, bled(cable=assumed(0.0))) is None
    assert s.adc_doubted and s.welding == ""
    for i in (bled(cable=assumed(0.0), car=CLOSED), bled(cable=assumed(20.0)), bled()):
        s = at(State.WELDING, since_s=2.0)
        following(s, i)
        assert not s.adc_doubted


@pytest.mark.parametrize(("age_s", "then"), [(1.0, None), (1.01, State.SAFE)])
@pytest.mark.parametrize("state", [State.WELDING, State.CAR_RELEASES])
def test_a_converter_that_falls_silent_after_the_stop_may_give_any_current(
    state: State, age_s: float, then: State | None
) -> None:
    s = at(state, since_s=2.0)
    assert following(s, look(pre=telemetry(amps_t=NOW - age_s), car=CLOSED)) is then


def test_so_is_a_cable_that_was_calibrated_by_the_converter_and_its_check_is_never_verified() -> None:
    i = bled(cable=CableVoltage(0.0, Source.BY_CONVERTER, 0.0, shown_v=0.0))
    for conducts, then, welding in ((False, None, ""), (True, State.OPEN, "assumed")):
        s = at(State.WELDING, since_s=2.0, held_s=1.0, conducts=conducts)
        assert following(s, i) is then
        assert (s.welding, s.adc_doubted) == (welding, not conducts)


@pytest.mark.parametrize(("volts_v", "age_s", "since_s", "conducts"), [
    (100.1, 0.0, BLED_S, True), (100.0, 0.0, BLED_S, False), (400.0, 0.0, BLED_S - 0.01, False),
    (400.0, 0.5, BLED_S, True), (400.0, 0.51, BLED_S, False), (None, 0.0, BLED_S, False),
])  # fmt: skip
def test_a_converter_that_does_not_empty_is_joined_with_the_car(
    volts_v: float | None, age_s: float, since_s: float, conducts: bool
) -> None:
    s = at(State.WELDING, since_s=since_s, now=0.0)
    following(s, bled(pre=telemetry(volts_v=volts_v, volts_t=-age_s)), 0.0)
    assert s.conducts is conducts


@pytest.mark.parametrize(
    ("change", "since_s", "refused", "then"),
    [
        ({"car": OLD}, 4.0, False, State.CAR_RELEASES),
        ({"car": OLD}, 3.99, False, None),
        ({"car": CLOSED}, 9.0, False, None),
        ({"car": CLOSED}, 4.0, True, State.CAR_RELEASES),
        ({"car": CLOSED}, 3.99, True, None),
        ({"car": OLD, "pre": telemetry(amps_a=5.1)}, 9.0, False, None),
        ({"car": OLD, "pre": telemetry(amps_t=NOW - 0.51)}, 9.0, False, None),
    ],
)
def test_d2_is_held_4_s_for_a_car_that_hangs_on_it(
    change: dict[str, Any], since_s: float, refused: bool, then: State | None
) -> None:
    assert limits.D2_HELD_UNFLAGGED.value == 4.0
    assert following(at(State.WELDING, since_s=since_s, refused=refused), look(**change)) is then


@pytest.mark.parametrize(
    ("i", "then"),
    [
        (bled(guard=report(CONTACTORS)), State.D2_OFF),
        (bled(guard=report(CONTACTORS | Output.D2)), None),
        (bled(10.1, 10.0), None),
        (bled(10.0, 10.1), None),
        (bled(cable=assumed(0.0)), State.D2_OFF),
        (bled(cable=UNKNOWN), None),
    ],
)
def test_a_released_cable_is_empty_with_d2_off(i: Inputs, then: State | None) -> None:
    s = at(State.CAR_RELEASES, held_s=1.0, conducts=True)
    assert following(s, i) is then
    assert s.welding == ("assumed" if then else "")


@pytest.mark.parametrize(("conducts", "then"), [(True, State.D2_OFF), (False, None)])
def test_a_released_cable_is_doubted_unless_the_contactors_have_conducted(conducts: bool, then: State | None) -> None:
    s = at(State.CAR_RELEASES, held_s=1.0, conducts=conducts)
    assert following(s, bled(cable=assumed(0.0))) is then
    assert s.adc_doubted is not conducts


def test_a_car_that_never_spoke_is_not_waited_for_as_if_it_had() -> None:
    assert following(at(State.CAR_OPENS), look(car=Car())) is None


def test_a_car_without_the_flag_has_2_s_to_open() -> None:
    for now, then in ((1.999, None), (limits.CAR_OPENS_UNFLAGGED.value, State.D2_OFF)):
        s = at(State.CAR_OPENS, since_s=now, now=now)
        assert following(s, look(car=OLD), now) is then


@pytest.mark.parametrize(
    ("change", "entered_v", "seen_s", "opened"),
    [
        ({"car": OPENED}, None, 0.0, True),
        ({"car": OPENED}, None, 5.0, False),
        ({"car": OPENED}, None, 4.99, True),
        ({"car": CLOSED}, None, 0.0, False),
        ({"car": CLOSED, "cable": measured(360.0)}, 380.0, 0.0, True),
        ({"car": CLOSED, "cable": measured(360.1)}, 380.0, 0.0, False),
        ({"car": CLOSED, "cable": assumed(0.0)}, 380.0, 0.0, False),
        ({"car": CLOSED, "cable": CableVoltage(None, Source.VERIFIED, None)}, 380.0, 0.0, False),
    ],
)
def test_the_car_opens(change: dict[str, Any], entered_v: float | None, seen_s: float, opened: bool) -> None:
    s = at(State.CAR_OPENS, held_s=1.0, entered_v=entered_v)
    i = look(**deepcopy(change))
    i.car.seen_t[0x102] = NOW - seen_s
    assert following(s, i) is (State.D2_OFF if opened else None)
    assert s.held_t == (NOW - 1.0 if opened else None)


def test_the_fall_is_counted_from_the_first_reading_of_the_state() -> None:
    s = at(State.CAR_OPENS)
    for volts_v, entered_v in ((380.0, 380.0), (370.0, 380.0), (390.0, 380.0)):
        following(s, look(car=CLOSED, cable=measured(volts_v)))
        assert s.entered_v == entered_v
    assert s.car_joined and s.battery_seen


def test_open_is_believed_after_0_3_s() -> None:
    s = at(State.CAR_OPENS, since_s=5.0, now=0.0)
    OPENED.seen_t[0x102] = 0.0
    for now, then in (
        (0.0, None),
        (limits.CAR_OPEN_FOR.value - 0.001, None),
        (limits.CAR_OPEN_FOR.value, State.D2_OFF),
    ):
        assert following(s, look(car=OPENED), now) is then


@pytest.mark.parametrize(("guard", "then"), [
    (OPEN, State.D2_OFF), (report(Output.D2 | Output.D1), State.D2_OFF), (report(Output.C1), None),
    (report(Output.C2), None), (None, None),
])  # fmt: skip
def test_both_contactors_are_open(guard: Report | None, then: State | None) -> None:
    assert following(at(State.OPEN), look(guard=guard)) is then


@pytest.mark.parametrize(("guard", "fallen"), [
    (OPEN, True), (report(Output.D1), True), (report(Output.D2), False), (report(Output.C1), False),
    (report(Output.C2), False), (None, False),
])  # fmt: skip
def test_d1_falls_half_a_second_after_d2(guard: Report | None, fallen: bool) -> None:
    for now, late in ((limits.D2_TO_D1.value - 0.001, False), (limits.D2_TO_D1.value, True)):
        s = at(State.D2_OFF, since_s=now, now=now)
        assert following(s, look(guard=guard), now) is (State.UNLOCK if fallen and late else None)


@pytest.mark.parametrize(
    ("change", "locked", "then"),
    [
        ({"cable": measured(10.0)}, False, State.FAREWELL),
        ({"cable": measured(10.1)}, True, None),
        ({"cable": measured(10.0), "guard": report(Output.PLUG_LOCK)}, False, None),
        ({"cable": measured(10.0), "guard": report(Output.D1)}, True, None),
        ({"cable": measured(10.0), "guard": None}, False, None),
        ({"cable": UNKNOWN}, True, None),
    ],
)
def test_the_plug_unlocks_on_an_empty_cable_with_d1_off(
    change: dict[str, Any], locked: bool, then: State | None
) -> None:
    s = at(State.UNLOCK, locked=True)
    assert following(s, look(**({"guard": OPEN} | change))) is then
    assert s.locked is locked


def test_a_plug_that_was_never_locked_needs_no_voltage() -> None:
    assert following(at(State.UNLOCK), look(guard=OPEN, cable=UNKNOWN)) is State.FAREWELL


def test_the_farewell_has_its_time_and_a_fault_stays() -> None:
    farewell_s = limits.FAREWELL.value
    for now, fault, then in (
        (farewell_s - 0.001, None, None),
        (farewell_s, None, State.IDLE),
        (farewell_s, Fault("car_lost", "any"), State.FAULT),
    ):
        assert following(at(State.FAREWELL, since_s=now, now=now, fault=fault), look(), now) is then


def trip(state: GuardState, outputs: Output = NONE) -> Report:
    return Report(outputs, state, Trip.CHARGER_SILENT, 1, 1, False, True)


@pytest.mark.parametrize(
    ("guard", "done"),
    [
        (trip(GuardState.TRIPPED), True),
        (trip(GuardState.READY), True),
        (trip(GuardState.MAKING_SAFE), False),
        (None, False),
        (trip(GuardState.TRIPPED, Output.PLUG_LOCK | Output.MASTER), True),
        *((trip(GuardState.TRIPPED, on), False) for on in (Output.D1, Output.D2, Output.C1, Output.C2, Output.PRE_AC)),
    ],
)
def test_make_safe_is_done_when_guard_says_so(guard: Report | None, done: bool) -> None:
    assert following(at(State.SAFE), look(guard=guard)) is (State.FAULT if done else None)


@pytest.mark.parametrize(("shown", "amps_a", "charging"), [(True, 5.0, False), (True, 5.1, True), (False, 0.0, True)])
def test_make_safe_tells_the_car_to_open_at_a_small_current(shown: bool, amps_a: float, charging: bool) -> None:
    s = at(State.SAFE, stop_shown=shown, charging=True)
    following(s, look(guard=None, pre=telemetry(amps_a=amps_a)))
    assert s.charging is charging and fault_name(s) == ""
