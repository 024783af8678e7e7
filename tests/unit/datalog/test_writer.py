"""Writing the log: its size stays bounded, and rows get their right time later. Broken files: test_broken_store.py."""

import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import v2h.datalog.writer
from tests.support.storedrows import EVENT, Moved, rows
from v2h.bus.messages import Event
from v2h.bus.sentences import say
from v2h.datalog import schema
from v2h.datalog.schema import FILE_NAME
from v2h.datalog.summaries import Days
from v2h.datalog.writer import DAY_S, PRUNE_ROWS, WAL_BYTES, StoreError, StoreWriter

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()


def test_samples_are_written_by_flush_and_events_at_once(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.add_sample(10.0, {"state": "energy", "power_w": -1500.0, "soc_pct": None, "can1_frames": 100})
    store.add_minute(0.0, {"state": "energy", "power_w": -1400.0, "power_min_w": -1600.0, "charged_wh": 0.0})
    store.set_day("2026-11-22", {"discharged_wh": 25.0, "soc_min_pct": 40.0})
    store.set_day("2026-11-22", {"discharged_wh": 26.0, "soc_min_pct": 40.0})
    store.add_event(EVENT)
    assert rows(tmp_path, "select count(*) from samples") == [(0,)]
    assert rows(tmp_path, 'select boot, t, code, "values" from events') == [(1, 12.5, "k_off", '{"amps":9.5}')]
    store.add_event(replace(EVENT, t=13.0, text=say("until", until="07:00")))
    said = '{"amps":9.5,"said":{"id":"until","values":{"until":"07:00"}}}'
    assert rows(tmp_path, 'select text, "values" from events where t = 13.0') == [("until 07:00", said)]
    assert store.flush() == 3
    assert store.flush() == 0
    wanted = [(100_000_010_000, "energy", -1500.0, None, 100)]
    assert rows(tmp_path, "select id, state, power_w, soc_pct, can1_frames from samples") == wanted
    assert rows(tmp_path, "select id, power_w, power_min_w from minutes") == [(100_000_000_000, -1400.0, -1600.0)]
    assert rows(tmp_path, "select day, discharged_wh from days") == [("2026-11-22", 26.0)]
    assert store.day("2026-11-22")["discharged_wh"] == 26.0
    assert store.day("2026-11-23") == {}
    store.close()


def test_an_event_that_is_told_again_is_there_once(tmp_path: Path) -> None:
    for boot in ("boot-1", "boot-2"):
        store = StoreWriter(tmp_path, boot, "0.1.0")
        for event in (
            EVENT,
            replace(EVENT, t=12.6),
            replace(EVENT, code="other"),
            replace(EVENT, source="guard"),
            EVENT,
        ):
            store.add_event(event)
        store.close()
        store = StoreWriter(tmp_path, boot, "0.1.0")
        changes = store._connection.total_changes
        store.add_event(EVENT)
        assert store._connection.total_changes == changes, "nor is anything written"
        store.close()
    assert rows(tmp_path, "select boot, count(*) from events group by boot") == [(1, 4), (2, 4)]


def test_a_flush_is_one_transaction(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.add_sample(10.0, {"state": "idle"})
    store.set_day("2026-11-22", {"no such column": 1.0})
    with pytest.raises(StoreError, match="no such column"):
        store.flush()
    assert rows(tmp_path, "select count(*) from samples") == [(0,)]
    store.set_day("2026-11-22", {"charged_wh": 1.0})
    assert store.flush() == 2
    store.close()


def test_what_is_no_text_does_not_break_the_log(tmp_path: Path) -> None:
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
    store.add_event(Event(1.0, "info", ["a", "list"], "half a pair: \ud83d", {"a": 1}, {}))  # type: ignore[arg-type]
    assert rows(tmp_path, "select code, text, source from events") == [("['a', 'list']", "half a pair: ?", "{'a': 1}")]
    store.add_sample(1.0, {"state": {"no": "text"}})
    with pytest.raises(StoreError, match="not supported"):
        store.flush()
    assert moved == []
    store._connection.close()


def test_pragmas_are_those_that_survive_a_power_cut(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    assert store._connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("pragma synchronous").fetchone() == (2,)
    store.close()


@pytest.mark.slow
def test_the_write_ahead_log_keeps_its_size_and_a_dead_writers_is_taken_over(tmp_path: Path) -> None:
    """If the file grew, the card's file system would write more than the log does."""
    store, sizes = StoreWriter(tmp_path, "boot-1", "1"), set()
    for minute in range(600):
        for part in range(6):
            store.add_sample(minute * 60.0 + part * 10.0, {"state": "energy", "power_w": float(minute)})
        store.set_day("2026-11-22", {"charged_wh": float(minute)})
        store.flush()
        sizes.add((tmp_path / "v2h.sqlite3-wal").stat().st_size)
    assert sizes == {WAL_BYTES}
    after = tmp_path / "power cut"
    after.mkdir()
    for part_of in ("", "-wal"):
        shutil.copy(tmp_path / f"v2h.sqlite3{part_of}", after)
    moved = Moved()
    store = StoreWriter(after, "boot-2", "1", moved=moved)
    assert moved == [] and store.day("2026-11-22")["charged_wh"] == 599.0
    with sqlite3.connect(after / "v2h.sqlite3") as connection:
        assert connection.execute("select count(*) from samples").fetchone() == (3600,)
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert (after / "v2h.sqlite3-wal").stat().st_size == WAL_BYTES
    store.close()


def test_rows_written_before_the_clock_was_right_get_their_time_later(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(0.0, False)
    store.add_sample(60.0, {"state": "idle"})
    store.flush()
    store.set_clock(NOON, True)
    assert rows(tmp_path, "select at, synchronised, state from samples_at") == [("2026-11-22T12:01:00.000Z", 1, "idle")]
    before = store._connection.total_changes
    store.set_clock(NOON + 0.2, True)
    assert store._connection.total_changes == before  # drift alone causes no write
    store.set_clock(NOON + 3600, True)
    assert rows(tmp_path, "select at from samples_at") == [("2026-11-22T13:01:00.000Z",)]
    store.close()


def test_a_second_boot_continues_the_same_file(tmp_path: Path) -> None:
    moved = Moved()
    for boot in ("boot-1", "boot-2"):
        store = StoreWriter(tmp_path, boot, "0.1.0", moved=moved)
        store.set_clock(NOON, True)
        store.add_sample(5.0, {"state": "idle"})
        store.close()
    assert rows(tmp_path, "select id / 100000000000 from samples order by id") == [(1,), (2,)]
    assert moved == []


OLD = """
create table boots (boot text primary key, version text, wall_offset_s float, synchronised integer);
create table samples (boot text, t float, state text, mode text, soc_pct float, volts_v float, amps_a float,
  power_w float, grid_w float, setpoint_a float, temperature_c float, can_frames text, primary key (boot, t));
create table events (boot text, t float, level text, code text, text text, source text, "values" text);
create view samples_at as select r.* from samples r;
insert into boots values ('a', '0.1', 1000.0, 1), ('b', '0.1', 5000.0, 1);
insert into samples (boot, t, state, soc_pct, can_frames) values ('b', 1.5, 'idle', 40.0, '{}'),
  ('a', 2.0, 'wake', 41.0, '{}');
insert into events values ('a', 3.25, 'fault', 'x', 'X', 'guard', '{}');
"""


def lay_down_old(folder: Path) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.executescript(OLD)
    connection.close()


def test_a_file_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    lay_down_old(tmp_path)
    moved = Moved()
    store = StoreWriter(tmp_path, "c", "0.2", moved=moved)
    assert moved == []
    wanted = [(100_000_002_000, "wake", 41.0), (200_000_001_500, "idle", 40.0)]
    assert rows(tmp_path, "select id, state, soc_pct from samples") == wanted
    assert rows(tmp_path, "select at, code from events_at") == [("1970-01-01T00:16:43.250Z", "x")]
    names = {row[0] for row in rows(tmp_path, "select name from sqlite_master where type = 'table'")}
    assert names == {"boots", "samples", "minutes", "days", "events", "quarters", "plan_days", "sessions"}
    store.close()
    assert rows(tmp_path, "pragma user_version") == [(schema.VERSION,)]


def test_a_file_of_version_1_keeps_its_days_and_gets_the_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        then.setattr(schema, "VERSION", 1)
        then.setattr(v2h.datalog.writer, "VERSION", 1)
        store = StoreWriter(tmp_path, "a", "0.1")
        store.set_day("2026-11-21", {"charged_wh": 1000.0, "saved": 0.25})
        store.close()
    assert rows(tmp_path, "pragma user_version") == [(1,)]
    store = StoreWriter(tmp_path, "b", "0.2")
    assert store.day("2026-11-21")["charged_wh"] == 1000.0
    Days().load("2026-11-21", store.day("2026-11-21"))
    store.set_day("2026-11-22", {"charged_wh": 500.0, "cost": 0.1, "battery_in_wh": 450.0, "estimated_s": 5.0})
    store.set_session(5.0, {"lasted_s": 60.0, "why": ""})
    store.close()
    assert rows(tmp_path, "select day, charged_wh, cost from days order by day") == [
        ("2026-11-21", 1000.0, None),
        ("2026-11-22", 500.0, 0.1),
    ]
    assert rows(tmp_path, "select lasted_s from sessions_at") == [(60.0,)]
    assert rows(tmp_path, "pragma user_version") == [(schema.VERSION,)]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_down_old(tmp_path)
    before = rows(tmp_path, "select * from sqlite_master")

    def fails(db: object) -> None:
        raise sqlite3.OperationalError("no space")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, fails))
    monkeypatch.setattr(schema, "VERSION", len(schema.MIGRATIONS))
    with pytest.raises(StoreError, match="no space"):
        StoreWriter(tmp_path, "c", "0.2")
    assert rows(tmp_path, "select * from sqlite_master") == before


def test_hours_of_an_unknown_date_become_part_of_their_day(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(0.0, False)
    store.set_day("2026-11-22", {"charged_wh": 100.0, "saved": 1.0, "soc_min_pct": 50.0})
    store.set_day(store.pending_day(1800.0), {"charged_wh": 7.0, "saved": None, "soc_min_pct": 40.0})
    store.set_day(store.pending_day(15 * 3600.0), {"charged_wh": 5.0, "saved": 0.5, "soc_max_pct": 60.0})
    store.flush()
    store.set_clock(NOON, True)
    store.settle_days(lambda t: datetime.fromtimestamp(t, UTC).date().isoformat())
    wanted = [("2026-11-22", 107.0, 1.0, 40.0, None), ("2026-11-23", 5.0, 0.5, None, 60.0)]
    assert rows(tmp_path, "select day, charged_wh, saved, soc_min_pct, soc_max_pct from days order by day") == wanted
    store.close()


def test_old_rows_go_but_only_while_the_clock_is_known(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(NOON, False)
    for day in (0, 1, 40):
        store.add_sample(day * DAY_S + 60, {"state": "idle"})
        store.add_minute(day * DAY_S, {"state": "idle"})
        store.add_event(Event(day * DAY_S, "info", "x", "X", "web"))
    store.flush()
    now_s = NOON + 41 * DAY_S
    assert store.prune(now_s) == 0
    store.set_clock(NOON, True)
    assert store.prune(now_s) == 2
    assert rows(tmp_path, "select count(*) from samples") == [(1,)]
    assert rows(tmp_path, "select count(*) from minutes") == [(3,)]
    assert store.prune(NOON + 400.5 * DAY_S) == 1 + 1 + 1
    assert rows(tmp_path, "select t from events order by t") == [(DAY_S,), (40 * DAY_S,)]
    store.close()


def test_what_is_more_than_the_card_is_to_hold_goes_the_finest_and_oldest_first(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0", max_bytes=400_000)
    store.set_day("2026-11-22", {"charged_wh": 1.0})
    store.add_minute(0.0, {"state": "idle"})
    for n in range(9):
        for k in range(1000):
            store.add_sample(n * 1000.0 + k, {"state": "energy", "mode": "v2h", "power_w": 1.5, "grid_w": 2.5})
        store.flush()
    assert store.prune(0.0) == PRUNE_ROWS
    assert rows(tmp_path, "select min(id) - 100000000000 from samples") == [(2_000_000,)]
    while store.prune(0.0):
        pass
    (left,) = rows(tmp_path, "select count(*) from samples")[0]
    assert 2000 < left < 9000  # type: ignore[operator]
    assert rows(tmp_path, "select count(*) from minutes") == [(1,)]
    assert rows(tmp_path, "select count(*) from days") == [(1,)]
    store.close()


def test_writing_a_running_log_does_not_import_the_library_that_lays_it_down(tmp_path: Path) -> None:
    StoreWriter(tmp_path, "boot-1", "0.1.0").close()
    code = (
        "import sys; from pathlib import Path; from v2h.datalog.writer import StoreWriter; "
        f"StoreWriter(Path({str(tmp_path)!r}), 'boot-2', '0.1').close(); print('sqlite_utils' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
