"""When a start is good: every row of the rules, and their edges."""

import pytest

from v2h.slots.health import CONFIRM_S, GIVE_UP_S, Seen, Verdict, fault, verdict
from v2h.slots.state import Why

WAIT, GOOD, REBOOT = Verdict.WAIT, Verdict.GOOD, Verdict.REBOOT
NEW, KNOWN = False, True


@pytest.mark.parametrize(
    ("up_s", "healthy_s", "confirmed", "programs", "page", "safe", "expected"),
    [
        # A version that was in force before: its programs are enough, at any time.
        (40, 0, KNOWN, True, False, True, GOOD),
        (40, 0, KNOWN, True, True, False, GOOD),
        (40, 0, KNOWN, False, True, True, WAIT),
        (5000, 0, KNOWN, False, False, True, WAIT),
        # A new version: healthy for CONFIRM_S in a row.
        (40, 0, NEW, True, True, True, WAIT),
        (340, CONFIRM_S - 0.1, NEW, True, True, True, WAIT),
        (340, CONFIRM_S, NEW, True, True, True, GOOD),
        (340, CONFIRM_S, NEW, True, True, False, GOOD),  # also while a car charges
        (2000, 10, NEW, True, True, True, WAIT),  # it was late, and may still become good
        # A new version that is not healthy: start again after GIVE_UP_S, and only while nothing is energised.
        (GIVE_UP_S - 0.1, 0, NEW, False, True, True, WAIT),
        (GIVE_UP_S, 0, NEW, False, True, True, REBOOT),
        (GIVE_UP_S, 0, NEW, True, False, True, REBOOT),
        (GIVE_UP_S, 0, NEW, False, False, True, REBOOT),
        (GIVE_UP_S, 0, NEW, False, False, False, WAIT),
        (9 * GIVE_UP_S, 0, NEW, True, False, False, WAIT),
    ],
)
def test_a_row_of_the_rules(
    up_s: float, healthy_s: float, confirmed: bool, programs: bool, page: bool, safe: bool, expected: Verdict
) -> None:
    assert verdict(Seen(up_s, healthy_s, confirmed, programs, page, safe, True)) is expected
    without = verdict(Seen(up_s, healthy_s, confirmed, programs, page, safe, False))
    assert without is (WAIT if expected is REBOOT else expected), "there is nothing to go back to"


def test_the_emulated_board_may_have_shorter_times() -> None:
    assert verdict(Seen(30, 20, NEW, True, True, True, True), confirm_s=20) is GOOD
    assert verdict(Seen(30, 0, NEW, True, False, True, True), give_up_s=30) is REBOOT


def test_no_energised_output_is_ever_cut_by_a_restart() -> None:
    flags = (False, True)
    for_all = [Seen(1e6, 0, c, p, q, False, True) for c in flags for p in flags for q in flags]
    assert REBOOT not in {verdict(seen) for seen in for_all}


@pytest.mark.parametrize(
    ("programs", "page", "why"),
    [(True, True, Why.NONE), (False, True, Why.PROGRAMS), (True, False, Why.PAGE), (False, False, Why.PROGRAMS)],
)
def test_the_reason_names_the_deeper_cause(programs: bool, page: bool, why: Why) -> None:
    assert fault(Seen(0, 0, NEW, programs, page, True, True)) is why
