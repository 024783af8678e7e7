"""A charge by hand across a restart: what is written down, what is read back, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from v2h.config.site import Limits
from v2h.energy.kept_order import Fate, KeptOrder, Moment, fate, kept_order, read_kept_order, resumed
from v2h.energy.orders import ModeRequest

WALL = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
ORDERED_T = 1000.0
HOUR_S = 3600.0
OPEN = KeptOrder("boot-1", ORDERED_T, 10.0, 80.0)
SIX_HOURS = KeptOrder("boot-1", ORDERED_T, 10.0, 80.0, ORDERED_T + 6 * HOUR_S, WALL + timedelta(hours=6))
TEN_DAYS = KeptOrder("boot-1", ORDERED_T, None, None, ORDERED_T + 240 * HOUR_S, WALL + timedelta(days=10))


def after(hours: float, boot: str = "boot-1", *, trusted: bool = True) -> Moment:
    """Return a moment so long after the order. The monotonic clock of another boot starts at 0."""
    now = ORDERED_T + hours * HOUR_S if boot == "boot-1" else 30.0
    return Moment(boot, now, WALL + timedelta(hours=hours), trusted)


@pytest.mark.parametrize(
    ("order", "at", "becomes"),
    [
        (OPEN, after(0.001), Fate.GOES_ON),
        (OPEN, after(0.001, trusted=False), Fate.GOES_ON),
        (OPEN, after(160), Fate.GOES_ON),
        (OPEN, after(169), Fate.LOST),
        (OPEN, after(-0.1), Fate.LOST),
        (OPEN, after(0.1, "boot-2"), Fate.LOST),
        (OPEN, after(0.1, "boot-2", trusted=False), Fate.LOST),
        (SIX_HOURS, after(5.99), Fate.GOES_ON),
        (SIX_HOURS, after(5.99, trusted=False), Fate.GOES_ON),
        (SIX_HOURS, after(6.0), Fate.OVER),
        (SIX_HOURS, after(6.0, trusted=False), Fate.OVER),
        (SIX_HOURS, after(5.99, "boot-2"), Fate.GOES_ON),
        (SIX_HOURS, after(5.99, "boot-2", trusted=False), Fate.WAITS),
        (SIX_HOURS, after(600.0, "boot-2", trusted=False), Fate.WAITS),
        (SIX_HOURS, after(6.0, "boot-2"), Fate.OVER),
        (SIX_HOURS, after(600.0, "boot-2"), Fate.OVER),
        (SIX_HOURS, after(-163, "boot-2"), Fate.LOST),
        (TEN_DAYS, after(1.0), Fate.LOST),
        (TEN_DAYS, after(1.0, "boot-2"), Fate.LOST),
    ],
)
def test_what_becomes_of_it(order: KeptOrder, at: Moment, becomes: Fate) -> None:
    what, why = fate(order, at)
    assert (what, bool(why)) == (becomes, becomes is Fate.LOST), why


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
def test_it_goes_on_with_its_limits_and_its_end(boot: str) -> None:
    at = after(2.0, boot)
    here = Moment(boot, at.now, at.wall.astimezone(ZoneInfo("Europe/Berlin")), trusted=True)
    assert resumed(SIX_HOURS, here, Limits()) == ModeRequest(
        "charge", 10.0, 80.0, at.now + 4 * HOUR_S, "2026-11-23T03:00:00+01:00", until_said="Mon 03:00"
    )


def test_an_order_without_an_end_has_none_afterwards() -> None:
    assert resumed(OPEN, after(1.0), Limits()) == ModeRequest("charge", 10.0, 80.0)
    assert resumed(KeptOrder("boot-1", ORDERED_T), after(1.0), Limits()) == ModeRequest("charge")


def test_limits_that_were_lowered_meanwhile_hold() -> None:
    order = resumed(OPEN, after(1.0), Limits(max_charge_a=6.0, soc_max_pct=70.0))
    assert (order.amps, order.soc_limit_pct) == (6.0, 70.0)


@pytest.mark.parametrize("mode", ["idle", "v2h", "solar", "discharge"])
def test_only_a_charge_is_written_down(mode: str) -> None:
    assert kept_order(ModeRequest(mode), "boot-1", ORDERED_T, WALL) is None


@pytest.mark.parametrize("order", [OPEN, SIX_HOURS, KeptOrder("", 0.0)])
def test_what_is_written_is_read(order: KeptOrder) -> None:
    assert read_kept_order(order.as_json()) == order


def test_an_order_is_written_with_an_end_that_another_boot_understands() -> None:
    order = ModeRequest("charge", 10.0, 80.0, ORDERED_T + 6 * HOUR_S, "2026-11-23T03:00")
    assert kept_order(order, "boot-1", ORDERED_T, WALL.astimezone(ZoneInfo("Europe/Berlin"))) == SIX_HOURS


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mode": "discharge"}, "mode = 'discharge' is not charge"),
        ({"mode": None}, "mode = None is not charge"),
        ({"boot": 7}, "boot = 7 is not a text"),
        ({"t": None}, "t = None is not a number"),
        ({"t": 10**400}, "t = 1000"),
        ({"t": True}, "t = True is not a number"),
        ({"amps": -1}, "amps = -1 is not a number from 0 to 16 A"),
        ({"amps": float("nan")}, "amps = nan is not a number"),
        ({"soc_limit_pct": 1e300}, r"soc_limit_pct = 1e\+300 is not a number"),
        ({"until": "tomorrow"}, "until = 'tomorrow' is not an ISO time with offset"),
        ({"until": "2026-11-23T02:00"}, "is not an ISO time with offset"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "is not an ISO time with offset"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "is not an ISO time with offset"),
        ({"until": "\ud800"}, "is not an ISO time with offset"),
        ({"until": 5}, "until = 5 is not an ISO time"),
        ({"until_t": None}, "until_t = None is not a number"),
        ({"until": None}, "until is missing beside until_t"),
    ],
)
def test_a_file_that_cannot_be_an_order_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_kept_order({**SIX_HOURS.as_json(), **changes})
