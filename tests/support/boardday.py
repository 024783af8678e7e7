"""A whole session on the emulated board as an owner has it: charge, cover the house, change things, stop.

The board's writes to its card are counted while the house is covered, and each write is recorded, so that the power can
be cut afterwards at any moment of it (tests.powercuts).
"""

import time
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tests.powercuts.recording import change_things, followed
from tests.support.cardwrites import counted
from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.truth import rig
from v2h.bus.states import STATE_EVENT

SETTLE_S, CHANGES_S = 10, 40


@dataclass
class Day:
    """The results of one whole session. written: MB a day, see cardwrites."""

    scored_s: float
    charging: dict[str, Any]
    page: tuple[int, str]
    seen_w: float
    true_w: float
    written: dict[str, float]
    states: list[str]
    truth: dict[str, Any]


def whole_day(guest: Guest, scored_s: float) -> Day:
    """Charge at 10 A, cover the house for `scored_s`, change settings and schedule, stop. The guest must log its writes
    into the folder above its own (recording.prepare); there is the recording then."""
    owner = Owner(guest)
    owner.to_idle()
    page = guest.http("/")
    rig(guest, load_w="trace", trace_s="0")
    newest = max((event["id"] for event in owner.events()), default=0)
    owner.start_energy("charge", amps=10)
    charging = owner.wait(lambda s: (s["charger"]["amps_a"] or 0) > 9.5, 20, "10 A into the car")["charger"]
    owner.press("mode", mode="v2h")
    owner.wait(lambda s: (s["charger"]["amps_a"] or 0) < -0.5, 20, "current out of the car")
    guest.sleep(SETTLE_S)
    with followed(guest, owner, guest.run_dir.parent):
        with counted(guest) as written:
            rig(guest, score="reset")
            seen_w = mean_abs_grid_w(owner, scored_s)
            true_w = rig(guest)["mean_abs_grid_w"]
        change_things(guest, owner, CHANGES_S)
        owner.stop_to_idle()
    events = [event for event in owner.events() if event["id"] > newest]
    states = [event["values"]["state"] for event in events if event["code"] == STATE_EVENT]
    return Day(scored_s, charging, page, seen_w, true_w, written, states, rig(guest))


def mean_abs_grid_w(owner: Owner, seconds: float) -> float:
    """Return the mean of |grid power| that the page shows over `seconds` of the board's clock; each reading counts
    once."""
    readings: dict[float, float] = {}
    begin = owner.now_s()
    while (state := owner.state())["now_t"] < begin + seconds:
        manager = state["manager"]
        if manager["grid_w"] is not None:
            readings[manager["t"]] = abs(manager["grid_w"])
        time.sleep(0.75)
    assert len(readings) > seconds / 2, "the page stood still"
    return fmean(readings.values())
