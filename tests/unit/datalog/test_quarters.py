"""Quarters of an hour for the plan, and what the house draws by weekday and hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from v2h.bus.messages import HouseLoad
from v2h.datalog.house import house_load
from v2h.datalog.quarters import Quarters, Reading
from v2h.datalog.schema import QUARTER_S
from v2h.datalog.writer import StoreWriter

WALL_S = datetime(2026, 11, 30, 12, 0, tzinfo=UTC).timestamp()
PLAN = {"import_price": 0.3, "export_price": 0.1, "bare_mode": "v2h", "goal_pct": None, "planned": True}


def counted(seconds: int, reading: Reading, begins: int = 0) -> list[dict[str, object]]:
    quarters = Quarters()
    rows = [quarters.add(100.0 + t, WALL_S + t, reading, PLAN) for t in range(begins, seconds)]
    return [row for row in rows if row is not None]


def test_a_quarter_has_the_house_without_the_car_and_what_went_into_the_battery() -> None:
    """The grid draws 2000 W, of which the car's converter takes 1500 W at the mains."""
    row = counted(901, Reading(2000.0, 1500.0, 1400.0, 300.0, 61.0))[0]
    assert row["quarter"] == int(WALL_S // QUARTER_S)
    assert (row["net_w"], row["sun_w"], row["soc_pct"]) == (500, 300, 61)
    assert row["imported_wh"] == pytest.approx(500, rel=0.01) and row["exported_wh"] == 0
    assert row["dc_wh"] == pytest.approx(350, rel=0.01) and row["discharged_wh"] == 0
    assert row["measured_s"] == pytest.approx(899, abs=1.5)
    assert (row["import_price"], row["bare_mode"], row["planned"]) == (0.3, "v2h", 1)


def test_of_what_was_not_measured_nothing_counts() -> None:
    assert counted(901, Reading(None, 0.0, 0.0, None, None)) == []
    row = counted(901, Reading(400.0, 0.0, 0.0, None, None), begins=600)[0]
    assert (row["measured_s"], row["net_w"], row["sun_w"]) == (pytest.approx(299, abs=2), 400, None)


def test_rows_are_kept_written_and_read(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    row = counted(901, Reading(2000.0, 1500.0, 1400.0, None, 61.0))[0]
    store.add_quarter(row)
    assert store.quarters(WALL_S, WALL_S + 900) == []
    store.flush()
    assert store.quarters(WALL_S, WALL_S + 900) == [row]
    assert store.quarters(WALL_S + 900, WALL_S + 1800) == store.quarters(WALL_S - 900, WALL_S) == []
    store.set_clock(WALL_S, True)
    assert store.prune(WALL_S + 57 * 86400) == 1
    store.close()


def rows(days: int, sun_w: float | None = None) -> list[dict[str, float | None]]:
    """A house that draws 1000 W from 18 to 19 o'clock in London, else 200 W."""
    zone, found = ZoneInfo("Europe/London"), []
    for n in range(days * 96):
        at = datetime(2026, 10, 5, tzinfo=UTC) + timedelta(minutes=15 * n)
        net_w = 1000.0 if at.astimezone(zone).hour == 18 else 200.0
        found.append({"quarter": int(at.timestamp() // QUARTER_S), "net_w": net_w, "sun_w": sun_w})
    return found


def test_the_house_is_learned_by_the_owners_clock_also_over_a_change_of_it() -> None:
    said = house_load(rows(42), ZoneInfo("Europe/London"), 5.0)
    assert all(day[18] > 800 and day[17] < 300 and day[19] < 300 for day in said.net_w)
    assert (said.gross_w, said.days) == ([], pytest.approx(43, abs=1))
    assert HouseLoad.from_json(said.to_json()) == said


def test_the_sun_is_added_when_it_is_known() -> None:
    said = house_load(rows(42, sun_w=100.0), ZoneInfo("Europe/London"), 5.0)
    assert said.gross_w[0][18] == pytest.approx(said.net_w[0][18] + 100, abs=20)


def test_without_a_log_it_is_the_usual_house() -> None:
    assert house_load([], UTC, 5.0).net_w[3][12] == 400
