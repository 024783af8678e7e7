"""Events of one session become one line, in the log and in Now's list."""

import time
from datetime import UTC, datetime
from typing import Any

from tests.support.messages import manager
from v2h.bus.messages import Event
from v2h.bus.sentences import say
from v2h.bus.states import STATE_EVENT
from v2h.web.view.document import view
from v2h.web.view.logrows import stored
from v2h.web.view.sessions import Group, fold, line, times, tone, whole
from v2h.web.view.snapshot import Snapshot

NIGHT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC).timestamp()
BEGINS = ("wake", "handshake", "lock", "energy")


def row(t: float, state: str = "", text: str = "", **changes: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(NIGHT + t, UTC).isoformat()
    known = {"id": int(t), "at": at, "synchronised": 1, "boot": 1, "t": t, "level": "info", "source": "charger"}
    values = {"state": state} if state else {}
    return {**known, "code": STATE_EVENT if state else "x", "text": text, "values": values, **changes}


def session(t: float, *ends: tuple[str, str]) -> list[dict[str, Any]]:
    """Oldest first: a start at t, a warning of another program, and the given end an hour later."""
    rows = [row(t + i, state) for i, state in enumerate(BEGINS)]
    rows.append(row(t + 100, text="slow", code="meter-slow", level="warning", source="meter"))
    return rows + [row(t + 3600 + i, state, text) for i, (state, text) in enumerate(ends)]


CALM = (("stop", "stopped"), ("unlock", "stopped"), ("idle", "stopped"))


def groups(*rows: dict[str, Any]) -> list[Group]:
    return fold(rows[::-1])


def test_a_session_is_one_group_and_what_is_between_sessions_stays() -> None:
    found = groups(row(1, text="before"), *session(10, *CALM), row(5000, text="after"), *session(6000, *CALM))
    assert [(len(group.rows), group.session, group.ended) for group in found] == [
        (8, True, True),
        (1, False, False),
        (8, True, True),
        (1, False, False),
    ]
    assert sum((group.rows for group in found), ()) == tuple(
        [row(1, text="before"), *session(10, *CALM), row(5000, text="after"), *session(6000, *CALM)][::-1]
    ), "nothing is lost, and the order stays"


def test_a_session_whose_end_is_missing_does_not_swallow_the_next_one() -> None:
    lost = [*session(10), *session(5000, *CALM)]
    assert [(len(g.rows), g.ended) for g in groups(*lost)] == [(8, True), (5, False)]
    boots = [*session(10), row(20000, text="of the next boot", boot=2)]
    assert [(len(g.rows), g.session) for g in groups(*boots)] == [(1, False), (5, True)]


def test_what_guard_made_safe_without_a_session_is_no_session() -> None:
    found = groups(row(1, "make-safe", "after a restart"), row(2, "fault", "after a restart", level="fault"))
    assert [group.session for group in found] == [False, False]


def test_a_session_that_began_on_an_older_page_stays_on_that_page() -> None:
    page = groups(*session(10, *CALM)[3:], row(5000, text="after"))
    assert [len(group.rows) for group in whole(page, more=True)] == [1]
    assert [len(group.rows) for group in whole(page, more=False)] == [1, 5]
    assert len(whole(page[1:], more=True)) == 1, "a session of more than a page is shown as far as it goes"


def test_what_does_not_take_part_in_a_session_stays_a_line_of_its_own() -> None:
    wrong = row(105, text="wrong passwords", code="wrong-password", level="warning", source="web")
    rows = session(10)
    running = groups(*rows[:4], wrong)
    assert [(group.session, group.rows[0]["code"]) for group in running] == [
        (False, "wrong-password"),
        (True, STATE_EVENT),
    ]
    assert tone(running[1]) == "dim"
    ended = groups(*rows, wrong, *session(10, *CALM)[5:])
    assert [(group.session, len(group.rows)) for group in ended] == [(False, 1), (True, 8)]
    page = groups(*rows[3:], wrong, *session(10, *CALM)[5:], row(5000, text="after"))
    assert [group.rows[0]["text"] for group in whole(page, more=True)] == ["after"], "the next page shows it as well"


def test_a_session_whose_start_is_missing_gives_no_length_as_if_it_were_whole() -> None:
    (headless,) = groups(*session(10, *CALM)[1:])
    assert said(headless).startswith("Session of 1 h 00 min or more: stopped; its start is not in the log; since then ")
    assert said(headless, runs=True).startswith("Session since before 22 Nov 01:00, it runs")
    assert lately(*session(10, *CALM)[3:])[0] == ("A session has ended: stopped.", "warn")


def test_a_second_reason_of_the_first_state_begins_no_second_session() -> None:
    assert len(groups(row(1, "wake"), row(2, code="checks"), row(3, "wake", "the car is awake"), row(4, "lock"))) == 1


def said(group: Group, energy_wh: tuple[float, float] | None = (1250.0, 0.0), *, runs: bool = False) -> str:
    return line(group, energy_wh, "22 Nov 01:00", runs=runs)


def test_the_line_says_how_long_why_and_how_much() -> None:
    (calm,) = groups(*session(10, *CALM))
    assert said(calm) == "Session of 1 h 00 min: stopped; 1.2 kWh into the car, 0.0 kWh out of it."
    assert said(calm, None) == "Session of 1 h 00 min: stopped; its energy is not in the log yet."
    (open_,) = groups(*session(10))
    assert said(open_).startswith("Session of 2 min or more: its end is not in the log")
    assert said(open_, runs=True).startswith("Session since 22 Nov 01:00, it runs; so far 1.2 kWh")
    (unheard,) = groups(row(0, "wake", "starting"), row(30, "idle", say("late.wake")))
    assert said(unheard, (0.0, 0.0)).startswith("Session of 30 s: the car sends nothing; is the plug in")
    seen = {"fault": "car_lost"}
    (broken,) = groups(
        *session(10),
        row(3600, "make-safe", "0.6 s", values={"state": "make-safe", **seen}),
        row(3601, "fault", "0.6 s", level="fault", values={"state": "fault", **seen}),
    )
    assert said(broken).startswith("Session of 1 h 00 min: The car fell silent; 1.2 kWh")


def test_rows_of_the_log_hold_the_events_of_their_session() -> None:
    found = groups(row(1, text="before"), *session(10, *CALM), *session(5000))
    energies: dict[tuple[float, float], tuple[float, float] | None] = {times(found[1]) or (0, 0): (0.0, 2000.0)}
    running, ended, single = stored(found, UTC, energies, runs=True)
    assert "it runs; so far its energy is not in the log yet" in running["label"]
    assert "2.0 kWh out of it" in ended["label"]
    assert (ended["at"], ended["tone"], len(ended["rows"])) == ("22 Nov 01:00:10", "warn", 8)
    assert single["label"] == "Before" and "rows" not in single
    assert "its end is not in the log" in stored(found, UTC, energies, runs=False)[0]["label"]


def lately(*rows: dict[str, Any]) -> list[tuple[str, str]]:
    now = time.monotonic()
    events = tuple(
        Event(now - 9000 + one["t"], one["level"], one["code"], one["text"], one["source"], one["values"])
        for one in rows[::-1]
    )
    shown = view(Snapshot(now, None, manager(), {}, events, True, (), "Garage"))
    return [(line["label"], line["tone"]) for line in shown["events"]]


def test_now_shows_a_session_as_one_line_and_what_went_wrong_in_it() -> None:
    assert lately(row(1, text="before"), *session(10, *CALM)) == [
        ("Session of 1 h 00 min: stopped.", "warn"),
        ("Slow", "warn"),
        ("Before", "dim"),
    ]
    assert lately(*session(10)[:4]) == [("Connected: energy can flow", "dim")]
    many = [row(t, text=f"event {t}") for t in range(50)]
    assert len(lately(*many)) == 20
