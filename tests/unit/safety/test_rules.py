"""The tables of outputs: which combinations are allowed, and which changes must wait."""

from dataclasses import replace

import pytest

from v2h.safety import rules
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import Request, Trip

D1, D2, LOCK, AC, MASTER = Output.D1, Output.D2, Output.PLUG_LOCK, Output.PRE_AC, Output.MASTER
AWAKE = MASTER | AC | D1
LOCKED = AWAKE | LOCK
TEST = LOCKED | CONTACTORS
WITH_D2 = LOCKED | D2
ENERGY = WITH_D2 | CONTACTORS
EVERYTHING = Output(0x7F)

# The outputs of a real session at each step, in order.
SESSION = (NONE, MASTER, AWAKE, LOCKED, TEST, LOCKED, WITH_D2, ENERGY, WITH_D2, LOCKED, MASTER | AC | LOCK, MASTER | AC)


def view(outputs: Output, **changes: object) -> rules.View:
    seen = rules.View(outputs, k_on=True, pre_current_a=0.0, d2_off_s=10.0, signals_off_s=0.0)
    return replace(seen, **changes)  # type: ignore[arg-type]


def told(outputs: Output, cable_v: float | None, **changes: object) -> rules.View:
    """Return a view in which `charger` has reported this cable voltage for long enough."""
    return view(outputs, cable_high_v=None if cable_v is None else abs(cable_v), **changes)


def wish(outputs: Output, **changes: object) -> Request:
    request = Request(outputs, session=1, sequence=1, loop_age_ms=1, pre_current_a=None, cable_v=None)
    return replace(request, **changes)  # type: ignore[arg-type]


def test_a_whole_session_is_granted_step_by_step() -> None:
    for now, then in zip(SESSION, (*SESSION[1:], NONE), strict=True):
        verdict = rules.judge(told(now, 3.0), wish(then, cable_v=3.0))
        assert (verdict.apply, verdict.trip, verdict.why) == (then, None, ""), f"{now!r} -> {then!r}"


def test_only_these_of_128_combinations_are_allowed() -> None:
    allowed = {Output(bits) for bits in range(128) if rules.broken_need(Output(bits)) is None}
    free = (NONE, MASTER, MASTER | AC)
    before_d2 = (NONE, D1, LOCK, D1 | LOCK, D1 | D2 | LOCK)
    assert allowed == {a | b for a in free for b in before_d2} | {TEST, ENERGY}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (LOCKED | Output.C1, "c1 without c2"),
        (LOCKED | Output.C2, "c2 without c1"),
        (TEST & ~LOCK, "c1+c2 without plug-lock"),
        (TEST & ~D1, "c1+c2 without d1"),
        (TEST & ~AC, "c1+c2 without pre-ac"),
        (TEST & ~MASTER, "c1+c2 without master"),
        (AC, "pre-ac without master"),
        (LOCK | D2, "d2 without d1"),
        (D1 | D2, "d2 without plug-lock"),
    ],
)
def test_each_forbidden_combination_trips_and_says_why(asked: Output, words: str) -> None:
    verdict = rules.judge(view(LOCKED), wish(asked))
    assert verdict.trip is Trip.FORBIDDEN_OUTPUTS
    assert verdict.why.startswith(words)


@pytest.mark.parametrize("amps", [5.1, -5.1, None])
def test_contactors_do_not_open_above_5_a_or_at_an_unknown_current(amps: float | None) -> None:
    verdict = rules.judge(view(ENERGY, pre_current_a=amps), wish(WITH_D2))
    assert (verdict.apply, verdict.trip) == (ENERGY, None)
    assert "5 A" in verdict.why


@pytest.mark.parametrize("amps", [5.0, -5.0, 0.0])
def test_contactors_open_at_5_a(amps: float) -> None:
    assert rules.judge(view(ENERGY, pre_current_a=amps), wish(WITH_D2)).apply == WITH_D2
    assert rules.judge(view(ENERGY), wish(WITH_D2, pre_current_a=amps)).apply == WITH_D2, "charger says so too"


@pytest.mark.parametrize("amps", [5.1, -5.1])
def test_contactors_do_not_open_when_charger_knows_of_more(amps: float) -> None:
    assert rules.judge(view(ENERGY), wish(WITH_D2, pre_current_a=amps)).apply == ENERGY


def test_contactors_stay_when_charger_knows_of_more_current_than_guard() -> None:
    assert rules.judge(view(ENERGY), wish(WITH_D2, pre_current_a=-9.0)).apply == ENERGY


def test_asking_all_off_under_current_changes_nothing_at_all() -> None:
    """While the contactors are held, the lock, the mains and the signals also stay on."""
    verdict = rules.judge(view(ENERGY, pre_current_a=14.0), wish(NONE, cable_v=0.0))
    assert (verdict.apply, verdict.trip) == (ENERGY, None)


