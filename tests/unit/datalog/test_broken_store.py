"""A log whose file breaks, or that finds no room: it is moved aside and reported, and no kept data is lost."""

import time
from pathlib import Path

import pytest

from tests.support.damage import damage
from tests.support.storedrows import EVENT, Moved, rows
from v2h.datalog.schema import FILE_NAME
from v2h.datalog.writer import StoreError, StoreWriter


@pytest.mark.parametrize("damage", [b"this is not a database " * 100, None])
def test_a_broken_file_is_moved_aside_and_a_fresh_one_begun(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / FILE_NAME
    first = StoreWriter(tmp_path, "boot-1", "0.1.0")
    first.add_event(EVENT)
    first.close()
    healthy = path.read_bytes()
    path.write_bytes(damage if damage is not None else healthy[:100] + b"\xff" * (len(healthy) - 100))
    broken = path.read_bytes()
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-2", "0.1.0", moved=moved)
    ((aside, _),) = moved
    assert aside == tmp_path / f"{FILE_NAME}.broken-1"
    assert aside.read_bytes() == broken
    store.add_event(EVENT)
    assert rows(tmp_path, "select b.boot from events e join boots b on b.id = e.boot") == [("boot-2",)]
    store.close()


def breaks_while_open(store: StoreWriter) -> None:
    connection = store._connection
    assert connection is not None
    connection.execute("pragma wal_checkpoint(truncate)")
    size = store.path.stat().st_size
    with store.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))
    connection.execute("pragma cache_size = 0")
    connection.execute("pragma shrink_memory")


def test_a_file_that_breaks_while_open_is_moved_aside_and_nothing_kept_is_lost(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.add_event(EVENT)
    breaks_while_open(store)
    store.add_sample(1.0, {"state": "idle"})
    with pytest.raises(StoreError, match=r"was broken .*malformed.*moved to .*broken-1"):
        store.flush()
    assert store.flush() == 1
    assert rows(tmp_path, "select count(*) from samples") == [(1,)]
    store.close()


def looked_through(store: StoreWriter) -> None:
    """Waits for the end of the check."""
    deadline = time.monotonic() + 20
    while store._check is not None and store._check.found is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_page_that_only_readers_miss_is_found_when_one_tells(tmp_path: Path) -> None:
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
    store.add_event(EVENT)
    damage(store)
    store.add_sample(5000.0, {"state": "idle"})
    assert store.flush() == 1, "the writer itself misses nothing"
    store.doubt()
    looked_through(store)
    store.add_sample(5010.0, {"state": "idle"})
    with pytest.raises(StoreError, match=r"was broken .*moved to .*broken-1"):
        store.flush()
    ((_, why),) = moved
    assert why.startswith("Page ")
    assert store.flush() == 1
    assert rows(tmp_path, "select id % 100000000000 from samples") == [(5_010_000,)]
    store.close()


def test_what_is_found_in_a_file_that_is_gone_is_not_held_against_the_fresh_one(tmp_path: Path) -> None:
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
    damage(store)
    store.doubt()
    looked_through(store)
    breaks_while_open(store)
    with pytest.raises(StoreError, match="moved to"):
        store.day("2026-11-22")
    for t in (5000.0, 5010.0):
        store.add_sample(t, {"state": "idle"})
        assert store.flush() == 1
    assert len(moved) == 1
    store.close()


def test_a_file_that_is_whole_is_left_alone(tmp_path: Path) -> None:
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
    store.add_event(EVENT)
    for _ in range(2):
        store.doubt()
        store.doubt()
        looked_through(store)
        store.flush()
    assert moved == [] and rows(tmp_path, "select count(*) from events") == [(1,)]
    store.close()


@pytest.mark.parametrize("broken_at_start", [True, False])
def test_a_fresh_file_that_finds_no_room_is_begun_later_and_the_broken_one_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_at_start: bool
) -> None:
    def full(store: StoreWriter) -> None:
        raise OSError(28, "No space left on device")

    moved = Moved()
    if broken_at_start:
        (tmp_path / FILE_NAME).write_bytes(b"no database " * 999)
    else:
        store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
        store.add_sample(1.0, {"state": "idle"})
        breaks_while_open(store)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(StoreWriter, "_fill_wal", full)
        for _ in range(3):
            with pytest.raises(StoreError, match=r"No space left|moved to"):
                if broken_at_start:
                    StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
                else:
                    store.flush()
    assert [aside.name for aside, _ in moved] == [f"{FILE_NAME}.broken-1"]
    if broken_at_start:
        store = StoreWriter(tmp_path, "boot-1", "0.1.0", moved=moved)
        store.add_sample(1.0, {"state": "idle"})
    assert store.flush() == 1
    store.add_event(EVENT)
    assert rows(tmp_path, "select count(*) from samples") == rows(tmp_path, "select count(*) from events") == [(1,)]
    store.close()


def test_a_disk_that_refuses_keeps_the_samples(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.add_sample(1.0, {"state": "idle"})
    pages = store._connection.execute("pragma page_count").fetchone()[0]
    store._connection.execute(f"pragma max_page_count = {pages}")
    store.add_sample(2.0, {"state": "x" * 100_000})
    with pytest.raises(StoreError, match="full"):
        store.flush()
    store._connection.execute("pragma max_page_count = 100000")
    assert store.flush() == 2
    store.close()


def test_no_folder_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/v2h\.sqlite3"):
        StoreWriter(tmp_path / "gone", "boot-1", "0.1.0")


def test_moved_files_do_not_fill_the_card(tmp_path: Path) -> None:
    for text in (b"one" * 999, b"two" * 999, b"three" * 999):
        (tmp_path / FILE_NAME).write_bytes(text)
        StoreWriter(tmp_path, "boot-1", "0.1.0").close()
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [FILE_NAME, f"{FILE_NAME}.broken-1", f"{FILE_NAME}.broken-2"]
    assert (tmp_path / kept[2]).read_bytes() == b"three" * 999


def test_a_file_of_a_later_version_is_kept_aside(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store._connection.execute("pragma user_version = 99")
    store.close()
    moved = Moved()
    store = StoreWriter(tmp_path, "boot-2", "0.1.0", moved=moved)
    ((_, why),) = moved
    assert "later version: schema 99" in why
    store.close()
