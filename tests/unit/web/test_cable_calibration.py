"""A calibration of the cable on its way from charger to the file of edits and to the page."""

import json
from pathlib import Path

import pytest

from tests.support.webapp import WebApp
from v2h.bus.messages import CableCalibration
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.web.commands import COMMANDS, OPERATE

FOUND = CableCalibration(5.0, 0, 102.4, -1.25, "The cable is calibrated.")
NOTHING = CableCalibration(5.0, 0, None, None, "The cable is not calibrated: no car.")


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made = WebApp(tmp_path)
    made.card.write_text("[cable]\nadc_channel = 0\n", encoding="utf-8")
    made.make()
    return made


def test_it_is_kept_for_the_next_start_with_its_mark(web: WebApp) -> None:
    assert web.site.keep_calibration(FOUND).id == "calibration.kept"
    coming = web.site.coming()
    assert coming.errors == ()
    assert (coming.cable.scale_v_per_v, coming.cable.offset_v, coming.cable.by) == (102.4, -1.25, "converter")
    assert load([web.card]).cable.scale_v_per_v == 0, "the card's file is not touched"


def test_a_second_one_takes_the_place_of_the_first(web: WebApp) -> None:
    web.site.keep_calibration(FOUND)
    web.site.keep_calibration(CableCalibration(6.0, 3, 99.0, 0.0, ""))
    coming = web.site.coming().cable
    assert (coming.adc_channel, coming.scale_v_per_v, coming.offset_v) == (3, 99.0, 0)


def test_a_meter_takes_the_mark_away(web: WebApp) -> None:
    web.site.keep_calibration(FOUND)
    values = {"cable.scale_v_per_v": "101", "cable.offset_v": "0", "cable.adc_channel": "0", "cable.by": "meter"}
    web.site.change("cable", values, web.site.show().seen)
    assert (web.site.coming().cable.scale_v_per_v, web.site.coming().cable.by) == (101.0, "meter")


def test_without_a_result_nothing_is_kept(web: WebApp) -> None:
    outcome = web.site.keep_calibration(NOTHING)
    assert str(outcome) == NOTHING.text
    assert read_edits(web.site._path).page == {}


def test_a_card_with_errors_keeps_nothing_and_says_the_values(web: WebApp) -> None:
    web.card.write_text("[cable]\nadc_channel = 77\n", encoding="utf-8")
    outcome = web.site.keep_calibration(FOUND)
    assert outcome.id == "calibration.not_kept" and "Enter the two values" in outcome
    assert read_edits(web.site._path).page == {}


def test_the_document_says_what_became_of_it(web: WebApp) -> None:
    assert web.state.document()[0]["calibration"] is None
    web.state.put_calibration(5.0, web.site.keep_calibration(FOUND))
    said = json.loads(web.state.document(1e9)[1])["calibration"]
    assert said["kept"] is True and said["t"] == 5.0 and "next start" in said["text"]


def test_it_configures_and_a_token_that_may_operate_is_not_enough() -> None:
    assert "calibrate" in COMMANDS and "calibrate" not in OPERATE


def test_a_wrong_mark_is_an_error_that_names_what_is_allowed(tmp_path: Path) -> None:
    card = tmp_path / "v2h.toml"
    card.write_text('[cable]\nby = "guess"\n', encoding="utf-8")
    (error,) = load([card]).errors
    assert "cable.by" in error and "converter" in error
