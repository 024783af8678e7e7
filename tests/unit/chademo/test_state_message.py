"""What `charger` publishes on the bus: an unknown value is published as unknown, not as 0."""

from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, leaf, report, telemetry
from v2h.bus.states import State
from v2h.chademo.charger import Charger
from v2h.chademo.interface import Fault
from v2h.chademo.session import Session
from v2h.chademo.state_message import charger_state
from v2h.safety.outputs import NONE, Output


def charger(state: State = State.ENERGY, **told: Any) -> Charger:
    made = Charger(Session(7), max_charge_a=15.0, max_discharge_a=15.0)
    made.session.state, made.car = state, leaf()
    made.session.d1_t, made.session.permitted_t = NOW - 9.0, NOW - 5.0
    made.converter.telemetry = telemetry(**told)
    made.guard_report(report(Output.D1 | Output.C1), NOW)
    made.cable_sample(379.88, NOW)
    return made


def test_all_of_it() -> None:
    made = charger(volts_v=380.0, amps_a=-2.5, amps_t=NOW - 0.25)
    made.session.commanded_a, made.session.told_offer_a = -2.4, (15, 15)
    told = charger_state(made, NOW, {"x": 1.0}, 30)
    assert (told.t, told.state, told.session, told.fan_pct, told.inputs_v) == (NOW, "energy", 7, 30, {"x": 1.0})
    assert (told.volts_v, told.amps_a, told.power_w, told.t_power) == (380.0, -2.5, -950.0, NOW - 0.25)
    assert (told.setpoint_a, told.max_charge_a, told.max_discharge_a) == (-2.4, 14.0, 15.0)
    assert (told.soc_pct, told.capacity_kwh, told.cable_v, told.temperature_c) == (60.0, 22.4, 379.9, 40.0)
    assert (told.k_on, told.outputs, told.guard, told.faults) == (True, ["d1", "c1"], "ready", [])
    assert told.ages_s == {"car": 0.0, "converter": 0.25}
    assert told.status_109_5 == "" and told.paused is False


@pytest.mark.parametrize(("name", "left"), [("volts_v", "amps_a"), ("amps_a", "volts_v")])
def test_power_needs_volts_and_amps(name: str, left: str) -> None:
    told = charger_state(charger(**{name: None}), NOW, {}, None)
    assert (told.power_w, told.t_power, getattr(told, name)) == (None, None, None)
    assert getattr(told, left) is not None and told.fan_pct is None


@pytest.mark.parametrize(("old", "gone"), [
    ({"amps_t": NOW - 1.0, "volts_t": NOW - 1.0, "temperature_t": NOW - 5.0}, set()),
    ({"amps_t": NOW - 1.01}, {"amps_a", "power_w", "t_power"}),
    ({"volts_t": NOW - 1.01}, {"volts_v", "power_w", "t_power"}),
    ({"temperature_t": NOW - 5.01}, {"temperature_c"}),
])  # fmt: skip
def test_values_of_a_converter_that_is_silent_are_not_shown(old: dict[str, float], gone: set[str]) -> None:
    """After a fault the page showed 297 W out of a car whose contactors were open."""
    told = charger_state(charger(volts_v=380.0, amps_a=-2.5, **old), NOW, {}, None)
    shown = ("amps_a", "volts_v", "power_w", "t_power", "temperature_c")
    assert {name for name in shown if getattr(told, name) is None} == gone


def test_a_silent_guard_and_a_dead_sensor() -> None:
    told = charger_state(charger(), NOW + 0.6, {}, None)
    assert (told.k_on, told.outputs, told.guard, told.cable_v) == (False, [], "silent", None)
    made = charger(amps_t=float("-inf"))
    made.car.seen_t.clear()
    assert charger_state(made, NOW, {}, None).ages_s == {"car": None, "converter": None}


@pytest.mark.parametrize(("permitted_s", "known"), [(-1.0, False), (0.0, False), (1.0, True)])
def test_the_soc_is_that_of_this_session(permitted_s: float, known: bool) -> None:
    """The first values of a Leaf are wrong, and those of the last session are stale."""
    made = charger()
    made.session.permitted_t = made.session.d1_t + permitted_s
    assert (charger_state(made, NOW, {}, None).soc_pct is not None) is known
    made.session.permitted_t, made.car.x101 = NOW, None
    assert charger_state(made, NOW, {}, None).soc_pct is None


def test_at_rest_it_says_why_nothing_begins_and_a_fault_by_its_name() -> None:
    made = charger(State.IDLE)
    made.guard_gone()
    at_rest = charger_state(made, NOW, {}, None).reason
    made.session.state = State.ENERGY
    assert at_rest != charger_state(made, NOW, {}, None).reason == made.session.reason
    made.session.fault = Fault("converter_warning", "x")
    assert charger_state(made, NOW, {}, None).faults == ["converter_warning"]
    assert Output(0) == NONE
