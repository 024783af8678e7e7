"""`v2h capture`: the list, an order, and a download that is whole or not there."""

import json
import os
from pathlib import Path

import pytest

from tests.support.answering import answering
from tests.support.messages import manager
from tests.support.webapp import WebApp
from v2h.cli import main

OLD, NEW = "20261122T000000Z-car-silent.log", "20261123T060000Z-by-hand.log"
CONTENT = b"(1.000000) can1 102#0200000000000000\n" * 5000
LISTED = b'{"captures": [{"name": "%s", "bytes": 9, "at_s": 0}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


@pytest.fixture
def kept(web: WebApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two captures on the charger; the folder is the one in which the command runs."""
    folder, here = web.data / "captures", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    for name, at_s in ((OLD, 1_795_000_000), (NEW, 1_795_100_000)):
        (folder / name).write_bytes(CONTENT if name == NEW else b"old\n")
        os.utime(folder / name, (at_s, at_s))
    clock = {"trusted": True, "zone": "Europe/Berlin", "local": "2026-11-22T12:00:00+01:00"}
    web.state.put_manager(manager(clock=clock))
    monkeypatch.chdir(here)
    return here


def test_the_list_is_in_local_time(host: str, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "--host", host]) == 0
    head, old, new = capsys.readouterr().out.splitlines()
    assert head == "Times are local to Europe/Berlin."
    assert old.split() == ["2026-11-18", "12:06:40", "CET", "0.0", "MB", OLD]
    assert new.split() == ["2026-11-19", "15:53:20", "CET", "0.2", "MB", NEW]
    assert main(["capture", "list", "--json", "--host", host]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["captures"]] == [OLD, NEW]


def test_the_newest_or_a_named_one_is_downloaded(host: str, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "get", "--host", host]) == 0
    assert capsys.readouterr().out == f"{NEW}\n" and (kept / NEW).read_bytes() == CONTENT
    assert main(["capture", "get", OLD, "--to", "mine.log", "--host", host]) == 0
    assert (kept / "mine.log").read_bytes() == b"old\n"
    assert sorted(path.name for path in kept.iterdir()) == [NEW, "mine.log"]


def test_a_download_goes_into_a_pipe(host: str, kept: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["capture", "get", "--to", "-", "--host", host]) == 0
    assert capfdbinary.readouterr().out == CONTENT
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["get", "x.log"], f"there is no capture 'x.log'; kept are {OLD}, {NEW}"),
        (["get", "../web/keys"], "there is no capture '../web/keys'"),
        (["get", "--to", "there.log"], "there.log exists already"),
        (["get", "--to", "no/such/folder"], "no/such/folder: No such file"),
        (["get", "--json"], "--json goes with list and now"),
        (["list", OLD], "go with get, and with get only"),
        (["now", "--to", "x"], "go with get, and with get only"),
    ],
)
def test_refusals(host: str, kept: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (kept / "there.log").write_text("mine")
    assert main(["capture", *words, "--host", host]) == 2
    assert says in capsys.readouterr().err
    assert [path.name for path in kept.iterdir()] == ["there.log"]
    assert (kept / "there.log").read_text() == "mine"


def test_without_captures_the_list_says_how_to_order_one(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "--host", host]) == 0
    assert capsys.readouterr().out == "no capture is kept; v2h capture now orders one\n"
    assert main(["capture", "get", "--host", host]) == 1


def test_half_a_download_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n" + b"x" * 60
    with answering([HEAD + LISTED % NEW.encode(), half]) as host:
        assert main(["capture", "get", "--host", host]) == 1
    assert "broke off: 40 bytes are missing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_server_cannot_choose_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with answering([HEAD + LISTED % b"../evil.log", HEAD + b"evil"]) as host:
        assert main(["capture", "get", "--host", host]) == 2
    assert list(tmp_path.rglob("*.log")) == []
