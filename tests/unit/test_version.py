"""Image, page, log and command have one version, and it comes from git."""

import os
import subprocess
from pathlib import Path

import pytest

import v2h

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def forget() -> None:
    v2h.version.cache_clear()
    v2h.built_s.cache_clear()


def test_in_a_checkout_it_is_what_git_says() -> None:
    describe = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(ROOT),
        "describe",
        "--tags",
        "--always",
        "--dirty",
        "--abbrev=12",
    ]
    said = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    assert v2h.version() == said and said


def test_on_the_card_it_is_what_the_build_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    release = {"ID": "debian", "IMAGE_ID": "v2h", "IMAGE_VERSION": "0.2.0-5-gabc"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert v2h.version() == "0.2.0-5-gabc"


def test_an_image_of_somebody_else_says_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"IMAGE_ID": "other", "IMAGE_VERSION": "7"})
    assert v2h.version() != "7"


def test_the_command_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    from v2h.cli import main

    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out == f"v2h {v2h.version()}\n"


def test_the_date_of_a_checkout_is_that_of_its_commit() -> None:
    words = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    assert v2h.built_s() == float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_the_date_of_a_card_is_the_time_that_no_clock_may_be_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = {"ID": "debian", "IMAGE_ID": "v2h", "IMAGE_VERSION": "0.2.0"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    monkeypatch.setattr(v2h, "BUILT", tmp_path / "clock-epoch")
    assert v2h.built_s() is None
    (tmp_path / "clock-epoch").touch()
    os.utime(tmp_path / "clock-epoch", (1_700_000_000, 1_700_000_000))
    v2h.built_s.cache_clear()
    assert v2h.built_s() == 1_700_000_000
    assert "usr/lib/clock-epoch" in (ROOT / "image/steps/finish").read_text()
