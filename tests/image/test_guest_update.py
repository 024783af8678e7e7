"""The whole way of a signed update on the emulated board: U-Boot has started slot A of a raw card, the owner uploads
and installs a newer version over HTTP, starts again, and U-Boot starts slot B, which keeps everything and is confirmed.
Then the power fails in another upload, and the owner goes back. The board's clock began in 1999, and no signature may
depend on that. The tests are one story, in this order.

The roots are the built image's, byte for byte, but for the version's name in the second (tests/support/nextversion.py).
The card is the one that the other tests of the board have used.
"""

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.machine import AT_LENGTH, BOOT_S
from tests.support.nextversion import next_version
from tests.support.slotcard import COUNTED, COUNTER, SlotCard, started
from tests.support.update_owner import UpdateOwner
from v2h.slots.card import read_active
from v2h.update.pieces import MOST_PIECE_B

at_length = pytest.mark.skipif(not AT_LENGTH, reason="two more boots and uploads: make long, or BOARD=long")
MOMENTS_PCT = (0, 30, 60, 80, 95) if AT_LENGTH else (60,)
"""Of the installation, as RAUC counts it: at the first look behind each, the card is copied as a power cut would leave
it.
Linux sends no flush to an SD card, so what was written so far is there."""
MOST_MEMORY_MB = 60
"""Of RAUC's service; with more, the board with its 512 MB would need another installer."""
SCHEDULE = {
    "version": 1,
    "zone": "UTC",
    "otherwise": "idle",
    "weekly": [{"name": "night", "days": ["mon"], "start": "01:00", "end": "02:00", "mode": "charge", "amps": 6}],
}
KEPT = "cat /data/v2h/settings.json /data/v2h/schedule.json; sha256sum /data/ssh/*; grep -rh scrypt /data/web"


@dataclass
class Story:
    """next: name and bundle of the newer version. kept: what must be there in all versions. event: id of one of the
    log. cut: the card at MOMENTS_PCT of the installation."""

    board: Guest
    next: tuple[str, Path]
    kept: str
    event: int
    cut: list[Path] = field(default_factory=list)

    def copy_card(self, pct: int) -> None:
        if len(self.cut) == len(MOMENTS_PCT) or pct < MOMENTS_PCT[len(self.cut)]:
            return
        self.cut.append(self.board.run_dir.parent / f"cut-{len(self.cut)}.img")
        self.board.halt(True)
        subprocess.run(["cp", "--sparse=always", self.board.run_dir / "card.img", self.cut[-1]], check=True)
        self.board.halt(False)

    def start_again(self) -> None:
        """Waits until shell and page of the start that was ordered answer."""
        self.board.wait_for_shell(2 * BOOT_S)
        self.board.wait_for_page(BOOT_S)

    def roots(self) -> list[int]:
        """The roots that have run since QEMU was started, in order."""
        return started(self.board.console_log.read_text("utf-8", "replace"))

    def active(self) -> int:
        """The slot that U-Boot will start next."""
        return read_active(self.board.run_dir / "card.img")


@pytest.fixture(scope="module")
def story(build: Path, remade: Guest) -> Story:
    """The board after an owner has used it."""
    bundle = next_version(build, remade.run_dir.parent / "next")
    remade.out(
        "mount -o remount,rw /boot/firmware && ssh-keygen -q -t ed25519 -N '' -f /run/key && "
        "cp /run/key.pub /boot/firmware/authorized_keys && mount -o remount,ro /boot/firmware && "
        "systemctl start ssh",
        300,
    )
    owner = Owner(remade)
    owner.press("settings", soc_min_pct=37)
    owner.press("schedule", schedule=SCHEDULE)
    return Story(remade, bundle, remade.out(KEPT), int(owner.events()[-1]["id"]))


def wait_for_news(board: Guest, news: str) -> None:
    board.out(f"for i in $(seq 120); do grep -q '\"{news}\"' /run/v2h-start.json && exit; sleep 5; done; exit 1", 6000)


def test_the_first_start_is_slot_a_as_the_image_is(story: Story) -> None:
    assert story.roots() == [2] and story.active() == 2
    assert story.board.out("findmnt -no SOURCE /") == "/dev/mmcblk0p2"
    assert "37" in story.kept and "night" in story.kept and "ssh_host_ed25519_key" in story.kept


@at_length
def test_a_file_that_is_no_update_is_refused_in_words(story: Story) -> None:
    owner = UpdateOwner(story.board)
    owner.bring("noise.raucb", bytes(range(256)) * 8192)
    known = owner.install()
    assert known["phase"] == "refused" and known["text"].startswith("The file is not a whole update")
    assert story.active() == 2 and story.board.out("ls /data/update") == ""


