"""Backup, disable, restore: the round trip, every refusal, and kills at random moments."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.vendordump import HEADERS, SMALL, U_BOOT_SECTOR, Made, make_dump
from v2h.runtime.forked import leave
from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.rom import chosen
from v2h.vendor.shell import backup
from v2h.vendor.shell.backup import back_up, load_manifest, manifest_of, part_of
from v2h.vendor.shell.bootarea import disable, restore, undo_of
from v2h.vendor.shell.medium import CHUNK, Medium, chunks_of, emmc_of_this_board, sha256_of

CID = "150100424a544434520777dbdf1c2a00"
KILLS_EACH = 7
"""Kills that meet a running backup, disable and restore."""


def quiet(_: str) -> None:
    """Says nothing."""


def yes(_: str) -> bool:
    return True


def total(path: Path) -> str:
    return sha256_of(chunks_of(path))


def differing(one: Path, other: Path) -> list[int]:
    """The sectors in which two files of the same size differ."""
    a, b = one.read_bytes(), other.read_bytes()
    assert len(a) == len(b)
    if a == b:
        return []
    places = range(0, len(a), SECTOR)
    return [at // SECTOR for at in places if a[at : at + SECTOR] != b[at : at + SECTOR]]


@pytest.fixture(scope="module")
def first_backup(original: Made) -> Path:
    target = original.path.with_name("backup.img")
    back_up(Medium(original.path, SMALL), target, quiet)
    return target


@pytest.fixture
def saved(first_backup: Path, tmp_path: Path) -> Path:
    """A verified backup of the dump."""
    for file in (first_backup, manifest_of(first_backup)):
        shutil.copy(file, tmp_path)
    return tmp_path / first_backup.name


def test_backup_disable_restore_is_a_round_trip(dump: Path, original: Made, saved: Path) -> None:
    assert load_manifest(saved).verified and total(saved) == total(original.path)
    assert disable(Medium(dump, SMALL), saved, yes, quiet) == HEADERS
    assert differing(dump, original.path) == list(HEADERS)
    assert len(HEADERS) * SECTOR <= 1536 and U_BOOT_SECTOR not in HEADERS
    card = Medium(original.path, SMALL).read
    assert chosen(card, card) == "eMMC" and chosen(Medium(dump, SMALL).read, card) == "SD"
    assert restore(Medium(dump, SMALL), saved, yes, quiet) == "the boot loader at sector 256"
    assert total(dump) == total(original.path)


def test_both_may_be_repeated(dump: Path, original: Made, saved: Path) -> None:
    for _ in range(2):
        disable(Medium(dump, SMALL), saved, yes, quiet)
    for _ in range(2):
        restore(Medium(dump, SMALL), saved, yes, quiet)
    assert total(dump) == total(original.path)
    assert back_up(Medium(dump, SMALL), saved, quiet).verified


def test_the_undo_can_be_read_and_carried_out_without_this_software(dump: Path, original: Made, saved: Path) -> None:
    disable(Medium(dump, SMALL), saved, yes, quiet)
    words = undo_of(saved).read_text()
    assert f"v2h vendor restore {saved.name}" in words
    commands = [line.strip() for line in words.splitlines() if line.strip().startswith("dd ")]
    for command in commands:
        subprocess.run(command.replace("DEVICE", str(dump)).split(), cwd=saved.parent, check=True, capture_output=True)
    assert len(commands) == len(HEADERS) and total(dump) == total(original.path)


def test_nothing_is_cleared_when_the_undo_cannot_be_written(dump: Path, original: Made, saved: Path) -> None:
    undo_of(saved).mkdir()
    with pytest.raises(VendorError, match="without the way back nothing was written"):
        disable(Medium(dump, SMALL), saved, yes, quiet)
    assert total(dump) == total(original.path)


def unverified(saved: Path) -> None:
    value = json.loads(manifest_of(saved).read_text())
    manifest_of(saved).write_text(json.dumps(value | {"verified": False, "sha256": None}))


def cut_off(saved: Path) -> None:
    os.truncate(saved, saved.stat().st_size - SECTOR)


def damaged(saved: Path) -> None:
    with saved.open("r+b") as file:
        file.seek(SECTOR * 18_000)
        file.write(b"x")


def gone(saved: Path) -> None:
    saved.unlink()


def without_manifest(saved: Path) -> None:
    manifest_of(saved).unlink()


def strange_manifest(saved: Path) -> None:
    manifest_of(saved).write_text('{"format": "another", "sizes": {}}')


def of_another_charger(saved: Path) -> None:
    other = make_dump(saved.with_name("other.img"), SMALL, seed=1)
    for file in (saved, manifest_of(saved)):
        file.unlink()
    back_up(Medium(other.path, SMALL), saved, quiet)


def of_another_size(saved: Path) -> None:
    value = json.loads(manifest_of(saved).read_text())
    manifest_of(saved).write_text(json.dumps(value | {"sizes": {"disk": 5}}))


SPOILINGS: tuple[tuple[Callable[[Path], None], str], ...] = (
    (unverified, "not verified"),
    (cut_off, "cut off"),
    (damaged, "damaged"),
    (gone, "does not exist"),
    (without_manifest, "is not a backup by"),
    (strange_manifest, "not the manifest"),
    (of_another_charger, "neither the boot header of the backup nor zeros"),
    (of_another_size, "of another eMMC"),
)


@pytest.mark.parametrize(("spoil", "says"), SPOILINGS, ids=[spoil.__name__ for spoil, _ in SPOILINGS])
def test_a_backup_that_cannot_be_trusted_is_refused(
    dump: Path, original: Made, saved: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(saved)
    for action in (disable, restore):
        with pytest.raises(VendorError, match=says):
            action(Medium(dump, SMALL), saved, yes, quiet)
    assert total(dump) == total(original.path)


def test_the_same_headers_with_another_content_are_another_emmc(dump: Path, saved: Path) -> None:
    with dump.open("r+b") as file:
        file.seek(SECTOR * 18_000)
        file.write(b"changed since")
    before = total(dump)
    for action in (disable, restore):
        with pytest.raises(VendorError, match="changed since"):
            action(Medium(dump, SMALL), saved, yes, quiet)
    assert total(dump) == before


def test_the_wrong_letters_write_nothing(dump: Path, original: Made, saved: Path) -> None:
    asked: list[str] = []

    def no(letters: str) -> bool:
        asked.append(letters)
        return False

    for action in (disable, restore):
        with pytest.raises(VendorError, match="not confirmed"):
            action(Medium(dump, SMALL), saved, no, quiet)
    assert asked == [total(saved)[-6:]] * 2 and total(dump) == total(original.path)


def test_a_header_in_the_sector_of_the_partition_table_is_left_alone(dump: Path, tmp_path: Path) -> None:
    """The ROM would still start there, so that clearing the others would help nobody."""
    with dump.open("r+b") as file:
        file.seek(0)
        file.write(b"\x40\0\0\0" + bytes(16) + b"CHSETTINGS")
    back_up(Medium(dump, SMALL), tmp_path / "backup.img", quiet)
    with pytest.raises(VendorError, match="would start the boot loader at sector 0"):
        disable(Medium(dump, SMALL), tmp_path / "backup.img", yes, quiet)


def test_our_own_card_is_refused_for_everything(dump: Path) -> None:
    with dump.open("r+b") as file:
        file.seek(440)
        file.write(b"\x31\x48\x32\x56")
    with pytest.raises(VendorError, match="card of this project"):
        Medium(dump, SMALL)


def test_a_backup_of_another_emmc_is_not_continued(dump: Path, saved: Path) -> None:
    with dump.open("r+b") as file:
        file.truncate(dump.stat().st_size + SECTOR)
    with pytest.raises(VendorError, match="Choose another name"):
        back_up(Medium(dump, SMALL), saved, quiet)


def test_a_foreign_file_is_not_overwritten(dump: Path, tmp_path: Path) -> None:
    target = tmp_path / "photo.jpg"
    target.write_text("mine")
    with pytest.raises(VendorError, match="choose another name"):
        back_up(Medium(dump, SMALL), target, quiet)
    assert target.read_text() == "mine"


def test_a_verified_backup_that_is_not_the_emmc_any_more_is_kept(dump: Path, original: Made, saved: Path) -> None:
    with dump.open("r+b") as file:
        file.seek(SECTOR * 18_000)
        file.write(b"new log")
    with pytest.raises(VendorError, match="under another name"):
        back_up(Medium(dump, SMALL), saved, quiet)
    assert total(saved) == total(original.path) and load_manifest(saved).verified


def test_a_copy_that_differs_is_removed_and_made_anew(dump: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.img"
    backup._begin(Medium(dump, SMALL).about, target)
    part_of(target).write_bytes(b"x" * dump.stat().st_size)
    with pytest.raises(VendorError, match="differs from the eMMC and was removed"):
        back_up(Medium(dump, SMALL), target, quiet)
    assert not load_manifest(target).verified and not target.exists()
    assert back_up(Medium(dump, SMALL), target, quiet).verified and total(target) == total(dump)


def test_what_a_power_cut_has_lost_is_copied_again(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has its length already, and zeros or old blocks where the last unsynced bytes should be."""
    monkeypatch.setattr(backup, "SYNC_BYTES", 2 * CHUNK)
    target, whole = tmp_path / "backup.img", dump.read_bytes()
    backup._begin(Medium(dump, SMALL).about, target)
    written = 6 * CHUNK + 777
    part_of(target).write_bytes(whole[: written - 2 * CHUNK] + b"\xaa" * (2 * CHUNK))
    assert back_up(Medium(dump, SMALL), target, quiet).verified
    assert target.read_bytes() == whole


