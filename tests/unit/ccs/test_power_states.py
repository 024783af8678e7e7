"""The table of states of a CCS session: what each row may ask for, and that each leads out."""

import re
from pathlib import Path

import pytest

from v2h.bus.faults import FAULTS
from v2h.bus.states import State
from v2h.ccs import limits
from v2h.ccs.limits import charge_only_a
from v2h.ccs.power_states import JOINED, TABLE, TALKING
from v2h.ccs.power_supervision import CCS_WATCHES
from v2h.ccs.power_transitions import NEXT
from v2h.chademo.states import Converter
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.rules import broken_need


@pytest.mark.parametrize("state", TABLE)
def test_a_row_asks_for_nothing_that_guard_forbids(state: State) -> None:
    row = TABLE[state]
    assert broken_need(row.outputs | Output.PLUG_LOCK) is None
    assert Output.D2 not in row.outputs
    assert (row.outputs & CONTACTORS) in (CONTACTORS, Output(0))


@pytest.mark.parametrize("state", TABLE)
def test_each_row_has_a_deadline_or_is_ended_by_something_else(state: State) -> None:
    row = TABLE[state]
    assert (row.limit is None) == (state in (State.IDLE, State.ENERGY, State.FAULT))
    assert row.refuses or row.limit is None or row.fault in FAULTS
    assert not row.refuses or row.late


def test_the_rows_and_the_transitions_are_of_the_same_states() -> None:
    assert set(TABLE) == set(NEXT)


def test_a_stop_leads_from_every_talking_state_towards_the_end() -> None:
    for state in TALKING:
        following, seen = TABLE[state].stop, [state]
        assert following is not None
        while following is not None and following not in seen:
            seen.append(following)
            following = TABLE[following].stop
        assert seen[-1] not in TALKING or seen[-1] is State.BLEED, seen


def test_a_current_can_only_flow_with_the_pilot_permitting() -> None:
    orders = (Converter.TEST, Converter.MATCH, Converter.FLOW, Converter.BLEED)
    ordered = [state for state, row in TABLE.items() if row.converter in orders]
    assert ordered == [State.INSULATION, State.BLEED, State.MATCH, State.ENERGY]
    assert all(TABLE[state].k for state in ordered)
    assert all(TABLE[state].k for state in JOINED if state in TALKING)


def test_the_contactors_are_closed_from_the_cable_check_to_the_end_of_the_current() -> None:
    order = [state for state in TABLE if state not in (State.SAFE, State.FAULT)]
    first, last = order.index(State.INSULATION), order.index(State.STOP_CURRENT)
    assert tuple(order[first : last + 1]) == JOINED


def test_each_watch_that_is_a_fault_is_in_the_fault_table() -> None:
    assert {watch.name for watch in CCS_WATCHES if not watch.normal} <= set(FAULTS)


def test_the_isolation_is_watched_from_the_first_message_to_the_last_amp() -> None:
    (watch,) = [watch for watch in CCS_WATCHES if watch.name == "isolation_fault"]
    assert set(watch.states) == {*TALKING, State.STOP_CURRENT} - {State.WAKE}


def test_cable_check_and_bleed_together_stay_below_25_s() -> None:
    assert limits.INSULATION.value + limits.BLEED_STUCK.value <= 25.0


@pytest.mark.parametrize(("asked_a", "given_a"), [(-0.1, 0.0), (-400.0, 0.0), (float("nan"), 0.0), (0.1, 0.1)])
def test_a_negative_current_is_refused(asked_a: float, given_a: float) -> None:
    assert charge_only_a(asked_a) == given_a


def test_every_limit_has_a_reason() -> None:
    rows = limits.table()
    assert len(rows) > 30
    assert all(row.why and row.unit and row.origin in ("standard", "capture", "ours") for row in rows.values())


def test_no_limit_is_dead() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in Path(limits.__file__).parent.glob("*.py"))
    unused = [
        name for name in limits.table() if not re.search(rf"\blimits\.{name}\b|^    return .*\b{name}\.", code, re.M)
    ]
    assert unused == []
