"""The plan in money: what it does, never does, and says."""

import tracemalloc
from dataclasses import replace
from math import inf, nan
from random import Random
from time import process_time
from typing import Any

import pytest

from tests.support.executed import executed
from tests.support.plandays import problem as random_problem
from v2h.energy.losses import usual
from v2h.energy.plan.moves import Order, given_w
from v2h.energy.plan.outcome import powered, without_plan
from v2h.energy.plan.plan import Plan, plan
from v2h.energy.plan.problem import Act, Battery, Goal, Problem, Trip, end_value
from v2h.energy.steps import result

DAY = 96
BATTERY = Battery(20.0, 40.0, 12.0, 36.0, 5775.0, 5775.0)
NIGHT = [0.08] * 24 + [0.30] * 72


def problem(bought: list[float], **other: Any) -> Problem:
    """A day with a steady load of 600 W, no sun and nothing paid for export."""
    slots = len(bought)
    usual_day = {
        "slot_s": 900.0,
        "import_price": bought,
        "export_price": [0.0] * slots,
        "load_w": [600.0] * slots,
        "sun_w": [0.0] * slots,
        "battery": BATTERY,
        "end_value": end_value(bought, BATTERY.losses),
    }
    return Problem(**{**usual_day, **other})


def planned(day: Problem, otherwise: Act = Act.IDLE) -> Plan:
    return result(plan(day, otherwise))


def acts(found: Plan) -> set[Act]:
    return {slot.act for slot in found.slots}


def orders(found: Plan) -> list[Order]:
    return [Order(slot.act, slot.order_w) for slot in found.slots]


def test_a_cheap_night_fills_the_car_and_the_day_is_covered_from_it() -> None:
    found = planned(problem(NIGHT, load_w=[1200.0] * DAY, end_value=0.05))
    night, day = found.slots[:24], found.slots[24:]
    needed_kwh = -BATTERY.losses.dc_w(-1200.0) / 1000 * 18
    assert max(slot.soc_kwh for slot in night) == pytest.approx(12.0 + needed_kwh, abs=0.5)
    assert {slot.act for slot in day[:-1]} <= {Act.COVER, Act.V2H}
    assert found.slots[-1].soc_kwh == pytest.approx(12.0, abs=0.5)
    assert found.saved > 2.0
    assert found.slots[30].why.id == "planned.cover"
    assert found.slots[30].why.values["price"] == 0.30
    assert {slot.why.id for slot in night} <= {"planned.charge", "planned.full", "planned.rest"}


def test_a_flat_price_is_no_reason_to_do_anything() -> None:
    found = planned(problem([0.25] * DAY))
    assert acts(found) == {Act.IDLE}
    assert found.saved == 0.0
    assert {slot.why.id for slot in found.slots} == {"planned.rest"}


def test_a_plan_that_saves_less_than_its_forecast_can_be_wrong_by_is_not_followed() -> None:
    """To keep 2 kWh for the dearer half of the day brings some cents; the house may draw 3 kWh more or less."""
    dearer_later = [0.30] * 48 + [0.33] * 48
    day = problem(dearer_later, battery=replace(BATTERY, soc_kwh=14.0), end_value=0.2)
    sure, unsure = planned(day, Act.V2H), planned(replace(day, doubt=0.2), Act.V2H)
    assert sure.followed and 0.02 < sure.saved < 0.1
    assert not unsure.followed and acts(unsure) == {Act.V2H}
    assert (unsure.saved, unsure.cost) == (0.0, unsure.cost_without)
    assert {slot.why.id for slot in unsure.slots} == {"planned.as_without"}
    assert [slot.power_w for slot in unsure.slots] == list(result(without_plan(day, Act.V2H)).powers_w)
    assert planned(replace(day, doubt=0.2), Act.IDLE).followed, "without a plan the car would do nothing"


