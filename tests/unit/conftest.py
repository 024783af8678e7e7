"""Fixtures for the tests of several rooms: the disk's order of writes, and an application served by the real server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.knownweb import Log, known
from tests.support.messages import charger, manager
from tests.support.servedapp import serving
from tests.support.webapp import WebApp


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations on the card in their order: "sync CONTENT", "sync directory" and "rename"."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def seen_fsync(fd: int) -> None:
        target = Path(f"/proc/self/fd/{fd}").readlink()
        done.append(f"sync {'directory' if target.is_dir() else target.read_text()}")
        fsync(fd)

    def seen_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    return done


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    """An appliance that charges a car."""
    made = WebApp(tmp_path)
    known(made.state)
    made.state.put_bus(True)
    made.state.put_charger(charger())
    made.state.put_manager(manager())
    return made


@pytest.fixture
def host(web: WebApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of a served application; the token is in the environment."""
    monkeypatch.setenv("V2H_TOKEN", web.token()["Authorization"].removeprefix("Bearer "))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("V2H_HOST", raising=False)
    with serving(web.make(archive=Log(), stream_life_s=0.5), web.state.close) as port:
        yield f"127.0.0.1:{port}"
