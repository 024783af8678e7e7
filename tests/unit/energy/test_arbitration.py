"""Which order applies: the owner's, a slot's or the schedule's."""

from datetime import UTC, datetime

import pytest

from v2h.bus.sentences import say
from v2h.energy.arbitration import Arbitration, arbitrate
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.schedule import Part, Want

T = datetime(2026, 1, 1, tzinfo=UTC)
CHARGE = Part(T, T, Want("charge", 10.0, 80.0), "window “night”", "weekly 0 1", "window “night” until Fri 05:30", 70.0)
NOTHING = Part(T, T, Want(), why="nothing is scheduled")
HOLD = Slot("hold", 100.0, "soon")
CHEAP = Slot("charge", 100.0, "soon", 8.0, 85.0)


def chosen(
    hand: ModeRequest | None = None, slot: Slot | None = None, part: Part | None = NOTHING, **more: bool
) -> Arbitration:
    words = {"suspended": False, "trusted": True, "scheduled": True, **more}
    return arbitrate(hand, slot, part, **words, idle_reason="")


def test_the_schedule_has_its_say_when_nobody_else_has() -> None:
    order = chosen(part=CHARGE).order
    assert (order.mode, order.amps, order.soc_limit_pct, order.keep_soc_pct) == ("charge", 10.0, 80.0, 70.0)
    assert (order.by, order.because) == ("schedule", "window “night” until Fri 05:30")
    assert chosen().order.by == "nobody"
    rest = chosen(part=Part(T, T, Want("v2h"), why="nothing is scheduled")).order
    assert (rest.mode, rest.by) == ("v2h", "schedule")


def test_a_hand_is_stronger_than_the_schedule_and_than_a_stop() -> None:
    hand = ModeRequest("discharge", 5.0)
    assert chosen(hand, part=CHARGE).order is hand
    assert chosen(hand, part=CHARGE, suspended=True).order is hand


def test_after_a_stop_only_the_owner_starts_anything() -> None:
    for slot in (None, CHEAP, HOLD):
        choice = chosen(slot=slot, part=CHARGE, suspended=True)
        assert (choice.order.mode, choice.why_idle) == ("idle", say("idle.stopped"))


def test_without_a_clock_the_schedule_idles_and_says_so() -> None:
    choice = chosen(part=None, trusted=False)
    assert (choice.order.mode, choice.why_idle) == ("idle", say("idle.clock_unknown"))
    assert chosen(part=None, trusted=False, scheduled=False).why_idle == ""
    assert chosen(part=CHARGE, trusted=False).order.mode == "idle"


@pytest.mark.parametrize("mode", ["v2h", "solar"])
def test_a_cheap_slot_charges_within_what_follows_the_house(mode: str) -> None:
    order = chosen(ModeRequest(mode), CHEAP).order
    assert (order.mode, order.amps, order.soc_limit_pct, order.until_t, order.by) == (
        "charge",
        8.0,
        85.0,
        100.0,
        "slot",
    )
    assert chosen(ModeRequest(mode)).order == ModeRequest(mode)
    assert chosen(slot=CHEAP).order.mode == "charge"


@pytest.mark.parametrize("mode", ["idle", "charge", "discharge"])
def test_a_slot_leaves_what_the_owner_chose_outright(mode: str) -> None:
    assert chosen(ModeRequest(mode), CHEAP).order == ModeRequest(mode)
    assert chosen(ModeRequest(mode), HOLD).order == ModeRequest(mode)


def test_a_hold_keeps_the_mode_and_forbids_discharging() -> None:
    order = chosen(ModeRequest("v2h"), HOLD).order
    assert (order.mode, order.hold) == ("v2h", True)
