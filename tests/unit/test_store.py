"""The log survives bad files and full disks, and rows get their right time once the clock is known."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v2h.bus import Event
from v2h.store import FILE_NAME, Store, StoreError

EVENT = Event(12.5, "warning", "k_off", "the car took its permission away", "charger", {"amps": 9.5})
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / FILE_NAME) as connection:
        return list(connection.execute(sql))


def test_samples_are_written_by_flush_and_events_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path, "boot-1", "0.1.0")
    store.add_sample(10.0, {"state": "energy", "power_w": -1500.0, "soc_pct": None}, {"1:102": 100})
    store.add_event(EVENT)
    assert rows(tmp_path, "select count(*) from samples") == [(0,)]
    assert rows(tmp_path, 'select boot, code, "values" from events') == [("boot-1", "k_off", '{"amps":9.5}')]
    assert store.flush() == 1
    assert store.flush() == 0
    wanted = [("boot-1", 10.0, "energy", -1500.0, None, '{"1:102":100}')]
    assert rows(tmp_path, "select boot, t, state, power_w, soc_pct, can_frames from samples") == wanted
    store.close()


def test_pragmas_are_those_that_survive_a_power_cut(tmp_path: Path) -> None:
    store = Store(tmp_path, "boot-1", "0.1.0")
    assert store._connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("pragma synchronous").fetchone() == (2,)
    store.close()


def test_rows_written_before_the_clock_was_right_get_their_time_later(tmp_path: Path) -> None:
    store = Store(tmp_path, "boot-1", "0.1.0")
    store.set_clock(0.0, False)
    store.add_sample(60.0, {"state": "idle"}, {})
    store.flush()
    store.set_clock(NOON, True)
    assert rows(tmp_path, "select at, synchronised, state from samples_at") == [("2026-11-22T12:01:00.000Z", 1, "idle")]
    before = store._connection.total_changes
    store.set_clock(NOON + 0.2, True)
    assert store._connection.total_changes == before  # drift is not worth a write
    store.set_clock(NOON + 3600, True)
    assert rows(tmp_path, "select at from samples_at") == [("2026-11-22T13:01:00.000Z",)]
    store.close()


def test_a_second_boot_continues_the_same_file(tmp_path: Path) -> None:
    for boot in ("boot-1", "boot-2"):
        store = Store(tmp_path, boot, "0.1.0")
        store.set_clock(NOON, True)
        store.add_sample(5.0, {"state": "idle"}, {})
        store.close()
    assert rows(tmp_path, "select boot from samples order by boot") == [("boot-1",), ("boot-2",)]
    assert store.moved_aside is None


@pytest.mark.parametrize("damage", [b"this is not a database " * 100, None])
def test_a_broken_file_is_moved_aside_and_a_fresh_one_begun(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / FILE_NAME
    first = Store(tmp_path, "boot-1", "0.1.0")
    first.add_event(EVENT)
    first.close()
    healthy = path.read_bytes()
    path.write_bytes(damage if damage is not None else healthy[:100] + b"\xff" * (len(healthy) - 100))
    broken = path.read_bytes()
    store = Store(tmp_path, "boot-2", "0.1.0")
    assert store.moved_aside == tmp_path / f"{FILE_NAME}.broken-1"
    assert store.moved_aside.read_bytes() == broken
    store.add_event(EVENT)
    assert rows(tmp_path, "select boot from events") == [("boot-2",)]
    store.close()


def test_a_file_that_breaks_while_open_is_moved_aside_and_nothing_kept_is_lost(tmp_path: Path) -> None:
    store = Store(tmp_path, "boot-1", "0.1.0")
    store.add_event(EVENT)
    store._connection.execute("pragma wal_checkpoint(truncate)")
    size = (tmp_path / FILE_NAME).stat().st_size
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))
    store._connection.execute("pragma cache_size = 0")
    store._connection.execute("pragma shrink_memory")
    store.add_sample(1.0, {"state": "idle"}, {})
    with pytest.raises(StoreError, match=r"was broken .*malformed.*moved to .*broken-1"):
        store.flush()
    assert store.flush() == 1
    assert rows(tmp_path, "select count(*) from samples") == [(1,)]
    store.close()


def test_a_disk_that_refuses_keeps_the_samples(tmp_path: Path) -> None:
    store = Store(tmp_path, "boot-1", "0.1.0")
    store.add_sample(1.0, {"state": "idle"}, {})
    pages = store._connection.execute("pragma page_count").fetchone()[0]
    store._connection.execute(f"pragma max_page_count = {pages}")
    store.add_sample(2.0, {"state": "x" * 100_000}, {})
    with pytest.raises(StoreError, match="full"):
        store.flush()
    store._connection.execute("pragma max_page_count = 100000")
    assert store.flush() == 2
    store.close()


def test_no_folder_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/v2h\.sqlite3"):
        Store(tmp_path / "gone", "boot-1", "0.1.0")
