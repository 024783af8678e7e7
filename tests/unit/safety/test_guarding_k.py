"""The state machine of `guard` in virtual time: the car takes its permission (K) back."""

import pytest

from tests.support.virtualguard import AWAKE, ENERGY, LOCK, ZERO, Bench
from v2h.safety.outputs import Output
from v2h.safety.wire import GuardState, Trip


def test_k_off_commands_0_a_at_the_edge_and_tells_charger() -> None:
    bench = Bench().energy()
    bench.guard.on_k(False)
    bench.act()
    assert bench.sent[-1] == (bench.t, ZERO)
    assert bench.reports[-1][1].k_on is False
    assert bench.guard.state is GuardState.READY


def test_k_off_repeats_0_a_until_charger_has_taken_over() -> None:
    bench = Bench().energy()
    bench.guard.on_k(False)
    bench.run(0.5)
    assert len(bench.sent) == 5
    bench.ask(ENERGY, k_expected=False)
    bench.run(0.11)
    count = len(bench.sent)
    bench.amps = 0.0
    bench.run(2)
    assert len(bench.sent) == count, "charger may bleed the cable now"
    assert bench.guard.state is GuardState.READY


@pytest.mark.parametrize(("amps", "trips"), [(5.0, False), (5.1, True), (-5.1, True), (None, True)])
@pytest.mark.parametrize("still_expected", [True, False])
def test_0_8_s_after_k_off_the_current_must_be_known_to_be_low(
    amps: float | None, trips: bool, still_expected: bool
) -> None:
    bench = Bench().energy()
    bench.guard.on_k(False)
    bench.run(0.05)
    bench.ask(ENERGY, k_expected=still_expected)
    bench.amps = amps
    bench.run(0.74)
    assert bench.guard.state is GuardState.READY
    bench.run(0.1)
    assert (bench.guard.trip is Trip.K_OFF_CURRENT) is trips


def test_k_back_on_and_k_off_with_open_contactors_are_no_trip() -> None:
    bench = Bench().energy()
    bench.guard.on_k(False)
    bench.run(0.3)
    bench.guard.on_k(True)
    assert bench.run(2).guard.state is GuardState.READY
    opened = Bench()
    for outputs in (AWAKE, AWAKE | LOCK):
        opened.ask(outputs, k_expected=True)
        opened.run(0.1)
    opened.guard.on_k(False)
    opened.amps = None
    assert opened.run(2).guard.state is GuardState.READY
    assert opened.sent == []


def test_k_off_in_a_normal_stop_does_nothing() -> None:
    bench = Bench().energy(0.0)
    bench.ask(ENERGY, k_expected=False)
    bench.run(0.1)
    bench.guard.on_k(False)
    bench.run(2)
    assert bench.sent == []
    assert bench.guard.state is GuardState.READY


@pytest.mark.parametrize("expected", [True, False])
def test_contactors_open_1_1_s_after_k_when_the_converter_is_not_heard_also_in_a_stop(expected: bool) -> None:
    bench = Bench().energy()
    bench.ask(ENERGY, k_expected=expected)
    bench.amps = None
    bench.run(0.4)
    bench.mark = off = bench.t
    bench.guard.on_k(False)
    bench.run(1.5)
    assert bench.guard.trip is Trip.K_OFF_CURRENT
    assert bench.fell_at(Output.PRE_AC) - off == pytest.approx(0.8, abs=0.03), "told 0 A at the edge: no second wait"
    assert bench.fell_at(Output.C1) - off == pytest.approx(1.1, abs=0.03)
