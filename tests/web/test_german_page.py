"""The page in German, as a browser that prefers it gets it: live, with answers, accessible, and within each width."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import SIZES, grave
from tests.support.messages import manager
from tests.support.serving import Appliance, log_in
from tests.support.weight import MOST_BYTES, bytes_received
from v2h.bus.messages import Reply
from v2h.bus.sentences import say
from v2h.web.auth import SESSION_COOKIE
from v2h.web.language import COOKIE

PAGES = ("schedule", "settings", "log", "health", "login", "pair", "tokens", "account", "site?solar=http", "start")


@pytest.fixture(params=list(SIZES))
def german(request: pytest.FixtureRequest, browser: Browser, appliance: Appliance) -> Iterator[Page]:
    width, height, scheme = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="de-DE")
    log_in(context, appliance)
    opened = context.new_page()
    opened.set_default_timeout(8000)
    appliance.live_in()
    yield opened
    context.close()


def test_now_is_german_from_the_first_byte_and_stays_so(german: Page, appliance: Appliance) -> None:
    german.goto(appliance.url)
    expect(german.locator("html")).to_have_attribute("lang", "de")
    expect(german.locator("#link-text")).to_have_text("aktuell")
    expect(german.locator("#headline")).to_have_text("Das Auto lädt mit 3,81 kW")
    appliance.feed(power_w=-1520.0)
    appliance.state.put_manager(manager(mode="v2h", why=say("matching.covering", power_w=-1520.0)))
    expect(german.locator("#headline")).to_have_text("Das Auto liefert 1,52 kW")
    expect(german.locator("#why")).to_have_text("Das Haus wird versorgt: 1,5 kW aus dem Auto.")
    expect(german).to_have_title("Garage: Das Auto liefert 1,52 kW")
    expect(german.locator("#chart-text")).to_contain_text("Mittelwerte über 5 Minuten")
    assert grave(german) == []
    assert overflow_px(german) <= 0
    appliance.reply = Reply("1", True, say("answer.mode", order=say("answer.order", mode="solar"), warning=""), {})
    german.get_by_role("button", name="Solar").click()
    expect(german.locator(".controls .answer")).to_have_text("In Kraft: Solar.")
    german.get_by_role("link", name="English").click()
    expect(german.locator("html")).to_have_attribute("lang", "en")
    appliance.feed(power_w=-1520.0)  # the first one is too old by now where the machine is slow
    german.goto(appliance.url)
    expect(german.locator("#headline")).to_have_text("The car supplies 1.52 kW")


def test_axe_finds_nothing_serious_in_german(german: Page, appliance: Appliance) -> None:
    for path in PAGES:
        german.goto(f"{appliance.url}{path}")
        expect(german.locator("main")).to_be_visible()
        assert (path, german.locator("html").get_attribute("lang"), grave(german)) == (path, "de", [])
        assert (path, overflow_px(german) <= 0) == (path, True)


def test_axe_finds_nothing_serious_in_german_trouble(german: Page, appliance: Appliance) -> None:
    appliance.feed(state="fault", faults=["late_bleed"], power_w=None)
    appliance.state.put_manager(manager(mode="idle", stopped_by_owner=True, config_errors=["limits.x = 4"]))
    german.goto(appliance.url)
    expect(german.get_by_role("alert")).to_contain_text("Ziehen Sie nicht am Stecker")
    assert grave(german) == []
    assert overflow_px(german) <= 0


def test_the_german_page_is_light(appliance: Appliance, browser: Browser) -> None:
    appliance.live_in()
    kept = {SESSION_COOKIE: appliance.session(), COOKIE: "de"}
    cookies = [{"name": name, "value": value, "url": appliance.url} for name, value in kept.items()]
    sizes = bytes_received(browser, appliance.url, cookies)
    assert 0 < sum(sizes.values()) <= MOST_BYTES, sizes


def overflow_px(page: Page) -> int:
    """How far the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
