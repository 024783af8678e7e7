"""The rows of CCS in docs/SAFETY.md, as far as the power session holds them: the figures are read from the page.

tests/unit/safety/test_guarding_ccs.py holds the row of K, tests/tree/test_plc.py those of strange cars.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.ccsbench import STEP_S, CcsBench
from tests.support.ccscharges import box_silent, charge, imd, imd_silent, silence, tcp_loss, to_pilot
from tests.support.safetypage import limit, rows
from v2h.bus.states import State
from v2h.ccs.insulation import Monitor
from v2h.ccs.pilot import BoxLine, PilotWatch
from v2h.ccs.record import Isolation, Pilot
from v2h.safety.outputs import CONTACTORS


def time_to(bench: CcsBench, happened: Callable[[CcsBench], bool], most_s: float = 30.0) -> float:
    """Seconds until it has happened, in steps of STEP_S."""
    began_t = bench.now
    while not happened(bench):
        assert bench.now - began_t < most_s, bench.session.reason
        bench.run(STEP_S)
    return bench.now - began_t


def ordered_0_a(bench: CcsBench) -> bool:
    return bench.actions.pre_amps_a == 0.0


def opened(bench: CcsBench) -> bool:
    return not bench.guard.outputs & CONTACTORS


def pilot_off(bench: CcsBench) -> bool:
    return bench.told is not None and bench.told.cut


def flowing() -> CcsBench:
    bench = charge().energy()
    assert bench.amps_a > 5.0
    return bench


def fault(bench: CcsBench) -> str:
    return "" if bench.session.fault is None else bench.session.fault.name


@pytest.mark.parametrize(("what", "name"), [(imd, "isolation_fault"), (imd_silent, "isolation_monitor_lost")])
def test_ccs_isolation(what: Callable[[CcsBench], None], name: str) -> None:
    bench = flowing()
    what(bench)
    assert time_to(bench, ordered_0_a) <= limit("ccs-isolation", "0 A ordered, from the reading")
    assert fault(bench) == name and pilot_off(bench)
    assert time_to(bench, opened) <= 1.0


def test_ccs_isolation_by_a_monitor_that_falls_silent() -> None:
    monitor, silent_s = Monitor(), limit("ccs-isolation", "a reading counts for")
    monitor.take(Isolation.VALID, 1.0)
    monitor.take(Isolation.VALID, 2.0)
    assert monitor.look(2.0 + silent_s)[0] is Isolation.VALID
    assert monitor.look(2.1 + silent_s)[0] is Isolation.INVALID


def test_ccs_silent() -> None:
    bench = flowing()
    silence(bench)
    assert time_to(bench, ordered_0_a) <= limit("ccs-silent", "0 A ordered")
    assert fault(bench) == "car_lost" and pilot_off(bench)
    assert time_to(bench, opened) <= 1.0
    bench = flowing()
    tcp_loss(bench)
    assert time_to(bench, ordered_0_a) <= limit("ccs-silent", "connection lost, 0 A ordered")
    assert fault(bench) == "car_lost" and pilot_off(bench)
    assert time_to(bench, opened) <= 1.0


def test_ccs_gone() -> None:
    """The box, which hears nothing either, opens its relay later; here it still says C."""
    bench = flowing()
    bench.ccs_dead = True
    assert time_to(bench, ordered_0_a) <= limit("ccs-gone", "0 A ordered")
    assert fault(bench) == "ccs_lost"
    assert time_to(bench, opened) <= 1.0


@pytest.mark.parametrize("pilot", [Pilot.A, Pilot.B, Pilot.E, Pilot.F])
def test_ccs_pilot(pilot: Pilot) -> None:
    bench = flowing()
    to_pilot(pilot)(bench)
    assert time_to(bench, ordered_0_a) <= limit("ccs-pilot", "0 A ordered")
    assert time_to(bench, opened) <= 1.0


def test_ccs_pilot_of_a_box_that_falls_silent() -> None:
    watch, silent_s = PilotWatch(), limit("ccs-pilot", "a line of the box counts for")
    for count in range(10):
        watch.take(BoxLine(count, Pilot.C, 6.0, -12.0, 50, True, False), count * 0.05)
    assert watch.look(0.45 + silent_s - 0.01) is Pilot.C
    assert watch.look(0.45 + silent_s + 0.01) is Pilot.UNKNOWN
    bench = flowing()
    box_silent(bench)
    assert time_to(bench, ordered_0_a) <= limit("ccs-pilot", "0 A ordered")
    assert fault(bench) == "pilot_lost"
    assert time_to(bench, opened) <= 1.0


def test_ccs_backfeed() -> None:
    bench = charge(wants_a=0.0).energy()
    bench.meddle = lambda bench: setattr(bench.pre, "amps_a", -3.0)
    ended_s = time_to(bench, lambda bench: bench.session.state is not State.ENERGY)
    assert ended_s <= limit("ccs-backfeed", "the session ends") and fault(bench) == "ccs_backfeed"
    assert ordered_0_a(bench)


@pytest.mark.parametrize("battery_v", [200.0, 350.0, 470.0])
def test_ccs_voltages(battery_v: float) -> None:
    bench = charge(battery_v=battery_v, max_v=battery_v + 20.0).energy()
    assert len(bench.closed) >= 2, "c1/c2 and the car's have closed"
    assert all(abs(one - other) <= limit("ccs-voltages", "apart at closing") for one, other in bench.closed)


def test_ccs_voltages_of_a_converter_that_does_not_reach_the_battery() -> None:
    bench = charge()
    bench.meddle = lambda bench: bench.stands_at(200.0) if bench.session.state is State.MATCH else None
    bench.until(State.MATCH)
    given_up_s = time_to(bench, lambda bench: bench.session.state is not State.MATCH)
    assert given_up_s <= limit("ccs-voltages", "given up after") + STEP_S
    assert fault(bench) == "late_voltage_match"
    assert State.READY not in bench.history and not bench.car.contactors


@pytest.mark.parametrize(("further_v", "matched"), [(-1.0, True), (1.0, False)])
def test_ccs_voltages_are_compared_before_the_power_is_started(further_v: float, matched: bool) -> None:
    within_v = float(re.findall(r"within ([0-9]+) V, before the power is started", rows()["ccs-voltages"][3])[0])
    bench = charge().until(State.MATCH)
    bench.meddle = lambda bench: bench.stands_at(bench.car.battery_v - within_v - further_v)
    bench.car.next_request = lambda: None  # it waits in the precharge
    bench.run(1.0)
    assert bench.session.matched is matched


def test_ccs_live_plug() -> None:
    """The car unlocks by itself; by then the cable has to be empty, with our contactors open."""
    bench = flowing()
    bench.wanted = False
    bench.until(State.IDLE)
    assert not bench.guard.outputs & CONTACTORS
    assert bench.cable_v < limit("ccs-live-plug", "the cable at the end, below")


def test_ccs_live_plug_of_a_cable_that_is_held() -> None:
    bench = flowing()
    bench.wanted = False
    bench.until(State.WELDING).run(STEP_S)
    assert opened(bench), "before the car tests its contactors"
    held_v = limit("ccs-live-plug", "the cable at the end, below") + 1.0
    bench.meddle = lambda bench: setattr(bench, "cable_v", held_v)
    bench.until(State.FAULT, 90.0)
    assert fault(bench) == "late_unlock"


def test_ccs_over_voltage() -> None:
    bench = flowing()
    bench.car.battery_v = bench.car.max_v + 14.0
    ended_s = time_to(bench, lambda bench: bench.session.state is not State.ENERGY)
    assert ended_s <= limit("ccs-over-voltage", "the session ends") and fault(bench) == "over_voltage"


@pytest.mark.parametrize(("target_v", "max_v", "ceiling_v"), [(402, 413, 402), (450, 413, 413), (600, 600, 500)])
def test_ccs_over_voltage_is_never_ordered(target_v: float, max_v: float, ceiling_v: float) -> None:
    bench = flowing()
    inputs = bench.inputs()
    assert inputs.ccs is not None
    told = replace(inputs, ccs=replace(inputs.ccs, target_v=target_v, max_v=max_v))
    actions = bench.session.step(bench.now + STEP_S, told)
    assert (bench.session.state, actions.pre_volts_v) == (State.ENERGY, ceiling_v) and actions.pre_amps_a > 0.0
