"""What the page and the log say about the version that runs and the card's two roots."""

from pathlib import Path

import pytest

from v2h.bus.sentences import in_language
from v2h.datalog.start_news import event, look, trouble
from v2h.runtime.atomic_file import write_json
from v2h.slots.notice import News, Notice, encode
from v2h.slots.state import Condition, Slot, Why, save
from v2h.web.german.language import GERMAN

BACK = Notice(9.5, News.THROWN_BACK, "2026.11", "2026.12", Why.NOT_STARTED)


@pytest.mark.parametrize(
    ("why", "begins"),
    [
        (Why.NOT_STARTED, "Version 2026.12 did not start in three tries: the charger went back to version 2026.11"),
        (Why.OTHER, "Version 2026.12 did not start in three tries"),
        (Why.PROGRAMS, "Version 2026.12 was given up, because its programs or its page did not run"),
        (Why.PAGE, "Version 2026.12 was given up, because its programs or its page did not run"),
        (Why.WRITING, "The update was not written completely: the charger went back to version 2026.11"),
    ],
)
def test_the_owner_reads_why_the_charger_went_back(why: Why, begins: str) -> None:
    notice = BACK._replace(why=why)
    said, logged = trouble(notice), event(notice, "datalog")
    assert said is not None and said.startswith(begins)
    assert logged is not None and (logged.text, logged.code, logged.level) == (said, "version-went-back", "warning")
    assert trouble(notice._replace(news=News.STILL_BACK)) == said, "also after the next start"
    assert event(notice._replace(news=News.STILL_BACK), "datalog") is None, "but it is logged once"
    assert "2026.11" in in_language(said, GERMAN)


def test_a_new_version_in_force_is_an_event_and_no_trouble() -> None:
    notice = Notice(310.0, News.IN_FORCE, "2026.12")
    logged = event(notice, "datalog")
    assert logged is not None
    assert (logged.t, logged.code, logged.level) == (310.0, "version-in-force", "info")
    assert event(notice, "datalog") == logged, "a repetition is the same event, so that the log keeps it once"
    assert trouble(notice) is None


def test_a_card_that_cannot_go_back_says_so_and_what_to_do() -> None:
    said = trouble(Notice(fallback=False))
    assert said is not None and said.startswith("The file uboot.env on the card is damaged")
    assert "flash the card again" in said


def test_an_ordinary_start_says_nothing() -> None:
    assert trouble(Notice(version="2026.11")) is None
    assert event(Notice(version="2026.11"), "datalog") is None


@pytest.mark.parametrize("news", [News.THROWN_BACK, News.STILL_BACK])
def test_what_the_owner_has_read_is_shown_no_longer(tmp_path: Path, news: News) -> None:
    start, slots = tmp_path / "start.json", tmp_path / "slot.json"
    write_json(start, encode(BACK._replace(news=news)))
    good, bad = Slot("2026.11", Condition.GOOD), Slot("2026.12", Condition.BAD)
    save({2: good, 3: bad}, slots)
    assert look(start, slots).news is news
    save({2: good, 3: bad._replace(read=True)}, slots)
    assert trouble(look(start, slots)) is None
    slots.write_text("{")
    assert look(start, slots).news is news, "what is not known was not read"


def test_the_file_of_the_start_is_read_and_a_missing_or_torn_one_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "start.json"
    assert look(path) == Notice()
    write_json(path, encode(BACK))
    assert look(path) == BACK
    path.write_text("{")
    assert look(path) == Notice()
    assert path.exists(), "it belongs to root: datalog does not move it"
