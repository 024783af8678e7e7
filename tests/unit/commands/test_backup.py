"""`v2h backup`: it writes only to the named file, and restores from it."""

import json
import os
import threading
from pathlib import Path

import pytest

from tests.support.knownweb import SCHEDULE
from tests.support.webapp import WebApp
from v2h.bus.messages import Reply
from v2h.cli import main


def test_backup_and_restore(host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "backup.json")
    assert main(["backup", file, "--host", host]) == 0
    web.reply = Reply("1", True, "Applied: 1 windows.")
    assert main(["backup", "--restore", file, "--host", host]) == 0
    assert web.orders == [("settings", {"soc_min_pct": 30}), ("schedule", {"schedule": SCHEDULE})]
    assert capsys.readouterr().out == "The settings are restored, and the schedule. Applied: 1 windows.\n"


def test_a_link_is_written_through(host: str, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, real = tmp_path / "link.json", tmp_path / "disk" / "real.json"
    link.symlink_to(real)
    assert main(["backup", str(link), "--host", host]) == 0
    assert link.is_symlink() and json.loads(real.read_text())["v2h_backup"] == 1


def test_a_pipe_stays_one(host: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert main(["backup", str(pipe), "--host", host]) == 0
    reader.join(5)
    assert pipe.is_fifo() and json.loads(read[0])["v2h_backup"] == 1


@pytest.mark.parametrize(("name", "says"), [(".", "Is a directory"), ("gone/backup.json", "No such file or directory")])
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    host: str, tmp_path: Path, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert main(["backup", str(folder / name), "--host", host]) == 2
    assert capsys.readouterr().err == f"v2h backup: {folder / name}: {says}\n"
    assert list(folder.iterdir()) == [] and not list(tmp_path.glob(".*.new"))


def test_a_charger_that_does_not_answer_costs_no_older_backup(tmp_path: Path) -> None:
    file = tmp_path / "backup.json"
    file.write_text("old")
    assert main(["backup", str(file), "--host", "127.0.0.1:1"]) == 1
    assert file.read_text() == "old"


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"{}"])
def test_what_is_no_backup_is_bad_input(host: str, web: WebApp, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "backup.json"
    file.write_bytes(content)
    assert main(["backup", "--restore", str(file), "--host", host]) == 2
    assert web.orders == []
