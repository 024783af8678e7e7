"""The page's size and first paint, and what axe-core reports for every page, light and dark, phone and desktop."""

import gzip
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import grave
from tests.support.messages import manager
from tests.support.serving import Appliance
from tests.support.weight import measure
from v2h.web.auth import SESSION_COOKIE

"""Rules that axe calls moderate and that hold on every page."""


def test_the_page_is_light_and_paints_soon(appliance: Appliance, browser: Browser) -> None:
    appliance.live_in()
    cookies = [{"name": SESSION_COOKIE, "value": appliance.session(), "url": appliance.url}]
    for row in measure(browser, appliance.url, cookies):
        print(row)
        assert 0 < row["value"] <= row["against"], row


@pytest.mark.parametrize("path", ["", "static/page.css", "chart-library.js"])
def test_what_can_be_compressed_is(appliance: Appliance, path: str) -> None:
    request = urllib.request.Request(appliance.url + path, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(gzip.decompress(answer.read())) > 5000
        assert ("max-age=86400" in answer.headers["Cache-Control"]) is (path != "")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "schedule",
        "settings",
        "log",
        "health",
        "login",
        "pair",
        "tokens",
        "account",
        "site?solar=http",
        "start",
        "nowhere",
    ],
)
def test_axe_finds_nothing_serious(appliance: Appliance, page: Page, path: str) -> None:
    page.expected_console = ("404",) if path == "nowhere" else ()  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(f"{appliance.url}{path}")
    expect(page.locator("main")).to_be_visible()
    if path == "":
        expect(page.locator("#chart-text")).to_contain_text("means over")
    assert grave(page) == []


def test_axe_finds_nothing_serious_in_trouble(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    appliance.feed(state="fault", faults=["late_bleed"], power_w=None)
    appliance.state.put_manager(manager(mode="idle", stopped_by_owner=True, config_errors=["limits.x = 4"]))
    page.goto(appliance.url)
    expect(page.get_by_role("alert")).to_contain_text("limits.x = 4")
    assert grave(page) == []


@pytest.mark.stranger
def test_axe_finds_nothing_serious_when_only_reading(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#chart-text")).to_contain_text("means over")
    assert grave(page) == []
