"""`v2h schedule`: an owner's edit is never lost, and input that is not a schedule is refused."""

import json
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.knownweb import SCHEDULE
from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerSettings, Reply
from v2h.cli import main
from v2h.energy.schedule_json import revision

EVENTS = [{"time": "23:30:00", "action": "Charge", "params": {"amps": 10, "eco": False, "soc_limit": 80}}]
EDITED = {**SCHEDULE, "weekly": [{"days": "daily", "start": "22:00", "end": "05:30", "mode": "charge"}]}


@pytest.fixture(autouse=True)
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which drafts are made; the editor changes the start of the night."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/23:30/22:00/")
    return folder


def editor(folder: Path, script: str) -> str:
    """A program that runs `script` on its last argument."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_an_edit_that_is_taken_leaves_no_file(host: str, web: WebApp, drafts: Path) -> None:
    assert main(["schedule", "edit", "--host", host]) == 0
    assert web.orders == [("schedule", {"schedule": EDITED, "replaces": revision(SCHEDULE)})]
    assert list(drafts.iterdir()) == []


def test_a_schedule_of_a_windows_editor_is_imported(
    host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "winter.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SCHEDULE).encode())
    assert main(["schedule", "import", str(path), "--host", host]) == 0
    assert web.orders == [("schedule", {"schedule": SCHEDULE})]
    path.write_bytes(json.dumps(SCHEDULE).encode("utf-16"))
    assert main(["schedule", "import", str(path), "--host", host]) == 2
    assert "line 1 is not UTF-8 (byte 0xff): save the file as UTF-8" in capsys.readouterr().err


def test_an_edit_that_changes_nothing_is_not_sent(
    host: str, web: WebApp, drafts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    assert main(["schedule", "edit", "--host", host]) == 0
    assert capsys.readouterr().out == "nothing changed\n"
    assert web.orders == [] and list(drafts.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "token", "code", "says"),
    [
        (Reply("1", False, "start = 'x' is not a time", bad_input=True), None, 2, "start = 'x' is not a time"),
        (None, None, 1, "No answer in time"),
        (Reply("1", True, "done"), "v2h_unknown", 1, "unknown or was revoked"),
    ],
)
def test_a_refused_edit_is_kept_and_named(
    host: str, web: WebApp, drafts: Path, reply: Reply | None, token: str | None, code: int, says: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    web.reply = reply
    if token:  # the token was revoked while the editor was open
        monkeypatch.setenv("EDITOR", editor(drafts, 'sed -i s/23:30/22:00/ "$1"'))
        monkeypatch.setattr("v2h.commands.schedule.Api.post", refuse_with(token))
    assert main(["schedule", "edit", "--host", host]) == code
    (draft,) = drafts.glob("*.json")
    err = capsys.readouterr().err
    assert says in err and err.endswith(f"; your edit is kept in {draft}\n")
    assert json.loads(draft.read_text()) == EDITED
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600


def refuse_with(token: str) -> Any:
    from v2h.commands.api import Api

    real = Api.post

    def post(self: Api, path: str, values: dict[str, Any]) -> dict[str, Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("V2H_TOKEN", token)
            return real(self, path, values)

    return post


@pytest.mark.parametrize(
    ("script", "code", "says", "kept"),
    [
        ("false", 1, "the editor failed", False),
        ('echo "{" > "$1"; false', 1, "the editor failed", True),
        ('rm "$1"', 1, "the editor left no file", False),
        ('echo "{" > "$1"', 2, "line 2 column 1", True),
        ('echo "[1]" > "$1"; printf "\\377" >> "$1"', 2, "is not UTF-8", True),
        ('echo "3" > "$1"', 2, "a schedule is a JSON object, not a int", True),
    ],
)
def test_what_an_editor_may_do(
    host: str, web: WebApp, drafts: Path, script: str, code: int, says: str, kept: bool,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EDITOR", editor(drafts, script))
    assert main(["schedule", "edit", "--host", host]) == code
    err = capsys.readouterr().err
    assert says in err and ("your edit is kept in" in err) is kept and "Traceback" not in err
    assert len(list(drafts.glob("*.json"))) == kept
    assert web.orders == []


@pytest.mark.parametrize(
    ("value", "code", "says"), [("'", 2, 'VISUAL = "\'" is no command'), ("no-such-one", 1, "failed")]
)
def test_an_editor_that_cannot_be_started(
    host: str, drafts: Path, value: str, code: int, says: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("VISUAL", value)
    assert main(["schedule", "edit", "--host", host]) == code
    assert says in capsys.readouterr().err and list(drafts.iterdir()) == []


def test_a_blank_visual_gives_way_to_the_editor(host: str, web: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", " ")
    assert main(["schedule", "edit", "--host", host]) == 0
    assert len(web.orders) == 1


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('{"version": 1}', {"version": 1}),
        (json.dumps(EVENTS), {"cmd": {"SetEvents": EVENTS}}),
        (json.dumps({"cmd": {"SetEvents": EVENTS}}), {"cmd": {"SetEvents": EVENTS}}),
    ],
)
def test_ours_and_the_predecessors_can_be_imported(
    host: str, web: WebApp, tmp_path: Path, text: str, order: dict[str, Any]
) -> None:
    file = tmp_path / "events.json"
    file.write_text(text)
    assert main(["schedule", "import", str(file), "--host", host]) == 0
    assert web.orders == [("schedule", {"schedule": order})]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"version": 1,}', "line 1 column"),
        (b'{"version": NaN}', "NaN is not a number"),
        (b"\xff", "is not UTF-8"),
        pytest.param(b"[" * 100_000, "nested too deep", id="deep"),
        (None, "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_bad_input(
    host: str, web: WebApp, tmp_path: Path, text: bytes | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "winter.json"
    if text is not None:
        file.write_bytes(text)
    assert main(["schedule", "import", str(file), "--host", host]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"v2h schedule: {file}: ") and says in err
    assert web.orders == []


def test_the_document_is_shown_alone_and_the_zone_of_its_times_beside_it(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str]
) -> None:
    web.state.put_settings(ManagerSettings(1.0, {"time_zone": "Europe/Berlin"}))
    assert main(["schedule", "--host", host]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == SCHEDULE
    assert shown.err == "times are in Europe/Berlin: the setting time_zone\n"
    assert main(["schedule", "--json", "--host", host]) == 0
    shown = capsys.readouterr()
    assert (json.loads(shown.out), shown.err) == (SCHEDULE, "")