def test_what_happens_without_a_plan_shows_its_targets_trips_and_windows() -> None:
    day = problem(
        [0.30] * DAY,
        doubt=0.5,
        end_value=0.2,
        fixed=dict.fromkeys(range(8), Act.IDLE),
        goals=(Goal(40, 30.0),),
        trips=(Trip(60, 70, 2.0),),
    )
    found = planned(day, Act.V2H)
    assert not found.followed
    assert {slot.act for slot in found.slots[:8]} == {Act.IDLE}
    assert {slot.why.id for slot in found.slots[:8]} == {"planned.fixed"}
    charged = [slot for slot in found.slots[8:40] if slot.act is Act.CHARGE]
    assert charged and all(slot.order_w == slot.power_w > 1000 for slot in charged)
    assert found.slots[39].soc_kwh == pytest.approx(30.0, abs=0.1)
    assert {slot.act for slot in found.slots[60:70]} == {Act.AWAY}
    assert {slot.act for slot in found.slots[70:]} == {Act.V2H}


@pytest.mark.parametrize("wear", [0.0, 0.05])
@pytest.mark.parametrize("sell", [False, True])
def test_it_discharges_above_the_spread_that_losses_and_wear_demand_and_never_below(wear: float, sell: bool) -> None:
    """A kWh bought for 0.10 at the best power has to bring that, the losses on both ways, and wear."""
    battery, losses = replace(BATTERY, wear=wear), usual()
    load_w = 0.0 if sell else 2500.0
    into = min(losses.ac_w(dc_w) / dc_w for dc_w in range(500, 5775, 25))
    out = max(-losses.ac_w(-dc_w) / dc_w for dc_w in range(500, 5775, 25))
    even = (0.10 * into + wear) / out
    for price, pays in ((even * 0.98, False), (even * 1.05, True)):
        bought = [0.10] * 48 + [price] * 48
        sold = [0.0] * 48 + [price if sell else 0.0] * 48
        day = problem(bought, export_price=sold, battery=battery, load_w=[load_w] * DAY, end_value=0.10 * into)
        assert any(slot.power_w < 0 for slot in planned(day).slots) == pays


def test_it_is_ready_in_time_at_the_best_price_and_says_so() -> None:
    bought = [0.30] * 20 + [0.10] * 8 + [0.30] * 68
    found = planned(problem(bought, goals=(Goal(40, 30.0),), battery=replace(BATTERY, discharge_w=0.0), end_value=0.05))
    assert found.slots[39].soc_kwh == pytest.approx(30.0, abs=0.06)
    assert found.missed_kwh < 0.06
    charging = [n for n, slot in enumerate(found.slots) if slot.act == Act.CHARGE]
    assert charging and set(charging) <= set(range(20, 28))
    assert {found.slots[n].why.id for n in charging} == {"planned.target"}


def test_a_target_above_the_ceiling_is_reached_and_one_that_cannot_be_is_missed_by_the_least() -> None:
    assert planned(problem(NIGHT, goals=(Goal(48, 40.0),))).slots[47].soc_kwh == pytest.approx(40.0, abs=0.06)
    late = planned(problem(NIGHT, goals=(Goal(4, 36.0),)))
    assert [slot.power_w for slot in late.slots[:4]] == [5775.0] * 4
    assert late.missed_kwh == pytest.approx(36.0 - 20.0 - 4 * 5775 / 4000)


def test_a_trip_takes_its_energy_and_nothing_is_ordered_meanwhile() -> None:
    found = planned(problem(NIGHT, trips=(Trip(32, 60, 20.0),)))
    assert found.slots[31].soc_kwh >= 32.0 - 0.06
    assert found.slots[32].soc_kwh == pytest.approx(found.slots[31].soc_kwh - 20.0)
    away = found.slots[32:60]
    assert {(slot.act, slot.power_w, slot.why.id) for slot in away} == {(Act.AWAY, 0.0, "planned.away")}
    assert Act.AWAY not in {slot.act for slot in (*found.slots[:32], *found.slots[60:])}


def test_what_the_schedule_has_fixed_stays_as_it_is() -> None:
    fixed = {**dict.fromkeys(range(40, 44), Act.CHARGE), **dict.fromkeys(range(60, 70), Act.IDLE), 80: Act.V2H}
    found = planned(problem(NIGHT, battery=replace(BATTERY, ceiling_kwh=39.0), fixed=fixed))
    assert [slot.power_w for slot in found.slots[40:44]] == [5775.0] * 4
    assert [slot.power_w for slot in found.slots[60:70]] == [0.0] * 10
    assert found.slots[80].grid_w == pytest.approx(0.0, abs=1)
    assert {found.slots[n].act for n in fixed} == {Act.CHARGE, Act.IDLE, Act.V2H}
    assert {found.slots[n].why.id for n in fixed} == {"planned.fixed"}


