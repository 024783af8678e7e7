"""`v2h vendor` as a person types it, also through a pipe as ssh makes it."""

import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.messages import charger
from tests.support.vendordump import SMALL, Made, make_dump
from tests.support.webapp import WebApp
from v2h.bus.states import State
from v2h.cli import main
from v2h.commands import CommandError
from v2h.commands.table import parser_for
from v2h.commands.vendor import check_idle, page_here
from v2h.vendor.shell.backup import back_up, part_of
from v2h.vendor.shell.medium import Far, Medium

SSH = """#!{python}
# As the sshd of a board: runs what stands behind the host, here with the small layout.
import os, sys
open({calls!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
limit = int(os.environ.get("BREAK_AFTER", "0"))
if sys.argv[5] == "data" and limit:
    os.execvp("sh", ["sh", "-c", "$0 -c \\"$1\\" \\"$@\\" | head -c " + str(limit) + "; exit 255",
              {python!r}, {run!r}, *sys.argv[3:]])
os.execv({python!r}, [{python!r}, "-c", {run!r}, *sys.argv[3:]])
"""
RUN = """
import sys
from v2h.commands.table import parser_for
from tests.support.vendordump import SMALL
words = [word for word in sys.argv[1:] if word != "-"]
words = words[words.index("vendor"):]
args = parser_for(words).parse_args(words)
args.layout = SMALL
sys.exit(args.run(args))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_dump(tmp_path_factory.mktemp("vendor") / "emmc.img", SMALL)


@pytest.fixture
def dump(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copy(made.path, tmp_path / "emmc.img"))


def vendor(*words: object) -> int:
    args = parser_for(["vendor"]).parse_args(["vendor", *map(str, words)])
    args.layout = SMALL
    code: int = args.run(args)
    return code


def types(monkeypatch: pytest.MonkeyPatch, letters: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{letters}\n"))


@pytest.mark.slow
def test_a_round_trip_on_a_dump(
    dump: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = tmp_path / "backup.img"
    assert vendor("backup", dump, backup) == 0
    assert "is a verified backup" in capsys.readouterr().out
    letters = json.loads((tmp_path / "backup.img.json").read_text())["sha256"]["disk"][-6:]
    types(monkeypatch, "wrong!")
    with pytest.raises(CommandError, match="not confirmed: nothing was written"):
        vendor("disable", dump, backup)
    assert dump.read_bytes() == made.path.read_bytes()
    types(monkeypatch, letters)
    assert vendor("disable", dump, backup) == 0
    assert "sectors 256, 512. From the next power-on the card starts" in capsys.readouterr().out
    assert vendor("inspect", dump) == 0
    assert "the ROM starts nothing here and goes on to the card" in capsys.readouterr().out
    types(monkeypatch, letters.upper())
    assert vendor("restore", dump, backup) == 0
    assert "the ROM starts the boot loader at sector 256" in capsys.readouterr().out
    assert dump.read_bytes() == made.path.read_bytes()


def test_inspect_and_extract_as_json(dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendor("inspect", dump, "--json") == 0
    assert json.loads(capsys.readouterr().out)["boot_headers"] == [256, 512]
    assert vendor("extract", dump, tmp_path / "out", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"]["slot1/board.dtb"] == 39_340 and 'timezone = "Europe/London"' in found["snippet"]


def test_the_published_layout_is_what_the_command_takes(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = make_dump(tmp_path / "whole.img", size=3_909_091_328).path
    assert main(["vendor", "inspect", str(published)]) == 0
    assert "3909091328 bytes" in capsys.readouterr().out
    assert main(["vendor", "inspect", str(dump)]) == 1
    assert "partition 1 has 4096 sectors from 3072 on, the vendor's has 128000" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gone.img", "."])
def test_a_source_that_cannot_be_read(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vendor", "inspect", str(tmp_path / name)]) == 1
    assert str(tmp_path / name) in capsys.readouterr().err


def test_a_machine_without_an_emmc_says_what_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vendor", "inspect"]) == 1
    assert "0 disks of the type eMMC, found: no mmc disk. Name the dump file" in capsys.readouterr().err


def test_an_idle_charger_may_write(host: str, web: WebApp) -> None:
    web.state.put_charger(charger(state=State.IDLE))
    check_idle(host)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("0.0.0.0:80", "http://localhost:80"),
        ("[::]:8080", "http://localhost:8080"),
        ("192.168.1.5:81", "http://192.168.1.5:81"),
    ],
)
def test_the_page_that_is_asked_is_where_v2h_toml_puts_it(listen: str, url: str) -> None:
    assert page_here(listen) == url


def test_a_charger_in_a_session_or_without_an_answer_may_not(host: str) -> None:
    for address, says in ((host, r"not idle \(energy\)"), ("127.0.0.1:1", "does not answer")):
        with pytest.raises(CommandError, match=says):
            check_idle(address)


# Over the network.


@pytest.fixture
def board(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a board with this dump as its eMMC: a program `ssh` that runs the command here."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(python=sys.executable, run=RUN, calls=str(tmp_path / "calls")))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    return f"ssh://root@v2h.local{dump}"


@pytest.mark.slow
def test_a_backup_over_the_network_is_the_same_backup(board: str, dump: Path, tmp_path: Path) -> None:
    assert vendor("backup", board, tmp_path / "far.img") == 0
    assert (tmp_path / "far.img").read_bytes() == dump.read_bytes()
    vendor("backup", dump, tmp_path / "near.img")
    assert (tmp_path / "far.img.json").read_text() == (tmp_path / "near.img.json").read_text()
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0] == f"ssh://root@v2h.local v2h vendor send about {dump} --area disk --at 0"
    assert sum(" send sum " in call for call in calls) == 2, "the eMMC is read twice more"


@pytest.mark.slow
def test_a_connection_that_breaks_off_is_continued(
    board: str, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("v2h.vendor.shell.backup.SYNC_BYTES", 1 << 20)
    target = tmp_path / "far.img"
    monkeypatch.setenv("BREAK_AFTER", str(5 << 20))
    with pytest.raises(CommandError, match="broke off: run the same command again, it continues"):
        vendor("backup", board, target)
    assert part_of(target).exists() and not target.exists()
    monkeypatch.delenv("BREAK_AFTER")
    back_up(Far(board), target, print)
    assert target.read_bytes() == dump.read_bytes()
    starts = [int(call.split()[-1]) for call in (tmp_path / "calls").read_text().splitlines() if " data " in call]
    assert starts[0] == 0 and starts[1] >= 1 << 20, "it did not begin at 0 again"


@pytest.mark.parametrize(
    ("does", "says"),
    [("exit 255", "did not answer"), ("echo Welcome", "answered b'Welcome"), ("echo 3", "this version")],
)
def test_a_board_that_does_not_answer(does: str, says: str, tmp_path: Path, board: str) -> None:
    (tmp_path / "bin" / "ssh").write_text(f"#!/bin/sh\n{does}\n")
    with pytest.raises(CommandError, match=says):
        vendor("backup", board, tmp_path / "far.img")
    assert not (tmp_path / "far.img.json").exists()


@pytest.mark.parametrize("url", ["ssh://", "ssh://-oProxyCommand=x", "ssh://a b"])
def test_an_address_that_is_none(url: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no address such as ssh://root@v2h"):
        vendor("backup", url, tmp_path / "far.img")


def test_an_area_that_is_not_there(dump: Path) -> None:
    with pytest.raises(CommandError, match="no area 'boot7', only disk"):
        vendor("send", "sum", dump, "--area", "boot7")
    assert Medium(dump, SMALL).about.sizes == {"disk": dump.stat().st_size}
