"""The plan for this house: what it is made from, what becomes of it, and what it says when there is none."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2h.bus.messages import HouseLoad, ManagerPlan
from v2h.config.site import Limits
from v2h.energy.owner_settings import check
from v2h.energy.plan.making import SLOTS, Known, Made, made
from v2h.energy.price_shapes import PriceError, read
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Schedule
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result

NOON = datetime(2026, 11, 30, 12, 7, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)
WEEK = [[500.0] * 24] * 7
HOUSE = HouseLoad(0.0, WEEK, [], 30)
NIGHT = {"days": "daily", "start": "00:00", "end": "06:00", "import_price": 0.08, "export_price": 0.05}
DAY = {"days": "daily", "start": "06:00", "end": "24:00", "import_price": 0.30, "export_price": 0.05}
PRICES = {"version": 1, "prices": [NIGHT, DAY]}


def schedule_of(document: Mapping[str, Any], zone: str = "UTC") -> Schedule:
    return read_schedule(document, Limits(), zone)


def plan(
    document: Mapping[str, Any] = PRICES,
    wall: datetime = NOON,
    *,
    dated: Mapping[str, Any] | None = None,
    soc_pct: float | None = 60.0,
    house: HouseLoad | None = HOUSE,
    zone: str = "UTC",
    **chosen: Any,
) -> Made:
    schedule = schedule_of(document, zone)
    if dated:
        schedule = Schedule(**{**{name: getattr(schedule, name) for name in schedule.__slots__}, "dated": dated})
    owners = check({"plan": True, **chosen}, Limits(), zone)
    return result(made(Known(schedule, owners, CarNow(soc_pct, 40.0), soc_pct, house), 5.0, wall))


def test_it_begins_with_the_present_quarter_and_travels_in_one_message() -> None:
    message = plan().message
    assert (message.start, len(message.acts), message.known) == ("2026-11-30T12:00:00+00:00", SLOTS, SLOTS)
    payload = message.to_json()
    assert len(payload) < 65_536
    back = ManagerPlan.from_json(payload)
    assert back.acts == message.acts and json.loads(payload)["why"][0]["id"] == message.why[0].id  # type: ignore[attr-defined]
    assert message.saved is not None and message.saved > 0.5
    assert message.cost is not None and message.cost_without is not None and message.cost < message.cost_without


def test_a_cheap_night_fills_the_car_for_the_dear_day() -> None:
    made_plan = plan(soc_pct=30.0)
    night = [act for n, act in enumerate(made_plan.message.acts) if 12 <= n / 4 < 18]
    assert "charge" in night
    charges = [part for part in made_plan.parts if part.want.mode == "charge"]
    assert charges and all(part.start.hour < 6 and part.planned and part.want.high_w > 0 for part in charges)
    assert all(part.keep_soc_pct == pytest.approx(30) for part in made_plan.parts)
    day = [part for part in made_plan.parts if part.start.hour >= 7 and part.start.day == 1]
    assert {part.want.high_w for part in day if part.want.mode == "v2h"} <= {0.0, float("inf")}


def test_what_the_schedule_has_decided_is_no_part_of_it() -> None:
    window = {"name": "lunch", "days": "daily", "start": "13:00", "end": "14:00", "mode": "solar"}
    made_plan = plan({**PRICES, "weekly": [window]})
    assert made_plan.message.bare[4:8] == ["solar"] * 4
    assert {made_plan.message.why[n].id for n in range(4, 8)} == {"planned.fixed"}  # type: ignore[attr-defined]
    for part in made_plan.parts:
        assert not (part.start < NOON.replace(hour=14, minute=0) and part.end > NOON.replace(hour=13, minute=0))


def test_a_charge_of_the_schedule_is_planned_up_to_its_own_limit() -> None:
    window = {"days": "daily", "start": "12:00", "end": "18:00", "mode": "charge", "soc_limit_pct": 65}
    message = plan({**PRICES, "weekly": [window]}).message
    assert max(message.soc_pct[:24]) == pytest.approx(65, abs=0.2)
    assert message.at(NOON.timestamp())["bare_until_pct"] == 65


def test_a_target_is_charged_for_when_it_is_cheapest() -> None:
    target = {"name": "work", "days": "daily", "time": "07:10", "soc_pct": 85}
    made_plan = plan({**PRICES, "ready_by": [target]}, soc_pct=40.0)
    message = made_plan.message
    assert message.goals == [{"slot": 76, "soc_pct": 85.0}]
    assert message.soc_pct[75] >= 84.9 and message.missed_kwh == 0
    assert all(part.start.hour < 6 for part in made_plan.parts if part.want.mode == "charge")
    assert set(message.bare) == {"idle"}


def test_a_plan_that_saves_too_little_gives_no_orders_and_says_why() -> None:
    flat = {"days": "daily", "start": "00:00", "end": "24:00", "import_price": 0.30, "export_price": 0.05}
    found = plan({"version": 1, "prices": [flat]})
    assert found.parts == [] and set(found.message.acts) == {"idle"}
    assert {sentence.id for sentence in found.message.why} == {"planned.as_without"}  # type: ignore[attr-defined]
    assert found.message.saved == 0.0


def test_off_it_shows_and_does_nothing() -> None:
    made_plan = plan(plan=False)
    assert made_plan.parts == [] and not made_plan.message.on and len(made_plan.message.acts) == SLOTS


@pytest.mark.parametrize(
    ("limits", "least_w", "most_w"),
    [({"fuse_a": 10}, -1e9, 10 * 230 * 0.95), ({"export_limit_w": 0}, 0.0, 1e9)],
)
def test_it_never_plans_against_a_limit(limits: Mapping[str, Any], least_w: float, most_w: float) -> None:
    dear = {**DAY, "end": "20:00", "export_price": 0.9}
    message = plan({"version": 1, "prices": [NIGHT, dear, {**DAY, "start": "20:00"}]}, soc_pct=80.0, **limits).message
    assert all(least_w - 1 <= grid_w <= most_w + 1 for grid_w in message.grid_w)


def test_floor_reserve_and_ceiling_hold() -> None:
    message = plan(soc_pct=50.0, soc_min_pct=35, reserve_soc_pct=45, soc_max_pct=70).message
    assert min(message.soc_pct) >= 44.9 and max(message.soc_pct) <= 70.1


def test_no_spread_no_discharge() -> None:
    """Bought at 0.28 and used at 0.30: losses and wear cost more."""
    small = {"version": 1, "prices": [{**NIGHT, "import_price": 0.28}, DAY]}
    message = plan(small, soc_pct=31.0).message
    assert not {"charge", "discharge"} & set(message.acts)


def test_of_a_day_whose_prices_are_not_known_those_of_the_days_before_count() -> None:
    values = [0.1 if hour < 6 else 0.3 for hour in range(24)] * 2
    dated = read({"import": {"start": "2026-11-29T00:00Z", "step_min": 60, "values": values}}, NOON)
    message = plan({"version": 1}, dated=dated).message
    assert message.known == 48, "to midnight"
    assert message.import_price[48:72] == [0.1] * 24
    assert message.import_price[72:144] == [0.3] * 72


def test_it_ends_where_no_price_is_known_and_never_was() -> None:
    dated = read({"import": {"start": "2026-11-30T12:00Z", "step_min": 60, "values": [0.1, 0.2, None, 0.3]}}, NOON)
    assert len(plan({"version": 1}, dated=dated).message.acts) == 8


@pytest.mark.parametrize("values", [[], [0.1, None]])
def test_without_prices_it_says_so(values: list[float | None]) -> None:
    start = (NOON - timedelta(hours=1)).replace(minute=0).isoformat()
    dated = read({"import": {"start": start, "step_min": 60, "values": values}}, NOON) if values else None
    made_plan = plan({"version": 1}, dated=dated)
    assert made_plan.message.trouble.id == "plan.no_price"  # type: ignore[attr-defined]
    assert made_plan.parts == [] and made_plan.message.acts == []
    ManagerPlan.from_json(made_plan.message.to_json())


def test_what_no_plan_can_be_made_from_is_said() -> None:
    assert "order" in plan(reserve_soc_pct=90).message.trouble


def test_negative_prices_charge_as_much_as_there_is_room_for() -> None:
    free = {"version": 1, "prices": [{**NIGHT, "import_price": -0.1}, DAY]}
    message = plan(free, soc_pct=60.0).message
    assert max(message.soc_pct) == pytest.approx(90, abs=0.3)


@pytest.mark.parametrize(("wall", "hours"), [("2026-03-28T18:00Z", 30), ("2026-10-24T18:00Z", 30)])
def test_on_days_when_the_clocks_change_the_cheap_hours_are_those_of_the_wall_clock(wall: str, hours: int) -> None:
    message = plan(wall=datetime.fromisoformat(wall), zone="Europe/London").message
    start = datetime.fromisoformat(message.start).astimezone(schedule_of(PRICES, "Europe/London").zone)
    for n, price in enumerate(message.import_price):
        local = (start.astimezone(UTC) + timedelta(minutes=15 * n)).astimezone(start.tzinfo)
        assert price == (0.08 if local.hour < 6 else 0.30), local


def test_the_forecast_of_the_sun_counts_when_the_log_knows_the_sun() -> None:
    watts = {"start": "2026-11-30T12:00Z", "step_min": 60, "values": [3000] * 3}
    dated = read({"sun": watts}, NOON)
    sunny = HouseLoad(0.0, [[-500.0] * 24] * 7, [[700.0] * 24] * 7, 30)
    message = plan(dated=dated, house=sunny).message
    assert (message.load_w[0], message.sun_w[0]) == (700, 3000)
    assert (message.load_w[20], message.sun_w[20]) == (-500, 0), "of the later time there is no forecast"
    message = plan(dated=dated).message
    assert (message.load_w[0], message.sun_w[0]) == (500, 0)


def test_what_is_not_known_is_said() -> None:
    text = plan(soc_pct=None, house=None).message.assumed
    assert "half of what may be used" in text and "400 W is assumed" in text
    assert plan().message.assumed == ""


PRICE = st.one_of(st.none(), st.floats(-10, 10), st.floats(), st.integers(), st.text(max_size=3))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(PRICE, max_size=40), st.sampled_from((15, 30, 60)), st.integers(-20, 20), st.floats(0, 100))
def test_whatever_is_pushed_the_plan_keeps_its_limits(values: list[Any], step: int, hours: int, soc_pct: float) -> None:
    start = (MIDNIGHT + timedelta(hours=12 + hours)).isoformat()
    try:
        dated = read({"import": {"start": start, "step_min": step, "values": values}}, NOON)
    except PriceError:
        return
    message = plan(dated=dated, soc_pct=soc_pct, fuse_a=25, export_limit_w=1000).message
    ManagerPlan.from_json(message.to_json())
    for grid_w, power_w in zip(message.grid_w, message.power_w, strict=True):
        assert -1001 <= grid_w <= 25 * 230 * 0.95 + 1 and abs(power_w) <= 5776
