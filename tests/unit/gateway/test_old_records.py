"""GetRecords of the predecessor: what is asked for, and the rows as its clients know them."""

import json
import time
from pathlib import Path

import pytest

from tests.support.gatewayhouse import house
from v2h.gateway.old_records import DAY_H, MOST, Wanted, records, wanted
from v2h.gateway.predecessor import ERROR, Turn, turn
from v2h.gateway.shell.old_page import MOST_UNSENT_B

SAID = json.loads((Path(__file__).resolve().parents[2] / "data/predecessor/messages.json").read_text())
T = 1_795_348_800.0
"""2026-11-22 12:00 UTC."""
ROW = {"t": T, "soc_pct": 61.6, "volts_v": 384.6, "amps_a": -9.94, "power_w": -3807.0, "setpoint_a": -10.0,
       "temperature_c": 31.04, "grid_w": None}  # fmt: skip


def test_each_way_to_ask_is_read_and_everyone_may() -> None:
    found = [turn(text, house(), time.monotonic(), may_change=False) for text in SAID["records"]]
    assert [(one.answer, one.order) for one in found] == [(None, None)] * 4
    assert [one.rows for one in found] == [
        Wanted(hours=24.0), Wanted(newest=2), Wanted(hours=1.0), Wanted(between=(T + 300, T + 360)),
    ]  # fmt: skip


def test_more_than_there_may_be_is_less() -> None:
    assert wanted({"GetLastNRecords": 10**9}) == Wanted(newest=MOST)
    assert wanted({"GetRecordsFromHours": 1e9}) == Wanted(hours=DAY_H)


@pytest.mark.parametrize(
    "asked",
    ["All", None, {}, {"GetLastNRecords": 0.5}, {"GetLastNRecords": True}, {"GetRecordsFromHours": "1"},
     {"GetRecordsBetween": ["2026-11-22T12:05:00Z"]}, {"GetRecordsBetween": ["2026-11-22T12:05Z", "2026-11-22T12:04Z"]},
     {"GetRecordsBetween": "ab"}, {"a": 1}, {"GetLastNRecords": 1, "GetRecordsFromHours": 1}],
    ids=str,
)  # fmt: skip
def test_anything_else_is_refused(asked: object) -> None:
    text = json.dumps({"cmd": {"GetRecords": asked}})
    assert turn(text, house(), time.monotonic(), may_change=True) == Turn(ERROR)


def test_the_rows_in_its_words() -> None:
    (row,) = json.loads(records([ROW]))["Records"]
    assert row == {
        "id": 1, "timestamp": "2026-11-22T12:00:00.000Z", "dc_kw": -3.807, "soc": 62, "volts": 385, "temp": 31.0,
        "amps": -9.9, "requested_amps": -10, "fan": None, "meter_kw": None,
    }  # fmt: skip


def test_the_longest_answer_is_sent_at_once() -> None:
    assert len(records([{**ROW, "grid_w": -12345.678}] * MOST)) < MOST_UNSENT_B
