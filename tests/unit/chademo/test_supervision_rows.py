"""Each watch of the supervision alone: just inside its limit it reports nothing, just outside it reports the fault."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, OPEN, UNKNOWN, leaf, look, measured, report, telemetry
from v2h.bus.states import State
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.interface import Fault, Inputs
from v2h.chademo.supervision import REMARKS, WATCHES, at_ceiling, ceiling_v, check, remarks, threshold_v, unheard
from v2h.safety.outputs import CONTACTORS, NONE, Output

ALL = (*WATCHES, *REMARKS)
BAD: dict[str, Callable[[Inputs, float, float], str]] = {watch.name: watch.bad for watch in REMARKS + WATCHES}
SMALL = REMARKS[1].bad


def pre(**values: Any) -> Inputs:
    return look(pre=telemetry(**values))


def cable(volts_v: float, **more: Any) -> Inputs:
    return look(cable=measured(volts_v), **more)


def car(**x102: Any) -> Inputs:
    return look(car=leaf(**x102))


def assumed(volts_v: float, battery_v: float | None) -> Inputs:
    return look(cable=CableVoltage(volts_v, Source.ASSUMED, None), assumed_battery_v=battery_v)


def by_converter(volts_v: float) -> CableVoltage:
    return CableVoltage(volts_v, Source.BY_CONVERTER, volts_v, shown_v=volts_v)


def drawn(amps_a: float | None, volts_v: float) -> Inputs:
    return cable(volts_v, pre=telemetry(amps_a=amps_a))


def apart(volts_v: float, pre_v: float | None) -> Inputs:
    return cable(volts_v, pre=telemetry(volts_v=pre_v))


MUTE = look(car=Car(), guard=None, cable=UNKNOWN, pre=telemetry(volts_v=None, amps_a=None, set_amps_a=None))
WELL: list[tuple[str, Inputs]] = [
    ("guard_lost", look()),
    ("car_fault", car(charging_system_fault=True)),
    ("car_system_fault", car(battery_overvoltage=True)),
    ("not_in_park", car()),
    ("stop_request", car()),
    ("stop_request", car(normal_stop_request=True)),  # the car still requests current
    ("stop_request", car(normal_stop_request=True, charge_current_request_a=1)),
    ("stop_request", car(normal_stop_request=True, charge_current_request_a=0, protocol=1)),
    ("car_ended", car()),
    ("k_off", look()),
    ("k_against_can", look()),
    ("k_against_can", look(car=leaf(charging_enabled=False), guard=report(k_on=False))),
    ("car_open", car()),
    ("car_open", car(contactors_open=True, protocol=1)),
    ("unflagged_unmeasured", look(may_assume=True, cable=UNKNOWN)),
    ("unflagged_unmeasured", look(may_assume=True, car=leaf(protocol=1))),
    ("unflagged_unmeasured", look(car=leaf(protocol=1), cable=UNKNOWN)),
    ("unflagged_unmeasured", look(cable=by_converter(380.0))),
    ("contactors_welded", look(guard=OPEN, pre=telemetry(volts_v=100.0))),
    ("contactors_welded", look(guard=report(Output.C1))),
    ("contactors_welded", look(guard=OPEN, car=leaf(protocol=1))),
    ("cable_lost", look()),
    ("cable_lost", look(cable=UNKNOWN, may_assume=True)),
    ("cable_lost", look(cable=by_converter(380.0))),
    ("converter_off", pre()),
    ("converter_off", pre(enabled=None)),
    ("converter_status", pre(status=0x0401)),
    ("converter_status", pre(status=None)),
    ("converter_warning", pre(warning_word=None)),
    ("over_temperature", pre(temperature_c=85.0)),
    ("over_temperature", pre(temperature_c=None)),
    ("test_over_voltage", cable(520.0, pre=telemetry(volts_v=520.0))),
    ("over_voltage", cable(435.0)),
    ("battery_gone", cable(50.0)),
    ("battery_unlike", assumed(400.0, 380.0)),
    ("battery_unlike", assumed(360.0, 380.0)),
    ("battery_unlike", assumed(360.0, None)),
    ("battery_unlike", cable(300.0, assumed_battery_v=380.0)),
    ("battery_unlike", look(cable=by_converter(360.0), assumed_battery_v=380.0)),
    ("battery_unlike", look(cable=by_converter(300.0))),
    ("car_closed", car(contactors_open=True)),
    ("under_voltage", drawn(-1.0, 250.0)),
    ("under_voltage", drawn(-1.1, 250.1)),
    ("under_voltage", drawn(None, 240.0)),
    ("current_deviation", pre(amps_a=5.0)),
    ("current_deviation", pre(amps_a=15.0)),
    ("current_remains", pre(amps_a=1.0)),
    ("current_remains", pre(amps_a=-1.0)),
    ("setpoint_unheeded", pre(set_amps_a=8.0)),
    ("setpoint_unheeded", pre(set_amps_a=12.0)),
    ("cable_against_converter", apart(390.0, 380.0)),
    ("cable_against_converter", apart(370.0, 380.0)),
    ("request_over", car(charge_current_request_a=15)),
    *[(name, MUTE) for name in sorted(set(BAD) - {"guard_lost", "car_lost", "cable_lost"})],
]
ILL: list[tuple[str, Inputs, str]] = [
    ("guard_lost", look(guard=None), "guard is silent"),
    ("car_fault", car(battery_overvoltage=True, battery_undervoltage=True), "overvoltage, battery undervoltage"),
    ("car_system_fault", car(charging_system_fault=True), "charging system"),
    ("not_in_park", car(not_in_park=True), "not in park"),
    ("stop_request", car(normal_stop_request=True, charge_current_request_a=0), "asks for a stop"),
    ("car_ended", car(charging_enabled=False), "ended"),
    ("k_off", look(guard=report(k_on=False)), "took"),
    ("k_against_can", look(guard=report(k_on=False)), "K is off although the car's frames say on"),
    ("k_against_can", car(charging_enabled=False), "K is on although the car's frames say off"),
    ("car_open", car(contactors_open=True), "opened"),
    ("unflagged_unmeasured", look(may_assume=True, cable=UNKNOWN, car=leaf(protocol=1)), "protocol 1"),
    ("unflagged_unmeasured", look(cable=by_converter(380.0), car=leaf(protocol=1)), "protocol 1"),
    ("car_closed", car(), "closed contactors"),
    ("car_closed", car(contactors_open=True, protocol=1), "does not report"),
    ("contactors_welded", look(guard=OPEN, pre=telemetry(volts_v=100.1)), "welded"),
    ("contactors_welded", look(guard=report(NONE), car=leaf(protocol=2)), "380 V"),
    ("cable_lost", look(cable=UNKNOWN), "no longer"),
    ("cable_lost", look(cable=CableVoltage(380.0, Source.ASSUMED, None)), "no longer"),
    ("converter_off", pre(enabled=False), "off"),
    ("converter_status", pre(status=0x0003), "0x0002"),
    ("converter_warning", pre(warning_word=1), "0x00000001"),
    ("over_temperature", pre(temperature_c=85.1), "85.1"),
    ("test_over_voltage", cable(520.6), "521 V"),
    ("test_over_voltage", pre(volts_v=520.1), "520 V"),
    ("over_voltage", cable(435.1), "limit 435 V"),
    ("over_voltage", look(cable=UNKNOWN, pre=telemetry(volts_v=435.1)), "435.1 V"),
    ("battery_gone", cable(49.9), "50 V"),
    ("battery_unlike", assumed(400.1, 380.0), "400 V, 380"),
    ("battery_unlike", assumed(359.9, 380.0), "360 V, 380"),
    ("battery_unlike", look(cable=by_converter(359.9), assumed_battery_v=380.0), "360 V, 380"),
    ("under_voltage", drawn(-1.1, 250.0), "1.1 A are drawn from a battery of 250.0 V, limit 250 V"),
    ("current_deviation", pre(amps_a=4.9), "4.9 A instead of 10.0 A"),
    ("current_deviation", pre(amps_a=15.1), "15.1 A"),
    ("current_remains", pre(amps_a=1.1), "still gives 1.1 A"),
    ("current_remains", pre(amps_a=-1.1), "-1.1 A"),
    ("setpoint_unheeded", pre(set_amps_a=7.9), "7.9 A instead of 10.0"),
    ("setpoint_unheeded", pre(set_amps_a=12.1), "12.1"),
    ("cable_against_converter", apart(390.1, 380.0), "390 V"),
    ("cable_against_converter", apart(369.9, 380.0), "370 V"),
    ("request_over", car(charge_current_request_a=16), "16 A, 15 A"),
]


@pytest.mark.parametrize(("name", "i"), WELL, ids=lambda v: v if isinstance(v, str) else "")
def test_all_is_well(name: str, i: Inputs) -> None:
    assert BAD[name](i, NOW, 10.0) == ""


@pytest.mark.parametrize(("name", "i", "words"), ILL, ids=lambda v: v if isinstance(v, str) else "")
def test_it_is_named(name: str, i: Inputs, words: str) -> None:
    assert words in BAD[name](i, NOW, 10.0)


def test_the_cars_silence() -> None:
    assert BAD["car_lost"](look(), NOW + 1.0, 0.0) == ""
    assert "1.1 s" in BAD["car_lost"](look(), NOW + 1.1, 0.0)
    assert BAD["car_lost"](MUTE, NOW, 0.0)


@pytest.mark.parametrize(("amps_a", "told"), [(7.0, False), (6.9, True), (13.0, False), (13.1, True)])
def test_a_small_deviation_is_a_remark(amps_a: float, told: bool) -> None:
    assert bool(SMALL(pre(amps_a=amps_a), NOW, 10.0)) is told


@pytest.mark.parametrize(
    ("amps_a", "commanded_a", "volts_v", "bad"),
    [
        (0.0, 10.0, 407.0, False),  # the converter holds the voltage
        (0.0, 10.0, 406.9, True),
        (-1.0, 10.0, 407.0, False),
        (-1.1, 10.0, 407.0, True),  # this is a discharge
        (16.0, 10.0, 407.0, True),  # more than ordered is always wrong
        (-1.0, -10.0, 407.0, True),
    ],
)
def test_less_than_ordered_is_right_at_the_ceiling(
    amps_a: float, commanded_a: float, volts_v: float, bad: bool
) -> None:
    i = cable(volts_v, pre=telemetry(amps_a=amps_a))
    assert bool(BAD["current_deviation"](i, NOW, commanded_a)) is bad


@pytest.mark.parametrize(
    ("protocol", "volts_v", "amps_a", "commanded_a", "gone"),
    [
        (1, 408.0, 0.49, 1.0, True),
        (1, 408.0, -0.49, 1.0, True),
        (0, 408.0, 0.0, 0.5, True),
        (1, 408.0, 0.5, 1.0, False),
        (1, 408.0, 0.4, 0.8, False),
        (1, 408.0, 0.0, 0.0, False),
        (1, 406.0, 0.0, 1.0, False),
        (1, 408.0, None, 1.0, False),
        (2, 408.0, 0.0, 1.0, False),
    ],
)
def test_no_current_at_the_ceiling_of_a_car_without_flag(
    protocol: int, volts_v: float, amps_a: float | None, commanded_a: float, gone: bool
) -> None:
    """The ceiling of this car is 410 V; a car with the flag is believed by it."""
    i = cable(volts_v, pre=telemetry(amps_a=amps_a, volts_v=volts_v), car=leaf(protocol=protocol))
    assert bool(BAD["current_gone"](i, NOW, commanded_a)) is gone


OBJECTS = [
    *[("amps_t", "2108", 1.0), ("volts_t", "2107", 1.0), ("status_t", "2101", 1.0), ("enabled_t", "2100", 2.0)],
    *[("set_volts_t", "2109", 2.0), ("set_amps_t", "210A", 2.0), ("temperature_t", "2104", 5.0)],
    ("warning_t", "2150", 5.0),
]


@pytest.mark.parametrize(("field", "number", "limit_s"), OBJECTS)
def test_each_object_of_the_converter_grows_old(field: str, number: str, limit_s: float) -> None:
    assert unheard(pre(**{field: NOW - limit_s}), NOW) == ""
    assert f"({number}) for {limit_s + 0.1:.1f} s" in unheard(pre(**{field: NOW - limit_s - 0.1}), NOW)
    assert unheard(pre(**{field: float("-inf")}), NOW).endswith(f"({number}) yet")
    assert BAD["converter_lost"](pre(**{field: NOW - limit_s - 0.1}), NOW, 0.0)


def test_an_odd_reading_of_the_last_second_is_named_with_it() -> None:
    for age_s, named in ((1.0, True), (1.1, False)):
        text = unheard(pre(amps_t=NOW - 2, odd="it tells 99 A", odd_t=NOW - age_s), NOW)
        assert text.endswith("; it tells 99 A") is named


@pytest.mark.parametrize(
    ("max_v", "target_v", "threshold", "ceiling"),
    [(435, 410, 435, 410), (405, 410, 405, 405), (600, 550, 500, 500), (0, 410, 500, 410)],
)
def test_threshold_and_ceiling(max_v: int, target_v: int, threshold: float, ceiling: float) -> None:
    i = car(target_battery_v=target_v)
    assert i.car.x100 is not None
    i.car.x100 = replace(i.car.x100, max_battery_v=max_v)
    assert (threshold_v(i), ceiling_v(i)) == (threshold, ceiling)
    assert at_ceiling(replace(i, cable=measured(ceiling - 3.0)))
    assert not at_ceiling(replace(i, cable=measured(ceiling - 3.1)))
    assert at_ceiling(replace(i, cable=UNKNOWN, pre=telemetry(volts_v=ceiling)))


def test_a_silent_car_has_no_ceiling() -> None:
    assert ceiling_v(MUTE) == 0.0 and threshold_v(MUTE) == 500.0 and not at_ceiling(MUTE)


LASTS = {
    "stop_request": (State.READY, car(normal_stop_request=True, charge_current_request_a=0), 4.0, None),
    "car_open": (State.ENERGY, car(contactors_open=True), 0.3, None),
    "contactors_welded": (State.CAR_CONTACTORS, look(guard=OPEN), 0.2, "malfunction"),
    "cable_lost": (State.ENERGY, look(cable=UNKNOWN), 1.0, "system"),
    "test_over_voltage": (State.INSULATION, cable(521.0), 0.2, "system"),
    "over_voltage": (State.STOP_CURRENT, cable(436.0), 0.2, "system"),
    "battery_gone": (State.MATCH, cable(49.0), 0.5, "system"),
    "under_voltage": (State.ENERGY, cable(240.0, pre=telemetry(amps_a=-2.0, volts_v=240.0)), 2.0, "system"),
    "current_deviation": (State.ENERGY, pre(amps_a=-6.0), 2.0, "system"),
    "current_remains": (State.WELDING, pre(amps_a=-3.5), 1.0, "system"),
    "setpoint_unheeded": (State.ENERGY, pre(set_amps_a=9.0), 1.0, "system"),
    "cable_against_converter": (State.ENERGY, apart(391.0, 380.0), 1.0, "system"),
}


@pytest.mark.parametrize("name", LASTS)
def test_how_long_each_may_last(name: str) -> None:
    state, i, for_s, bit = LASTS[name]
    i.car.seen_t[0x102] = NOW + for_s
    times = dict.fromkeys(("amps_t", "volts_t", "status_t", "enabled_t", "set_volts_t", "set_amps_t"), NOW + for_s)
    for key, t in times.items():
        setattr(i.pre, key, t)
    commanded_a = i.pre.amps_a if name == "under_voltage" and i.pre.amps_a is not None else 0.0
    since: dict[str, float] = {}
    assert check(state, i, NOW, commanded_a, since) == (None, "")
    assert check(state, i, NOW + for_s - 0.01, commanded_a, since) == (None, "")
    fault, text = check(state, i, NOW + for_s + 1e-6, commanded_a, since)
    assert (fault.name, fault.bit) == (name, bit) if fault is not None else (bit is None and text != "")


def test_a_remark_is_told_once_each_time_it_begins() -> None:
    since: dict[str, float] = {}
    told: set[str] = set()
    ill, well = car(charge_current_request_a=16), look()
    heard = [
        [name for name, _ in remarks(State.ENERGY, i, NOW + after_s, 0.0, since, told)]
        for after_s, i in ((0.0, ill), (1.9, ill), (2.0, ill), (3.0, ill), (3.1, well), (3.2, ill), (5.3, ill))
    ]
    assert heard == [[], [], ["request_over"], [], [], [], ["request_over"]]


def test_closed_means_both() -> None:
    assert look(guard=report(CONTACTORS)).joined and not look(guard=report(Output.C1)).joined


def test_a_fault_that_has_no_words_for_people_cannot_be_made() -> None:
    assert Fault("car_lost", "").name == "car_lost"
    with pytest.raises(KeyError):
        Fault("car_lots", "")
