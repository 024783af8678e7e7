"""The state machine of `guard` in virtual time: the latch of a trip, what clears it, and what a new `guard`
finds."""

import pytest

from tests.support.virtualguard import AWAKE, DISABLE, ENERGY, LOCK, ZERO, Bench
from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import GuardState, Trip


def tripped(bench: Bench) -> Bench:
    bench.guard.on_charger_gone()
    bench.act()
    bench.amps = bench.set_a = 0.0
    bench.request = None
    bench.run(3)
    assert bench.guard.state is GuardState.TRIPPED
    return bench


def test_after_a_trip_every_wish_is_refused_and_0_a_and_disable_go_on() -> None:
    bench = tripped(Bench().energy())
    bench.mark, bench.history = bench.t, []
    bench.ask(ENERGY, session=8)
    bench.run(2)
    assert bench.history == []
    assert bench.outputs == LOCK
    late = [data for t, data in bench.sent if t > bench.mark]
    assert late.count(ZERO) == pytest.approx(20, abs=1)
    assert late.count(DISABLE) == pytest.approx(20, abs=1)


def test_only_a_new_session_that_wants_nothing_clears_the_trip() -> None:
    bench = tripped(Bench().energy())
    bench.ask(LOCK, session=7)
    assert bench.run(1).guard.state is GuardState.TRIPPED, "the session that tripped"
    bench.ask(AWAKE, session=8)
    assert bench.run(1).guard.state is GuardState.TRIPPED, "it wants outputs"
    bench.ask(LOCK, session=8)
    assert bench.run(1).guard.state is GuardState.TRIPPED, "it wanted outputs"
    bench.ask(NONE, session=9, trip_wanted=True)
    assert bench.run(1).guard.state is GuardState.TRIPPED, "it wants the trip"
    bench.ask(NONE, session=9)
    assert bench.run(0.1).guard.state is GuardState.READY
    assert bench.guard.trip is Trip.NONE
    assert bench.notes.count("cleared") == 1, "the log says when"
    assert bench.outputs == LOCK, "the lock stays until the rules allow"
    count = len(bench.sent)
    bench.run(1)
    assert len(bench.sent) == count, "silent again"
    bench.ask(AWAKE | LOCK, session=9)
    assert bench.run(0.1).outputs == AWAKE | LOCK


def test_make_safe_runs_to_its_end_whoever_calls() -> None:
    bench = Bench().energy()
    bench.guard.on_charger_gone()
    bench.act()
    bench.ask(NONE, session=8)
    bench.run(0.5)
    assert bench.guard.state is GuardState.MAKING_SAFE
    bench.amps = bench.set_a = 0.0
    bench.run(3)
    assert bench.guard.state is GuardState.READY
    assert bench.outputs == LOCK


def test_a_charger_back_as_another_session_under_current_makes_safe_and_may_clear_it() -> None:
    bench = Bench().energy()
    bench.ask(NONE, session=8)
    bench.run(0.1)
    assert bench.guard.trip is Trip.CHARGER_SILENT
    bench.amps = bench.set_a = 0.0
    assert bench.run(3).guard.state is GuardState.READY


def test_a_write_after_the_trip_drops_pre_ac_at_once() -> None:
    bench = Bench().energy()
    bench.guard.on_charger_gone()
    bench.act()
    bench.run(0.1)
    assert bench.outputs == ENERGY
    bench.guard.on_frame(Frame(bench.t, pre.REQUEST_ID, pre.write_amps(0.0)))
    bench.act()
    assert bench.outputs == ENERGY, "0 A is what we want"
    bench.guard.on_frame(Frame(bench.t, pre.REQUEST_ID, pre.write_amps(-6.0)))
    bench.act()
    assert bench.outputs == ENERGY & ~Output.PRE_AC
    assert bench.guard.trip is Trip.WROTE_AFTER_TRIP


# The start


def test_contactors_found_closed_are_made_safe_before_anything_else() -> None:
    bench = Bench(ENERGY, start=False)
    bench.amps = None
    bench.act()
    assert (bench.guard.state, bench.guard.trip) == (GuardState.MAKING_SAFE, Trip.FOUND_CLOSED_AT_START)
    assert bench.outputs == ENERGY, "nothing is switched before its time"
    assert bench.sent[0][1] == ZERO
    bench.run(3)
    assert bench.outputs == LOCK


def test_a_low_current_at_the_start_is_not_believed_before_15_a_can_have_fallen() -> None:
    """This guard has not heard the last order, and the reading may be frozen."""
    bench = Bench(ENERGY)
    bench.amps = 1.0
    started_t = bench.t
    bench.run(1.0)
    assert 0.42 <= bench.fell_at(Output.C1) - started_t <= 0.42 + 0.12


def test_the_charger_of_before_cannot_go_on_where_it_was() -> None:
    bench = Bench(ENERGY)
    bench.amps = None
    bench.ask(ENERGY, session=7)
    bench.run(0.3)
    bench.ask(NONE, session=7)
    bench.run(3)
    assert bench.guard.state is GuardState.TRIPPED
    assert bench.run(0.5).guard.state is GuardState.TRIPPED
    bench.ask(NONE, session=8)
    assert bench.run(0.5).guard.state is GuardState.READY


@pytest.mark.parametrize("found", [AWAKE | LOCK | Output.D2, AWAKE, Output.MASTER, Output.D1 | LOCK])
def test_open_contactors_at_start_all_but_the_lock_goes_off_in_order_without_a_trip(found: Output) -> None:
    bench = Bench(found)
    bench.ask(NONE)
    bench.run(2)
    assert bench.outputs == found & LOCK
    assert (bench.guard.state, bench.guard.trip) == (GuardState.READY, Trip.NONE)
    if Output.D2 in found:
        assert bench.fell_at(Output.D1) - bench.fell_at(Output.D2) >= 0.5


def test_what_was_found_on_goes_off_though_no_charger_says_so() -> None:
    bench = Bench(AWAKE | LOCK | Output.D2).run(1)
    assert (bench.outputs, bench.guard.state, bench.guard.trip) == (LOCK, GuardState.READY, Trip.NONE)


def test_all_off_at_start_is_ready_once_the_bus_is_up_and_not_before() -> None:
    bench = Bench(LOCK, start=False)
    bench.ask(AWAKE | LOCK)
    bench.run(1)
    assert (bench.guard.state, bench.outputs) == (GuardState.STARTING, LOCK)
    bench.guard.can_up = bench.guard.ready_to_start = True
    bench.run(0.2)
    assert (bench.guard.state, bench.outputs) == (GuardState.READY, AWAKE | LOCK)


def test_a_new_guard_grants_nothing_to_a_session_that_began_before_it() -> None:
    bench = Bench(LOCK, rested=False)
    bench.ask(AWAKE | LOCK)
    bench.run(2)
    assert bench.outputs == LOCK
    assert bench.notes.count("held") == 1
    bench.ask(LOCK)
    bench.run(0.1)
    bench.ask(AWAKE | LOCK)
    assert bench.run(0.1).outputs == AWAKE | LOCK
