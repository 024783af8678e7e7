"""Tests of the power-cut check: logs by QEMU's own tool, file systems by mke2fs, and every kind of damage."""

import json
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.powercuts.cutting import Timeline, cut_many
from tests.powercuts.judge import judge, newest_is_old
from tests.powercuts.writelog import DISCARD, FLUSH, FUA, MAGIC, SECTOR, Disk, LogError, WriteLog
from tests.support.madelog import Request, make_log
from v2h.datalog.writer import StoreWriter


def sector_of(letter: str, count: int = 1) -> bytes:
    return letter.encode() * SECTOR * count


def seen(image: Path) -> str:
    data = image.read_bytes()
    return "".join(chr(data[at] or ord(".")) for at in range(0, len(data), SECTOR))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.img"
    path.write_bytes(bytes(8 * SECTOR))
    return path


def test_a_log_by_qemu_itself(tmp_path: Path) -> None:
    tool = shutil.which("qemu-io")
    if tool is None:
        pytest.skip("qemu-io is not installed (package qemu-utils)")
    disk, log = tmp_path / "disk.raw", tmp_path / "log.raw"
    disk.write_bytes(bytes(1 << 20))
    log.touch()
    options = f"driver=blklogwrites,file.driver=file,file.filename={disk},log.driver=file,log.filename={log}"
    words = ["write -P 0x41 0 4k", "flush", "write -P 0x42 2k 4k", "write -z 64k 4k", "discard 128k 4k", "flush"]
    commands = [word for text in words for word in ("-c", text)]
    subprocess.run([tool, "-t", "writeback", "--image-opts", options, *commands], check=True, capture_output=True)
    read = WriteLog.read(log)
    writes = [(entry.at, entry.size) for entry in read.entries if entry.data_at is not None]
    assert writes == [(0, 4096), (2048, 4096), (65536, 4096)]
    assert [entry.at for entry in read.entries if entry.flags & DISCARD] == [131072]
    assert sum(bool(entry.flags & FLUSH) for entry in read.entries) >= 2
    rebuilt = tmp_path / "rebuilt.raw"
    rebuilt.write_bytes(bytes(1 << 20))
    Disk(read, rebuilt).forward(len(read.entries))
    assert rebuilt.read_bytes() == disk.read_bytes()
    first = next(n for n, entry in enumerate(read.entries) if entry.flags & FLUSH and n > 0)
    assert read.flushed_before(len(read.entries)) > first


def test_the_disk_as_of_a_moment(tmp_path: Path, base: Path) -> None:
    requests = [(0, 0, sector_of("a", 2)), (0, FLUSH, b""), (1, 0, sector_of("b")), (7, 0, sector_of("z", 3))]
    log = make_log(tmp_path / "log", requests)
    assert [log.flushed_before(n) for n in range(5)] == [0, 0, 2, 2, 2]
    disk = Disk(log, base)
    disk.forward(2)
    assert seen(base) == "aa......"
    disk.forward(4)
    assert seen(base) == "ab.....z", "what lies beyond the image is not written"
    with pytest.raises(ValueError, match="not before 2"):
        disk.forward(2)


def test_a_part_of_the_disk(tmp_path: Path, base: Path) -> None:
    requests = [(2, 0, sector_of("x")), (4, 0, sector_of("p")), (0, FLUSH, b"")]
    Disk(make_log(tmp_path / "log", requests), base, start=3 * SECTOR).forward(3)
    assert seen(base) == ".p......"


