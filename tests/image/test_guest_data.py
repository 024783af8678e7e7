"""The bad days of the data partition on the emulated board: the page answers, says which one it is, and nothing is on.

The day on which most can go wrong is the one that CI has: beyond repair. `make long` (BOARD=long) also runs the other
four, each of which needs a boot or two.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.machine import AT_LENGTH, BOOT_S
from tests.support.truth import rig

PARTITION, NUMBER = "/dev/vda4", 4
OFF = ("--init", "/bin/bash")
"""Only a shell: nothing has mounted the data partition yet."""


def missing(board: Guest) -> None:
    board.out(f"sfdisk --no-reread --no-tell-kernel --delete /dev/vda {NUMBER}; sync")


def without_superblock(board: Guest) -> None:
    board.out(f"dd if=/dev/zero of={PARTITION} bs=4096 count=1 conv=fsync 2>&1")


def full(board: Guest) -> None:
    board.out("fallocate -l $(($(stat -f -c '%a * %S' /data) - 32 * 1024 * 1024)) /data/full", 600)


def stopped(board: Guest) -> None:
    """Marks an error in the file system, as the kernel does when it finds one. It then opens no file any more."""
    board.out("echo v2h-test >/sys/fs/ext4/vda4/trigger_fs_error")


DAYS: dict[str, tuple[str, bool, Callable[[Guest], None]]] = {
    "missing": ("data.missing", True, missing),
    "corrupt": ("data.repaired", True, without_superblock),
    "full": ("log.card_full", False, full),
    "stopped": ("data.stopped", False, stopped),
}
"""Name: the sentence's beginning on the page, whether the damage is done while the board is off, and the damage."""
BEGINS = {
    "data.remade": "The card’s data partition was beyond repair and was made new",
    "data.missing": "The card’s data partition is missing",
    "data.repaired": "The card’s data partition was damaged and was repaired",
    "data.stopped": "The card’s data partition was stopped by an error",
    "data.mended": "The card’s data partition had errors, which were mended",
    "log.card_full": "The card is almost full",
}
REFUSES = {"stopped": "The data partition cannot be written", "full": "There is no room on the card's data partition"}
"""How the page refuses to start an upload: the beginning of its answer. No byte of the update was sent yet."""
UPDATE = {"name": "v2h.raucb", "size_b": 90_000_000, "sha256": "0" * 64}


@pytest.fixture
def board(build: Path, request: pytest.FixtureRequest) -> Iterator[Guest]:
    """A board of its own for each day; "corrupt" needs a card that has grown, which has a second superblock."""
    day = request.node.callspec.params["day"]
    _, off, damage = DAYS[day]
    grown = day in ("corrupt", "full", "stopped")
    with Guest(build / "guest" / "data" / "run", extra=() if grown else OFF) as booted:
        booted.wait_for_shell(BOOT_S)
        if grown:
            booted.wait_for_page(BOOT_S)
            booted.sleep(70)  # a minute's flush of the log, so that there is a file to lose
        if off and grown:
            booted.cut_power()
            booted.switch_on("--keep-card", *OFF)
            booted.wait_for_shell(BOOT_S)
        damage(booted)
        if off:
            booted.out("sync")
            booted.cut_power()
            booted.restore_power(BOOT_S)
        yield booted


def says(board: Guest, code: str) -> None:
    """Wait until the page says it; nothing is energised by the bad day."""
    said: list[str] = []
    for _ in range(15):
        said = [row["text"] for row in json.loads(board.http("/api/v1/state")[1])["view"]["troubles"]]
        if any(text.startswith(BEGINS[code]) for text in said):
            break
        board.sleep(10)
    assert any(text.startswith(BEGINS[code]) for text in said), (said, board.last_words())
    assert rig(board)["outputs"] == []


def may_be_written_and_is_stopped(board: Guest) -> None:
    assert "rw" in board.out("findmnt -no OPTIONS /data").split(",")
    assert json.loads(board.out("cat /data/v2h/stopped.json"))["stopped"] is True


def test_the_page_answers_and_says_that_the_partition_was_beyond_repair(remade: Guest) -> None:
    """The first test of this board: the others go on with it."""
    says(remade, "data.remade")
    may_be_written_and_is_stopped(remade)


@pytest.mark.guest
@pytest.mark.timeout(6 * BOOT_S)
@pytest.mark.xdist_group("data")
@pytest.mark.skipif(not AT_LENGTH, reason="a boot or two each: make long has them, or set BOARD=long")
@pytest.mark.parametrize("day", DAYS)
def test_the_page_answers_and_says_which_bad_day_it_is(board: Guest, day: str) -> None:
    says(board, DAYS[day][0])
    if day == "corrupt":
        may_be_written_and_is_stopped(board)
    if day == "missing":  # there is no place for the owner's password either
        with pytest.raises(AssertionError, match="log-in refused with 403"):
            board.http("/api/v1/update/upload", UPDATE)
        return
    code, text = board.http("/api/v1/update/upload", UPDATE)
    assert code == (409 if day in REFUSES else 200), text
    assert json.loads(text)["text"].startswith(REFUSES.get(day, "0.0 of 90.0 MB")), text
    if day == "stopped":  # as the page advises
        board.cut_power()
        board.restore_power(BOOT_S)
        says(board, "data.mended")
        assert board.out("echo kept >/data/v2h/kept && cat /data/v2h/kept /sys/fs/ext4/vda4/errors_count") == "kept\n0"
