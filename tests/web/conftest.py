"""Fixtures of the page's tests: the application, the browser, a page at phone and at desktop width."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.axe import SIZES
from tests.support.serving import CHROMIUM, SWITCHES, Appliance, log_in, served


@pytest.fixture
def appliance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Appliance]:
    """A served appliance; an indirect parameter holds options of the application."""
    with served(Appliance(tmp_path), **getattr(request, "param", {})) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed: make setup")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture(params=list(SIZES))
def page(request: pytest.FixtureRequest, browser: Browser, appliance: Appliance) -> Iterator[Page]:
    """A page of a fresh profile, logged in unless the test is marked `stranger`; fails at unexpected console lines."""
    width, height, scheme = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    if request.node.get_closest_marker("stranger") is None:
        log_in(context, appliance)
    opened = context.new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # The server frees the streams of closed pages only a moment later; until then it refuses, and the page polls.
        if not ("503" in message.text and "/api/v1/stream?" in message.location["url"]):
            said.append(f"{message.type}: {message.text}")

    opened.on("console", hear)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.set_default_timeout(8000)
    yield opened
    context.close()
    expected = getattr(opened, "expected_console", ())
    assert [line for line in said if not any(part in line for part in expected)] == []
