"""Inputs of the session as plain values: a Leaf on a measured cable of 380 V, and whatever a test changes."""

from dataclasses import replace
from typing import Any

from v2h.bus.states import State
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.frames import X100, X101, X102, X200
from v2h.chademo.interface import Inputs
from v2h.chademo.progress import Progress
from v2h.chademo.transitions import NEXT
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Trip

NOW = 100.0


def leaf(**x102: Any) -> Car:
    """A Leaf that permits charging, requests 14 A, and takes 410 V at most."""
    wishes = X102(charge_current_request_a=14, target_battery_v=410, discharge_compatible=True, charging_enabled=True)
    return Car(
        x100=X100(max_battery_v=435),
        x101=X101(capacity_kwh=22.4),
        x102=replace(wishes, soc_pct=60, **x102),
        x200=X200(max_discharge_current_a=15, min_discharge_v=240),
        seen_t=dict.fromkeys((0x100, 0x101, 0x102, 0x200), NOW),
    )


def measured(volts_v: float) -> CableVoltage:
    return CableVoltage(volts_v, Source.VERIFIED, volts_v, shown_v=volts_v)


UNKNOWN = CableVoltage(None, Source.UNKNOWN, None)


def report(outputs: Output = CONTACTORS, *, k_on: bool = True) -> Report:
    return Report(outputs, GuardState.READY, Trip.NONE, 1, 1, k_on, True)


OPEN = report(NONE)


def telemetry(**values: Any) -> PreTelemetry:
    """A converter whose values have all been read just now."""
    names = ("status", "volts", "amps", "temperature", "set_volts", "set_amps", "enabled", "warning")
    fresh = {f"{name}_t": NOW for name in names}
    plain = {"status": 1, "volts_v": 380.0, "amps_a": 0.0, "enabled": True, "set_amps_a": 0.0, "warning_word": 0}
    return PreTelemetry(**(plain | {"temperature_c": 40.0, "set_volts_v": 410.0} | fresh | values))


def look(**values: Any) -> Inputs:
    plain = Inputs(
        car=leaf(),
        guard=report(),
        pre=telemetry(),
        cable=measured(380.0),
        wanted=True,
        order=1,
        setpoint_w=0.0,
        max_charge_a=15.0,
        max_discharge_a=15.0,
    )
    return replace(plain, **values)


def at(state: State, *, since_s: float = 5.0, held_s: float | None = None, now: float = NOW, **marks: Any) -> Progress:
    """A session that has been in `state` for since_s, its condition for held_s; marks: other fields of Progress."""
    s = Progress(1)
    s.state, s.since_t = state, now - since_s
    s.held_t = None if held_s is None else now - held_s
    for name, value in marks.items():
        assert hasattr(s, name), name
        setattr(s, name, value)
    return s


def following(s: Progress, i: Inputs, now: float = NOW) -> State | None:
    """The next state by the transition of the session's state, or None."""
    return NEXT[s.state](s, now, i)


def fault_name(s: Progress) -> str:
    return "" if s.fault is None else s.fault.name


def assumed(volts_v: float | None, highest_v: float | None = None) -> CableVoltage:
    return CableVoltage(volts_v, Source.ASSUMED, volts_v if highest_v is None else highest_v)
