"""When a state is done: if one condition alone is missing, stale or just beyond its limit, the state stays."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from v2h.bus.states import State
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.frames import X100, X101, X102, X110, X200
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.transitions import NEXT
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Trip

NOW = 100.0


@dataclass(frozen=True)
class Look:
    """The inputs of one step. Ages are in seconds; highest_v: "same" is the newest reading of the cable."""

    outputs: Output = NONE
    k_on: bool = True
    cable_v: float | None = 0.0
    highest_v: float | None | str = "same"
    volts_v: float | None = 0.0
    volts_age_s: float = 0.1
    amps_a: float | None = 0.0
    amps_age_s: float = 0.1
    x102: X102 = field(default_factory=lambda: X102(target_battery_v=410, charging_enabled=True))
    car_age_s: float = 0.05
    spoke: bool = True

    def inputs(self) -> Inputs:
        highest_v = self.cable_v if self.highest_v == "same" else self.highest_v
        source = Source.UNKNOWN if self.cable_v is None else Source.VERIFIED
        car = Car(X100(max_battery_v=435), X101(), self.x102, x200=X200())
        car.seen_t = dict.fromkeys((0x100, 0x101, 0x102, 0x200), NOW - self.car_age_s)
        return Inputs(
            car=car if self.spoke else Car(),
            guard=Report(self.outputs, GuardState.READY, Trip.NONE, 1, 1, self.k_on, True),
            pre=PreTelemetry(
                volts_v=self.volts_v,
                volts_t=NOW - self.volts_age_s,
                amps_a=self.amps_a,
                amps_t=NOW - self.amps_age_s,
            ),
            cable=CableVoltage(self.cable_v, source, highest_v, True),  # type: ignore[arg-type]
            wanted=True,
            order=1,
            setpoint_w=0.0,
            max_charge_a=15.0,
            max_discharge_a=15.0,
        )


def progress(state: State, since_s: float = 1.0, held_s: float | None = 1.0) -> Progress:
    s = Progress(1)
    s.state, s.since_t, s.charging, s.locked = state, NOW - since_s, True, True
    s.stop_shown = True
    s.held_t = None if held_s is None else NOW - held_s
    return s


OPEN_X102 = X102(target_battery_v=410, contactors_open=True)
GOOD: dict[State, tuple[Look, State]] = {
    State.HANDSHAKE: (Look(), State.CONVERTER),
    State.INSULATION: (Look(outputs=CONTACTORS, cable_v=500.0, volts_v=500.0), State.BLEED),
    State.BLEED: (Look(outputs=CONTACTORS), State.TEST_OPEN),
    State.CONTACTOR_CHECK: (Look(cable_v=20.0, volts_v=40.0), State.CAR_CONTACTORS),
    State.MATCH: (Look(cable_v=380.0, volts_v=388.0), State.READY),
    State.STOP_CURRENT: (Look(outputs=CONTACTORS), State.WELDING),
    State.WELDING: (Look(outputs=CONTACTORS, x102=OPEN_X102), State.OPEN),
    State.OPEN: (Look(), State.D2_OFF),
    State.D2_OFF: (Look(outputs=Output.D1), State.UNLOCK),
    State.UNLOCK: (Look(), State.FAREWELL),
}
STAYS: tuple[tuple[State, dict[str, Any]], ...] = (
    (State.HANDSHAKE, {"k_on": False}),
    (State.HANDSHAKE, {"x102": X102(target_battery_v=410)}),
    (State.INSULATION, {"volts_v": 440.0}),
    (State.INSULATION, {"cable_v": 489.0}),
    (State.INSULATION, {"volts_age_s": 0.6}),
    (State.INSULATION, {"outputs": Output.C1}),
    (State.BLEED, {"cable_v": 10.1}),
    (State.BLEED, {"cable_v": -10.1}),
    (State.BLEED, {"volts_v": 10.1}),
    (State.BLEED, {"volts_age_s": 0.6}),
    (State.CONTACTOR_CHECK, {"volts_v": 39.9}),
    (State.CONTACTOR_CHECK, {"volts_age_s": 0.6}),
    (State.CONTACTOR_CHECK, {"highest_v": 20.1}),
    (State.CONTACTOR_CHECK, {"highest_v": None}),
    (State.MATCH, {"volts_age_s": 0.6}),
    (State.MATCH, {"volts_v": 390.1}),
    (State.MATCH, {"volts_v": 369.9}),
    (State.MATCH, {"car_age_s": 0.35}),
    (State.STOP_CURRENT, {"amps_age_s": 0.6}),
    (State.STOP_CURRENT, {"amps_a": 5.1}),
    (State.STOP_CURRENT, {"amps_a": -5.1}),
    (State.STOP_CURRENT, {"amps_a": None}),
    (State.WELDING, {"volts_v": 300.0}),
    (State.WELDING, {"volts_v": 10.1}),
    (State.WELDING, {"cable_v": 10.1}),
    (State.WELDING, {"x102": X102(target_battery_v=410)}),
    (State.OPEN, {"outputs": Output.C1}),
    (State.D2_OFF, {"outputs": Output.D2}),
    (State.D2_OFF, {"outputs": Output.C2}),
    (State.UNLOCK, {"outputs": Output.D1}),
    (State.UNLOCK, {"outputs": Output.PLUG_LOCK}),
    (State.UNLOCK, {"highest_v": 10.1}),
    (State.UNLOCK, {"highest_v": None}),
)


@pytest.mark.parametrize("state", GOOD)
def test_with_all_conditions_the_session_goes_on(state: State) -> None:
    look, following = GOOD[state]
    assert NEXT[state](progress(state), NOW, look.inputs()) is following


@pytest.mark.parametrize(("state", "change"), STAYS, ids=lambda v: v.name if isinstance(v, State) else str(list(v)))
def test_one_condition_missing_keeps_the_state(state: State, change: dict[str, Any]) -> None:
    s = progress(state)
    assert NEXT[state](s, NOW, replace(GOOD[state][0], **change).inputs()) is None
    assert (s.charging and s.locked) or state is State.UNLOCK
    assert s.fault is None


@pytest.mark.parametrize(("highest_v", "following"), [(20.0, State.CAR_CONTACTORS), (20.1, None), (60.0, None)])
def test_without_a_measured_cable_the_test_is_done_on_an_empty_cable_only(
    highest_v: float, following: State | None
) -> None:
    look = Look().inputs()
    look = replace(look, cable=CableVoltage(highest_v, Source.ASSUMED, highest_v), may_assume=True)
    assert NEXT[State.TEST_OPEN](progress(State.TEST_OPEN), NOW, look) is following
    assert NEXT[State.TEST_OPEN](progress(State.TEST_OPEN), NOW, replace(look, may_assume=False)) is None


def test_the_plug_stays_locked_while_d1_is_on() -> None:
    s = progress(State.UNLOCK)
    NEXT[State.UNLOCK](s, NOW, Look(outputs=Output.D1 | Output.PLUG_LOCK).inputs())
    assert s.locked
    NEXT[State.UNLOCK](s, NOW, Look(outputs=Output.PLUG_LOCK).inputs())
    assert not s.locked


@pytest.mark.parametrize(("since_s", "k_on", "fault"), [(0.9, True, ""), (1.1, True, "k_before_can"), (1.1, False, "")])
def test_permission_before_the_car_has_spoken(since_s: float, k_on: bool, fault: str) -> None:
    s = progress(State.WAKE, since_s)
    NEXT[State.WAKE](s, NOW, Look(k_on=k_on, spoke=False).inputs())
    assert (s.fault.name if s.fault else "") == fault


@pytest.mark.parametrize(("raw", "floor_pct"), [(0xFF, None), (67, 29.0), (0, 0.0)])
def test_200_6_of_ff_is_no_floor(raw: int, floor_pct: float | None) -> None:
    car = Car(x101=X101(capacity_kwh=22.4), x200=X200(remaining_min_raw=raw))
    assert car.discharge_floor_pct == floor_pct


@pytest.mark.parametrize(
    ("asked", "x110", "amps"),
    [
        (12, None, 12.0),
        (12, X110(high_current_control=True, extended_current_request_a=300), 12.0),
        (12, X110(extended_current_request_a=300), 12.0),
        (0xFF, X110(extended_current_request_a=300), 255.0),
        (0xFF, X110(high_current_control=True, extended_current_request_a=300), 300.0),
    ],
)
def test_110_counts_only_where_the_car_says_so_and_102_3_is_ff(asked: int, x110: X110 | None, amps: float) -> None:
    assert Car(x102=X102(charge_current_request_a=asked), x110=x110).charge_request_a == amps


@pytest.mark.parametrize(
    ("by", "flowed", "refusals"), [("car", False, 1), ("fault", False, 1), ("us", False, 0), ("car", True, 0)]
)
def test_an_end_counts_as_a_refusal_once_and_only_before_energy_flowed(by: str, flowed: bool, refusals: int) -> None:
    s = progress(State.ENERGY, 1.0)
    s.flowed = flowed
    s.stop(NOW, by)
    s.stop(NOW, "car")
    assert s.refusals == refusals
