"""Minutes and days: means and extremes, energy as differences of counters, totals that continue after a restart."""

from datetime import UTC, datetime

import pytest

from v2h.config.site import Limits
from v2h.datalog.counters import CountersError
from v2h.datalog.summaries import Days, Minute, prices_at
from v2h.energy.readyby import CarNow
from v2h.energy.schedule_json import schedule_parts
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result


def test_a_minute_has_means_extremes_and_its_last_state() -> None:
    minute = Minute(100.0, {"charged_wh": 10.0, "imported_wh": 5.0})
    minute.add({"state": "wake", "mode": "v2h", "soc_pct": 50.0, "power_w": None, "grid_w": 300.0})
    minute.add({"state": "energy", "mode": "v2h", "soc_pct": 51.0, "power_w": -1000.0, "grid_w": -100.0})
    minute.add({"state": "energy", "mode": "v2h", "soc_pct": 51.0, "power_w": 500.0, "grid_w": 40.0})
    row = minute.row({"charged_wh": 12.5, "imported_wh": 1.0, "exported_wh": 2.0})
    assert row == {
        "state": "energy", "mode": "v2h", "soc_pct": 51.0,
        "power_w": -250.0, "power_min_w": -1000.0, "power_max_w": 500.0,
        "grid_w": 80.0, "grid_min_w": -100.0, "grid_max_w": 300.0,
        "charged_wh": 2.5, "discharged_wh": 0.0, "imported_wh": 0.0, "exported_wh": 2.0,
    }  # fmt: skip


def test_a_minute_of_nothing_is_none_not_zero() -> None:
    row = Minute(0.0, {}).row({})
    assert (row["power_w"], row["grid_min_w"], row.get("state")) == (None, None, None)


def test_a_day_goes_on_from_what_the_log_held() -> None:
    days = Days()
    stored = {"charged_wh": 100.0, "saved": None, "energy_s": 60.0, "soc_min_pct": 40.0, "soc_max_pct": None}
    days.load("2026-11-22", {**stored, "discharged_wh": None})
    for second in range(3601):
        values = {"state": "energy", "soc_pct": 55.0 + second / 3600, "grid_w": 1000.0}
        days.add(float(second), "2026-11-22", values, 1000.0, (0.30, 0.10))
    row = days.row("2026-11-22")
    assert row["charged_wh"] == pytest.approx(1100.0)
    assert row["imported_wh"] == pytest.approx(1000.0)
    assert row["discharged_wh"] == 0.0
    assert row["saved"] == pytest.approx(-0.30)  # the energy was paid for now
    assert (row["energy_s"], row["soc_min_pct"], row["soc_max_pct"]) == (3660.0, 40.0, 56.0)
    assert days.totals()["charged_wh"] == pytest.approx(1000.0), "what this run has counted"


def test_what_was_not_seen_is_missed_not_invented() -> None:
    days = Days()
    days.load("d", {})
    for now in (0.0, 1.0, 200.0):
        days.add(now, "d", {"state": "energy", "grid_w": None}, 500.0, (None, None))
    row = days.row("d")
    assert row["charged_wh"] == pytest.approx(500 / 3600, abs=1e-3)
    assert (row["grid_missed_s"], row["charger_missed_s"], row["energy_s"]) == (200.0, 199.0, 1.0)


def test_totals_go_on_over_midnight_and_forgotten_hours_are_gone() -> None:
    days = Days()
    days.add(0.0, "?1+00000", {}, 3600.0, (None, None))
    days.add(1.0, "?1+00000", {}, 3600.0, (None, None))
    days.add(2.0, "2026-11-23", {}, 3600.0, (None, None))
    assert days.totals()["charged_wh"] == pytest.approx(2.0)
    days.forget("?")
    assert not days.knows("?1+00000")
    assert days.knows("2026-11-23")


def test_what_the_log_already_held_is_not_counted_again() -> None:
    days = Days()
    days.load("2026-11-22", {"charged_wh": 5000.0})
    days.add(0.0, "2026-11-22", {}, 3600.0, (None, None))
    days.add(1.0, "2026-11-22", {}, 3600.0, (None, None))
    days.forget("2026")
    days.load("2026-11-22", {"charged_wh": 6000.0})
    days.add(2.0, "2026-11-22", {}, 3600.0, (None, None))
    assert days.totals()["charged_wh"] == pytest.approx(2.0)


def test_a_bad_row_of_the_log_is_named() -> None:
    with pytest.raises(CountersError, match=r"2026-11-22\.charged_wh"):
        Days().load("2026-11-22", {"charged_wh": -5.0})


def test_the_prices_of_a_moment_as_manager_tells_them() -> None:
    night = {"start": "23:30", "end": "05:30", "import_price": 0.07, "export_price": 0.15}
    schedule = read_schedule({"version": 1, "zone": "Europe/London", "prices": [night]}, Limits(), "Europe/London")
    told = result(schedule_parts(schedule, datetime(2026, 11, 22, 12, tzinfo=UTC), CarNow()))["prices"]
    noon = 1_795_348_800.0
    expected = {0: (None, None), 11.4: (None, None), 11.5: (0.07, 0.15), 17.4: (0.07, 0.15), 17.5: (None, None)}
    assert {hours: prices_at(told, noon + hours * 3600) for hours in expected} == expected
    assert prices_at([{"no": "end"}, {"start": 1, "end": 2}], noon) == (None, None)
