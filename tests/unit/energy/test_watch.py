"""When an order must not go on by itself."""

from dataclasses import replace

import pytest
from charging import CAR

from v2h.energy.watch import Watch


def walk(watch: Watch, *states: str, session: int = 7) -> tuple[Watch, str | None]:
    """The watch after all states, and the first reason on the way."""
    first: str | None = None
    for state in states:
        watch, why = watch.charger(replace(CAR, state=state, session=session, reason="the car said stop"))
        first = first or why
    return watch, first


def test_a_session_that_starts_and_runs_is_no_reason() -> None:
    assert walk(Watch().order(True), "idle", "wake", "lock", "energy", "energy")[1] is None


@pytest.mark.parametrize("end", ["idle", "fault", "make-safe"])
def test_a_session_that_ends_by_itself_ends_the_order(end: str) -> None:
    watch, why = walk(Watch().order(True), "wake", "energy", "stop")
    assert why is None
    assert walk(watch, end)[1] == "The session ended by itself (the car said stop)"


def test_the_end_that_was_ordered_is_no_reason() -> None:
    watch, _ = walk(Watch().order(True), "energy")
    assert walk(watch.order(False), "stop", "idle")[1] is None


def test_an_order_given_while_the_old_session_ends_survives_its_end() -> None:
    watch, _ = walk(Watch().order(True), "energy")
    watch, _ = walk(watch.order(False), "stop")
    watch, why = walk(watch.order(True), "unlock", "idle", "wake")
    assert why is None
    assert walk(watch, "idle")[1] is not None


def test_another_session_number_in_energy_flow_ends_the_order() -> None:
    watch, _ = walk(Watch().order(True), "energy")
    assert walk(watch, "energy", session=8)[1] is not None
    assert walk(watch, "energy", session=7)[1] is None


def test_a_fault_is_named() -> None:
    watch, _ = walk(Watch().order(True), "energy")
    assert watch.charger(replace(CAR, faults=["k-lost"]))[1] == "Stopped by a fault: k-lost"
    assert walk(Watch(), "energy")[0].charger(replace(CAR, faults=["k-lost"]))[1] is None


def test_a_new_process_number_ends_the_order_only_within_a_session() -> None:
    watch, why = Watch().order(True).process(10)
    assert why is None
    watch, why = watch.process(11)
    assert why is None
    watch, _ = walk(watch, "energy")
    assert watch.process(11)[1] is None
    assert watch.process(12)[1] == "The charger's program restarted"
