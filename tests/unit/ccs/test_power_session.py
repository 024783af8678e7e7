"""The CCS session at the charger: whole charges, the row of each state, and why a start is refused."""

from itertools import pairwise

import pytest

from tests.support.ccsbench import STEP_S
from tests.support.ccscharges import CHARGE, END, charge, holds
from v2h.bus.states import State
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.record import Isolation, Pilot
from v2h.safety.outputs import CONTACTORS, Output


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_a_whole_charge_ended_by_the_owner(dialect: Dialect) -> None:
    bench = charge(dialect).energy()
    assert bench.history == CHARGE
    assert bench.amps_a == pytest.approx(12.0)
    bench.wanted = False
    bench.until(State.IDLE)
    assert bench.history[len(CHARGE) :] == END
    assert (bench.session.ended_by, bench.session.fault) == ("us", None)
    assert all(answer.fields["ResponseCode"].startswith("OK") for answer in bench.car.answers)
    assert bench.car.ask is None, "the car has ended its session in order"
    assert bench.guard.outputs == Output(0)


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_a_whole_charge_ended_by_the_car(dialect: Dialect) -> None:
    bench = charge(dialect).energy()
    bench.car.stops = True
    bench.until(State.IDLE)
    assert (bench.session.ended_by, bench.session.fault) == ("car", None)
    bench.run(10.0)
    assert bench.session.state is State.IDLE, "the same order does not start again"


def test_the_limits_each_count() -> None:
    bench = charge(wants_a=100.0).energy()
    assert bench.actions.pre_amps_a == pytest.approx(15.0), "the converter"
    for change, amps_a in (
        ({"max_charge_a": 9.0}, 9.0),
        ({"setpoint_w": 2000.0}, 5.0),
        ({"setpoint_w": 0.0}, 0.0),
        ({"setpoint_w": -4000.0}, 0.0),
    ):
        before = {key: getattr(bench, key) for key in change}
        for key, value in change.items():
            setattr(bench, key, value)
        bench.run(2.0)
        assert bench.actions.pre_amps_a == pytest.approx(amps_a, abs=0.1), change
        for key, value in before.items():
            setattr(bench, key, value)
    bench.car.wants_a = 3.0
    bench.run(1.0)
    assert bench.actions.pre_amps_a == pytest.approx(3.0)


def test_6_kw_count_at_a_high_voltage() -> None:
    bench = charge(battery_v=480.0, max_v=490.0, wants_a=100.0)
    bench.setpoint_w = 9000.0
    bench.energy()
    assert bench.actions.pre_amps_a == pytest.approx(6000.0 / 480.0, abs=0.1)


def test_the_current_rises_slowly_and_falls_at_once() -> None:
    bench = charge(wants_a=15.0).until(State.ENERGY)
    rises = []
    bench.watch = lambda bench: rises.append(bench.actions.pre_amps_a)
    bench.run(2.0)
    assert max(later - before for before, later in pairwise(rises)) <= 20.0 * STEP_S + 0.1
    bench.car.wants_a = 1.0
    bench.run(0.15)
    assert bench.actions.pre_amps_a == 1.0


# The cable check


def test_the_cable_check_raises_the_cable_above_the_car_and_bleeds_it() -> None:
    bench = charge(max_v=413.0)
    peak = []
    bench.watch = lambda bench: (holds(bench), peak.append(bench.cable_v))[0]
    bench.until(State.INSULATION)
    began_t = bench.now
    bench.until(State.TEST_OPEN)
    assert max(peak) == pytest.approx(463.0, abs=2.0)
    assert bench.cable_v < 60.0
    assert bench.now - began_t < 25.0
    assert bench.told is not None
    assert bench.told.isolation is Isolation.VALID


def test_the_test_voltage_is_500_v_at_most() -> None:
    bench = charge(max_v=490.0).until(State.INSULATION)
    highest = []
    bench.watch = lambda bench: highest.append(bench.actions.pre_volts_v)
    bench.until(State.BLEED)
    assert max(highest) == 500.0


def test_a_measurement_from_before_the_test_voltage_does_not_count() -> None:
    bench = charge().until(State.INSULATION)
    bench.isolation_age_s = 30.0
    bench.until(State.FAULT, 90.0)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_insulation_test"
    assert State.TEST_OPEN not in bench.history


@pytest.mark.parametrize("isolation", [Isolation.WARNING, Isolation.FAULT])
def test_a_low_isolation_ends_the_cable_check(isolation: Isolation) -> None:
    bench = charge().until(State.INSULATION)
    bench.run(0.3)
    bench.isolation = isolation
    bench.until(State.FAULT, 90.0)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "isolation_fault"
    assert State.TEST_OPEN not in bench.history


