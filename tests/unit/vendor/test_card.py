"""Before the vendor's boot headers are cleared, the card must be able to take over."""

from pathlib import Path

import pytest

from tests.support.vendordump import boot_header
from v2h.slots.loader import PLACES
from v2h.vendor import VendorError
from v2h.vendor.shell.bootarea import check_card

MLO_AT, U_BOOT_AT = (at for _, at in PLACES)


@pytest.fixture
def loader(tmp_path: Path) -> Path:
    """The boot loader of the running image."""
    (tmp_path / "MLO").write_bytes(boot_header(b"ours") + b"m" * 90_000)
    (tmp_path / "u-boot.img").write_bytes(b"u" * 700_000)
    return tmp_path


@pytest.fixture
def card(loader: Path) -> Path:
    path = loader / "card.img"
    with path.open("wb") as file:
        for name, at in PLACES:
            file.seek(at)
            file.write((loader / name).read_bytes())
    return path


def spoil(card: Path, at: int) -> None:
    with card.open("r+b") as file:
        file.seek(at)
        file.write(b"\0" * 64)


def test_a_whole_card_can_take_over(card: Path, loader: Path) -> None:
    check_card(card, loader)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (MLO_AT, "the ROM would find no boot loader"),
        (MLO_AT + 80_000, "its MLO is not that of the running image"),
        (U_BOOT_AT + 600_000, r"its u-boot\.img is not that of the running image"),
    ],
)
def test_a_card_that_could_not_is_refused(card: Path, loader: Path, at: int, says: str) -> None:
    spoil(card, at)
    with pytest.raises(VendorError, match=says):
        check_card(card, loader)


def test_a_machine_without_the_image_is_refused_in_words(card: Path, tmp_path: Path) -> None:
    with pytest.raises(VendorError, match="No such file"):
        check_card(card, tmp_path / "nowhere")
