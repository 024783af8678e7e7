"""Fixtures of the image tests: the built image as a file, its device trees, and the one guest that boots it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.card import Card, Fat, Root
from tests.support.guest import Guest, GuestError
from tests.support.machine import BOOT_S
from v2h.vendor.devicetree import Tree, parse

BUILD = Path(__file__).resolve().parents[2] / "build"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the guest may have to wait for its start, and its actions take the emulator's time."""
    for item in items:
        if "guest" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.guest)
            item.add_marker(pytest.mark.timeout(3 * BOOT_S))


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


@pytest.fixture(scope="session")
def guest(build: Path) -> Iterator[Guest]:
    """The image, booted once for the whole session (of each worker); its page answers and its shell is open. Its clock
    starts in the past, as that of the board, which has no battery."""
    folder = build / "guest" / os.environ.get("PYTEST_XDIST_WORKER", "alone") / "run"
    with Guest(folder, extra=("--clock", "1999-01-01")) as booted:
        try:
            booted.wait_for_shell(BOOT_S)
            booted.wait_for_page(BOOT_S)
        except GuestError as error:
            pytest.fail(f"{error}\nthe console's last words:\n{booted.last_words()}", pytrace=False)
        yield booted
