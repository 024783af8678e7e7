"""Reading the log while it is written: events, samples by step, days, a copy; and the reader leaves no trace."""

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.damage import damage
from v2h.bus.messages import Event
from v2h.datalog.reader import FLOW_S, MOST_ROWS, TELL_AGAIN_S, LogError, LogReader
from v2h.datalog.schema import FILE_NAME
from v2h.datalog.writer import StoreWriter

START = 1_795_348_800.0
"""2026-11-22 12:00 UTC."""


@pytest.fixture
def writer(tmp_path: Path) -> StoreWriter:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(START, True)
    for second in range(0, 600, 10):
        values = {"state": "energy" if second >= 300 else "idle", "power_w": float(second), "grid_w": None}
        store.add_sample(float(second), values)
    for minute in range(10):
        low_high = {"power_min_w": -10.0 * minute, "power_max_w": 10.0 * minute}
        store.add_minute(60.0 * minute, {"state": "idle", "power_w": float(minute), "soc_pct": 50.0, **low_high})
    store.set_day("2026-11-21", {"charged_wh": 1000.0, "discharged_wh": 400.0, "saved": 0.25})
    store.set_day("2026-11-22", {"charged_wh": 500.0, "discharged_wh": 100.0})
    store.set_day(store.pending_day(0.0), {"charged_wh": 1.0, "discharged_wh": 0.0})
    for n, level in enumerate(("info", "warning", "fault", "info")):
        store.add_event(Event(float(n), level, f"c{n}", f"text {n}", "guard", {"n": n}))
    store.flush()
    return store