def test_d2_holds_the_cars_contactors_while_current_flows() -> None:
    assert rules.judge(view(ENERGY, pre_current_a=14.0), wish(TEST)).apply == ENERGY
    assert rules.judge(view(ENERGY, pre_current_a=1.0), wish(TEST)).apply == TEST
    assert rules.judge(view(WITH_D2, pre_current_a=None), wish(LOCKED)).apply == LOCKED, "c1, c2 open: no current"


def test_d1_falls_half_a_second_after_d2() -> None:
    without = LOCKED & ~D1
    assert rules.judge(view(WITH_D2), wish(without)).apply == LOCKED, "d2 goes, d1 stays"
    assert rules.judge(view(LOCKED, d2_off_s=0.49), wish(without)).apply == LOCKED
    assert rules.judge(view(LOCKED, d2_off_s=0.5), wish(without)).apply == without


def test_d2_rises_only_with_k_and_open_contactors() -> None:
    assert rules.judge(told(LOCKED, 3.0), wish(WITH_D2, cable_v=3.0)).apply == WITH_D2
    assert rules.judge(told(LOCKED, 3.0, k_on=False), wish(WITH_D2, cable_v=3.0)).apply == LOCKED
    assert rules.judge(told(TEST, 3.0), wish(ENERGY, cable_v=3.0)).apply == TEST, "from the insulation test to d2"
    assert rules.judge(told(TEST, 3.0), wish(WITH_D2, cable_v=3.0)).apply == LOCKED, "first open, then d2"
    assert rules.judge(told(LOCKED, 3.0), wish(ENERGY, cable_v=3.0)).apply == TEST, "both at once"


@pytest.mark.parametrize("high_v", [None, 20.1, 384.0])
def test_one_word_of_an_empty_cable_lets_no_d2_rise_and_unlocks_nothing(high_v: float | None) -> None:
    assert rules.judge(view(LOCKED, cable_high_v=high_v), wish(WITH_D2, cable_v=3.0)).apply == LOCKED
    assert rules.judge(view(LOCK, cable_high_v=high_v), wish(NONE, cable_v=3.0)).apply == LOCK


@pytest.mark.parametrize("cable_v", [None, 20.1, -20.1, 384.0])
def test_d2_does_not_rise_onto_a_live_or_unknown_cable(cable_v: float | None) -> None:
    verdict = rules.judge(told(LOCKED, cable_v), wish(WITH_D2, cable_v=cable_v))
    assert verdict.apply == LOCKED and "below 20 V" in verdict.why


def test_contactors_close_only_with_k_but_stay_closed_without() -> None:
    assert rules.judge(view(WITH_D2, k_on=False), wish(ENERGY)).apply == WITH_D2
    assert rules.judge(view(WITH_D2), wish(ENERGY & ~Output.D2)).apply & CONTACTORS == Output(0), "K falls with d2"
    assert rules.judge(view(ENERGY, k_on=False), wish(ENERGY)).apply == ENERGY, "the stop bleeds the cable with K off"


@pytest.mark.parametrize(
    ("cable_v", "by_person", "signals_off_s", "unlocks"),
    [
        (10.0, False, 0.0, True),
        (-10.0, False, 0.0, True),
        (10.1, False, 999.0, False),
        (-10.1, False, 999.0, False),
        (10.1, True, 999.0, False),  # a person's word does not overrule a measurement
        (None, False, 999.0, False),
        (None, True, 119.9, False),
        (None, True, 120.0, True),
    ],
)
def test_the_lock(cable_v: float | None, by_person: bool, signals_off_s: float, unlocks: bool) -> None:
    asked = wish(NONE, cable_v=cable_v, unlock_by_person=by_person)
    verdict = rules.judge(told(LOCK, cable_v, signals_off_s=signals_off_s), asked)
    assert verdict.apply == (NONE if unlocks else LOCK)
    assert verdict.trip is None
    assert bool(verdict.why) is not unlocks


@pytest.mark.parametrize("still", [D1, D1 | D2, D1 | CONTACTORS, CONTACTORS])
def test_no_unlocking_while_anything_that_could_charge_the_cable_is_on(still: Output) -> None:
    now = MASTER | AC | LOCK | still
    assert LOCK in rules.judge(told(now, 0.0, signals_off_s=500.0), wish(NONE, cable_v=0.0)).apply


def test_no_unlocking_while_d1_stays_on() -> None:
    now = MASTER | AC | LOCK | D1
    assert rules.judge(told(now, 0.0, signals_off_s=500.0), wish(now & ~LOCK, cable_v=0.0)).apply == now


def test_whatever_is_asked_the_result_is_allowed_or_unchanged() -> None:
    for bits in range(128):
        for now in {*SESSION, LOCK, EVERYTHING}:
            for k_on, amps, cable_v in ((True, 0.0, 0.0), (False, 9.0, None), (True, None, 300.0)):
                seen = view(now, k_on=k_on, pre_current_a=amps, d2_off_s=0.1)
                verdict = rules.judge(seen, wish(Output(bits), cable_v=cable_v))
                assert verdict.trip or rules.broken_need(verdict.apply) is None
                if amps != 0.0:
                    assert verdict.apply & CONTACTORS == now & CONTACTORS or not now & CONTACTORS
