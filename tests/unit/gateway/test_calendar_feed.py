"""The plan as a calendar: lines that any reader of iCalendar takes."""

from datetime import UTC, datetime
from typing import Any

from v2h.bus.messages import ManagerSchedule
from v2h.bus.sentences import say
from v2h.gateway.calendar_feed import calendar

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def made(preview: list[dict[str, Any]], ready_by: list[dict[str, Any]] = []) -> str:  # noqa: B006 - not written to
    return calendar(ManagerSchedule(0.0, {}, preview, ready_by), "Garage, left", AT)


def test_a_charge_and_a_target() -> None:
    part = {"start": "2026-11-22T23:30:00+01:00", "end": "2026-11-23T05:30:00+01:00", "mode": "charge", "why": "cheap;"}
    text = made(
        [part, {**part, "mode": "idle"}], [{"time": "2026-11-23T07:00:00+01:00", "soc_pct": 80, "entry": "work"}]
    )
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") and text.endswith("END:VCALENDAR\r\n")
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") == 2
    for line in (
        "X-WR-CALNAME:Garage\\, left", "DTSTAMP:20261122T120000Z", "DTSTART:20261122T223000Z", "SUMMARY:Charge",
        "DESCRIPTION:cheap\\;", "SUMMARY:Ready: 80 %", "UID:charge-20261122T223000Z@v2h",
    ):  # fmt: skip
        assert f"{line}\r\n" in text


def test_long_lines_are_folded_without_cutting_a_letter() -> None:
    part = {"start": "2026-11-22T12:00+00:00", "end": "2026-11-22T13:00+00:00", "mode": "v2h", "why": "ä" * 200}
    text = made([part])
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "ä" * 200 in text.replace("\r\n ", "")


def test_what_cannot_be_read_is_left_out() -> None:
    assert "VEVENT" not in made([{}, {"mode": "v2h", "start": "x", "end": None}], [{"time": 5}, {"soc_pct": "x"}])
    why = say("order.cheap_slot")
    assert str(why) in made(
        [{"start": "2026-11-22T12:00+00:00", "end": "2026-11-22T13:00Z", "mode": "v2h", "why": why}]
    )
