"""The slots that discharge, `cover` as a mode, and a ceiling of the price: in a house over virtual time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.home import Home
from v2h.energy.orders import ModeRequest, Slot

EVENING = datetime(2026, 11, 24, 18, tzinfo=UTC)
V2H: dict[str, Any] = {"version": 1, "otherwise": "v2h"}


def slot(home: Home, kind: str, minutes: float = 10, **more: float) -> None:
    home.controller.take_slot(home.now, Slot(kind, home.now + 60 * minutes, home.time_after(60 * minutes), **more))


def test_a_discharge_slot_gives_its_power_down_to_its_floor_and_what_was_before_returns() -> None:
    home = Home(EVENING, V2H, soc_pct=61.0, load_w=lambda hour: 800.0)
    home.run(seconds=30)
    home.controller.take(home.now, ModeRequest("solar"))
    slot(home, "discharge", 30, power_w=3000.0, soc_limit_pct=60.0)
    home.run(seconds=60)
    assert home.own_w == pytest.approx(-3000, abs=40)
    assert home.why.startswith("Discharging: 3.0 kW out of the car, until 60 %; a slot to discharge was announced")
    home.run(seconds=1200)
    assert (home.own_w, round(home.soc_pct)) == (0.0, 60)
    home.run(seconds=600)
    assert (home.controller.order.mode, home.controller.order.by) == ("solar", "owner")


def test_a_discharge_slot_without_a_floor_keeps_the_reserve() -> None:
    home = Home(EVENING, V2H, soc_pct=50.0, reserve_soc_pct=50)
    home.run(seconds=30)
    slot(home, "discharge", power_w=3000.0)
    home.run(seconds=120)
    assert home.own_w == 0.0


@pytest.mark.parametrize(("export_limit_w", "grid_w"), [(None, -1500), (800, -800), (0, 0)])
def test_an_export_slot_covers_the_house_and_gives_the_grid_its_power_on_top(
    export_limit_w: float | None, grid_w: float
) -> None:
    home = Home(EVENING, V2H, load_w=lambda hour: 700.0, export_limit_w=export_limit_w)
    home.run(seconds=60)
    slot(home, "export", power_w=1500.0)
    home.run(seconds=60)
    assert home.grid[-1] == pytest.approx(grid_w, abs=40)
    assert home.controller.state(home.now, home.wall).limits["grid_target_w"] == -1500
    home.run(seconds=600)
    assert home.grid[-1] == pytest.approx(0, abs=40)
    assert home.controller.state(home.now, home.wall).limits["grid_target_w"] == 0


def test_an_export_slot_stores_no_sun_and_wakes_a_car_that_rests() -> None:
    home = Home(EVENING, V2H, load_w=lambda hour: -2000.0)
    slot(home, "export", power_w=1500.0)
    home.run(seconds=180)
    assert home.own_w == 0.0, "the sun alone gives more"
    home = Home(EVENING, V2H, load_w=lambda hour: 0.0)
    home.run(seconds=10)
    slot(home, "export", power_w=1500.0)
    home.run(seconds=180)
    assert home.grid[-1] == pytest.approx(-1500, abs=40)


def test_a_slot_that_discharges_does_not_end_a_charge_for_a_target() -> None:
    for kind in ("discharge", "export", "cover"):
        home = Home(EVENING, {"version": 1, "ready_by": [{"time": "18:30", "soc_pct": 80}]})
        home.run(seconds=30)
        slot(home, kind, power_w=1000.0)
        home.run(seconds=60)
        assert home.own_w > 5000
        home.run_to("18:31")
        slot(home, kind, power_w=1000.0)
        assert home.controller.order.by == "slot"


def test_cover_covers_the_house_and_leaves_the_sun_to_the_grid() -> None:
    load = [1200.0]
    home = Home(EVENING, {"version": 1, "otherwise": "cover"}, load_w=lambda hour: load[0], soc_pct=60.0)
    home.run(seconds=120)
    assert home.own_w == pytest.approx(-1200, abs=40)
    assert home.why.startswith("Covering the house: 1.2 kW from the car")
    load[0] = -2500.0
    home.run(seconds=60)
    assert home.own_w == 0.0
    assert home.why.startswith("The house needs nothing: the surplus goes to the grid")
    home.run(hours=2)
    assert home.state == "idle", "nothing useful to do"
    load[0] = 1200.0
    home.run(seconds=120)
    assert home.own_w == pytest.approx(-1200, abs=40)


def test_cover_keeps_the_reserve() -> None:
    home = Home(EVENING, {"version": 1, "otherwise": "cover"}, soc_pct=50.0, reserve_soc_pct=50)
    home.run(seconds=120)
    assert home.own_w == 0.0


def test_a_window_with_a_ceiling_charges_only_where_a_kwh_costs_no_more() -> None:
    document = {
        "version": 1,
        "otherwise": "v2h",
        "weekly": [{"name": "night", "start": "19:00", "end": "22:00", "mode": "charge", "max_price": 0.15}],
        "prices": [
            {"start": "18:00", "end": "20:00", "import_price": 0.3},
            {"start": "20:00", "end": "21:00", "import_price": 0.15},
        ],
    }
    home = Home(EVENING, document, soc_pct=50.0)
    home.run_to("19:30")
    assert home.own_w < 0
    home.run_to("20:30")
    assert home.own_w > 5000
    assert "window “night” until Tue 22:00, while a kWh costs at most 0.15" in home.why
    home.run_to("21:30")  # no price is known
    assert home.own_w < 0