def test_a_negative_price_is_taken_and_an_export_limit_of_0_exports_nothing() -> None:
    bought = [0.20] * 40 + [-0.15] * 4 + [0.20] * 52
    found = planned(problem(bought, export_price=[0.5] * DAY, export_limit_w=0.0))
    assert [slot.power_w for slot in found.slots[40:44]] == [5775.0] * 4
    assert min(slot.grid_w for slot in found.slots) >= -1e-6


def test_the_suns_surplus_is_stored_or_sold_as_the_prices_say() -> None:
    sun = [4000.0 if 36 <= n < 60 else 0.0 for n in range(DAY)]
    stored = planned(problem([0.30] * DAY, sun_w=sun, export_price=[0.05] * DAY))
    assert {slot.act for slot in stored.slots[36:50]} <= {Act.SOLAR, Act.V2H}
    sold = planned(problem(NIGHT, sun_w=sun, export_price=[0.15] * DAY))
    assert {slot.act for slot in sold.slots[36:60]} <= {Act.IDLE, Act.DISCHARGE}
    assert all(slot.act != Act.V2H for slot in sold.slots[24:]), "the night's price is lower than what the sun brings"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(0, 40))
def test_a_plan_keeps_every_limit_and_is_never_dearer_than_none(seed: int) -> None:
    day = random_problem(seed)
    battery, soc_kwh = day.battery, day.battery.soc_kwh
    found = planned(day)
    for n, slot in enumerate(found.slots):
        start_kwh = day.after_leaving(n, soc_kwh)
        assert slot.soc_kwh == pytest.approx(start_kwh + slot.power_w * 0.25 / 1000)
        assert -battery.discharge_w - 1e-6 <= slot.power_w <= battery.charge_w + 1e-6
        assert slot.grid_w <= max(day.import_limit_w, day.net_w(n)) + 1e-6
        assert slot.grid_w >= min(-day.export_limit_w, day.net_w(n)) - 1e-6
        assert slot.soc_kwh >= min(battery.floor_kwh, start_kwh) - 1e-6
        assert slot.soc_kwh <= max(day.ceiling_kwh(n), start_kwh) + 1e-6
        assert not (day.away(n) and slot.power_w)
        soc_kwh = slot.soc_kwh
    assert found.cost == pytest.approx(sum(slot.cost for slot in found.slots))
    for otherwise in (Act.IDLE, Act.V2H, Act.SOLAR):
        bare = result(without_plan(day, otherwise))
        bare_cost = bare.worth(day) + 0.2 * bare.missed_kwh(day)
        mine = powered(day, [slot.power_w for slot in found.slots])
        assert mine.worth(day) + 0.2 * mine.missed_kwh(day) <= bare_cost + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3, 4, 10, 12, 15])
def test_the_orders_give_the_plan_when_the_day_is_as_expected(seed: int) -> None:
    """An order without a limit may do as well in another way, so what counts is the money. Without doubt: what a plan
    pays for room that nobody needed is in test_plan_doubt.py."""
    day = random_problem(seed)
    given, meant = executed(day, day, 4, doubt=0.0), powered(day, [slot.power_w for slot in planned(day).slots])
    assert given.missed_kwh(day) == pytest.approx(meant.missed_kwh(day), abs=0.1)
    assert given.worth(day) <= meant.worth(day) + 0.03


def test_orders_have_no_limit_where_more_pays_as_well() -> None:
    """The forecast is not the house: covering more of a dear hour pays, and spare sun is stored although it would be
    enough later."""
    sun = [6000.0 if 30 <= n < 70 else 0.0 for n in range(DAY)]
    found = planned(problem([0.30] * DAY, sun_w=sun, export_limit_w=0.0, battery=replace(BATTERY, soc_kwh=30.0)))
    covers = [slot for slot in found.slots if slot.act is Act.COVER]
    assert all(slot.order_w == -5775.0 for slot in covers)
    assert {slot.act for slot in found.slots[30:66]} <= {Act.SOLAR, Act.V2H}
    spare = [slot for slot in found.slots if slot.why.id == "planned.spare"]
    assert spare and all(slot.power_w == 0 and slot.order_w == 5775.0 for slot in spare)


