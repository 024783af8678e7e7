"""QEMU is killed at five moments while an update is installed, as the power fails: each time U-Boot starts the root
under the flag, which is the one of before, and the owner installs again. At last the installation goes on to its end,
and the new version is confirmed after the five minutes of a charger. The board's clock is in 2099, and no signature may
depend on that: each start begins with the last time of the one before. The tests are one story, in this order.

tests/powercuts cuts a recording of one installation at hundreds of moments; here nothing is rebuilt.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.machine import AT_LENGTH, BOOT_S
from tests.support.nextversion import next_version
from tests.support.slotcard import started
from tests.support.update_owner import UpdateOwner
from v2h.slots.card import read_active

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(8 * BOOT_S),
    pytest.mark.xdist_group("install killed"),
    pytest.mark.skipif(not AT_LENGTH, reason="seven starts and six uploads, an hour: make long, or BOARD=long"),
]
MOMENTS_PCT = (0, 30, 60, 80, 95)
"""Of the installation, as RAUC counts it: QEMU is killed at the first look behind each."""
CONFIRM_S = 300
CONFIRMED = "for i in $(seq 240); do {test} && exit; sleep 5; done; exit 1"


class PowerFailedError(Exception):
    """The power has failed in the middle of an installation."""


@dataclass
class Story:
    """bundle: of the version `name`."""

    board: Guest
    name: str
    bundle: bytes = field(repr=False)

    def upload(self) -> UpdateOwner:
        owner = UpdateOwner(self.board)
        owner.bring("v2h.raucb", self.bundle)
        return owner

    def slots(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(self.board.out("cat /data/system/slot.json"))["slots"]
        return found

    def wait_until(self, test: str) -> None:
        self.board.out(CONFIRMED.format(test=test), 12_000)

    def active(self) -> int:
        """By sector 0 of the card. Raises MbrError unless exactly one slot is active."""
        return read_active(self.board.run_dir / "card.img")

    def roots(self) -> list[int]:
        """The roots that have run since QEMU was started."""
        return started(self.board.console_log.read_text("utf-8", "replace"))


@pytest.fixture(scope="module")
def story(build: Path) -> Iterator[Story]:
    folder = build / "guest" / "killed"
    name, bundle = next_version(build, folder / "next")
    with Guest(folder / "run", extra=("--u-boot", "--clock", "2099-01-01")) as board:
        board.wait_for_shell(2 * BOOT_S)
        board.wait_for_page(BOOT_S)
        told = Story(board, name, bundle.read_bytes())
        told.wait_until("grep -q confirmed.*true /data/system/slot.json")
        Owner(board).press("settings", soc_min_pct=37)
        yield told


@pytest.mark.parametrize("moment_pct", MOMENTS_PCT)
def test_a_killed_installation_leaves_the_root_that_ran(story: Story, moment_pct: int) -> None:
    board, owner = story.board, story.upload()

    def kill(pct: int) -> None:
        if pct >= moment_pct:
            board.cut_power()
            raise PowerFailedError(pct)

    with pytest.raises(PowerFailedError) as killed:
        owner.install(kill)
    assert story.active() == 2
    board.restore_power(2 * BOOT_S, "--u-boot")
    assert story.roots() == [2] and story.active() == 2
    slots, known = story.slots(), UpdateOwner(board).known()
    print(f"\nkilled at {killed.value} %: slot A runs, slot B is {slots.get('3', {}).get('state', 'not known')}")
    assert slots["2"]["confirmed"] and slots.get("3", {}).get("state") != "good"
    assert known["version"] == story.name.removesuffix("-next") and not known["other"]["back"]
    assert "37" in board.out("cat /data/v2h/settings.json") and board.out("ls /data/update") == ""


def test_the_next_installation_goes_on_to_its_end(story: Story) -> None:
    owner = story.upload()
    known = owner.install()
    assert known["phase"] == "installed", known
    assert story.active() == 3 and story.slots()["3"]["state"] == "good"
    assert story.board.sh("e2fsck -fn /dev/mmcblk0p3", 600)[0] == 0


def test_the_new_version_is_confirmed_after_five_minutes(story: Story) -> None:
    board = story.board
    UpdateOwner(board).restart()
    board.wait_for_shell(2 * BOOT_S)
    board.wait_for_page(BOOT_S)
    assert story.roots()[-1] == 3 and not story.slots()["3"]["confirmed"]
    began = time.monotonic()
    story.wait_until("grep -q '\"in_force\"' /run/v2h-start.json")
    up_s = float(board.out("cut -d' ' -f1 /proc/uptime"))
    print(f"\nconfirmed before {up_s:.0f} s of the board's time, {time.monotonic() - began:.0f} s of this machine's")
    assert up_s > CONFIRM_S
    assert story.slots()["3"]["confirmed"] and "37" in board.out("cat /data/v2h/settings.json")
    assert UpdateOwner(board).known()["version"] == story.name
