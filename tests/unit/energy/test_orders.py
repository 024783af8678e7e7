"""Orders: what is taken, and what is refused with key, value and range."""

from datetime import UTC, datetime
from typing import Any

import pytest

from v2h.config import Limits
from v2h.energy.orders import Order, OrderError, read_order

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def read(**values: Any) -> Order:
    return read_order(values, Limits(), 1000.0, WALL)


def test_a_full_order() -> None:
    order = read(mode="charge", amps=10, soc_limit_pct=80, until="2026-11-22T13:00:00+00:00")
    assert order == Order("charge", 10.0, 80.0, 4600.0, "2026-11-22T13:00:00+00:00")
    assert order.applied() == {"mode": "charge", "amps": 10.0, "soc_limit_pct": 80.0, "until": order.until}


def test_a_time_without_zone_is_local() -> None:
    assert read(mode="v2h", until="2026-11-22T12:30").until_t == 2800.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "mode = None is not one of idle, v2h, solar, charge, discharge"),
        ({"mode": "eco"}, "mode = 'eco' is not one of"),
        ({"mode": ["v2h"]}, "is not one of"),
        ({"mode": "charge", "amps": 17}, "amps = 17 is not a number from 0 to 15 A"),
        ({"mode": "discharge", "amps": -1}, "amps = -1 is not a number from 0 to 15 A"),
        ({"mode": "charge", "amps": "10"}, "amps = '10' is not a number"),
        ({"mode": "charge", "amps": float("nan")}, "amps = nan is not a number"),
        ({"mode": "charge", "amps": True}, "amps = True is not a number"),
        ({"mode": "charge", "soc_limit_pct": 95}, "soc_limit_pct = 95 is not a number from 30 to 90 %"),
        ({"mode": "v2h", "amps": 5}, "amps = 5 does not fit mode v2h; it takes until"),
        ({"mode": "idle", "until": "x"}, "until = 'x' does not fit mode idle; it takes nothing"),
        ({"mode": "v2h", "until": "soon"}, "until = 'soon' is not an ISO time"),
        ({"mode": "v2h", "until": 5}, "until = 5 is not an ISO time"),
        ({"mode": "v2h", "until": "2026-11-22T11:59+00:00"}, "is not between now"),
        ({"mode": "v2h", "until": "2026-11-30T11:59+00:00"}, "7 days from now"),
        ({"mode": "charge", "apms": 5}, "apms = 5 does not fit mode charge; it takes amps, soc_limit_pct, until"),
    ],
)
def test_refusals_name_key_value_and_range(values: dict[str, Any], words: str) -> None:
    with pytest.raises(OrderError) as caught:
        read_order(values, Limits(), 1000.0, WALL)
    assert words in str(caught.value)