def test_what_was_not_flushed_is_there_by_chance_and_in_order(tmp_path: Path, base: Path) -> None:
    requests = [(0, 0, sector_of("a")), (0, FLUSH, b"")]
    requests += [(1, 0, sector_of("b")), (1, 0, sector_of("c")), (2, 0, sector_of("d", 4)), (6, FUA, sector_of("f"))]
    log = make_log(tmp_path / "log", requests)
    chance, pictures = random.Random(1), set()
    disk = Disk(log, base)
    disk.forward(2)
    for _ in range(300):
        copy = tmp_path / "copy.img"
        shutil.copy(base, copy)
        disk.torn(6, copy, chance)
        pictures.add(seen(copy))
    assert seen(base) == "a......."
    assert {picture[0] for picture in pictures} == {"a"}, "what was flushed is always there"
    assert {picture[6] for picture in pictures} == {"f"}, "and what had to be on the medium when it was done"
    assert {picture[1] for picture in pictures} == {".", "b", "c"}
    assert {picture[2:6] for picture in pictures} == {"....", "d...", "dd..", "ddd.", "dddd"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"short", "too short"),
        (struct.pack("<QQQI", 1, 1, 0, SECTOR), "no write log"),
        (struct.pack("<QQQI", MAGIC, 1, 1, SECTOR), "the log ends before"),
        (struct.pack("<QQQI", MAGIC, 1, 1, SECTOR).ljust(SECTOR) + struct.pack("<QQQQ", 0, 1, 64, 0), "unknown flags"),
        (struct.pack("<QQQI", MAGIC, 1, 1, SECTOR).ljust(SECTOR) + struct.pack("<QQQQ", 0, 9, 0, 0), "its data end"),
    ],
)
def test_a_broken_log_is_named(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "log").write_bytes(text)
    with pytest.raises(LogError, match=why):
        WriteLog.read(tmp_path / "log")


def card(folder: Path, wh: float, t: float, schedule: bool = True) -> Path:
    """An ext4 image like the board's data partition: the real log, settings, a schedule."""
    data = folder / "root" / "v2h"
    data.mkdir(parents=True, exist_ok=True)
    store = StoreWriter(data, "boot-a", "0.1")
    store.set_clock(1.8e9, True)
    store.add_sample(t, {"state": "energy"})
    store.set_day("2026-11-22", {"charged_wh": wh})
    store.close()
    (data / "settings.json").write_text(json.dumps({"soc_min_pct": 30}))
    (data / "schedule.json").unlink(missing_ok=True)
    if schedule:
        (data / "schedule.json").write_text(json.dumps({"entries": []}))
    image = folder / f"card-{wh}-{t}-{schedule}.img"
    same = "56324831-0000-4000-8000-000000000004"  # the images are states of one file system, not different ones
    command = ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-U", same, "-E", f"hash_seed={same}"]
    subprocess.run([*command, "-d", folder / "root", image, "8M"], check=True)
    return image


def judged(image: Path, scratch: Path) -> list[str]:
    scratch.mkdir()
    return judge(image, scratch).wrong


def test_a_good_card_is_good(tmp_path: Path) -> None:
    scratch = tmp_path / "out"
    scratch.mkdir()
    verdict = judge(card(tmp_path, 12.5, 100.0), scratch)
    assert verdict.wrong == []
    assert verdict.newest == ("boot-a", 100.0)
    assert verdict.totals["charged_wh"] == 12.5
    assert verdict.files == {"settings.json", "schedule.json"}
    assert newest_is_old(verdict, "boot-a", 160.0) == ""
    assert "60.1 s old" in newest_is_old(verdict, "boot-a", 160.1)
    assert "of boot boot-a" in newest_is_old(verdict, "boot-b", 160.0)


@pytest.mark.slow
def test_every_kind_of_damage_is_found(tmp_path: Path) -> None:
    image = card(tmp_path, 1.0, 1.0)
    root = bytearray(image.read_bytes())
    database = bytes((tmp_path / "root" / "v2h" / "v2h.sqlite3").read_bytes())
    at = root.index(database[: 100 + 4])

    hurt = tmp_path / "hurt.img"
    hurt.write_bytes(root[: at + 4096] + b"\xff" * 4096 + root[at + 8192 :])
    assert any("integrity_check" in text or "malformed" in text for text in judged(hurt, tmp_path / "a"))

    hurt.write_bytes(root[:at] + bytes(4096) + root[at + 4096 :])
    assert any("not a database" in text for text in judged(hurt, tmp_path / "b"))

    settings = root.index(b'{"soc_min_pct": 30}')
    hurt.write_bytes(root[:settings] + b'{"soc_min' + bytes(11) + root[settings + 19 :])
    assert any(text.startswith("settings.json: ") for text in judged(hurt, tmp_path / "c"))

    hurt.write_bytes(root[:1024] + bytes(4096) + root[5120:])
    assert any(text.startswith("e2fsck -p ended with") for text in judged(hurt, tmp_path / "d"))

    (tmp_path / "root" / "v2h" / "settings.json.bad").write_text("x")
    (tmp_path / "root" / "v2h" / "v2h.sqlite3.broken-1").write_text("x")
    assert len(judged(card(tmp_path, 1.0, 1.0), tmp_path / "e")) == 2


