"""Every field of the frames that we send, calculated from plain values."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.support.chademo_inputs import UNKNOWN, leaf, look, measured, telemetry
from v2h.bus.states import State
from v2h.chademo import frames
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.evse import Shown, build, present_v
from v2h.chademo.frames import X108, X109, X110, X118, X208, X209
from v2h.chademo.interface import Fault, Inputs
from v2h.chademo.states import TABLE

PLAIN = Shown(
    row=TABLE[State.ENERGY],
    locked=True,
    charging=True,
    fault=None,
    speaking_s=9.0,
    flowed=True,
    offer_a=(12, 11),
    amps_a=7.5,
    protocol=2,
)


def sent(i: Inputs | None = None, *, joined: bool = True, **shown: Any) -> dict[type, Any]:
    return {type(frame): frame for frame in build(i or look(), replace(PLAIN, **shown), joined)}


def test_all_of_it_in_energy_flow() -> None:
    assert build(look(), PLAIN, True) == (
        X108(True, 500, 12, 435, 0, 0, 0),
        X109(2, 380, 8, True, 0, True, False, True, False, False, False, 0, 0xFF, 60),
        X208(0, 500, 11, 250, b"\0\0"),
        X209(2, 5, b"\0\0\0\0\0"),
    )


def test_the_defaults_of_what_we_send() -> None:
    assert X108() == X108(True, 0, 0, 0, 0, 0, 0)
    assert X109() == X109(2, 0, 0, True, 0, False, False, False, False, False, True, 0, 0xFF, 0xFF)
    assert X110() == X110(False, False, False, 0, 0, bytes(5))
    assert X118() == X118(False, False, False, 0, bytes(7))
    assert X208() == X208(0, 0, 0, 0, bytes(2)) and X209() == X209(2, 0, bytes(5))


def test_the_defaults_of_what_the_car_sends() -> None:
    """The frames of a new Car claim nothing that the car has not sent."""
    assert frames.X100() == frames.X100(0, 0, 0, 0, 100, 0)
    assert frames.X101() == frames.X101(0, 0, 0, 0.0, 0, 0, 0)
    assert frames.X200() == frames.X200(0, 0, 0, 0, bytes(3)) and frames.X201() == frames.X201(0, 0, 0.0, bytes(3))
    others = {field.name: getattr(frames.X102(), field.name) for field in fields(frames.X102)}
    assert others.pop("protocol") == 2
    assert not any(others.values())


@pytest.mark.parametrize(
    ("speaking_s", "charging", "tens_s", "minutes"),
    [
        (0.0, False, 0xFF, 0xFF),
        (0.99, True, 0xFF, 0xFF),
        (1.0, False, 0, 0),
        (1.0, True, 0xFF, 60),
    ],
)
def test_remaining_times(speaking_s: float, charging: bool, tens_s: int, minutes: int) -> None:
    x109 = sent(speaking_s=speaking_s, charging=charging)[X109]
    assert (x109.remaining_time_10s, x109.remaining_time_min) == (tens_s, minutes)


@pytest.mark.parametrize(("flowed", "minutes"), [(False, 0), (True, 5)])
def test_discharge_time(flowed: bool, minutes: int) -> None:
    assert sent(flowed=flowed)[X209].remaining_discharge_min == minutes


@pytest.mark.parametrize(
    ("amps_a", "charge_a", "discharge_a"),
    [
        *[(0.0, 0, 0), (0.49, 0, 0), (0.5, 1, 0), (6.5, 7, 0), (7.5, 8, 0), (14.4, 14, 0), (-6.5, 0, 7)],
        *[(254.5, 255, 0), (255.5, 255, 0), (999.0, 255, 0), (-999.0, 0, 255)],
    ],
)
def test_currents_are_rounded_and_end_at_255(amps_a: float, charge_a: int, discharge_a: int) -> None:
    told = sent(amps_a=amps_a)
    assert (told[X109].present_a, told[X208].present_discharge_current_a) == (charge_a, discharge_a)
    for off in ({"joined": False}, {"flowed": False}):
        told = sent(amps_a=amps_a, **off)  # type: ignore[arg-type]
        assert (told[X109].present_a, told[X208].present_discharge_current_a) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "bits"),
    [
        ("contactors_welded", (True, False, False)),
        ("incompatible", (False, True, False)),
        ("converter_lost", (False, False, True)),
        ("car_fault", (False, False, False)),
    ],
)
def test_one_fault_sets_one_bit(fault: str, bits: tuple[bool, bool, bool]) -> None:
    x109 = sent(fault=Fault(fault, "y"))[X109]
    assert (x109.charger_malfunction, x109.battery_incompatible, x109.system_malfunction) == bits


def test_what_the_session_says_goes_through() -> None:
    x109 = sent(locked=False, charging=False, protocol=1, row=TABLE[State.READY])[X109]
    assert (x109.connector_locked, x109.charging, x109.protocol, x109.stop_control) == (False, False, 1, True)


def test_118_answers_110_alone_and_says_dynamic_control() -> None:
    assert X118 not in sent()
    car = leaf()
    car.x110 = X110()
    told = build(look(car=car), PLAIN, True)
    assert [type(frame) for frame in told] == [X108, X109, X118, X208, X209]
    assert told[2] == X118(True, False, False, 0, bytes(7))


SHOWN = CableVoltage(None, Source.UNKNOWN, None, False, 3.0)


@pytest.mark.parametrize(
    ("cable", "pre_v", "joined", "volts_v"),
    [
        (measured(371.0), 380.0, True, 371.0),
        (measured(-3.0), 380.0, True, 0.0),
        (SHOWN, 380.0, True, 3.0),  # the reading of a doubted sensor is still sent
        (CableVoltage(4.0, Source.ASSUMED, 4.0), 380.0, True, 4.0),
        (UNKNOWN, 380.0, True, 380.0),
        (UNKNOWN, 380.0, False, 0.0),
        (UNKNOWN, None, True, 0.0),
    ],
)
def test_the_voltage_that_is_told(cable: CableVoltage, pre_v: float | None, joined: bool, volts_v: float) -> None:
    assert present_v(look(cable=cable, pre=telemetry(volts_v=pre_v)), joined) == volts_v


@pytest.mark.parametrize(("volts_v", "told_v"), [(380.4, 380), (380.6, 381), (65535.0, 65535), (70000.0, 65535)])
def test_the_voltage_is_rounded_and_ends_at_65535(volts_v: float, told_v: int) -> None:
    assert sent(look(cable=measured(volts_v)))[X109].present_v == told_v


@pytest.mark.parametrize(("amps_a", "shown_a"), [(-4.0, 4), (-0.2, 0)])
def test_a_discharge_that_does_not_end_is_shown_after_energy_flow(amps_a: float, shown_a: int) -> None:
    """When the converter refuses 0 A, the car may see the current that flows. -0.2 A is the bleed and no discharge."""
    assert sent(charging=False, amps_a=amps_a)[X208].present_discharge_current_a == shown_a