def test_events_newest_first_by_level_and_page(writer: StoreWriter, tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    rows = reader.events()
    assert [row["code"] for row in rows] == ["c3", "c2", "c1", "c0"]
    assert rows[1]["at"] == "2026-11-22T12:00:02.000Z"
    assert rows[1]["values"] == {"n": 2}
    assert [row["code"] for row in reader.events(level="warning")] == ["c2", "c1"]
    assert [row["code"] for row in reader.events(limit=2, before=rows[1]["id"])] == ["c1", "c0"]
    for bad in ({"level": "loud"}, {"limit": 0}, {"limit": MOST_ROWS + 1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            reader.events(**bad)  # type: ignore[arg-type]


def test_samples_below_a_minute_are_read_one_by_one_and_meaned(writer: StoreWriter, tmp_path: Path) -> None:
    rows = LogReader(tmp_path).samples(START + 60, START + 119, 30)
    assert [(row["t"] - START, row["power_w"], row["power_min_w"], row["power_max_w"]) for row in rows] == [
        (60, 70, 60, 80),
        (90, 100, 90, 110),
    ]
    assert rows[0]["grid_w"] is None
    assert [row["energy_share"] for row in LogReader(tmp_path).samples(START + 290, START + 309, 20)] == [0.0, 1.0]


def test_samples_of_a_minute_and_more_come_from_the_minutes(writer: StoreWriter, tmp_path: Path) -> None:
    rows = LogReader(tmp_path).samples(START, START + 600, 300)
    assert [(row["t"] - START, row["power_w"], row["power_max_w"], row["soc_pct"]) for row in rows] == [
        (0, 2, 40, 50),
        (300, 7, 90, 50),
    ]


def test_a_gap_stays_a_gap_and_boots_lie_side_by_side(writer: StoreWriter, tmp_path: Path) -> None:
    writer.close()
    second = StoreWriter(tmp_path, "boot-2", "0.1.0")
    second.set_clock(START + 7200, True)
    second.add_minute(0.0, {"power_w": 99.0})
    second.flush()
    rows = LogReader(tmp_path).samples(START + 540, START + 9000, 60)
    assert [(row["t"] - START, row["power_w"]) for row in rows] == [(540, 9), (7200, 99)]
    second.close()


@pytest.mark.parametrize(
    ("from_t", "to_t", "step_s"), [(1.0, 0.0, 60), (0.0, 1e9, 60), (0.0, 1.0, 0), (0.0, 1e400, 60)]
)
def test_too_many_rows_are_refused(
    writer: StoreWriter, tmp_path: Path, from_t: float, to_t: float, step_s: float
) -> None:
    with pytest.raises(ValueError):
        LogReader(tmp_path).samples(from_t, to_t, step_s)


def test_the_flow_of_energy_newest_first_or_as_means(writer: StoreWriter, tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    assert [row["power_w"] for row in reader.newest_flow(3)] == [590.0, 580.0, 570.0]
    assert reader.newest_flow(1)[0]["t"] == START + 590
    rows = reader.flow(START + 400, START + 500, 100)
    assert [row["power_w"] for row in rows] == [400.0 + 10 * n for n in range(11)]
    few = reader.flow(START, START + 600, 7)
    assert [(row["t"] - START, row["power_w"]) for row in few] == [(300, 345.0), (400, 445.0), (500, 545.0)]
    assert few[0]["volts_v"] is None
    assert reader.flow(START, START + 600 + FLOW_S, 7) == [], "only the last day of a span is read"


def test_days(writer: StoreWriter, tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    assert [(row["day"], row["charged_wh"]) for row in reader.days(5)] == [("2026-11-21", 1000), ("2026-11-22", 500)]
    assert [row["day"] for row in reader.days(1)] == ["2026-11-22"]
    assert reader.totals_wh() == (1501, 500), "with what was counted while the clock was not right"


def test_the_energy_of_a_span_is_that_of_its_minutes(tmp_path: Path) -> None:
    for boot, offset_s in (("boot-1", START), ("boot-2", START + 86400)):
        store = StoreWriter(tmp_path, boot, "0.1.0")
        store.set_clock(offset_s, True)
        for minute in range(10):
            store.add_minute(60.0 * minute, {"charged_wh": 1.0, "discharged_wh": 100.0})
        store.close()
    spans = [(START + 90, START + 200), (START + 86400 + 30, START + 90_000), (START + 40_000, START + 40_100)]
    assert LogReader(tmp_path).energy(spans) == [(3.0, 300.0), (10.0, 1000.0), None]


def test_a_copy_is_whole_plain_and_nameless_while_the_writer_goes_on(writer: StoreWriter, tmp_path: Path) -> None:
    there = sorted(path.name for path in tmp_path.iterdir())
    copy = LogReader(tmp_path).copy()
    writer.add_sample(700.0, {"state": "idle"})
    writer.flush()
    assert sorted(path.name for path in tmp_path.iterdir()) == there
    assert str(tmp_path) in str(Path(f"/proc/self/fd/{copy.fileno()}").readlink()), "on the card, not in memory"
    got = tmp_path / "got"
    got.write_bytes(copy.read())
    copy.close()
    with sqlite3.connect(got) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
        assert connection.execute("select count(*) from samples").fetchone() == (60,)


def test_no_room_for_a_copy(writer: StoreWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr("v2h.runtime.disk_space.FREE_BYTES", 2**60)
    with pytest.raises(LogError, match="MiB must be free"):
        LogReader(tmp_path).copy()
    assert sorted(path.name for path in tmp_path.iterdir()) == there


def test_a_damaged_log_is_not_copied(writer: StoreWriter, tmp_path: Path) -> None:
    damage(writer)
    there = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(LogError, match="malformed"):
        LogReader(tmp_path).copy()
    assert sorted(path.name for path in tmp_path.iterdir()) == there


def test_who_meets_a_damaged_page_tells_it_and_not_at_every_look(
    writer: StoreWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    now = 100.0
    monkeypatch.setattr("v2h.datalog.reader.time", SimpleNamespace(monotonic=lambda: now))
    reader = LogReader(tmp_path, told.append)
    reader.samples(START + 1000, START + 1100, 10)
    damage(writer)
    for _ in range(3):
        reader.events()
        with pytest.raises(LogError, match="malformed"):
            reader.samples(START, START + 1100, 10)
    assert told == ["database disk image is malformed"]
    now += TELL_AGAIN_S
    with pytest.raises(LogError, match="malformed"):
        reader.copy()
    assert len(told) == 2


def test_what_is_only_not_there_yet_is_no_damage(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(LogError):
        LogReader(tmp_path, told.append).events()
    assert told == []


def test_copies_that_a_power_cut_left_are_cleared(tmp_path: Path) -> None:
    (tmp_path / ".copy-x").write_bytes(b"half")
    LogReader(tmp_path / "log", copies=tmp_path).clear_leftovers()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_written_only_where_the_page_may_write(writer: StoreWriter, tmp_path: Path) -> None:
    writer.close()
    copies = tmp_path / "web"
    copies.mkdir()
    before = tmp_path.stat().st_mtime_ns
    reader = LogReader(tmp_path, copies=copies)
    reader.copy().close()
    assert copies.stat().st_mtime_ns > before == tmp_path.stat().st_mtime_ns
    copies.rmdir()
    with pytest.raises(LogError, match="web"):
        LogReader(tmp_path, copies=copies).copy()


def test_reading_leaves_no_file_that_the_writer_could_not_write(writer: StoreWriter, tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    with_writer = sorted(path.name for path in tmp_path.iterdir())
    reader.events()
    assert sorted(path.name for path in tmp_path.iterdir()) == with_writer
    writer.close()
    assert len(reader.events()) == 4
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_no_log_yet_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"v2h\.sqlite3"):
        LogReader(tmp_path).events()
    (tmp_path / FILE_NAME).write_bytes(b"no database " * 999)
    with pytest.raises(LogError, match="not a database"):
        LogReader(tmp_path).days()


def test_months_and_years_are_the_sums_of_their_days(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(START, True)
    for day, saved, soc_pct in (("2025-12-31", None, 40.0), ("2026-01-01", 0.5, 35.0), ("2026-01-31", None, 80.0)):
        store.set_day(day, {"charged_wh": 1000.0, "saved": saved, "soc_min_pct": soc_pct, "soc_max_pct": soc_pct})
    store.set_day(store.pending_day(0.0), {"charged_wh": 9.0})
    store.flush()
    reader = LogReader(tmp_path)
    names = ("day", "charged_wh", "saved", "soc_min_pct", "soc_max_pct")
    months = [tuple(row[name] for name in names) for row in reader.days(5, "month")]
    assert months == [("2025-12", 1000, None, 40, 40), ("2026-01", 2000, 0.5, 35, 80)]
    assert [(row["day"], row["charged_wh"]) for row in reader.days(1, "year")] == [("2026", 2000)]
    store.close()


def test_sessions_newest_first_and_one_that_goes_on_is_replaced(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path, "boot-1", "0.1.0")
    store.set_clock(START, True)
    store.set_session(60.0, {"lasted_s": 10.0, "why": ""})
    store.flush()
    store.set_session(60.0, {"lasted_s": 70.0, "why": '{"id": "x", "values": {}}'})
    store.set_session(600.0, {"lasted_s": 5.0, "why": ""})
    store.flush()
    rows = [(row["at"], row["lasted_s"], row["why"]) for row in LogReader(tmp_path).sessions()]
    assert rows == [
        ("2026-11-22T12:10:00.000Z", 5.0, None),
        ("2026-11-22T12:01:00.000Z", 70.0, {"id": "x", "values": {}}),
    ]
    assert len(LogReader(tmp_path).sessions(1)) == 1
    store.close()
