"""Several controllers: the newest slot is in force, who repeats itself does not overtake, the owner comes first."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.home import Home
from v2h.config.site import Limits
from v2h.energy.lent import Lent
from v2h.energy.orders import ModeRequestError, Slot, read_order, read_slot

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NEVER = {"version": 1}


def hold(by: str, until_t: float = 100.0) -> Slot:
    return Slot("hold", until_t, "2026-11-22T13:00:00+00:00", by=by)


def test_the_newest_is_in_force_and_a_repetition_does_not_overtake() -> None:
    slots = Lent().taken(hold("evcc")).taken(hold("Predbat"))
    again = slots.taken(hold("evcc", 200.0))
    assert again.slot == hold("Predbat") and again.slot_goes_on(slots, "evcc")
    other = again.taken(Slot("charge", 300.0, "later", 8.0, by="evcc"))
    assert other.slot is not None and other.slot.by == "evcc" and not other.slot_goes_on(again, "evcc")
    assert len(other.rows) == 2


def test_what_is_left_when_the_newest_is_over() -> None:
    slots = Lent().taken(hold("evcc", 100.0)).taken(hold("Predbat", 50.0))
    assert slots.alive(50.0).slot == hold("evcc", 100.0)
    assert slots.alive(100.0) == Lent()


def test_none_ends_the_own_slot_and_without_a_name_all() -> None:
    slots = Lent().taken(hold("evcc")).taken(hold("Predbat"))
    assert slots.taken(Slot("none", 2.0, "", by="Predbat")).slot == hold("evcc")
    assert slots.taken(Slot("none", 2.0, "")) == Lent()
    assert slots.taken(Slot("none", 2.0, "", by="nobody")) == slots


def test_no_memory_grows() -> None:
    slots = Lent()
    for number in range(1000):
        slots = slots.taken(hold(f"controller {number}"))
    assert len(slots.rows) == 8 and slots.slot == hold("controller 999")


def test_a_lifetime_needs_no_clock_and_has_its_bounds() -> None:
    slot = read_slot({"slot": "hold", "lifetime_s": 90, "by": " evcc "}, Limits(), 1000.0, WALL)
    assert slot == Slot("hold", 1090.0, "2026-11-22T12:01:30+00:00", by="evcc")
    order = read_order({"mode": "charge", "lifetime_s": 60, "by": "evcc"}, Limits(), 1000.0, WALL)
    assert (order.until_t, order.is_lent, order.because) == (1060.0, True, "evcc asked for it")
    assert not read_order({"mode": "charge", "by": "Home Assistant"}, Limits(), 0.0, WALL).is_lent
    for values, words in (
        ({"slot": "hold", "lifetime_s": 0}, "lifetime_s = 0 is not a number from 1 to 604800 s"),
        ({"slot": "hold", "lifetime_s": 9, "until": "2026-11-22T12:30"}, "are both given"),
        ({"slot": "hold", "lifetime_s": 9, "by": "x" * 33}, "is not a name of at most 32"),
        ({"slot": "hold", "lifetime_s": 9, "by": "a\nb"}, "is not a name"),
        ({"slot": "hold", "lifetime_s": 9, "by": 5}, "by = 5 is not a name"),
    ):
        with pytest.raises(ModeRequestError, match=words):
            read_slot(values, Limits(), 0.0, WALL)


def test_the_sentence_says_who_and_the_owners_mode_is_back_after_the_lifetime() -> None:
    home = Home(WALL, NEVER, load_w=lambda hour: 900.0)
    home.controller.take(home.now, read_order({"mode": "v2h"}, Limits(), home.now, WALL))
    home.run(seconds=120)
    assert home.own_w < -800.0
    home.controller.take_slot(home.now, hold("evcc", home.now + 90.0))
    home.run(seconds=30)
    assert home.own_w == 0.0 and home.why == "evcc holds the car from discharging: the house draws from the grid."
    state = home.controller.state(home.now, home.wall)
    assert (state.by, state.chosen_by) == ("evcc", "owner")
    home.controller.take_slot(home.now, Slot("charge", home.now + 90.0, home.time_after(90.0), 8.0, by="evcc"))
    home.run(seconds=30)
    assert home.own_w > 2500.0 and "evcc asked for it" in home.why
    home.run(seconds=90)
    assert home.own_w < -800.0 and "evcc" not in home.why


def test_a_charge_of_0_a_keeps_the_session_at_0_w() -> None:
    home = Home(WALL, NEVER, load_w=lambda hour: 900.0)
    home.controller.take(home.now, read_order({"mode": "v2h"}, Limits(), home.now, WALL))
    home.run(seconds=120)
    home.controller.take_slot(home.now, Slot("charge", home.now + 90.0, home.time_after(90.0), 0.0, by="evcc"))
    home.run(seconds=60)
    assert home.own_w == 0.0 and home.state == "energy" and home.sessions == 1


def test_an_order_for_a_time_is_not_the_owners_hand() -> None:
    home = Home(WALL, NEVER)
    lent = read_order({"mode": "charge", "lifetime_s": 60, "by": "evcc"}, Limits(), home.now, WALL)
    home.controller.take(home.now, lent)
    assert home.controller.owners_hand is None and not home.controller.needs_kept_order
    own = read_order({"mode": "charge", "by": "Home Assistant"}, Limits(), home.now, home.wall + timedelta(0))
    home.controller.take(home.now, own)
    assert home.controller.owners_hand == own and home.controller.needs_kept_order