def test_an_update_is_installed_into_slot_b_and_the_flag_follows(story: Story) -> None:
    board, (name, bundle) = story.board, story.next
    owner, content = UpdateOwner(board), bundle.read_bytes()
    started = time.monotonic()
    owner.bring("v2h.raucb", content)
    uploaded = time.monotonic()
    known = owner.install(story.copy_card)
    said = (
        f"{len(content) / 1e6:.1f} MB, upload {uploaded - started:.0f} s, install {time.monotonic() - uploaded:.0f} s"
    )
    journal = board.out("journalctl --boot -u rauc -u 'v2h-update@*' | tail -n 40", 120)
    assert known["phase"] == "installed", f"{known}\n{journal}"
    peak_kb = board.out("sed -n 's/^VmHWM: *//p' /proc/$(systemctl show -P MainPID rauc.service)/status").split()[0]
    print(f"\n{said}; RAUC took {int(peak_kb) / 1024:.0f} MB")
    assert int(peak_kb) < MOST_MEMORY_MB * 1024
    assert story.active() == 3
    slots = json.loads(board.out("cat /data/system/slot.json"))["slots"]
    assert (slots["3"]["version"], slots["3"]["state"], slots["3"]["confirmed"]) == (name, "good", False)
    assert slots["2"]["confirmed"]
    assert board.out("ls /data/update") == "" and known["version"] != name
    assert board.sh("e2fsck -fn /dev/mmcblk0p3", 600)[0] == 0


def test_a_power_cut_while_it_is_installed_leaves_a_root_that_starts_under_the_flag(story: Story) -> None:
    story.board.halt(True)
    assert len(story.cut) >= (3 if AT_LENGTH else 1)
    for number, copy in enumerate(story.cut):
        active = read_active(copy)
        with SlotCard(story.board.run_dir.parent / f"cut-{number}", card=copy) as card:
            card.switch_on()
            assert card.roots(1, BOOT_S) == [active]
        print(f"\ncut {number}: slot {active}")
    story.board.halt(False)


def test_the_owner_starts_it_again_and_slot_b_runs_with_all_that_was_kept(story: Story) -> None:
    board = story.board
    UpdateOwner(board).restart()
    story.start_again()
    assert story.roots() == [2, 3]
    assert board.out("findmnt -no SOURCE /") == "/dev/mmcblk0p3"
    assert UpdateOwner(board).known()["version"] == story.next[0]
    assert board.out(KEPT) == story.kept
    assert board.out("systemctl is-active ssh.service") == "active"
    assert story.event in [int(event["id"]) for event in Owner(board).events()]
    assert board.out("systemctl --failed --no-legend --plain") == ""


def test_the_new_version_is_confirmed_and_the_log_says_so(story: Story) -> None:
    wait_for_news(story.board, "in_force")
    story.board.sleep(65)  # datalog looks once a minute
    slots = json.loads(story.board.out("cat /data/system/slot.json"))["slots"]
    assert slots["3"]["confirmed"] and slots["3"]["version"] == story.next[0] and slots["2"]["state"] == "good"
    assert "version-in-force" in [event["code"] for event in Owner(story.board).events()]
    assert story.board.word(COUNTER) >> 16 != COUNTED, "U-Boot's counter has been set back"


@at_length
def test_after_a_power_cut_in_an_upload_the_confirmed_version_starts_and_the_pieces_are_gone(story: Story) -> None:
    board = story.board
    UpdateOwner(board).bring("v2h.raucb", story.next[1].read_bytes(), end_b=MOST_PIECE_B * 20)
    assert "v2h.raucb.part" in board.out("sync; ls /data/update")
    board.cut_power()
    board.restore_power(2 * BOOT_S, "--u-boot")
    assert story.roots() == [3] and story.active() == 3
    assert UpdateOwner(board).known()["upload"] is None and board.out("ls /data/update") == ""
    assert UpdateOwner(board).known()["version"] == story.next[0] and board.out(KEPT) == story.kept


@at_length
def test_the_owner_goes_back_to_the_version_of_before(story: Story) -> None:
    owner = UpdateOwner(story.board)
    other = owner.known()["other"]
    assert other["back"] and other["version"] == story.next[0].removesuffix("-next") and not other["unread"]
    owner.back()
    story.start_again()
    assert story.roots() == [3, 2] and story.active() == 2
    assert UpdateOwner(story.board).known()["version"] == other["version"] and story.board.out(KEPT) == story.kept
