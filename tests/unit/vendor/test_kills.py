"""SIGKILL at random moments of backup, disable and restore: every state that it leaves can go on, and no header is ever
half written or cleared without a way back."""

import bisect
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from tests.support.vendordump import HEADERS, TINY, Made, differing, make_boot_area, quiet, total, yes
from v2h.runtime.forked import leave
from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.shell import backup
from v2h.vendor.shell.backup import back_up, file_of, load_manifest, manifest_of, part_of
from v2h.vendor.shell.bootarea import disable, restore, undo_of
from v2h.vendor.shell.medium import CHUNK, Medium

KILLS = 20
"""Of each command."""
Armed = Callable[[Callable[[], None]], object]
"""A command that calls its argument where the kill may come from."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = make_boot_area(tmp_path_factory.mktemp("tiny") / "emmc.img", TINY, random.Random(1))
    back_up(Medium(made.path, TINY), made.path.with_name("backup.img"), quiet)
    return made


@pytest.fixture(scope="module")
def first_backup(original: Made) -> Path:
    return original.path.with_name("backup.img")


class Calls:
    """Counts the calls into C (write, fsync, rename and all others) from arm() on, and kills this process before call
    number `last`; 0: never."""

    def __init__(self, last: int = 0) -> None:
        self.count, self.last = 0, last

    def arm(self) -> None:
        sys.setprofile(self._called)

    def _called(self, _frame: FrameType, event: str, _arg: object) -> None:
        self.count += event == "c_call"
        if event == "c_call" and self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def counted(command: Armed) -> int:
    """How many calls into C the whole command makes."""
    calls = Calls()
    try:
        command(calls.arm)
    finally:
        sys.setprofile(None)
    return calls.count


def killed_at(command: Armed, call: int) -> bool:
    """Run the command in a child process that is killed before this call; returns whether the kill met it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            command(Calls(call).arm)
            code = 0
        finally:
            leave(code)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def moments(written_at: Callable[[int], int], calls: int, draw: random.Random) -> list[int]:
    """KILLS calls to be killed at: the last one before a sector is written, the first between the two, the first after
    both, and random ones. written_at(call): how many sectors are written when the kill comes at this call."""
    every = range(1, calls + 1)
    between, after = (every[bisect.bisect_left(every, count, key=written_at)] for count in (1, 2))
    return [between - 1, between, after, *(draw.randint(1, calls) for _ in range(KILLS - 3))]


def confirmed(arm: Callable[[], None]) -> Callable[[str], bool]:
    """The owner types the letters; from then on the command writes."""

    def confirm(_: str) -> bool:
        arm()
        return True

    return confirm


def undone_by_hand(dump: Path, saved: Path) -> Path:
    """A copy of the dump after the dd commands of the undo."""
    copy = Path(shutil.copy(dump, dump.with_name("by-hand.img")))
    for line in undo_of(saved).read_text().splitlines():
        if line.strip().startswith("dd "):
            subprocess.run(line.replace("DEVICE", str(copy)).split(), cwd=saved.parent, check=True, capture_output=True)
    return copy


@pytest.mark.slow
def test_a_killed_backup_is_never_taken_for_a_verified_one_and_goes_on(
    dump: Path, original: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "SYNC_BYTES", CHUNK)
    target, draw, whole = tmp_path / "backup.img", random.Random(7), total(original.path)

    def save(arm: Callable[[], None]) -> None:
        arm()
        back_up(Medium(dump, TINY), target, quiet)

    calls, met = counted(save), 0
    while met < KILLS:
        if manifest_of(target).exists() and load_manifest(target).verified:
            assert total(target) == whole
            for file in tmp_path.glob("backup.img*"):
                file.unlink()
        met += killed_at(save, draw.randint(1, calls))
        assert total(dump) == whole
        if manifest_of(target).exists() and not load_manifest(target).verified:
            for action in (disable, restore):
                with pytest.raises(VendorError, match="not verified"):
                    action(Medium(dump, TINY), target, yes, quiet)
    assert back_up(Medium(dump, TINY), target, quiet).verified
    assert total(target) == whole and not part_of(file_of(target, "disk")).exists()


@pytest.mark.slow
def test_a_killed_disable_always_leaves_whole_headers_and_a_way_back(dump: Path, original: Made, saved: Path) -> None:
    draw, met = random.Random(11), set()

    def off(arm: Callable[[], None]) -> None:
        disable(Medium(dump, TINY), saved, confirmed(arm), quiet)

    def cleared_at(call: int) -> int:
        shutil.copy(original.path, dump)
        undo_of(saved).unlink(missing_ok=True)
        assert killed_at(off, call)
        return len(differing(dump, original.path))

    for call in moments(cleared_at, counted(off), draw):
        cleared_at(call)
        cleared = differing(dump, original.path)
        met.add(len(cleared))
        content = dump.read_bytes()
        assert set(cleared) <= set(HEADERS)
        assert all(content[number * SECTOR :][:SECTOR] == bytes(SECTOR) for number in cleared)
        if cleared:
            assert total(undone_by_hand(dump, saved)) == total(original.path)
        disable(Medium(dump, TINY), saved, yes, quiet)
        assert differing(dump, original.path) == list(HEADERS)
        restore(Medium(dump, TINY), saved, yes, quiet)
        assert total(dump) == total(original.path)
    assert met == {0, 1, 2}, "the kills came before, between and after the two sectors"


@pytest.mark.slow
def test_a_killed_restore_goes_on_or_back(dump: Path, original: Made, saved: Path) -> None:
    draw, met = random.Random(13), set()
    disable(Medium(dump, TINY), saved, yes, quiet)
    disabled = Path(shutil.copy(dump, dump.with_name("disabled.img")))

    def on(arm: Callable[[], None]) -> None:
        restore(Medium(dump, TINY), saved, confirmed(arm), quiet)

    def restored_at(call: int) -> int:
        shutil.copy(disabled, dump)
        assert killed_at(on, call)
        return len(differing(dump, disabled))

    for call in moments(restored_at, counted(on), draw):
        restored_at(call)
        back = differing(dump, disabled)
        met.add(len(back))
        assert set(back) <= set(HEADERS) and set(back) | set(differing(dump, original.path)) == set(HEADERS)
        assert total(undone_by_hand(dump, saved)) == total(original.path)
        restore(Medium(dump, TINY), saved, yes, quiet)
        assert total(dump) == total(original.path)
    assert met == {0, 1, 2}, "the kills came before, between and after the two sectors"


@pytest.mark.parametrize("action", [disable, restore])
@pytest.mark.parametrize("bytes_left", [1, 24, 100])
def test_a_header_that_a_power_cut_has_written_in_part_is_no_dead_end(
    dump: Path, original: Made, saved: Path, action: Callable[..., object], bytes_left: int
) -> None:
    with dump.open("r+b") as file:
        file.seek(HEADERS[0] * SECTOR + bytes_left)
        file.write(bytes(SECTOR - bytes_left))
    action(Medium(dump, TINY), saved, yes, quiet)
    assert differing(dump, original.path) == (list(HEADERS) if action is disable else [])
    restore(Medium(dump, TINY), saved, yes, quiet)
    assert total(dump) == total(original.path)
