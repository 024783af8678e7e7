"""The state machine of `guard` in virtual time: silence, lateness, outputs that fail, the converter's AC, and the
lock."""

import pytest

from tests.support.safetypage import limit
from tests.support.virtualguard import AWAKE, ENERGY, LOCK, ZERO, Bench
from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.programs.guard import READ_BACK_S
from v2h.runtime.program import SLACK_S
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Trip


def test_energy_goes_on_for_as_long_as_charger_speaks() -> None:
    bench = Bench().energy().run(60.0)
    assert bench.outputs == ENERGY
    assert (bench.guard.state, bench.guard.trip) == (GuardState.READY, Trip.NONE)


def test_each_request_is_answered_at_once() -> None:
    bench = Bench().run(0.1)
    before = len(bench.reports)
    bench.ask(AWAKE, sequence=9)
    bench.run(0.1)
    assert len(bench.reports) == before + 1
    report = bench.reports[-1][1]
    assert (report.outputs, report.sequence, report.session, report.can_up) == (AWAKE, 9, 7, True)


def test_silence_of_300_ms_makes_safe() -> None:
    bench = Bench().energy()
    bench.request, bench.mark = None, bench.t
    last = bench.t - 0.1
    bench.run(0.21)
    assert bench.guard.state is GuardState.READY, "not before 300 ms"
    bench.run(0.1)
    assert bench.guard.trip is Trip.CHARGER_SILENT
    zero_t = next(t for t, data in bench.sent if data == ZERO and t > bench.mark)
    assert 0.29 <= zero_t - last <= 0.35
    bench.run(3)
    assert bench.fell_at(Output.C1) - last <= 1.5
    assert bench.outputs == LOCK
    assert bench.guard.state is GuardState.TRIPPED


def test_the_next_look_is_never_later_than_the_end_of_silence() -> None:
    bench = Bench().energy()
    bench.request = None
    while bench.guard.state is GuardState.READY and bench.t < 60:
        bench.t = bench.next_t
        bench.act()
    assert bench.t - bench.guard._request_t == pytest.approx(0.3)


def test_a_silent_charger_is_told_of_the_trip_and_of_its_end_unasked() -> None:
    """A `charger` that continues must find the reports in its socket without a request."""
    bench = Bench().energy()
    bench.request, bench.mark = None, bench.t
    bench.run(3)
    told = [report.state for t, report in bench.reports if t > bench.mark]
    assert told[0] is GuardState.MAKING_SAFE and told[-1] is GuardState.TRIPPED


def test_silence_with_nothing_live_is_no_trip() -> None:
    bench = Bench()
    bench.ask(Output.MASTER)
    bench.run(0.2)
    bench.request = None
    bench.guard.on_charger_gone()
    assert bench.run(5).guard.state is GuardState.READY


@pytest.mark.parametrize("live", [Output.D1, Output.MASTER | Output.PRE_AC])
def test_silence_counts_from_the_first_live_output(live: Output) -> None:
    bench = Bench().run(0.1)
    bench.ask(live)
    bench.run(0.1)
    bench.request = None
    bench.run(0.5)
    assert bench.guard.trip is Trip.CHARGER_SILENT


def test_a_closed_wire_is_not_waited_for() -> None:
    bench = Bench().energy()
    bench.request = None
    bench.guard.on_charger_gone()
    bench.act()
    assert bench.guard.trip is Trip.CHARGER_SILENT
    assert bench.sent[-1][1] == ZERO


@pytest.mark.parametrize(("age_ms", "trips"), [(200, False), (201, True)])
def test_a_late_charger(age_ms: int, trips: bool) -> None:
    bench = Bench().energy()
    bench.ask(ENERGY, loop_age_ms=age_ms)
    bench.mark = bench.t
    bench.run(0.2)
    assert (bench.guard.trip is Trip.CHARGER_LATE) is trips
    zeros = [t - bench.mark for t, data in bench.sent if data == ZERO]
    assert bool(zeros) is trips
    if trips:
        assert zeros[0] + age_ms / 1000 <= limit("charger-gone", "0 A ordered")
        bench.run(1.5)
        opened_s = bench.fell_at(Output.C1) - bench.mark
        assert opened_s + age_ms / 1000 <= limit("charger-gone", "c1/c2 open, converter deaf")


def test_a_late_charger_with_nothing_on_may_be_late() -> None:
    bench = Bench()
    bench.ask(NONE, loop_age_ms=5000)
    assert bench.run(0.5).guard.state is GuardState.READY


def test_a_forbidden_wish_makes_safe() -> None:
    bench = Bench().energy()
    bench.ask(ENERGY & ~Output.C2, k_expected=True)
    bench.run(0.1)
    assert bench.guard.trip is Trip.FORBIDDEN_OUTPUTS


def test_a_held_wish_is_reported_not_tripped_and_noted_once() -> None:
    bench = Bench().energy()
    bench.ask(ENERGY & ~CONTACTORS)
    bench.run(1.0)
    assert (bench.outputs, bench.guard.state) == (ENERGY, GuardState.READY)
    assert bench.reports[-1][1].outputs == ENERGY
    assert bench.notes.count("held") == 1
    bench.amps = 4.9
    assert bench.run(0.2).outputs == ENERGY & ~CONTACTORS


def test_charger_may_ask_for_it() -> None:
    bench = Bench().energy()
    bench.ask(ENERGY, trip_wanted=True)
    bench.run(0.1)
    assert (bench.guard.state, bench.guard.trip) == (GuardState.MAKING_SAFE, Trip.CHARGER_ASKED)


def test_an_output_that_changes_by_itself_makes_safe() -> None:
    bench = Bench().energy()
    bench.outputs &= ~Output.D2
    bench.run(0.02)
    assert bench.guard.trip is Trip.OUTPUT_FAILED


