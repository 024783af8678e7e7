"""`v2h log` and `v2h energy`: times of the charger's zone, money, and CSV."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.answering import BUSY, JSON, answering
from tests.support.messages import manager
from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerSettings
from v2h.bus.states import STATE_EVENT
from v2h.cli import main
from v2h.commands.clock import local_text
from v2h.commands.history import energy_csv, energy_text, log_text

LONDON = ZoneInfo("Europe/London")
DAY = {
    "day": "2026-10-25", "charged_wh": 12_345.6, "discharged_wh": 0.0, "imported_wh": 20_000.4, "exported_wh": None,
    "saved": -1.5, "energy_s": 5400.0, "soc_min_pct": 31.0, "soc_max_pct": 90.0, "grid_missed_s": 36.0,
    "charger_missed_s": 0.0, "cost": 2.0, "battery_in_wh": 11_500.0, "battery_out_wh": 0.0, "estimated_s": 1800.0,
}  # fmt: skip
BARE = {"day": "2026-10-26", "charged_wh": 1200.0}
HEADER = (
    "day (Europe/London),charged (kWh),discharged (kWh),imported (kWh),exported (kWh),saved (GBP),energy flow (h),"
    "car battery lowest (%),car battery highest (%),grid not measured (h),charger not measured (h),"
    "cost of charging (GBP),into the battery (kWh),out of the battery (kWh),mains side estimated (h)"
)


def in_zone(web: WebApp, zone: str) -> None:
    web.state.put_manager(manager(clock={"trusted": True, "zone": zone, "local": "2026-11-22T12:00:00+01:00"}))


def event(at: object, **changes: Any) -> dict[str, Any]:
    return {"at": at, "synchronised": 1, "level": "info", "source": "web", "text": "x"} | changes


def test_the_two_half_past_one_of_the_night_in_which_clocks_go_back_differ() -> None:
    assert local_text(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), LONDON) == "2026-10-25 01:30:00 BST"
    assert local_text(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), LONDON) == "2026-10-25 01:30:00 GMT"


def test_the_log_is_oldest_first_in_local_time_and_marks_a_time_that_was_not_known() -> None:
    rows = [event("2026-07-01T12:00:00.5Z", level="fault"), event("1970-01-01T00:00:05Z", synchronised=0)]
    assert log_text(rows, LONDON).splitlines() == [
        " Times are local to Europe/London.",
        "?1970-01-01 01:00:05 BST  info    web      x",
        " 2026-07-01 13:00:00 BST  fault   web      x",
    ]


def test_a_state_of_a_session_is_said_as_the_page_says_it() -> None:
    states = [("info", "lock"), ("info", "d2 off"), ("fault", "fault"), ("info", "a new state")]
    rows = [
        event(None, code=STATE_EVENT, level=level, text="stopped", values={"state": state}) for level, state in states
    ]
    said = [line.partition(" web ")[2].strip() for line in log_text(rows[::-1], LONDON).splitlines()[1:]]
    assert said == ["Locking the plug", "Ending the session with the car", "Stopped by a fault: stopped", "Stopped"]


@pytest.mark.parametrize("at", [None, "soon", "0001-01-01T00:00:00Z"])
def test_a_time_that_is_none_costs_no_line(at: object) -> None:
    (_, line) = log_text([event(at)], ZoneInfo("America/New_York")).splitlines()
    assert line.startswith(f" {at or '':24} info")


@pytest.mark.parametrize(
    ("zone", "shown"), [("Europe/Berlin", "2026-11-22 01:00:05 CET"), ("Mars/Olympus", "2026-11-22 00:00:05 UTC")]
)
def test_the_log_takes_the_chargers_zone(
    host: str, web: WebApp, zone: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    in_zone(web, zone)
    assert main(["log", "--limit", "1", "--host", host]) == 0
    assert shown in capsys.readouterr().out


def test_energy_says_what_was_saved() -> None:
    head, day, bare = energy_text([DAY, BARE], "GBP").splitlines()
    assert head.split() == ["kWh", "charged", "discharged", "imported", "exported", "saved", "GBP"]
    assert day.split() == ["2026-10-25", "12.35", "0.00", "20.00", "-", "-1.50"]
    assert bare.split() == ["2026-10-26", "1.20", "-", "-", "-", "-"]


def test_the_csv_has_units_in_its_header_and_nothing_where_nothing_was_measured() -> None:
    header, day, bare = energy_csv([DAY, BARE], LONDON, "GBP").splitlines()
    assert header == HEADER
    assert day == "2026-10-25,12.346,0.000,20.000,,-1.500,1.500,31.000,90.000,0.010,0.000,2.000,11.500,0.000,0.500"
    assert bare == "2026-10-26,1.200" + 13 * ","


def test_energy_as_csv_in_a_file_and_on_standard_output(
    host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_zone(web, "Europe/London")
    web.state.put_settings(ManagerSettings(1.0, {"currency": "GBP"}, {}))
    path = tmp_path / "energy.csv"
    assert main(["energy", "--csv", str(path), "--host", host]) == 0
    assert capsys.readouterr().out == ""
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert ",".join(rows[0]) == HEADER and rows[1][:2] == ["2026-11-22", "1.200"]
    assert main(["energy", "--csv", "-", "--host", host]) == 0
    assert capsys.readouterr().out.splitlines() == path.read_text().splitlines()
    assert main(["energy", "--host", host]) == 0
    assert "saved GBP" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--csv", "/no/such/folder/x.csv"], "/no/such/folder/x.csv: No such file"),
        (["--csv", "x.csv", "--json"], "choose one"),
        (["--days", "0"], "days = '0' is not a whole number from 1 to 400"),
    ],
)
def test_energy_refuses(host: str, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", *words, "--host", host]) == 2
    assert says in capsys.readouterr().err


def test_totals_need_no_manager(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with answering([JSON + json.dumps({"days": [BARE]}).encode(), BUSY]) as host:
        assert main(["energy", "--host", host]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["2026-10-26", "1.20", "-", "-", "-", "-"]


def test_months_and_sessions(host: str, web: WebApp, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    in_zone(web, "Europe/Berlin")
    web.state.put_settings(ManagerSettings(1.0, {"currency": "GBP"}, {}))
    assert main(["energy", "--by", "month", "--host", host]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["2026-11", "1.20"]
    assert main(["energy", "--by", "session", "--host", host]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["began", "(Europe/Berlin)", "min", "in", "kWh", "out", "kWh", "cost", "saved", "GBP"]
    assert row.split()[3:] == ["60", "~1.20", "~0.00", "~0.10", "~-0.10", "The", "car", "reports", "a", "fault."]
    path = tmp_path / "sessions.csv"
    assert main(["energy", "--by", "session", "--csv", str(path), "--host", host]) == 0
    titles, cells = csv.reader(io.StringIO(path.read_text()))
    found = dict(zip(titles, cells, strict=True))
    assert (found["charged (kWh)"], found["cost (GBP)"], found["estimated"]) == ("1.200", "0.100", "yes")
    assert found["why"] == "The car reports a fault."