def test_an_order_that_follows_the_house_follows_it_also_when_it_is_not_as_expected() -> None:
    day = problem(NIGHT)
    much = replace(day, load_w=[1500.0] * DAY)
    surplus = replace(day, sun_w=[3000.0] * DAY)
    cover, solar, v2h = Order(Act.COVER, -5775.0), Order(Act.SOLAR, 5775.0), Order(Act.V2H)
    assert day.battery.losses.ac_w(given_w(much, 0, 20.0, cover)) == pytest.approx(-1500.0)
    assert given_w(surplus, 0, 20.0, cover) == 0.0
    assert day.battery.losses.ac_w(given_w(surplus, 0, 20.0, solar)) == pytest.approx(2400.0)
    assert given_w(much, 0, 20.0, solar) == 0.0
    assert given_w(much, 0, 20.0, v2h) < 0 < given_w(surplus, 0, 20.0, v2h)
    assert given_w(much, 0, 12.0, v2h) == 0.0, "at the floor"
    assert given_w(much, 0, 20.0, Order(Act.COVER, -1000.0)) == -1000.0, "no more than was planned"


def test_without_a_plan_the_car_is_charged_for_its_target_in_the_cheapest_slots() -> None:
    day = problem(NIGHT, goals=(Goal(40, 30.0),))
    found = result(without_plan(day, Act.IDLE))
    assert found.begins_kwh[40] == pytest.approx(30.0)
    assert [n for n, power_w in enumerate(found.powers_w) if power_w] == [17, 18, 19, 20, 21, 22, 23]
    sunny = replace(day, sun_w=[1600.0] * DAY)
    assert 900 < result(without_plan(sunny, Act.SOLAR)).powers_w[5] < 1000
    v2h = result(without_plan(day, Act.V2H))
    assert v2h.begins_kwh[40] == pytest.approx(30.0, abs=1e-6)
    assert v2h.powers_w[0] < 0 and v2h.powers_w[30] == 0.0 and v2h.powers_w[41] < 0


@pytest.mark.slow
def test_two_days_of_quarter_hours_are_planned_in_small_steps_little_time_and_little_memory() -> None:
    """On the board, 25 times as slow, a step of 50 ms is 2 ms here, and 2 s are 0.08 s."""
    random = Random(1)
    bought = [random.uniform(0.05, 0.4) for _ in range(192)]
    day = problem(
        bought,
        load_w=[random.uniform(200, 3000) for _ in bought],
        export_price=[price / 2 for price in bought],
        goals=(Goal(100, 36.0),),
        trips=(Trip(110, 140, 8.0),),
    )
    costs = []
    for _ in range(3):
        begun, longest, steps = process_time(), 0.0, plan(day, Act.IDLE)
        before = begun
        for _step in steps:
            now = process_time()
            longest, before = max(longest, now - before), now
        costs.append((process_time() - begun, longest))
    tracemalloc.start()
    planned(day)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    spent_s, longest_s = min(cost[0] for cost in costs), min(cost[1] for cost in costs)
    print(f"192 slots: {spent_s * 1000:.0f} ms, longest step {longest_s * 1000:.1f} ms, {peak / 1e6:.2f} MB")
    assert spent_s < 0.15
    assert longest_s < 0.01
    assert peak < 2e6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"load_w": [1.0]}, "load_w has 1 values; import_price has 96"),
        ({"sun_w": [nan] * DAY}, r"sun_w\[0\] = nan is not a finite number"),
        ({"export_price": [0.1] * 95 + [inf]}, r"export_price\[95\] = inf"),
        ({"end_value": nan}, "end_value = nan"),
        ({"slot_s": 0.0}, "slot_s = 0.0"),
        ({"battery": replace(BATTERY, soc_kwh=-1.0)}, "soc_kwh = -1.0 is not a finite number of at least 0"),
        ({"battery": replace(BATTERY, floor_kwh=37.0)}, "floor 37.0, ceiling 36.0"),
        ({"trips": (Trip(5, 5, 1.0),)}, "comes back before"),
        ({"goals": (Goal(5, nan),)}, "soc_kwh=nan"),
    ],
)
def test_what_no_plan_can_be_made_from_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        problem(NIGHT, **change)


def test_a_plan_needs_prices() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        Problem(900.0, [], [], [], [], BATTERY, 0.1)
