"""`v2h trips`: what is shown, added and loaded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerSchedule
from v2h.cli import main
from v2h.commands import CommandError
from v2h.commands.trips import moment

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri 13:00", ("2026-03-27", "13:00")),
        ("friday 11:00", ("2026-04-03", "11:00")),
        ("mon 06:30", ("2026-03-30", "06:30")),
        ("2026-12-24T06:00", ("2026-12-24", "06:00")),
        ("2026-06-24T06:00Z", ("2026-06-24", "07:00")),
    ],
)
def test_a_moment_is_a_weekday_or_a_date(text: str, expected: tuple[str, str]) -> None:
    assert moment(text, NOW, ZoneInfo("Europe/London")) == expected


@pytest.mark.parametrize("text", ["soon", "Fri", "Fri 25:00", "Fru 06:00", "9999-12-31T23:59-14:00"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is neither"):
        moment(text, NOW, ZoneInfo("Europe/London"))


def test_one_is_added_to_the_schedule_as_it_is(host: str, web: WebApp) -> None:
    assert main(["trips", "add", "2026-12-24T06:00", "90", "--name", "airport", "--host", host]) == 0
    ((name, values),) = web.orders
    assert name == "schedule" and "replaces" in values
    assert values["schedule"]["ready_by"] == [{"date": "2026-12-24", "time": "06:00", "soc_pct": 90, "name": "airport"}]
    assert values["schedule"]["weekly"], "the rest stays"


def test_a_calendar_is_loaded_and_what_is_left_out_is_said(
    host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = datetime.now(UTC) + timedelta(days=2)
    events = [f"BEGIN:VEVENT\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nSUMMARY:{words}\nEND:VEVENT" for words in ("a 70%", "b")]
    path = tmp_path / "calendar.ics"
    path.write_text("\n".join(["BEGIN:VCALENDAR", *events, "END:VCALENDAR"]))
    assert main(["trips", "load", str(path), "--host", host]) == 0
    assert "Left out: 1 events without a percentage" in capsys.readouterr().out
    assert main(["trips", "load", str(path), "--soc", "55", "--host", host]) == 0
    assert [trip["soc_pct"] for trip in web.orders[-1][1]["trips"]] == [70, 55]
    assert main(["trips", "clear", "--host", host]) == 0
    assert web.orders[-1] == ("trips", {"trips": []})
    path.write_text("no calendar")
    assert main(["trips", "load", str(path), "--host", host]) == 2
    assert main(["trips", "add", "Fri 06:00", "--host", host]) == 2
    assert "v2h trips: add takes when and soc" in capsys.readouterr().err


def test_the_coming_ones_are_shown(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    dated = {"date": "2026-12-24", "time": "06:00", "soc_pct": 90, "name": "airport"}
    document = {"version": 1, "ready_by": [dated], "trips": [{"at": "2026-12-23T06:00:00+01:00", "soc_pct": 60}]}
    web.state.put_plan(ManagerSchedule(1.0, document))
    assert main(["trips", "--host", host]) == 0
    assert capsys.readouterr().out == ("2026-12-23T06:00:00+01:00  60 %\n2026-12-24T06:00           90 %  airport\n")
