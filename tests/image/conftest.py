"""What the image tests share: the built image as a file, its device trees, and the one guest that boots it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from card import Card, Fat, Root
from dtb import Tree, parse
from guest import Guest

BUILD = Path(__file__).resolve().parents[2] / "build"


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder build/, with an image in it."""
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
    """The image, booted once for the whole session, its page answering and its shell open."""
    with Guest(build / "guest", cpus=2) as booted:
        booted.wait_for_shell()
        booted.wait_for_page()
        yield booted
