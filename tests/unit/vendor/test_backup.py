"""Backup, disable, restore: the round trip, and every refusal."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.vendordump import HEADERS, SMALL, U_BOOT_SECTOR, Made, differing, make_dump, quiet, total, yes
from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.rom import chosen
from v2h.vendor.shell import backup
from v2h.vendor.shell.backup import back_up, load_manifest, manifest_of, part_of
from v2h.vendor.shell.bootarea import disable, restore, undo_of
from v2h.vendor.shell.medium import CHUNK, Medium


def test_backup_disable_restore_is_a_round_trip(dump: Path, original: Made, saved: Path) -> None:
    assert load_manifest(saved).verified and total(saved) == total(original.path)
    assert disable(Medium(dump, SMALL), saved, yes, quiet) == HEADERS
    assert differing(dump, original.path) == list(HEADERS)
    assert len(HEADERS) * SECTOR <= 1536 and U_BOOT_SECTOR not in HEADERS
    card = Medium(original.path, SMALL).read
    assert chosen(card, card) == "eMMC" and chosen(Medium(dump, SMALL).read, card) == "SD"
    assert restore(Medium(dump, SMALL), saved, yes, quiet) == "the boot loader at sector 256"
    assert total(dump) == total(original.path)


@pytest.mark.slow
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
    assert f"v2h vendor restore {saved.name}" in words and total(original.path) in words
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_copy_that_differs_is_removed_and_made_anew(dump: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.img"
    backup._begin(Medium(dump, SMALL).about, target)
    part_of(target).write_bytes(b"x" * dump.stat().st_size)
    with pytest.raises(VendorError, match="differs from the eMMC and was removed"):
        back_up(Medium(dump, SMALL), target, quiet)
    assert not load_manifest(target).verified and not target.exists()
    assert back_up(Medium(dump, SMALL), target, quiet).verified and total(target) == total(dump)
    assert target.stat().st_mode & 0o777 == 0o600, "the vendor's settings may hold secrets"


def test_what_a_power_cut_has_lost_is_copied_again(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has its length already, and zeros or old blocks where the last unsynced bytes should be."""
    monkeypatch.setattr(backup, "SYNC_BYTES", 2 * CHUNK)
    target, whole = tmp_path / "backup.img", dump.read_bytes()
    backup._begin(Medium(dump, SMALL).about, target)
    written = 6 * CHUNK + 777
    part_of(target).write_bytes(whole[: written - 2 * CHUNK] + b"\xaa" * (2 * CHUNK))
    assert back_up(Medium(dump, SMALL), target, quiet).verified
    assert target.read_bytes() == whole
