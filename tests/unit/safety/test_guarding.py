"""The state machine of `guard` in virtual time: silence, lateness, K, the latch and what clears it, and the start."""

from dataclasses import replace

import pytest

from tests.support.safetypage import limit
from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.programs.guard import READ_BACK_S
from v2h.runtime.program import SLACK_S
from v2h.safety.guarding import Guarding
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Request, Trip

ENERGY = Output(0x7F)
LOCK = Output.PLUG_LOCK
AWAKE = Output.MASTER | Output.PRE_AC | Output.D1
ZERO, DISABLE = pre.write_amps(0.0), pre.write_enable(False)


class Bench:
    """A `guard` whose outputs obey, a `charger` that sends at 10 Hz, and a converter that answers, in steps of 10 ms.

    rested: `charger` has already requested all outputs off."""

    def __init__(self, found: Output = NONE, *, start: bool = True, rested: bool = True) -> None:
        self.t = 50.0
        self.outputs = found
        self.guard = Guarding(self.t, found, k_on=True)
        self.guard.can_up = self.guard.ready_to_start = start
        if rested:
            self.guard.on_request(self.t, Request(NONE, 7, 0, loop_age_ms=1, pre_current_a=None, cable_v=None))
        self.request: Request | None = None
        self.amps: float | None = 0.0
        self.set_a = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.notes: list[str] = []
        self.reports: list[tuple[float, Report]] = []
        self.history: list[tuple[float, Output]] = []

    def ask(self, outputs: Output, session: int = 7, **flags: object) -> None:
        cable_v = 0.0 if Output.D2 in outputs else None  # d2 needs a known voltage
        request = Request(outputs, session, 0, loop_age_ms=1, pre_current_a=None, cable_v=cable_v)
        self.request = replace(request, **flags)  # type: ignore[arg-type]

    def act(self) -> None:
        actions = self.guard.act(self.t, self.outputs)
        if actions.send is not None:
            self.sent.append((self.t, actions.send))
        if actions.outputs != self.outputs:
            self.history.append((self.t, actions.outputs))
        self.outputs = actions.outputs
        self.notes += [note.code for note in actions.notes]
        if actions.report:
            self.reports.append((self.t, self.guard.report(self.outputs)))
        self.next_t = actions.next_t

    def run(self, seconds: float) -> "Bench":
        for _ in range(round(seconds / 0.01)):
            tenth = round(self.t * 100) % 10 == 0
            if tenth and self.amps is not None:
                for entry, value in ((pre.AMPS, self.amps), (pre.SET_AMPS, self.set_a)):
                    raw = round(value * 10).to_bytes(2, "little", signed=True)
                    self.guard.on_frame(Frame(self.t, pre.ANSWER_ID, pre.read_answer(entry, raw)))
            if tenth and self.request is not None:
                self.guard.on_request(self.t, self.request)
            self.act()
            self.t += 0.01
        return self

    def energy(self, amps: float = 14.0) -> "Bench":
        """Switch on in the order of a session until current flows."""
        for outputs in (AWAKE, AWAKE | LOCK, AWAKE | LOCK | Output.D2, ENERGY):
            self.ask(outputs)
            if Output.D2 in outputs & ~self.outputs:
                self.ask(self.outputs, cable_v=0.0)
                self.run(1.0)  # guard needs reports of the voltage for a while
                self.ask(outputs)
            self.run(0.1)
        assert self.outputs == ENERGY
        self.ask(ENERGY, k_expected=True)
        self.amps = self.set_a = amps
        return self.run(0.2)

    def fell_at(self, output: Output) -> float:
        return next(t for t, outputs in self.history if output not in outputs and t > self.mark)

    mark = 0.0


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
    bench.run(0.2)
    assert (bench.guard.trip is Trip.CHARGER_LATE) is trips


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


# K


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


# The latch


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
