"""What the image tests share: the built image, read as a file, and the one guest that boots it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from guest import Guest

BUILD = Path(__file__).resolve().parents[2] / "build"


@pytest.fixture(scope="session")
def guest() -> Iterator[Guest]:
    """The image, booted once for the whole session, its page answering and its shell open."""
    if not (BUILD / "v2h.img").exists():
        pytest.fail("no build/v2h.img: run make image first")
    with Guest(BUILD / "guest", cpus=2) as booted:
        seconds = booted.wait_for_page()
        print(f"\nthe page answered {seconds:.0f} s after power-on")
        booted.wait_for_shell()
        yield booted
