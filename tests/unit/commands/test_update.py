"""`v2h update` against a served application: the file arrives whole, also after a break, and the end is waited for."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.messages import charger
from tests.support.servedapp import serving
from tests.support.updates import Installer, update_sources
from tests.support.webapp import WebApp
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.cli import main
from v2h.commands.api import UnansweredError
from v2h.commands.update import LOOK_S, PATIENCE_S, as_text, wait_for_end
from v2h.runtime.atomic_file import write_json
from v2h.slots.state import Condition, Slot, save
from v2h.update import progress
from v2h.update.pieces import LEAST_B, MOST_PIECE_B

CONTENT = bytes(range(256)) * (LEAST_B // 256) + b"end"


class Card:
    """The application of a card that rests. ends: how the next installation ends."""

    def __init__(self, web: WebApp, folder: Path, port: int) -> None:
        self.web, self.folder, self.host = web, folder, f"127.0.0.1:{port}"
        self.ends = progress.installed("0.2.0")
        self.received = b""

    def install(self, asked: list[str]) -> None:
        """What the installer leaves behind."""
        if asked[0] == "install":
            self.received = (self.folder / "update" / asked[1]).read_bytes()
            for path in (self.folder / "update").iterdir():
                path.unlink()
            write_json(self.folder / "progress.json", progress.as_json(self.ends))


@pytest.fixture
def card(web: WebApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    web.state.put_charger(charger(t=time.monotonic() + 3600, state=State.IDLE, outputs=[]))
    monkeypatch.setenv("V2H_TOKEN", web.token()["Authorization"].removeprefix("Bearer "))
    monkeypatch.delenv("V2H_HOST", raising=False)
    (tmp_path / "v2h.raucb").write_bytes(CONTENT)
    with serving(web.make(update=update_sources(tmp_path)), web.state.close) as port:
        made = Card(web, tmp_path, port)
        installer = Installer(tmp_path / "update.sock", made.install)
        yield made
        installer.close()


def test_the_file_is_brought_and_installed(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", str(card.folder / "v2h.raucb"), "--host", card.host, "--restart"]) == 0
    assert card.received == CONTENT
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "0.0 of 1.0 MB of v2h.raucb are there" and "1.0 MB of v2h.raucb are there" in out
    assert out[-2:] == [
        "Version 0.2.0 is installed. It comes into force when you start the charger again",
        "The charger starts again. The page is back in a minute or two",
    ]


def test_back_asks_for_the_version_in_the_other_slot(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "--back", "--host", card.host]) != 0
    assert "The other slot holds no version that has run well" in capsys.readouterr().err
    good = Slot("0", Condition.GOOD, confirmed=True)
    save({2: good, 3: good}, card.folder / "slot.json")
    assert main(["update", "--back", "--host", card.host]) == 0
    assert "The charger starts again" in capsys.readouterr().out
    assert main(["update", "--back", "--restart", "--host", card.host]) == 2


def test_a_refused_update_is_said_and_fails(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    card.ends = progress.refused(say("update.foreign"))
    assert main(["update", str(card.folder / "v2h.raucb"), "--host", card.host]) == 1
    assert "not signed with a key that this card knows" in capsys.readouterr().out


def test_it_goes_on_where_it_stopped(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    parts = update_sources(card.folder).parts
    stated = {"name": "v2h.raucb", "size_b": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    parts.state(stated)
    parts.put(0, CONTENT[:MOST_PIECE_B])
    assert main(["update", str(card.folder / "v2h.raucb"), "--host", card.host]) == 0
    assert capsys.readouterr().out.startswith("0.1 of 1.0 MB") and card.received == CONTENT


def test_nothing_is_installed_beside_a_session(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    card.web.state.put_charger(charger(t=time.monotonic() + 3600, state=State.ENERGY))
    assert main(["update", str(card.folder / "v2h.raucb"), "--host", card.host]) == 1
    assert "There is a session with the car" in capsys.readouterr().err and card.received == b""


def test_a_wrong_file_is_bad_input(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    (card.folder / "v2h.img").write_bytes(CONTENT)
    assert main(["update", str(card.folder / "v2h.img"), "--host", card.host]) == 2
    assert "is no name of an update" in capsys.readouterr().err
    assert main(["update", str(card.folder / "gone.raucb"), "--host", card.host]) == 2


def test_without_a_file_it_says_what_is_in_force(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "--host", card.host]) == 0
    assert "other slot    0, bad" in capsys.readouterr().out
    assert main(["update", "--json", "--host", card.host]) == 0
    assert json.loads(capsys.readouterr().out)["phase"] == "none"


def test_a_restart_without_an_update_is_refused(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "--restart", "--host", card.host]) == 1
    assert "No update waits for a restart" in capsys.readouterr().err


def test_a_charger_that_is_busy_is_waited_for_and_a_dead_one_is_not() -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    def looking(silent_s: float) -> Callable[[], dict[str, Any]]:
        def look() -> dict[str, Any]:
            if clock[0] < silent_s:
                raise UnansweredError("no answer")
            return {"phase": "installed", "text": "done"}

        return look

    heard: list[str] = []
    assert wait_for_end(looking(PATIENCE_S - LOOK_S), heard.append, lambda: clock[0], sleep)["phase"] == "installed"
    assert heard == ["done"]
    clock[0] = 0.0
    with pytest.raises(UnansweredError):
        wait_for_end(looking(2 * PATIENCE_S), heard.append, lambda: clock[0], sleep)


def test_the_text_without_slots() -> None:
    known = {"version": "1", "other": None, "text": None, "development_key": "a development key"}
    assert as_text(known) == "in force      1\na development key"
