"""From rest to a locked plug: why a start is refused, and when the first states are done, at each limit."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import (
    NOW,
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
from v2h.chademo.frames import X100
from v2h.chademo.interface import Inputs
from v2h.chademo.refusals import refusal
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import GuardState

REST = report(NONE, k_on=False)
EMPTY = {"guard": REST, "cable": measured(0.0)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"guard": None}, "guard is not ready"),
        ({"guard": replace(REST, state=GuardState.TRIPPED)}, "guard is not ready"),
        ({"guard": replace(REST, state=GuardState.STARTING)}, "guard is not ready"),
        ({"guard": replace(REST, session=0)}, "has not heard charger"),
        ({"guard": replace(REST, can_up=False)}, "CAN bus is down"),
        ({"guard": replace(REST, outputs=Output.PLUG_LOCK)}, "still on: "),
        ({"guard": replace(REST, k_on=True)}, "K is on before a session"),
        ({"cable": UNKNOWN}, "is not measured"),
        ({"cable": UNKNOWN, "may_assume": True}, ""),
        ({"cable": assumed(0.0)}, "is not measured"),
        ({"cable": assumed(0.0), "may_assume": True}, ""),
        ({"cable": assumed(10.1), "may_assume": True}, "10 V on the cable"),
        ({"cable": measured(10.0)}, ""),
        ({"cable": measured(10.1)}, "10 V on the cable"),
        ({"cable": measured(-10.0)}, ""),
        ({"cable": CableVoltage(-10.1, Source.VERIFIED, 10.1)}, "-10 V on the cable"),
        ({"cable": CableVoltage(0.0, Source.VERIFIED, 10.1)}, "not been measured for a second"),
        ({"cable": CableVoltage(0.0, Source.VERIFIED, None)}, "not been measured for a second"),
    ],
)
def test_why_a_start_is_refused(change: dict[str, Any], words: str) -> None:
    i = look(**(EMPTY | change))
    why_not = refusal(i)
    assert words in why_not and bool(why_not) is bool(words)
    s = at(State.IDLE)
    assert following(s, i) is (None if words else State.WAKE)
    assert s.reason == (why_not or "starting")
    assert s.starts == (0 if words else 1)


@pytest.mark.parametrize("change", [{"wanted": False}, {"order": 7}, {"order_live": False}])
def test_nothing_starts_without_a_new_order(change: dict[str, Any]) -> None:
    s = at(State.IDLE, order_done=7)
    assert following(s, look(**(EMPTY | change))) is None
    assert (s.starts, s.reason) == (0, "not started")


def test_a_start_forgets_the_session_before() -> None:
    marks = ("ending", "charging", "flowed", "seen_empty", "paused", "adc_doubted", "refused", "car_joined")
    marks = (*marks, "battery_seen", "conducts")
    s = at(State.IDLE, speaking_t=1.0, idle_t=1.0, ahead_t=1.0, ended_by="car", **dict.fromkeys(marks, True))
    s.told.add("converter_odd")
    s.seen_on = Output.D1
    s.number = 0xFFFFFFFF
    assert following(s, look(**EMPTY, order=9)) is State.WAKE
    assert not any(getattr(s, mark) for mark in marks)
    assert (s.speaking_t, s.idle_t, s.ahead_t, s.ended_by) == (None, None, None, "")
    assert (s.number, s.order_done, s.d1_t, s.starts) == (0, 9, NOW, 1)
    assert (s.told, s.seen_on, s.remarks) == (set(), NONE, [])


def test_a_start_on_an_assumed_cable_says_so() -> None:
    s = at(State.IDLE)
    following(s, look(guard=REST, cable=assumed(0.0), may_assume=True))
    assert [code for code, _ in s.remarks] == ["cable_assumed"]


@pytest.mark.parametrize("late", [None, 0x100, 0x101, 0x102])
def test_awake_is_a_car_whose_three_frames_came_after_d1(late: int | None) -> None:
    car = leaf()
    car.seen_t = {can_id: NOW if can_id != late else NOW - 0.5 for can_id in (0x100, 0x101, 0x102)}
    s = at(State.WAKE, since_s=0.5)
    assert following(s, look(car=car)) is (None if late else State.HANDSHAKE)
    assert s.speaking_t == (None if late else NOW)


@pytest.mark.parametrize(("guard", "since_s", "fault"), [
    (report(k_on=True), limits.K_BEFORE_CAN.value, ""),
    (report(k_on=True), limits.K_BEFORE_CAN.value + 0.01, "k_before_can"),
    (report(k_on=False), 3.0, ""),
    (None, 3.0, ""),
])  # fmt: skip
def test_permission_before_the_first_frames_is_a_fault(guard: Any, since_s: float, fault: str) -> None:
    s = at(State.WAKE, since_s=since_s)
    assert following(s, look(car=Car(), guard=guard)) is None
    assert fault_name(s) == fault
    assert s.state is (State.D2_OFF if fault else State.WAKE)


@pytest.mark.parametrize(("change", "permitted"), [
    ({}, True),
    ({"guard": None}, False),
    ({"guard": report(k_on=False)}, False),
    ({"car": Car()}, False),
    ({"car": leaf(charging_enabled=False)}, False),
])  # fmt: skip
def test_permission_is_k_and_the_bit(change: dict[str, Any], permitted: bool) -> None:
    s = at(State.HANDSHAKE)
    assert following(s, look(**change)) is (State.CONVERTER if permitted else None)
    assert s.permitted_t == (NOW if permitted else 0.0)


@pytest.mark.parametrize(("change", "ready"), [
    ({}, True),
    ({"enabled": False}, False),
    ({"enabled": None}, False),
    ({"enabled_t": NOW - 0.5}, True),
    ({"enabled_t": NOW - 0.51}, False),
    ({"amps_t": NOW - 1.1}, False),
])  # fmt: skip
def test_the_plug_locks_when_the_converter_is_enabled_and_tells_all(change: dict[str, Any], ready: bool) -> None:
    s = at(State.CONVERTER)
    assert following(s, look(pre=telemetry(**change))) is (State.LOCK if ready else None)
    assert (s.locked, fault_name(s)) == (ready, "")


def _with(x100: X100, **x102: Any) -> Car:
    car = leaf(**x102)
    car.x100 = x100
    return car


FITS = X100(max_battery_v=435)
NO_NEEDS, NO_LIMITS = leaf(), leaf()
NO_NEEDS.x102 = NO_LIMITS.x100 = None
OTHER_PACK = {"pack_unlike": "another pack"}


@pytest.mark.parametrize(
    ("i", "words"),
    [
        (look(car=NO_NEEDS), "does not say what it needs"),
        (look(car=NO_LIMITS), "does not say what it needs"),
        (look(**OTHER_PACK), ""),
        (look(**OTHER_PACK, cable=UNKNOWN), "another pack"),
        (look(**OTHER_PACK, cable=assumed(0.0)), "another pack"),
        (look(car=_with(FITS, protocol=2, target_battery_v=500)), ""),
        (look(car=_with(FITS, protocol=2, target_battery_v=501)), "wants 501 V, we can give 500 V"),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=0))), ""),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=49))), ""),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=50))), "begins at 50 V, we at 150 V"),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=149))), "begins at 149 V"),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=150))), ""),
        (look(car=_with(X100(max_battery_v=435, min_battery_v=100), protocol=1)), ""),
        (look(car=_with(X100(max_battery_v=0))), ""),
        (look(car=_with(X100(max_battery_v=1))), "ends at 1 V, we begin at 150 V"),
        (look(car=_with(X100(max_battery_v=149))), "ends at 149 V"),
        (look(car=_with(X100(max_battery_v=150))), ""),
    ],
)
def test_a_car_that_does_not_fit_is_named_and_not_locked(i: Inputs, words: str) -> None:
    s = at(State.CONVERTER)
    assert following(s, i) is (None if words else State.LOCK)
    assert words in (s.fault.text if s.fault else "")
    assert (fault_name(s), s.fault.bit if s.fault else "") == (("incompatible",) * 2 if words else ("", ""))
    assert s.locked is not bool(words)


LOCKED = {"guard": report(Output.PLUG_LOCK), "cable": measured(0.0), "pre": telemetry(volts_v=0.0)}


@pytest.mark.parametrize(("change", "goes_on", "seen_empty"), [
    ({}, True, True),
    ({"guard": report(Output.D1)}, False, True),
    ({"guard": None}, False, True),
    ({"cable": measured(10.0)}, True, True),
    ({"cable": CableVoltage(0.0, Source.VERIFIED, 10.1)}, False, False),
    ({"cable": CableVoltage(0.0, Source.VERIFIED, 10.1), "may_assume": True}, False, False),
    ({"cable": UNKNOWN}, False, False),
    ({"cable": UNKNOWN, "may_assume": True, "car": leaf(contactors_open=True)}, True, False),
    ({"cable": UNKNOWN, "may_assume": True}, False, False),  # the car says that its contactors are closed
    ({"pre": telemetry(volts_v=None)}, False, False),
    ({"pre": telemetry(volts_v=10.0)}, True, True),
    ({"pre": telemetry(volts_v=10.1)}, False, False),
    ({"pre": telemetry(volts_v=0.0, volts_t=NOW - 0.5)}, True, True),
    ({"pre": telemetry(volts_v=0.0, volts_t=NOW - 0.51)}, False, False),
])  # fmt: skip
def test_the_insulation_test_begins_on_an_empty_cable(change: dict[str, Any], goes_on: bool, seen_empty: bool) -> None:
    s = at(State.LOCK)
    assert following(s, look(**(LOCKED | change))) is (State.INSULATION if goes_on else None)
    assert s.seen_empty is seen_empty


def test_the_solenoid_has_its_time() -> None:
    settle_s = limits.LOCK_SETTLE.value
    for now, expected in ((settle_s - 0.001, None), (settle_s, State.INSULATION)):
        s = at(State.LOCK, since_s=now, now=now)
        assert following(s, look(**LOCKED), now) is expected
