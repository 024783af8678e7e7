"""An owner updates the card from the page: the browser's SHA-256, the pieces and the end of the installation."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.messages import charger
from tests.support.serving import Appliance, served
from tests.support.updates import Installer, update_sources
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import State
from v2h.runtime.atomic_file import write_json
from v2h.slots.state import Condition, Slot, save
from v2h.update import progress
from v2h.update.pieces import LEAST_B

CONTENT = bytes(range(256)) * (LEAST_B // 256) + b"the end"


class Card:
    """What the installer received, and how the installation ends."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.received = folder, b""
        self.refused: Sentence | None = None

    def install(self, asked: list[str]) -> None:
        if asked[0] == "install":
            self.received = (self.folder / "update" / asked[1]).read_bytes()
            for path in (self.folder / "update").iterdir():
                path.unlink()
            ends = progress.refused(self.refused) if self.refused else progress.installed("0.3.0")
            write_json(self.folder / "progress.json", progress.as_json(ends))


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path)


@pytest.fixture
def installer(card: Card) -> Iterator[Installer]:
    made = Installer(card.folder / "update.sock", card.install)
    yield made
    made.close()


@pytest.fixture
def appliance(tmp_path: Path, installer: Installer) -> Iterator[Appliance]:
    with served(Appliance(tmp_path), update=update_sources(tmp_path)) as made:
        made.live_in()
        made.state.put_charger(charger(t=time.monotonic() + 3600, state=State.IDLE, outputs=[]))
        yield made


def choose(page: Page, appliance: Appliance, folder: Path) -> None:
    (folder / "v2h.raucb").write_bytes(CONTENT)
    page.goto(f"{appliance.url}settings")
    page.get_by_label("Update to install").set_input_files(folder / "v2h.raucb")
    page.get_by_role("button", name="Upload and install").click()


def test_upload_install_and_restart(appliance: Appliance, page: Page, card: Card, installer: Installer) -> None:
    choose(page, appliance, card.folder)
    page.get_by_role("button", name="Start the charger again").click(timeout=30_000)
    expect(page.get_by_text("The charger starts again.")).to_be_visible()
    assert card.received == CONTENT and installer.asked == [["install", "v2h.raucb"], ["restart", ""]]


def test_a_refusal_is_said(appliance: Appliance, page: Page, card: Card) -> None:
    card.refused = say("update.foreign")
    choose(page, appliance, card.folder)
    expect(page.locator("#update .answer")).to_contain_text("not signed with a key", timeout=30_000)
    expect(page.get_by_role("button", name="Start the charger again")).to_have_count(0)


def test_the_owner_has_read_why_and_goes_back(
    appliance: Appliance, page: Page, card: Card, installer: Installer
) -> None:
    page.goto(f"{appliance.url}settings")
    page.get_by_role("button", name="I have read this").click()
    expect(page.get_by_text("You have read why version 0 was given up.")).to_be_visible()
    save({2: Slot("1", Condition.GOOD), 3: Slot("0", Condition.GOOD, confirmed=True)}, card.folder / "slot.json")
    page.reload()
    page.get_by_role("button", name="Go back to version 0").click()
    expect(page.get_by_text("The charger starts again.")).to_be_visible()
    assert installer.asked == [["read", ""], ["back", ""]]
