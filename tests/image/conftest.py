"""Fixtures of the image tests: the built image as a file, its device trees, and two boards that boot it.

A boot takes minutes, so the tests share the boards, one for each of two processes (`-n 2 --dist loadgroup`): `guest`
has a card as it was flashed; the data partition of `remade` was beyond repair. A test that needs a board in a state of
its own boots a third.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.powercuts.recording import prepare
from tests.support.boardday import Day, whole_day
from tests.support.card import Card, Fat, Partition, Root
from tests.support.guest import Guest, GuestError
from tests.support.machine import AT_LENGTH, BOOT_S
from v2h.vendor.devicetree import Tree, parse

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build"
SCORED_S = 180 if AT_LENGTH else 120
"""The load's one step in that time is in the first minute."""
CONFIRM_S = 20
LAST = "test_guest_update.py"
"""Its tests leave the board with another version."""

running = pytest.StashKey[dict[str, Guest]]()


def board_of(item: pytest.Item) -> str:
    """The name of the shared board that a test uses, or ""."""
    return next((name for name in ("remade", "guest") if name in getattr(item, "fixturenames", ())), "")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses a board may have to wait for its start, and its actions take the emulator's time. The tests of a
    board stay in one process."""
    items.sort(key=lambda item: item.path.name == LAST)
    for item in items:
        if item.path.is_relative_to(HERE) and (name := board_of(item)):
            item.add_marker(pytest.mark.guest)
            item.add_marker(pytest.mark.timeout(3 * BOOT_S))
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(tryfirst=True)  # before the fixtures of the test
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A board that this test does not use stands still, because it would take a processor."""
    for name, board in item.config.stash.get(running, {}).items():
        if board.qemu.poll() is None:
            board.halt(name != board_of(item))


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder build/, which must contain an image."""
    if not (BUILD / "v2h.img").exists():
        pytest.fail("no build/v2h.img: run make image first")
    return BUILD


@pytest.fixture(scope="session")
def card(build: Path) -> Card:
    return Card(build / "v2h.img")


@pytest.fixture(scope="session")
def firmware(card: Card) -> Fat:
    return Fat(card, card.partitions()[0])


@pytest.fixture(scope="session")
def root(card: Card) -> Root:
    return Root(card, card.partitions()[1])


@pytest.fixture(scope="session")
def board_tree(root: Root) -> Tree:
    """The device tree that the card boots with."""
    return parse(root.read("/boot/am335x-bonegreen-v2h.dtb"))


@pytest.fixture(scope="session")
def emulated_tree(build: Path) -> Tree:
    """The device tree of the emulated board."""
    return parse((build / "emulation" / "vexpress-v2h.dtb").read_bytes())


def booted(board: Guest) -> Guest:
    """The board when its page answers and its shell is open."""
    try:
        board.wait_for_shell(BOOT_S)
        board.wait_for_page(BOOT_S)
    except GuestError as error:
        pytest.fail(f"{error}\nthe console's last words:\n{board.last_words()}", pytrace=False)
    return board


@contextmanager
def shared(board: Guest, name: str, config: pytest.Config) -> Iterator[Guest]:
    boards = config.stash.setdefault(running, {})
    with board:
        boards[name] = board
        try:
            yield board
        finally:
            del boards[name]


def folder(build: Path, name: str) -> Path:
    return build / "guest" / os.environ.get("PYTEST_XDIST_WORKER", "alone") / name


@pytest.fixture(scope="session")
def guest(build: Path, pytestconfig: pytest.Config) -> Iterator[Guest]:
    """The image, booted once for the whole session. Its clock starts in the past, as that of the board, which has no
    battery. Its writes to the card are logged for `day`."""
    place = folder(build, "guest")
    words = "--clock", "1999-01-01", *prepare(place)
    with shared(Guest(place / "run", extra=words), "guest", pytestconfig) as board:
        yield booted(board)


@pytest.fixture(scope="session")
def remade(build: Path, pytestconfig: pytest.Config) -> Iterator[Guest]:
    """The image, started by U-Boot, once for the whole session, with a data partition that was beyond repair: no trace
    of a file system is left. test_guest_data.py looks at what the board makes of it. Its last tests install an update
    and start that (test_guest_update.py), which is in force after CONFIRM_S in place of the 300 s of a charger."""
    place, words = folder(build, "remade") / "run", ("--u-boot", "--clock", "1999-01-01")
    # The data partition is made anew, for which QEMU's SD card overwrites it whole: 14 MB/s.
    made = Guest(place, extra=(*words, "--words", f"v2h.confirm_s={CONFIRM_S}", "--card-gb", "2"))
    with shared(made, "remade", pytestconfig) as board:
        board.cut_power()  # in the first second: the card is made, and the board has not come to it
        wipe(place / "card.img", Card(build / "v2h.img").partitions()[3])
        board.switch_on("--keep-card", *words)
        yield booted(board)


def wipe(card: Path, partition: Partition) -> None:
    """Write zeros over the whole partition of a card that no board has used, so the partition has not grown."""
    hole = "--punch-hole", "--offset", str(partition.start), "--length", str(partition.size)
    subprocess.run(["fallocate", *hole, card], check=True)


@pytest.fixture(scope="session")
def day(guest: Guest) -> Day:
    """A whole session. Beside the guest's folder there is the recording of the card from the board's start on."""
    return whole_day(guest, SCORED_S)
