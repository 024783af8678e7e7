"""U-Boot itself, in the emulated board: which root it starts, with the card's own environment, flag and files.

It is Debian's U-Boot source, built for the board that QEMU emulates (scripts/u-boot-emulation), so what the card's MLO
and the clock registers of the real SoC do is not covered. CI runs the starts that end before or with the kernel's first
lines: a few seconds each. U_BOOT=all also runs those in which user space starts.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.machine import BOOT_S
from tests.support.slotcard import BAD_ENVIRONMENT, COUNTED, COUNTER, ROOTS, STARTED, SlotCard, started
from v2h.slots.state import Condition, Slot

pytestmark = [pytest.mark.guest, pytest.mark.timeout(3 * BOOT_S), pytest.mark.xdist_group("u-boot")]
long = pytest.mark.skipif(os.environ.get("U_BOOT") != "all", reason="minutes for each start: U_BOOT=all")
START_S = 300.0
"""For one start that ends in U-Boot; it takes 7 s on an idle machine."""


@pytest.fixture
def slots(build: Path, request: pytest.FixtureRequest) -> Iterator[SlotCard]:
    with SlotCard(build / "guest" / "u-boot" / "run", getattr(request, "param", "")) as card:
        yield card


@pytest.mark.parametrize("active", ROOTS)
def test_the_root_under_the_active_flag_starts(slots: SlotCard, active: int) -> None:
    slots.activate(active)
    slots.switch_on()
    assert slots.roots(1, START_S) == [active]


def test_an_active_slot_that_is_empty_ends_in_the_other_root(slots: SlotCard) -> None:
    slots.empty(3)
    slots.activate(3)
    slots.switch_on()
    assert slots.roots(1, 4 * START_S) == [2]
    assert slots.resets() == 3, "three tries of the empty one, each ended by a reset"


def test_two_bad_slots_are_tried_in_turn_and_never_end_at_a_prompt(slots: SlotCard) -> None:
    for root in ROOTS:
        slots.damage_kernel(root)
    slots.activate(2)
    slots.switch_on()
    tries = slots.tries(7, 8 * START_S)
    assert [start[0] for start in tries] == [2, 2, 2, 3, 3, 3, 2]
    assert tries == [[2]] * 3 + [[3, 2]] * 3 + [[2]], "what cannot be loaded leaves the active root a try in that start"
    assert slots.prompts() == 0


@long
def test_a_root_whose_init_dies_is_given_up_after_three_tries(slots: SlotCard) -> None:
    slots.add_words(3, "init=/bin/false")
    slots.activate(3)
    slots.switch_on()
    assert slots.roots(4, 4 * BOOT_S) == [3, 3, 3, 2]


@long
def test_without_its_environment_u_boot_starts_the_active_root_and_the_page_says_that_it_cannot_go_back(
    slots: SlotCard,
) -> None:
    slots.lose_environment()
    slots.activate(3)
    with Guest(slots.folder, extra=("--u-boot",), made_card=True) as board:
        board.wait_for_shell(2 * BOOT_S)
        board.wait_for_page(BOOT_S)
        assert started(slots.console()) == [3]
        assert len(BAD_ENVIRONMENT.findall(slots.console())) == 1
        board.out("for i in $(seq 60); do test -e /run/v2h-start.json && exit; sleep 5; done; exit 1", 6000)
        board.sleep(65)  # datalog looks once a minute
        troubles = [row["text"] for row in json.loads(board.http("/api/v1/state")[1])["view"]["troubles"]]
    assert sum("uboot.env on the card is damaged" in text for text in troubles) == 1, troubles


@long
@pytest.mark.timeout(8 * BOOT_S)
@pytest.mark.parametrize("slots", ["v2h.confirm_s=20"], indirect=True)
def test_five_restarts_of_a_confirmed_version_stay_in_its_slot(slots: SlotCard) -> None:
    """In slot B, because a U-Boot that goes back starts slot A. The first start confirms the version, and sets U-Boot's
    counter to zero as each later one does. The restarts are an owner's, of a system that runs."""
    slots.activate(3)
    with Guest(slots.folder, extra=("--u-boot",), made_card=True) as board:
        for restarts in range(6):
            board.pass_over(STARTED.pattern, BOOT_S)
            assert board.word(COUNTER) == COUNTED << 16 | 1, f"after {restarts} restarts the starts add up"
            assert (started(slots.console()), slots.active()) == ([3] * (restarts + 1), 3)
            if restarts == 5:
                break
            board.wait_for_shell(2 * BOOT_S)
            # The file gets the time of the confirmation, and 0 before.
            board.out("until grep -q '\"t\": [1-9]' /run/v2h-start.json; do sleep 5; done", BOOT_S)
            assert board.word(COUNTER) >> 16 != COUNTED, "a confirmed start has not set the counter back"
            assert json.loads(board.out("cat /data/system/slot.json"))["slots"]["3"]["confirmed"]
            board.out("(sleep 2; systemctl reboot) &")


@long
@pytest.mark.parametrize("slots", ["v2h.confirm_s=20"], indirect=True)
def test_after_a_fallback_the_flag_moves_and_the_page_says_why(slots: SlotCard) -> None:
    slots.damage_kernel(3)
    slots.activate(3)
    with Guest(slots.folder, extra=("--u-boot",), made_card=True) as board:
        board.wait_for_shell(2 * BOOT_S)
        board.wait_for_page(BOOT_S)
        board.out("for i in $(seq 60); do grep -q thrown_back /run/v2h-start.json && exit; sleep 5; done; exit 1", 6000)
        board.sleep(65)  # datalog looks once a minute
        known = json.loads(board.out("cat /data/system/slot.json"))["slots"]
        troubles = [row["text"] for row in json.loads(board.http("/api/v1/state")[1])["view"]["troubles"]]
    assert (known["2"]["state"], known["3"]["state"], known["3"]["why"]) == ("good", "bad", "not_started")
    assert slots.active() == 2
    assert any("did not start in three tries" in text for text in troubles), troubles


@long
@pytest.mark.timeout(6 * BOOT_S)
@pytest.mark.parametrize("slots", ["v2h.confirm_s=20 v2h.give_up_s=90"], indirect=True)
def test_a_new_version_with_a_dead_page_is_given_up_after_three_starts(slots: SlotCard, build: Path) -> None:
    version = json.loads((build / "manifest.json").read_text())["version"]
    proven = Slot(version, Condition.GOOD, confirmed=True)
    slots.remember({2: proven, 3: Slot(version, Condition.GOOD)})
    slots.write_file(3, "/etc/supervisor/conf.d/web.conf", "[program:web]\ncommand=/usr/bin/sleep infinity\n")
    slots.activate(3)
    with Guest(slots.folder, extra=("--u-boot",), made_card=True) as board:
        board.pass_over("Kernel command line: root=PARTUUID=56324831-02", 5 * BOOT_S)
        board.wait_for_shell(2 * BOOT_S)
        board.wait_for_page(BOOT_S)
        board.out("for i in $(seq 60); do grep -q thrown_back /run/v2h-start.json && exit; sleep 5; done; exit 1", 6000)
        assert started(slots.console()) == [3, 3, 3, 2]
        known = json.loads(board.out("cat /data/system/slot.json"))["slots"]
    assert (known["2"]["state"], known["3"]["state"], known["3"]["why"]) == ("good", "bad", "page")
    assert slots.active() == 2
