"""The life of the card: what the log writes in an hour of V2H, compared with the predecessor, and nothing is left
out."""

import sqlite3
from pathlib import Path

import pytest

from tests.bench.sdwrites import _written, ours_run, predecessor_run
from v2h.datalog.schema import FILE_NAME
from v2h.datalog.writer import StoreWriter

MINUTES = 60


@pytest.mark.slow
def test_an_hour_of_v2h_writes_little_and_keeps_everything(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot", "bench")
    ours = _written(lambda: ours_run(store, MINUTES))
    theirs = _written(lambda: predecessor_run(tmp_path, MINUTES))
    assert ours * 24 <= 80e6
    assert ours <= theirs / 4
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        (samples,) = connection.execute("select count(*) from samples").fetchone()
        (minutes,) = connection.execute("select count(*) from minutes").fetchone()
        (charged, discharged) = connection.execute("select charged_wh, discharged_wh from days").fetchone()
    assert samples >= MINUTES * 6 - 6
    assert minutes >= MINUTES - 2
    assert charged == 0.0
    assert 1200 < discharged < 1350, "the mean of -1269 W for an hour, but for the last half minute"
