"""Image, page, log and command have one version, and it comes from git."""

import subprocess
from pathlib import Path

import pytest

import v2h

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def forget() -> None:
    v2h.version.cache_clear()


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
