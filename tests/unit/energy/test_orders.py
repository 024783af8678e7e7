"""Orders: which are accepted, and which are refused with key, value and range."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from v2h.config.site import Limits
from v2h.energy.orders import ModeRequest, ModeRequestError, Slot, read_order, read_slot

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def read(**values: Any) -> ModeRequest:
    return read_order(values, Limits(), 1000.0, WALL)


def test_a_full_order() -> None:
    order = read(mode="charge", amps=10, soc_limit_pct=80, until="2026-11-22T13:00:00+00:00")
    assert order == ModeRequest("charge", 10.0, 80.0, 4600.0, "2026-11-22T13:00:00+00:00", until_said="13:00")
    assert order.applied() == {"mode": "charge", "amps": 10.0, "soc_limit_pct": 80.0, "until": order.until}


def test_a_time_without_zone_is_local() -> None:
    assert read(mode="v2h", until="2026-11-22T12:30").until_t == 2800.0


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-11-22T22:30:00+00:00", "23:30"),
        ("2026-11-22T23:30:00+00:00", "Mon 00:30"),
        ("2026-11-24T07:00", "Tue 07:00"),
        (None, ""),
    ],
)
def test_until_is_said_as_the_clock_on_the_wall_shows_it(until: str | None, said: str) -> None:
    here = WALL.astimezone(ZoneInfo("Europe/Berlin"))
    assert read_order({"mode": "v2h", "until": until}, Limits(), 0.0, here).until_said == said


def test_until_is_right_over_a_change_of_the_clocks() -> None:
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=ZoneInfo("Europe/London"))
    order = read_order({"mode": "v2h", "until": "2026-03-29T07:00"}, Limits(), 0.0, evening)
    assert order.until_t == 8 * 3600


def test_a_slot_must_end_by_itself() -> None:
    slot = read_slot({"slot": "charge", "until": "2026-11-22T12:30", "amps": 8}, Limits(), 1000.0, WALL)
    assert slot == Slot("charge", 2800.0, "2026-11-22T12:30", 8.0)
    assert slot.applied() == {"slot": "charge", "amps": 8.0, "until": "2026-11-22T12:30"}
    assert read_slot({"slot": "none", "by": "evcc"}, Limits(), 1000.0, WALL) == Slot("none", 1000.0, "", by="evcc")
    for values, words in (
        ({"slot": "charge"}, "until is missing: a slot must end by itself"),
        ({"slot": "boost"}, "slot = 'boost' is not one of charge, discharge, export, cover, hold, none"),
        ({"slot": ["hold"]}, "is not one of"),
        ({"slot": "export", "until": "2026-11-22T12:30"}, "power_w is missing: what the grid is to get"),
        ({"slot": "export", "until": "2026-11-22T12:30", "amps": 5}, "amps = 5 does not fit slot export; it takes"),
        (
            {"slot": "discharge", "until": "2026-11-22T12:30", "power_w": -500},
            "power_w = -500 is not a number from 100 to 20000 W",
        ),
        ({"slot": "hold", "until": "2026-11-22T12:30", "amps": 5}, "amps = 5 does not fit slot hold; it takes until"),
        ({"slot": "charge", "until": "2026-11-22T12:30", "amps": 50}, "amps = 50 is not a number from 0 to 15 A"),
    ):
        with pytest.raises(ModeRequestError, match=re.escape(words)):
            read_slot(values, Limits(), 1000.0, WALL)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "mode = None is not one of idle, v2h, solar, cover, charge, discharge"),
        ({"mode": "eco"}, "mode = 'eco' is not one of"),
        ({"mode": ["v2h"]}, "is not one of"),
        ({"mode": "charge", "amps": 17}, "amps = 17 is not a number from 0 to 15 A"),
        ({"mode": "discharge", "amps": -1}, "amps = -1 is not a number from 0 to 15 A"),
        ({"mode": "charge", "amps": "10"}, "amps = '10' is not a number"),
        ({"mode": "charge", "amps": float("nan")}, "amps = nan is not a number"),
        ({"mode": "charge", "amps": True}, "amps = True is not a number"),
        ({"mode": "charge", "soc_limit_pct": 95}, "soc_limit_pct = 95 is not a number from 30 to 90 %"),
        ({"mode": "v2h", "amps": 5}, "amps = 5 does not fit mode v2h; it takes until"),
        ({"mode": "idle", "until": "x"}, "until = 'x' does not fit mode idle; it takes by"),
        ({"mode": "v2h", "until": "soon"}, "until = 'soon' is not an ISO time"),
        ({"mode": "v2h", "until": 5}, "until = 5 is not an ISO time"),
        ({"mode": "v2h", "until": "2026-11-22T11:59+00:00"}, "is not between now"),
        ({"mode": "v2h", "until": "2026-11-30T11:59+00:00"}, "7 days from now"),
        ({"mode": "v2h", "until": "0001-01-01T00:00+14:00"}, "is not between now"),
        ({"mode": "v2h", "until": "9999-12-31T23:59-14:00"}, "7 days from now"),
        ({"mode": "charge", "apms": 5}, "apms = 5 does not fit mode charge; it takes amps, soc_limit_pct, until"),
    ],
)
def test_refusals_name_key_value_and_range(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ModeRequestError) as caught:
        read_order(values, Limits(), 1000.0, WALL)
    assert words in str(caught.value)