# Kills.


def killed_after(action: Callable[[], object], seconds: float) -> bool:
    """Run `action` in a child and kill it after so many seconds; returns whether it was still running."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            leave(code)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def measured_s(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def test_a_kill_at_any_moment_leaves_a_state_that_can_go_on(dump: Path, original: Made, tmp_path: Path) -> None:
    target = tmp_path / "backup.img"
    draw = random.Random(7)
    whole = total(original.path)

    def save() -> None:
        back_up(Medium(dump, SMALL), target, quiet)

    def off() -> None:
        disable(Medium(dump, SMALL), target, yes, quiet)

    def on() -> None:
        restore(Medium(dump, SMALL), target, yes, quiet)

    took_s, hits = measured_s(save), 0
    while hits < KILLS_EACH:
        hits += killed_after(save, draw.uniform(0, took_s))
        assert total(dump) == whole
        if not manifest_of(target).exists():
            continue
        if load_manifest(target).verified:
            assert total(target) == whole
            for file in tmp_path.glob("backup.img*"):
                file.unlink()
        else:
            with pytest.raises(VendorError, match="not verified"):
                off()
    save()
    assert total(target) == whole
    for action, finish in ((off, on), (on, off)):
        took_s, hits = measured_s(action), 0
        finish()
        while hits < KILLS_EACH:
            hits += killed_after(action, draw.uniform(0, took_s))
            assert set(differing(dump, original.path)) <= set(HEADERS)
            action()
            assert differing(dump, original.path) == (list(HEADERS) if action is off else [])
            finish()
            assert differing(dump, original.path) == ([] if action is off else list(HEADERS))
    on()
    assert total(dump) == whole


# Disks.


def mmc(sysfs: Path, name: str, kind: str) -> None:
    device = sysfs / "block" / name / "device"
    device.mkdir(parents=True)
    (device / "type").write_text(f"{kind}\n")
    (device / "cid").write_text(f"{CID}\n")
    classes = sysfs / "class" / "block"
    classes.mkdir(parents=True, exist_ok=True)
    (classes / name).symlink_to(sysfs / "block" / name)


def test_the_emmc_is_found_by_its_type_and_not_by_its_name(tmp_path: Path) -> None:
    mmc(tmp_path, "mmcblk0", "SD")
    with pytest.raises(VendorError, match=r"found: mmcblk0 \(SD\)"):
        emmc_of_this_board(tmp_path)
    mmc(tmp_path, "mmcblk1", "MMC")
    (tmp_path / "block" / "mmcblk1boot0").mkdir()
    assert emmc_of_this_board(tmp_path) == Path("/dev/mmcblk1")
    mmc(tmp_path, "mmcblk2", "MMC")
    with pytest.raises(VendorError, match="2 disks of the type eMMC"):
        emmc_of_this_board(tmp_path)


@pytest.fixture
def loop(dump: Path) -> Iterator[Path]:
    """The dump as a disk of the kernel."""
    made = subprocess.run(["losetup", "--find", "--show", dump], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip() or 'not root'}")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def test_a_disk_with_a_cid_goes_round_as_well(loop: Path, original: Made, tmp_path: Path) -> None:
    sysfs, target = tmp_path / "sys", tmp_path / "backup.img"
    mmc(sysfs, loop.name, "MMC")
    medium = Medium(loop, SMALL, sysfs)
    assert (medium.is_disk, medium.kind, medium.about.cid) == (True, "MMC", CID)
    back_up(medium, target, quiet)
    letters: list[str] = []

    def confirm(wanted: str) -> bool:
        letters.append(wanted)
        return True

    disable(medium, target, confirm, quiet)
    assert differing(loop_copy(loop, tmp_path), original.path) == list(HEADERS)
    with loop.open("r+b") as file:  # a bit of the data partition has died since: the way back must stay open
        file.seek(SECTOR * 18_000)
        file.write(b"x")
    assert restore(medium, target, confirm, quiet) == "the boot loader at sector 256"
    assert letters == [CID[-6:]] * 2

    other = tmp_path / "othersys"
    mmc(other, loop.name, "MMC")
    (other / "block" / loop.name / "device" / "cid").write_text("0123")
    for action in (disable, restore):
        with pytest.raises(VendorError, match="another eMMC: its CID is"):
            action(Medium(loop, SMALL, other), target, yes, quiet)
    (sysfs / "block" / loop.name / "device" / "type").write_text("SD")
    with pytest.raises(VendorError, match="of type SD, not an eMMC"):
        disable(Medium(loop, SMALL, sysfs), target, yes, quiet)


def loop_copy(loop: Path, folder: Path) -> Path:
    with loop.open("rb") as disk, (folder / "copy.img").open("wb") as copy:
        shutil.copyfileobj(disk, copy)
    return folder / "copy.img"
