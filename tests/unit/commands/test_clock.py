"""`v2h clock`, and what other commands use of the charger's clock: its zone, and whether the time is known."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.messages import manager
from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerSchedule
from v2h.cli import main
from v2h.commands import CommandError
from v2h.commands.orders import moment

UTC_ZONE, LONDON = ZoneInfo("UTC"), ZoneInfo("Europe/London")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def clock(**changes: Any) -> dict[str, Any]:
    known = {"trusted": True, "source": "ntp", "age_s": 1.0, "zone": "Europe/London"}
    return known | {"local": "2026-03-28T22:00:00+00:00"} | changes


def test_until_is_the_next_time_of_that_name() -> None:
    assert moment("18:30", NOON, UTC_ZONE) == "2026-11-22T18:30:00+00:00"
    assert moment("6:05", NOON, UTC_ZONE) == "2026-11-23T06:05:00+00:00"
    assert moment("12:00", NOON, UTC_ZONE) == "2026-11-23T12:00:00+00:00"
    assert moment("2026-11-22T18:00:00+01:00", NOON, UTC_ZONE) == "2026-11-22T18:00:00+01:00"
    assert moment("2026-11-22T18:00", NOON, LONDON) == "2026-11-22T18:00:00+00:00"


@pytest.mark.parametrize(
    ("now", "text", "then"),
    [
        ("2026-03-28T22:00+00:00", "06:30", "2026-03-29T06:30:00+01:00"),  # the clocks go forward in that night
        ("2026-10-24T22:00+01:00", "06:30", "2026-10-25T06:30:00+00:00"),  # the clocks go back in that night
        ("2026-10-25T00:50+01:00", "01:30", "2026-10-25T01:30:00+01:00"),  # comes twice: the first time counts
        ("2026-03-29T00:50+00:00", "01:30", "2026-03-29T02:00:00+01:00"),  # never comes: the moment of the change
        ("2026-07-01T23:30+00:00", "00:15", "2026-07-03T00:15:00+01:00"),  # it is already half past midnight there
    ],
)
def test_until_is_right_when_the_clocks_change(now: str, text: str, then: str) -> None:
    assert moment(text, datetime.fromisoformat(now), LONDON) == then


@pytest.mark.parametrize("text", ["25:00", "soon", "18.30", "", "0001-01-01T00:00", "2026-11-22T"])
def test_until_that_is_no_time_is_bad_input(text: str) -> None:
    with pytest.raises(CommandError, match=r"--until .* is neither HH:MM nor an ISO time") as caught:
        moment(text, NOON, ZoneInfo("Europe/Berlin"))
    assert caught.value.exit_code == 2


def test_until_is_of_the_chargers_wall_not_of_this_machines(
    host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    web.state.put_manager(manager(clock=clock()))
    assert main(["mode", "v2h", "--until", "06:30", "--host", host]) == 0
    assert web.orders == [("mode", {"mode": "v2h", "until": "2026-03-29T06:30:00+01:00"})]


@pytest.mark.parametrize(
    ("known", "says"),
    [({}, "its manager is silent"), (clock(zone="Mars/Olympus"), "'Mars/Olympus' is not a time zone")],
)
def test_until_needs_the_chargers_zone(
    host: str, web: WebApp, known: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    web.state.put_manager(manager(clock=known))
    assert main(["mode", "v2h", "--until", "06:30", "--host", host]) == 1
    assert says in capsys.readouterr().err and web.orders == []


def test_the_clock_is_shown(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    web.state.put_manager(manager(clock=clock()))
    assert main(["clock", "--host", host]) == 0
    assert capsys.readouterr().out == (
        "Sat 28 Mar 2026 22:00:00 in Europe/London\nThe clock is trusted: from the network (NTP), set 1 s ago.\n"
    )
    assert main(["clock", "--json", "--host", host]) == 0
    assert json.loads(capsys.readouterr().out) == clock()


def test_a_clock_that_is_not_known_says_how_to_set_it(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str]
) -> None:
    web.state.put_manager(manager(clock=clock(trusted=False, source="none", age_s=None)))
    assert main(["clock", "--host", host]) == 0
    out = capsys.readouterr().out
    assert "The clock is not known to be right" in out and out.endswith("v2h clock set gives it this machine's time.\n")
    web.state.put_plan(ManagerSchedule(1.0, {"version": 1}))
    assert main(["schedule", "preview", "--host", host]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The charger does not know the time, so nothing is planned.") and "v2h clock set" in out


def test_the_clock_is_set_to_this_machines_time(host: str, web: WebApp) -> None:
    assert main(["clock", "set", "--host", host]) == 0
    ((name, values),) = web.orders
    at = datetime.fromisoformat(values["at"])
    assert name == "clock" and at.utcoffset() is not None
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=10)


def test_the_preview_tells_amps_limit_and_what_is_kept(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str]
) -> None:
    part = {"start": "2026-11-22T23:30:00+00:00", "end": "2026-11-23T05:30:00+00:00", "mode": "charge", "why": "cheap"}
    full = {**part, "amps": 10.0, "soc_limit_pct": 80.0, "keep_soc_pct": 55.5}
    bare = {**part, "amps": None, "soc_limit_pct": None, "keep_soc_pct": None}
    web.state.put_plan(ManagerSchedule(1.0, {}, [full, bare]))
    assert main(["schedule", "preview", "--host", host]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-22T23:30:00+00:00  2026-11-23T05:30:00+00:00  charge     cheap; 10 A, limit 80 %, keeps 55.5 %",
        "2026-11-22T23:30:00+00:00  2026-11-23T05:30:00+00:00  charge     cheap",
    ]
