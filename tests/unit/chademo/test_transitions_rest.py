"""A latched fault: what clears it, what unlocks the plug meanwhile, and when a person's word counts."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chademo_inputs import NOW, OPEN, UNKNOWN, assumed, at, following, look, measured, report
from v2h.bus.states import State
from v2h.chademo.cable import CableVoltage
from v2h.chademo.interface import Fault
from v2h.chademo.progress import Progress
from v2h.chademo.refusals import clear_refusal, word_refusal
from v2h.safety.outputs import Output
from v2h.safety.wire import GuardState

LOCK = report(Output.PLUG_LOCK)
TRIPPED = replace(LOCK, state=GuardState.TRIPPED)
NEVER = float("-inf")


def faulty(*, now: float = NOW, **marks: Any) -> Progress:
    plain: dict[str, Any] = {
        "fault": Fault("car_lost", "any"),
        "reason": "any",
        "locked": True,
        "signals_on_t": now - 500.0,
    }
    return at(State.FAULT, now=now, **(plain | marks))


@pytest.mark.parametrize(
    ("change", "locked", "words"),
    [
        ({"cable": measured(10.0)}, True, ""),
        ({"cable": measured(10.1)}, True, "is 10 V and not known to be empty"),
        ({"cable": measured(10.1)}, False, ""),
        ({"cable": UNKNOWN}, True, "is not known"),
        ({"cable": UNKNOWN}, False, ""),
        ({"cable": measured(0.0), "guard": None}, False, "guard does not answer"),
        ({"cable": measured(0.0), "guard": TRIPPED}, False, "still making safe"),
    ],
)
def test_why_a_fault_is_not_cleared(change: dict[str, Any], locked: bool, words: str) -> None:
    i = look(**({"guard": LOCK} | change))
    why_not = clear_refusal(faulty(locked=locked), i)
    assert words in why_not and bool(why_not) is bool(words)
    s = faulty(locked=locked)
    assert following(s, replace(i, clear_fault=True)) is (None if words else State.IDLE)
    assert (s.fault is None, s.reason) == ((False, "any") if words else (True, "fault cleared"))


def test_a_plug_that_was_found_locked_keeps_the_fault_until_its_cable_has_had_its_time() -> None:
    i = look(guard=LOCK, cable=measured(0.0), clear_fault=True)
    for off_s, then in ((119.0, None), (120.0, State.IDLE)):
        s = faulty(inherited=True, signals_on_t=NOW - off_s)
        assert following(s, i) is then
        assert ("the plug was found locked" in clear_refusal(s, i)) is (then is None)
        assert (s.fault is None, s.locked) == (then is not None, then is None)


def test_nothing_clears_a_fault_but_a_person_and_no_order_waits_for_it() -> None:
    s = faulty(order_done=1)
    assert following(s, look(guard=OPEN, cable=measured(0.0), order=5)) is None
    assert s.fault is not None and s.order_done == 5 and not s.locked
    assert following(s, look(guard=OPEN, cable=measured(0.0), order=6, clear_fault=True)) is State.IDLE
    assert s.order_done == 5, "an order that comes with the clearing is new"


ALIVE = replace(measured(0.0), alive=True)


@pytest.mark.parametrize(
    ("cable", "guard", "inherited", "off_s", "locked"),
    [
        (measured(10.0), LOCK, False, 0.0, False),
        (measured(10.1), LOCK, False, 500.0, True),
        (UNKNOWN, LOCK, False, 500.0, True),
        (measured(0.0), None, False, 500.0, True),
        (measured(0.0), TRIPPED, False, 500.0, True),
        (measured(0.0), LOCK, True, 119.0, True),
        (measured(0.0), LOCK, True, 120.0, False),
        (ALIVE, LOCK, True, 0.0, False),
        (UNKNOWN, OPEN, False, 500.0, True),
    ],
)
def test_the_plug_unlocks_in_a_fault(
    cable: CableVoltage, guard: Any, inherited: bool, off_s: float, locked: bool
) -> None:
    s = faulty(inherited=inherited, signals_on_t=NOW - off_s)
    assert following(s, look(guard=guard, cable=cable)) is None
    assert s.locked is locked


@pytest.mark.parametrize(
    ("change", "locked", "off_s", "words"),
    [
        ({}, True, 120.0, ""),
        ({}, True, 119.9, "have been off for 120 s"),
        ({}, True, 60.0, "have been off for 60 s, and the cable needs 120 s"),
        ({}, False, 500.0, "the plug is not locked"),
        ({"guard": None}, True, 500.0, "guard does not answer"),
        ({"guard": TRIPPED}, True, 500.0, "still making safe"),
        ({"cable": measured(0.0)}, True, 500.0, "does not count against a measurement"),
        ({"cable": assumed(370.0)}, True, 500.0, "370 V are measured"),
    ],
)
def test_what_a_persons_word_is_worth(change: dict[str, Any], locked: bool, off_s: float, words: str) -> None:
    i = look(**({"guard": LOCK, "cable": UNKNOWN, "unlock_word": True} | change))
    s = faulty(locked=locked, signals_on_t=NOW - off_s)
    refused = word_refusal(s, NOW, i)
    assert words in refused and bool(refused) is bool(words)
    assert following(s, i) is None
    assert s.word_answer == (refused or "the plug unlocks; clear the fault when it is out")
    assert s.unlocks_by_word is not bool(words)
    assert s.word_t == (NEVER if words else NOW)


def test_a_refused_word_takes_back_the_one_before() -> None:
    s = faulty(word_t=NOW - 1.0, signals_on_t=NOW - 1.0)
    following(s, look(guard=LOCK, cable=UNKNOWN, unlock_word=True))
    assert not s.unlocks_by_word


def test_a_word_lapses() -> None:
    """A person's word lapses after 5 s, as SAFETY.md says, and at once when the cable is measured live."""
    for now, stands in ((5.0, True), (5.001, False)):
        s = faulty(now=now, word_t=0.0)
        following(s, look(guard=LOCK, cable=UNKNOWN), now)
        assert s.unlocks_by_word is stands and s.locked
    s = faulty(word_t=NOW - 1.0)
    following(s, look(guard=LOCK, cable=measured(300.0)))
    assert not s.unlocks_by_word and s.locked


@pytest.mark.parametrize(
    ("guard", "word_t", "locked"),
    [(OPEN, NOW - 1.0, False), (OPEN, NEVER, True), (LOCK, NOW - 1.0, True), (None, NOW - 1.0, True)],
)
def test_a_plug_that_guard_has_released_on_a_word_is_unlocked(guard: Any, word_t: float, locked: bool) -> None:
    s = faulty(word_t=word_t)
    following(s, look(guard=guard, cable=UNKNOWN))
    assert s.locked is locked


def test_each_volt_that_the_cable_loses_is_noted() -> None:
    s = Progress(1)
    for now, volts_v, fallen_v, fallen_t in (
        (1.0, None, None, NEVER),
        (2.0, 100.0, 100.0, NEVER),
        (3.0, 99.1, 100.0, NEVER),
        (4.0, 99.0, 99.0, 4.0),
        (5.0, 120.0, 99.0, 4.0),
        (6.0, 97.0, 97.0, 6.0),
    ):
        s.watch_fall(now, volts_v)
        assert (s.fallen_v, s.fallen_t) == (fallen_v, fallen_t)
