"""What a good or an unhealthy start leaves behind, and how health is looked at."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from v2h.oneshot.confirm_start import (
    Start,
    after_fault,
    after_good,
    known,
    limits_s,
    outputs_off,
    page_address,
    page_answers,
    same_programs,
)
from v2h.slots.health import CONFIRM_S, GIVE_UP_S
from v2h.slots.notice import News, Notice, decode, encode
from v2h.slots.state import Condition, Slot, Why

IN_FORCE = Slot("2026.11", Condition.GOOD, Why.NONE, True)
WRITTEN = Slot("2026.12", Condition.GOOD)


def bad(why: Why) -> Slot:
    return Slot("2026.12", Condition.BAD, why)


def test_a_version_is_known_where_it_was_confirmed_and_nowhere_else() -> None:
    slots = {2: IN_FORCE, 3: WRITTEN}
    assert known(slots, Start(2, 2, "2026.11"))
    assert not known(slots, Start(3, 3, "2026.12"))
    assert not known(slots, Start(2, 2, "2027.01")), "the card was flashed again with the data kept"


@pytest.mark.parametrize(
    ("slots", "start", "then", "news", "why"),
    [
        ({2: Slot(), 3: Slot()}, Start(2, 2, "2026.11"), {2: IN_FORCE, 3: Slot()}, News.IN_FORCE, Why.NONE),
        ({2: IN_FORCE, 3: Slot()}, Start(2, 2, "2026.11"), {2: IN_FORCE, 3: Slot()}, News.NONE, Why.NONE),
        (
            {2: IN_FORCE, 3: WRITTEN},
            Start(2, 3, "2026.11"),
            {2: IN_FORCE, 3: bad(Why.NOT_STARTED)},
            News.THROWN_BACK,
            Why.NOT_STARTED,
        ),
        (
            {2: IN_FORCE, 3: Slot("2026.12", why=Why.PAGE)},
            Start(2, 3, "2026.11"),
            {2: IN_FORCE, 3: bad(Why.PAGE)},
            News.THROWN_BACK,
            Why.PAGE,
        ),
        (
            {2: IN_FORCE, 3: bad(Why.PAGE)},
            Start(2, 2, "2026.11"),
            {2: IN_FORCE, 3: bad(Why.PAGE)},
            News.STILL_BACK,
            Why.PAGE,
        ),
        (
            {2: IN_FORCE, 3: bad(Why.PAGE)._replace(read=True)},
            Start(2, 2, "2026.11"),
            {2: IN_FORCE, 3: bad(Why.PAGE)._replace(read=True)},
            News.NONE,
            Why.PAGE,
        ),
        (
            {2: IN_FORCE, 3: WRITTEN._replace(read=True)},
            Start(2, 3, "2026.11"),
            {2: IN_FORCE, 3: bad(Why.NOT_STARTED)},
            News.THROWN_BACK,
            Why.NOT_STARTED,
        ),
    ],
    ids=[
        "new card",
        "as always",
        "thrown back",
        "thrown back from an unhealthy one",
        "the start after that",
        "the start after the owner has read it",
        "thrown back again is to be read again",
    ],
)
def test_a_good_start(slots: dict[int, Slot], start: Start, then: dict[int, Slot], news: News, why: Why) -> None:
    found, notice = after_good(slots, start, 77.0)
    assert found == then
    assert (notice.t, notice.news, notice.version, notice.why) == (77.0, news, "2026.11", why)


def test_an_unhealthy_start_is_remembered_and_not_yet_the_end_of_the_version() -> None:
    then = after_fault({2: IN_FORCE, 3: WRITTEN}, Start(3, 3, "2026.12"), Why.PAGE)
    assert then == {2: IN_FORCE, 3: Slot("2026.12", Condition.UNKNOWN, Why.PAGE, False)}


def test_datalog_reads_what_was_written() -> None:
    notice = Notice(12.5, News.THROWN_BACK, "2026.11", "2026.12", Why.PAGE, False)
    assert decode(encode(notice)) == notice
    assert decode({"news": "comet", "why": 3, "t": "x"}) == Notice()


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({"guard": ("RUNNING", 7), "web": ("RUNNING", 8)}, {"guard": ("RUNNING", 7), "web": ("RUNNING", 8)}, True),
        ({"guard": ("RUNNING", 7), "web": ("RUNNING", 9)}, {"guard": ("RUNNING", 7), "web": ("RUNNING", 8)}, False),
        ({"guard": ("RUNNING", 7)}, {}, False),
        ({"guard": ("BACKOFF", 0)}, {"guard": ("BACKOFF", 0)}, False),
        ({}, {}, False),
    ],
    ids=["all run", "web was started again", "first look", "none runs", "no supervisor"],
)
def test_programs_run_when_none_was_started_again(
    now: dict[str, tuple[str, int]], before: dict[str, tuple[str, int]], expected: bool
) -> None:
    assert same_programs(now, before) is expected


def test_one_output_that_is_on_is_not_off(tmp_path: Path) -> None:
    for name in ("c1", "c2", "plug-lock"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "brightness").write_text("0\n")
    assert outputs_off(tmp_path)
    (tmp_path / "c2" / "brightness").write_text("1\n")
    assert not outputs_off(tmp_path)
    (tmp_path / "c2" / "brightness").write_text("?")
    assert not outputs_off(tmp_path), "what cannot be read may be on"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("0.0.0.0:80", ("127.0.0.1", 80)),
        ("*:8080", ("127.0.0.1", 8080)),
        ("[::]:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        ("192.168.1.5:81", ("192.168.1.5", 81)),
    ],
)
def test_the_page_is_asked_where_it_listens(listen: str, address: tuple[str, int]) -> None:
    assert page_address(listen) == address


@pytest.mark.parametrize(("status", "expected"), [(200, True), (401, True), (404, True), (500, False)])
def test_the_page_answers_also_with_a_refusal(status: int, expected: bool) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert page_answers("127.0.0.1", server.server_port) is expected
        thread.join()
    assert page_answers("127.0.0.1", server.server_port) is False


def test_only_the_emulated_board_may_shorten_the_times() -> None:
    line = "ro v2h.confirm_s=20 v2h.console=ttyAMA0 v2h.give_up_s=40"
    assert limits_s(line, emulated=True) == (20.0, 40.0)
    assert limits_s(line, emulated=False) == (CONFIRM_S, GIVE_UP_S)
    assert limits_s("ro quiet", emulated=True) == (CONFIRM_S, GIVE_UP_S)
