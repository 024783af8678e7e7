"""The bad days of the data partition, each with its sentence for the owner in both languages."""

from pathlib import Path

import pytest

from tests.support.ext4sysfs import make_ext4_sysfs
from v2h.bus.sentences import in_language, say
from v2h.datalog.partition import Partition, look, past, trouble
from v2h.runtime.disk_space import FREE_BYTES
from v2h.web.german.language import GERMAN

ROOMY = FREE_BYTES * 10.0
SAVED = ("site/v2h-toml.json", "v2h/schedule.json", "v2h/settings.json", "web/owner.json")


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (Partition(True, True, ROOMY), None),
        (Partition(True, True, ROOMY, ("ok",)), None),
        (Partition(True, True, ROOMY, ()), None),
        (Partition(False, False, None), "data.missing"),
        (Partition(False, False, ROOMY, ("ok",)), "data.missing"),
        (Partition(False, False, ROOMY, ("broken",)), "data.broken"),
        (Partition(True, False, ROOMY, ("ok",)), "data.stopped"),
        (Partition(True, False, ROOMY, ("mended",)), "data.stopped"),
        (Partition(True, True, FREE_BYTES - 1.0, ("ok",)), "log.card_full"),
        (Partition(True, True, FREE_BYTES - 1.0, ("mended",)), "log.card_full"),
        (Partition(True, True, ROOMY, ("mended",)), "data.mended"),
        (Partition(True, True, ROOMY, ("repaired", *SAVED)), "data.repaired"),
        (Partition(True, True, ROOMY, ("remade", *SAVED)), "data.remade"),
        (Partition(True, True, ROOMY, ("a word of a newer version",)), None),
    ],
)
def test_each_bad_day_has_its_sentence(seen: Partition, sentence: str | None) -> None:
    said = trouble(seen)
    assert (said and said.id) == sentence
    if said is not None:
        assert any(word in said for word in ("lash a new", "lash a larger")), "it says what to do"
        german = in_language(said, GERMAN)
        assert german != said and "Karte" in german


def test_a_log_that_is_not_written_comes_after_its_cause_and_before_a_full_card() -> None:
    unwritten = say("log.unwritten", error="disk full")
    assert trouble(Partition(True, True, ROOMY), unwritten) is unwritten
    assert trouble(Partition(True, True, 0.0), unwritten) is unwritten
    for seen in (Partition(False, False, None), Partition(True, False, ROOMY)):
        assert trouble(seen, unwritten) == trouble(seen)


@pytest.mark.parametrize(
    ("saved", "text"),
    [
        (SAVED, "Saved from it: the settings, the schedule, password and tokens."),
        (("v2h/schedule.json", "v2h/meters/mine.toml"), "Saved from it: the schedule."),
        (("ssh/key",), "Nothing could be saved from it: restore your backup."),
        ((), "Nothing could be saved from it: restore your backup."),
    ],
)
def test_a_new_partition_says_what_was_saved(saved: tuple[str, ...], text: str) -> None:
    said = past(Partition(True, True, ROOMY, ("remade", *saved)))
    assert said is not None and text in said


def test_a_folder_on_the_root_file_system_is_no_partition(tmp_path: Path) -> None:
    """/dev/shm is another file system than /tmp on no machine for sure, but /proc is one on each."""
    nothing = tmp_path / "no check"
    here = look(tmp_path, tmp_path, root=tmp_path, checked=nothing)
    assert (here.mounted, here.checked) == (False, ()) and here.free_bytes is not None
    assert look(Path("/proc"), tmp_path, root=tmp_path, checked=nothing).mounted
    assert look(tmp_path / "gone", tmp_path, checked=nothing) == Partition(False, True, None)


def test_what_the_check_left_is_read(tmp_path: Path) -> None:
    (tmp_path / "check").write_text("remade\nv2h/settings.json\n")
    seen = look(Path("/proc"), tmp_path, root=tmp_path, checked=tmp_path / "check")
    assert seen.checked == ("remade", "v2h/settings.json")
    (tmp_path / "check").write_bytes(b"\xff\n")
    assert look(Path("/proc"), tmp_path, checked=tmp_path / "check").checked == ()


def test_a_read_only_file_system_is_seen() -> None:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    read_only = [mount[1] for mount in mounts if "ro" in mount[3].split(",") and Path(mount[1]).is_dir()]
    if not read_only:
        pytest.skip("no file system here is read-only")
    assert not look(Path(read_only[0]), Path("/tmp"), root=Path("/proc")).writable


def test_a_file_system_that_met_an_error_is_seen(tmp_path: Path) -> None:
    sysfs = make_ext4_sysfs(tmp_path / "sys", tmp_path, "1\n")
    assert not look(tmp_path, tmp_path, root=Path("/proc"), sysfs=sysfs).writable


def test_on_a_desk_a_folder_takes_the_place_of_the_partition(tmp_path: Path) -> None:
    seen = look(None, tmp_path)
    assert (seen.mounted, seen.writable, seen.checked) == (True, True, ()) and seen.free_bytes is not None
    assert look(None, tmp_path / "gone") == Partition(True, True, None, seen.checked)
