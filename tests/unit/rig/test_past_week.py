"""The made-up week of the demo: what the log's reader and the page find in it."""

from datetime import UTC, datetime
from pathlib import Path

from v2h.datalog.reader import LogReader
from v2h.rig.past_week import DAYS, write
from v2h.web.view.sessions import fold, times, why_ended

NOW = datetime(2026, 11, 27, 15, 2, tzinfo=UTC)


def test_the_week_fills_chart_days_and_log_and_says_that_it_is_made_up(tmp_path: Path) -> None:
    soc_pct = write(tmp_path, NOW)
    reader = LogReader(tmp_path)
    assert 20 < soc_pct < 90
    assert "made up" in reader.events(1)[0]["text"]
    days = reader.days(30)
    assert (len(days), days[-1]["day"]) == (DAYS + 1, "2026-11-27")
    assert all(day["charged_wh"] > 0 and day["imported_wh"] > 0 for day in days[:-1])
    week = reader.samples(NOW.timestamp() - 7 * 86400, NOW.timestamp(), 1800)
    assert len(week) in (336, 337) and all(row["soc_pct"] is not None for row in week)
    assert {row["power_w"] > 0 for row in week} == {True, False}
    sessions = [group for group in fold(reader.events(500)) if group.session]
    assert len(sessions) >= 7 and all(group.ended for group in sessions)
    energies = reader.energy([span for group in sessions if (span := times(group))])
    assert all(both is not None and max(both) > 1000 for both in energies)
    assert "The car fell silent." in {why_ended(group) for group in sessions}


def test_the_week_of_any_hour_is_whole(tmp_path: Path) -> None:
    for hour in (0, 8, 18):
        folder = tmp_path / str(hour)
        folder.mkdir()
        write(folder, NOW.replace(hour=hour, minute=0))
        sessions = [group for group in fold(LogReader(folder).events(500)) if group.session]
        assert all(group.ended for group in sessions), hour