def test_a_guard_that_is_asked_to_end_makes_safe_what_is_on_and_only_that() -> None:
    bench = Bench().energy()
    bench.guard.on_stop()
    bench.act()
    assert bench.guard.trip is Trip.GUARD_STOPS
    idle = Bench().run(0.1)
    idle.guard.on_stop()
    assert idle.run(0.1).guard.state is GuardState.READY


def test_a_stopped_supervisord_makes_safe_what_is_on_and_only_that() -> None:
    bench = Bench().energy()
    bench.guard.on_tree(stopped=True)
    bench.act()
    assert (bench.guard.state, bench.guard.trip) == (GuardState.MAKING_SAFE, Trip.SUPERVISORD_STOPPED)
    idle = Bench().run(0.1)
    idle.guard.on_tree(stopped=True)
    assert idle.run(0.1).guard.state is GuardState.READY
    idle.guard.on_tree(stopped=False)
    assert idle.energy().guard.state is GuardState.READY


def test_a_lost_line_makes_safe() -> None:
    bench = Bench().energy()
    bench.guard.on_line_lost()
    bench.run(0.02)
    assert bench.guard.trip is Trip.OUTPUT_FAILED


def test_an_output_that_does_not_come_on_makes_safe() -> None:
    bench = Bench().run(0.1)
    bench.ask(AWAKE)
    bench.guard.on_request(bench.t, bench.request)  # type: ignore[arg-type]
    assert bench.guard.act(bench.t, NONE).outputs == AWAKE
    bench.guard.act(bench.t + 0.01, AWAKE & ~Output.D1)
    assert bench.guard.trip is Trip.OUTPUT_FAILED
    looks_s = READ_BACK_S + SLACK_S
    assert looks_s <= limit("output-not-written", "make-safe begins"), "guard looks at its outputs so often"


def test_a_small_measurement_does_not_open_contactors_while_more_is_asked_for() -> None:
    bench = Bench().energy(0.0)
    bench.guard.on_frame(Frame(bench.t, pre.REQUEST_ID, pre.write_amps(-14.0)))
    bench.ask(ENERGY & ~CONTACTORS)
    assert bench.run(0.5).outputs == ENERGY
    bench.guard.on_frame(Frame(bench.t, pre.REQUEST_ID, pre.write_amps(0.0)))
    assert bench.run(0.2).outputs == ENERGY, "for 0.2 s the converter goes on towards the order before"
    assert bench.run(0.3).outputs == ENERGY & ~CONTACTORS


# The converter's AC


@pytest.mark.parametrize("answers", [True, False])
def test_a_converter_that_answers_without_ac_is_noted_once(answers: bool) -> None:
    bench = Bench().energy()
    bench.ask(ENERGY, trip_wanted=True)
    bench.run(1)
    if not answers:
        bench.amps = None
    bench.run(29)
    assert "pre-ac-stays" not in bench.notes
    bench.run(40)
    assert bench.notes.count("pre-ac-stays") == answers


# The lock


@pytest.mark.parametrize(("before_v", "after_v"), [(0.0, 0.0), (None, 0.0), (11.0, 0.0), (0.0, 11.0)])
def test_the_lock_wants_to_be_told_of_an_empty_cable_for_800_ms_without_a_break(
    before_v: float | None, after_v: float
) -> None:
    """SAFETY.md, "What a voltage is worth": the plug unlocks at the first request after 800 ms of such requests."""
    bench = Bench()
    bench.ask(LOCK)
    bench.run(0.2)
    bench.ask(LOCK, cable_v=before_v)
    bench.run(0.5)
    began = bench.t
    bench.ask(NONE, cable_v=after_v)
    bench.run(2.0)
    if after_v > 10.0:
        assert bench.outputs == LOCK
        return
    first_word = began - 0.5 if before_v == 0.0 else began
    (unlocked,) = [t for t, outputs in bench.history if outputs == NONE]
    assert unlocked - first_word == pytest.approx(0.8, abs=0.02), "its words come every 0.1 s"


def test_a_person_unlocks_an_unknown_cable_120_s_after_the_signals_went_off_and_it_is_noted() -> None:
    bench = Bench(LOCK)
    bench.ask(NONE, unlock_by_person=True)
    bench.run(119.5)
    assert bench.outputs == LOCK
    assert "unlocked-unverified" not in bench.notes
    bench.run(1)
    assert bench.outputs == NONE
    assert bench.notes.count("unlocked-unverified") == 1


def test_the_120_s_count_from_the_signals_last_being_on() -> None:
    bench = Bench(LOCK).run(60)
    bench.ask(LOCK | Output.MASTER | Output.D1)
    bench.run(0.2)
    bench.ask(NONE, unlock_by_person=True)
    bench.run(119.5)
    assert bench.outputs == LOCK
    bench.run(1)
    assert bench.outputs == NONE


# d2


def test_d2_waits_until_an_empty_cable_was_told_for_so_long_without_a_break() -> None:
    """SAFETY.md, live-cable-before-car: the last report of a live cable is 0.1 s older than the first of an empty
    one."""
    bench = Bench()
    for outputs in (AWAKE, AWAKE | LOCK):
        bench.ask(outputs, cable_v=limit("live-cable-before-car", "d2 below") + 1.0)
        bench.run(1.0)
    began = bench.t
    bench.ask(AWAKE | LOCK | Output.D2, cable_v=3.0)
    bench.run(2.0)
    (rose,) = [t for t, outputs in bench.history if Output.D2 in outputs]
    assert rose - began == pytest.approx(limit("live-cable-before-car", "for at least"), abs=0.02)