def test_a_cable_that_does_not_bleed_is_a_fault_within_3_s_and_draws_nothing_after() -> None:
    bench = charge().until(State.BLEED)
    bench.meddle = lambda bench: setattr(bench, "cable_v", 300.0)
    began_t = bench.now
    bench.until(State.WELDING, 5.0)
    assert bench.now - began_t <= 3.1
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_bleed"
    assert bench.actions.pre_amps_a == 0.0


def test_the_contactors_wait_for_an_empty_cable_and_for_the_pilot() -> None:
    bench = charge().until(State.CONVERTER)
    bench.meddle = lambda bench: setattr(bench, "cable_v", 40.0)
    bench.until(State.LOCK).run(20.0)
    assert bench.session.state is State.LOCK
    assert not bench.guard.outputs & CONTACTORS


# The precharge


def test_the_precharge_uses_our_own_2_a_and_the_cars_voltage() -> None:
    bench = charge().until(State.MATCH)
    bench.run(0.1)
    assert (bench.actions.pre_volts_v, bench.actions.pre_amps_a) == (395.0, 2.0)


@pytest.mark.parametrize("target_v", [0.0, 149.0])
def test_a_target_that_the_converter_cannot_hold_is_0_v_until_a_better_one_comes(target_v: float) -> None:
    bench = charge(precharge_v=target_v).until(State.MATCH)
    bench.run(2.0)
    assert (bench.actions.pre_volts_v, bench.actions.pre_amps_a, bench.session.matched) == (0.0, 0.0, False)
    bench.car.precharge_v = None
    bench.until(State.ENERGY, 5.0)


def test_a_converter_that_does_not_reach_the_target_is_a_fault_after_7_s() -> None:
    bench = charge(battery_v=395.0).until(State.MATCH)
    bench.meddle = lambda bench: bench.stands_at(200.0)
    began_t = bench.now
    bench.until(State.STOP_CURRENT, 10.0)
    assert bench.now - began_t == pytest.approx(7.0, abs=0.2)
    assert bench.session.fault is not None
    assert bench.session.fault.name == "late_voltage_match"


def test_a_car_that_stays_in_the_precharge_is_let_go_without_a_fault() -> None:
    bench = charge().until(State.MATCH)
    bench.car.battery_v, bench.car.precharge_v = 450.0, 395.0
    bench.until(State.IDLE, 60.0)
    assert (bench.session.fault, bench.session.refused) == (None, True)


def test_a_car_that_starts_before_the_voltage_is_reached_is_refused() -> None:
    bench = charge(battery_v=395.0).until(State.MATCH)
    bench.meddle = lambda bench: bench.stands_at(min(bench.pre.volts_v or 0.0, 200.0))
    bench.car.ask, bench.car.wants = Ask.PRECHARGE, "Start"
    bench.run(0.3)
    bench.car.ask = Ask.POWER
    bench.until(State.STOP_CURRENT, 10.0)
    assert State.READY not in bench.history
    assert bench.car.answers[-1].fields["ResponseCode"] == "FAILED_PowerDeliveryNotApplied"


# Refusals


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"isolation": Isolation.INVALID}, "the insulation monitor does not measure"),
        ({"isolation": Isolation.FAULT}, "the insulation monitor reports a fault"),
        ({"ccs_dead": True}, "the program ccs does not answer"),
    ],
)
def test_a_start_is_refused_in_words(change: dict[str, object], says: str) -> None:
    bench = charge()
    for key, value in change.items():
        setattr(bench, key, value)
    bench.run(1.0, started=False)
    bench.run(5.0)
    assert bench.session.state is State.IDLE
    assert says in bench.session.reason


def test_without_a_car_or_a_measured_cable_there_is_no_start() -> None:
    bench = charge(pilot=Pilot.A)
    bench.run(5.0)
    assert "no car is plugged in: the control pilot is in state A" in bench.session.reason
    bench = charge()
    bench.cable.sample = lambda volts_v, now: None
    bench.run(1.0, started=False)
    bench.run(5.0)
    assert "CCS assumes none" in bench.session.reason


def test_a_car_below_the_converters_voltage_is_refused() -> None:
    bench = charge(battery_v=100.0, max_v=120.0)
    bench.run(30.0)
    assert State.INSULATION not in bench.history


def test_a_setpoint_of_0_does_not_hold_itself() -> None:
    """A car asks for no more than it was told: told 0 A, it asks for 0 A, and may take more all the same."""
    bench = charge().energy()
    bench.setpoint_w, bench.car.wants_a = 0.0, 0.0
    bench.run(3.0)
    assert bench.session.limits_a(bench.inputs(), bench.now) == (bench.max_charge_a, 0.0)
    bench.setpoint_w = 4000.0
    bench.run(0.5)
    assert bench.session.limits_a(bench.inputs(), bench.now) == (bench.max_charge_a, 0.0), "it has not heard yet"
    bench.run(2.0)
    assert bench.session.limits_a(bench.inputs(), bench.now) == (0.0, 0.0), "it was told 10 A, and asks for none"