def run_of(tmp_path: Path, images: list[Path]) -> tuple[WriteLog, Path]:
    """A log in which the disk becomes one image after the other, with a flush after each; and the disk before it."""
    requests: list[Request] = []
    before = images[0].read_bytes()
    base = tmp_path / "base.img"
    base.write_bytes(before)
    for image in images[1:]:
        after = image.read_bytes()
        for at in range(0, len(after), 4096):
            if after[at : at + 4096] != before[at : at + 4096]:
                requests.append((at // SECTOR, 0, after[at : at + 4096]))
        requests.append((0, FLUSH, b""))
        before = after
    return make_log(tmp_path / "log", requests), base


def test_cuts_of_a_whole_run(tmp_path: Path) -> None:
    images = [card(tmp_path, wh, t) for wh, t in ((1.0, 10.0), (2.0, 65.0), (3.0, 120.0))]
    log, base = run_of(tmp_path, images)
    flushes = [n + 1 for n, entry in enumerate(log.entries) if entry.flags & FLUSH]
    path = tmp_path / "timeline"
    points = [{"log_bytes": log.entries[n - 1].log_end, "t": t} for n, t in zip(flushes, (66.0, 121.0), strict=True)]
    path.write_text("\n".join(json.dumps(line) for line in ({"boot": "boot-a"}, *points)))
    timeline = Timeline.read(path)
    assert list(timeline.moments(log)) == list(range(flushes[0], flushes[1] + 1))
    tally = cut_many(log, base, 0, flushes, timeline, 1, tmp_path)
    assert tally.wrong == []
    assert [cut.verdict.totals["charged_wh"] for cut in tally.cuts] == [2.0, 3.0]
    assert [cut.age_s for cut in tally.cuts] == [1.0, 1.0]
    assert "2 power cuts" in tally.words()


def test_what_went_back_or_got_lost_or_old_is_found(tmp_path: Path) -> None:
    images = [card(tmp_path, 1.0, 10.0), card(tmp_path, 3.0, 65.0), card(tmp_path, 2.0, 120.0, schedule=False)]
    log, base = run_of(tmp_path, images)
    flushes = [n + 1 for n, entry in enumerate(log.entries) if entry.flags & FLUSH]
    timeline = Timeline("boot-a", [(log.entries[-1].log_end, 200.0)])
    wrong = cut_many(log, base, 0, flushes, timeline, 1, tmp_path).wrong
    assert any("charged_wh went back from 3.0 to 2.0" in text for text in wrong)
    assert any("schedule.json gone" in text for text in wrong)
    assert any("80.0 s old" in text for text in wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("cuts", "code", "says"), [(1, 0, "1 power cuts"), (99999, 2, "only")])
def test_the_command(tmp_path: Path, cuts: int, code: int, says: str) -> None:
    images = [card(tmp_path, wh, t) for wh, t in ((1.0, 10.0), (2.0, 65.0))]
    log, base = run_of(tmp_path, images)
    folder = tmp_path / "recorded"
    folder.mkdir()
    shutil.copy(log.path, folder / "writes.log")
    shutil.copy(base, folder / "base.img")
    end = log.entries[-1].log_end
    (folder / "timeline.jsonl").write_text(f'{{"boot": "boot-a"}}\n{{"log_bytes": {end}, "t": 66}}\n')
    (folder / "place.json").write_text('{"start": 0}')
    script = Path(__file__).resolve().parents[3] / "scripts" / "powercuts"
    command = ["sh", str(script), str(cuts), "--folder", str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, says in said.stdout + said.stderr) == (code, True), said
