"""Trips from a calendar file: times, zones, repetitions, what is left out, and hostile files."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.energy.calendar_file import MOST_TRIPS, CalendarError, Trips, read_trips

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday; the clocks go forward on Sunday


def calendar(*events: str) -> str:
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n"


def read(*events: str, soc_pct: float | None = 80.0) -> Trips:
    return read_trips(calendar(*events), NOW, LONDON, soc_pct)


def rows(*events: str, soc_pct: float | None = 80.0) -> list[tuple[str, float, str]]:
    return [(f"{t.at:%m-%d %H:%M}", t.soc_pct, t.name) for t in read(*events, soc_pct=soc_pct).trips]


def test_each_event_is_a_departure_with_the_percentage_in_its_title_or_text() -> None:
    assert rows(
        "DTSTART:20260330T050000Z\r\nSUMMARY:Airport 90 %",
        "DTSTART:20260329T070000\r\nSUMMARY:To work",
        "DTSTART;TZID=Europe/Berlin:20260328T070000\r\nSUMMARY:Far\\, very\r\n  far\r\nDESCRIPTION:leave with\\n95%",
        "DTSTART;TZID=W. Europe Standard Time:20260331T070000\r\nSUMMARY:x",
    ) == [
        ("03-28 06:00", 95.0, "Far, very far"),
        ("03-29 06:00", 80.0, "To work"),  # 07:00 in summer
        ("03-30 05:00", 90.0, "Airport 90 %"),
        ("03-31 06:00", 80.0, "x"),
    ]


def test_a_repeated_event_keeps_its_wall_clock_time_and_its_exceptions() -> None:
    weekly = (
        "DTSTART;TZID=Europe/London:20250106T073000\r\nRRULE:FREQ=WEEKLY;BYDAY=FR,MO;UNTIL=20260417\r\n"
        "EXDATE;TZID=Europe/London:20260406T073000\r\nSUMMARY:Work"
    )
    moved = "RECURRENCE-ID;TZID=Europe/London:20260410T073000\r\nDTSTART:20260410T110000Z\r\nSUMMARY:Later 60%"
    text = calendar(weekly, moved).replace("UID:1", "UID:0")
    found = [(f"{t.at:%m-%d %H:%M}", t.soc_pct) for t in read_trips(text, NOW, LONDON, 80.0).trips]
    assert found == [
        ("03-30 06:30", 80.0),
        ("04-03 06:30", 80.0),
        ("04-10 11:00", 60.0),
        ("04-13 06:30", 80.0),
        ("04-17 06:30", 80.0),
    ]


def test_what_repeats_for_ever_has_an_end() -> None:
    every_day = "DTSTART:19990101T060000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:x"
    found = read(*[every_day] * 3).trips
    assert len(found) == MOST_TRIPS
    assert found[0].at == datetime(2026, 3, 28, 6, tzinfo=UTC)


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    found = read(
        "DTSTART;VALUE=DATE:20260401\r\nSUMMARY:Holiday",
        "DTSTART:20260401T060000Z\r\nSUMMARY:No number",
        "DTSTART:20260401T060000Z\r\nRRULE:FREQ=HOURLY\r\nSUMMARY:x 50 %",
        "SUMMARY:no start 50 %",
        "DTSTART:20260301T060000Z\r\nSUMMARY:over 50 %",
        "DTSTART:20270301T060000Z\r\nSUMMARY:far 50 %",
        "DTSTART:20260401T060000Z\r\nSTATUS:CANCELLED\r\nSUMMARY:off 50 %",
        "DTSTART:20260401T060000Z\r\nSUMMARY:in 70 %\r\nBEGIN:VALARM\r\nDTSTART:x\r\nSUMMARY:alarm 5 %\r\nEND:VALARM",
        soc_pct=None,
    )
    assert [(trip.name, trip.soc_pct) for trip in found.trips] == [("in 70 %", 70.0)]
    assert found.not_used() == [
        "1 all-day events, which have no time",
        "1 events without a percentage in the title; send soc_pct for those",
        "2 events that cannot be read, or that repeat in a way that is not handled",
    ]


def test_the_form_for_the_schedule_is_local_time() -> None:
    (trip,) = read("DTSTART:20260330T050000Z\r\nSUMMARY:Airport 90 %").trips
    assert trip.as_json(LONDON) == {"at": "2026-03-30T06:00:00+01:00", "soc_pct": 90.0, "name": "Airport 90 %"}


def test_another_file_is_refused() -> None:
    with pytest.raises(CalendarError, match="BEGIN:VCALENDAR is missing"):
        read_trips('{"version": 1}', NOW, LONDON, None)


PIECES = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR", "DTSTART:20260401T060000Z", "DTSTART:00010101T000000Z",
     "DTSTART;TZID=Asia/Tokyo:99991231T235959", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "RRULE:FREQ=DAILY",
     "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z", "EXDATE:20260401T060000Z,x",
     "RECURRENCE-ID:99991231", "SUMMARY:\x00 9%",
     "DTSTART:20260401T256199", ' "', ":", ";=", "UID"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=30), max_size=30))
def test_no_file_breaks_it(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", *lines])
    for trip in read_trips(text, NOW, LONDON, 80.0).trips:
        assert trip.at > NOW and len(trip.name) <= 40 and trip.name.isprintable()
