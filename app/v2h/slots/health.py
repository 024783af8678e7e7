"""When a start counts as good, when to wait, and when to start again: the rules, without clock and files.

U-Boot counts every start and goes to the other slot after three that nobody has confirmed. A version that was in force
before is confirmed as soon as its programs run: an owner who restarts it three times must not lose it. A new version
must be healthy for CONFIRM_S in a row. Health is only what the software answers for: a dead chip, an absent converter,
no network and a wrong v2h.toml are the same in every version, so they are no reason to go back. Where there is nothing
to go back to, as on a new card, an unhealthy start is not ended: half a charger is better than endless restarts.
"""

from enum import Enum
from typing import NamedTuple

from v2h.slots.state import Why

CONFIRM_S = 300.0
"""A program that dies some minutes after its start must be noticed: supervisor retries it with back-off for a minute,
and the watchdogs need up to two. Ten minutes would be more than an owner waits before switching off again."""
GIVE_UP_S = 900.0
"""The slowest start that was seen took three minutes (first boot, growing a large card), and CONFIRM_S must fit behind
it. Three starts of this length are 45 minutes until the version of before is back."""


class Verdict(Enum):
    """What to do now. GOOD: set U-Boot's counter to zero and remember the version. REBOOT: an unhealthy start."""

    WAIT = "wait"
    GOOD = "good"
    REBOOT = "reboot"


class Seen(NamedTuple):
    """One look. up_s: since the kernel started. healthy_s: how long programs and page have been in order without a
    break, 0 when they are not now. confirmed: this version was in force before. programs: all programs of the tree
    run. page: the status page answers on the loopback interface. safe: every output is off, so no current flows.
    other_good: the other slot holds a version that runs well."""

    up_s: float
    healthy_s: float
    confirmed: bool
    programs: bool
    page: bool
    safe: bool
    other_good: bool


def verdict(seen: Seen, confirm_s: float = CONFIRM_S, give_up_s: float = GIVE_UP_S) -> Verdict:
    """What to do after this look. The two times are shorter in tests on the emulated board only."""
    if seen.confirmed:
        return Verdict.GOOD if seen.programs else Verdict.WAIT
    if seen.programs and seen.page:
        return Verdict.GOOD if seen.healthy_s >= confirm_s else Verdict.WAIT
    late = seen.up_s >= give_up_s
    return Verdict.REBOOT if late and seen.safe and seen.other_good else Verdict.WAIT


def fault(seen: Seen) -> Why:
    """What is not in order; Why.NONE for a healthy look."""
    if not seen.programs:
        return Why.PROGRAMS
    return Why.NONE if seen.page else Why.PAGE
