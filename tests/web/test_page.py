"""The page in Debian's own Chromium: rendering, updates, commands, at phone and desktop width, light and dark."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waitress.server import create_server

from messages import charger, manager
from v2h.bus import Alive, Event, Reply
from v2h.web import words
from v2h.web.app import create_app
from v2h.web.state import LiveState

CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": (390, 844, "dark"), "desktop": (1280, 900, "light")}

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is not installed: make setup")


@dataclass
class Appliance:
    """A served application whose state the test feeds."""

    state: LiveState = field(default_factory=lambda: LiveState(site="Garage"))
    orders: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reply: Reply | None = field(default_factory=lambda: Reply("1", True, "as you wish"))
    url: str = ""

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        self.orders.append((name, dict(values)))
        return self.reply

    def feed(self, **changes: Any) -> None:
        """A new charger state with `changes`, everything else well."""
        self.state.put_bus(True)
        for name in words.PROGRAMS:
            self.state.put_alive(name, Alive(True, 1, "0.1.0"))
        self.state.put_manager(manager())
        self.state.put_charger(charger(**changes))


@pytest.fixture
def appliance(request: pytest.FixtureRequest) -> Iterator[Appliance]:
    made = Appliance()
    streams = getattr(request, "param", 8)
    server = create_server(create_app(made.state, made, streams=streams), host="127.0.0.1", port=0, threads=12)
    made.url = f"http://127.0.0.1:{server.effective_port}/"
    threading.Thread(target=server.run, daemon=True).start()
    yield made
    made.state.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture(params=list(SIZES))
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile; fails the test when the console said anything."""
    width, height, scheme = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.set_default_timeout(8000)
    yield opened
    context.close()
    expected = getattr(opened, "expected_console", ())
    assert [line for line in said if not any(part in line for part in expected)] == []


def test_live_updates_without_a_reload(appliance: Appliance, page: Page) -> None:
    appliance.feed()
    page.goto(appliance.url)
    headline = page.locator("#headline")
    expect(headline).to_have_text("Charging the car with 3.81 kW")
    expect(page.locator("#link")).to_have_text("live")
    expect(page.get_by_role("listitem").filter(has_text="Energy")).to_have_attribute("aria-current", "step")
    expect(page.locator("[data-t=soc]").last).to_have_text("62 %")
    appliance.feed(power_w=-1523.0, outputs=["d1", "master"], soc_pct=61.0)
    expect(headline).to_have_text("The car supplies 1.52 kW")
    expect(page.locator(".flow")).to_have_attribute("data-car", "left")
    expect(page.locator(".soc")).to_have_attribute("stroke-dasharray", "61 100")
    expect(page.get_by_role("listitem").filter(has_text="DC contactor +")).to_contain_text("open")
    assert page.title() == "Garage: The car supplies 1.52 kW"


def test_each_button_sends_its_command(appliance: Appliance, page: Page) -> None:
    appliance.feed()
    page.goto(appliance.url)
    expect(page.get_by_role("button", name="Charge", exact=True)).to_have_attribute("aria-pressed", "true")
    answer = page.locator("#answer")
    for name, order in (
        ("V2H", ("mode", {"mode": "v2h"})),
        ("Solar", ("mode", {"mode": "solar"})),
        ("Stop", ("stop", {})),
        ("Charge", ("mode", {"mode": "charge", "amps": 12, "soc_limit_pct": 90})),
        ("Discharge", ("mode", {"mode": "discharge", "amps": 6, "soc_limit_pct": 35})),
    ):
        page.get_by_label("Charge with amps", exact=True).fill("12")
        page.get_by_label("Charge up to percent", exact=True).fill("90")
        page.get_by_label("Discharge with amps", exact=True).fill("6")
        page.get_by_label("Discharge down to percent", exact=True).fill("35")
        page.get_by_role("button", name=name, exact=name in ("Charge", "Discharge")).first.click()
        expect(answer).to_have_text("as you wish")
        assert appliance.orders.pop() == order
        assert appliance.orders == []
        page.evaluate("document.getElementById('answer').textContent = ''")


def test_a_refusal_and_silence_are_told(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("409", "504")  # type: ignore[attr-defined]
    appliance.feed()
    page.goto(appliance.url)
    appliance.reply = Reply("1", False, "no car is plugged in")
    page.get_by_role("button", name="V2H").click()
    expect(page.locator("#answer")).to_have_text("no car is plugged in")
    appliance.reply = None
    page.get_by_role("button", name="V2H").click()
    expect(page.locator("#answer")).to_contain_text("No answer within 2 s")


def test_amps_out_of_range_are_not_sent(appliance: Appliance, page: Page) -> None:
    appliance.feed()
    page.goto(appliance.url)
    page.get_by_label("Charge with amps", exact=True).fill("40")
    page.get_by_role("button", name="Charge", exact=True).click()
    assert page.evaluate("document.querySelector('form :invalid') !== null")
    assert appliance.orders == []


def test_everything_works_by_keyboard(appliance: Appliance, page: Page) -> None:
    appliance.feed()
    page.goto(appliance.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the controls")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("button.stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text("as you wish")
    assert appliance.orders == [("stop", {})]


def test_faults_and_configuration_errors_appear_and_can_be_cleared(appliance: Appliance, page: Page) -> None:
    appliance.feed()
    page.goto(appliance.url)
    clear = page.get_by_role("button", name="Clear the fault")
    expect(clear).to_be_hidden()
    appliance.state.put_event(Event(time.monotonic(), "fault", "late_bleed", "cable still at 80 V", "charger"))
    appliance.feed(state="fault", faults=["late_bleed", "over_temperature"])
    appliance.state.put_manager(manager(config_errors=["v2h.toml: limits.max_charge_a = 40 is not a number"]))
    expect(page.get_by_role("alert")).to_contain_text("The cable does not empty after the insulation test.")
    expect(page.get_by_role("alert")).to_contain_text("limits.max_charge_a = 40")
    expect(page.locator(".events")).to_contain_text("Cable still at 80 V")
    clear.click()
    expect(page.locator("#answer")).to_have_text("as you wish")
    assert appliance.orders == [("clear-fault", {})]


def test_nothing_known_yet(appliance: Appliance, page: Page) -> None:
    page.goto(appliance.url)
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#headline")).to_have_text("No connection to the charger’s programs")
    expect(page.locator(".outputs")).to_contain_text("The charger has not said what it verifies.")
    expect(page.get_by_text("Nothing since this page’s program started.")).to_be_visible()


def test_data_that_stop_coming_are_shown_as_old(appliance: Appliance, page: Page) -> None:
    page.goto(appliance.url)
    appliance.feed()
    expect(page.locator("#headline")).to_have_text("Charging the car with 3.81 kW")
    expect(page.locator("#headline")).to_contain_text("No news from the charger for")
    expect(page.locator("[data-t=power]")).to_have_text("–")


@pytest.mark.parametrize("appliance", [0], indirect=True)
def test_a_page_without_a_seat_polls(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("503",)  # type: ignore[attr-defined]
    appliance.feed()
    page.goto(appliance.url)
    expect(page.locator("#link")).to_have_text("live, every 2 s")
    appliance.feed(power_w=-1523.0)
    expect(page.locator("#headline")).to_have_text("The car supplies 1.52 kW")


def test_a_server_that_is_gone_is_told(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("ERR_",)  # type: ignore[attr-defined]
    appliance.feed()
    page.goto(appliance.url)
    expect(page.locator("#link")).to_have_text("live")
    page.context.set_offline(True)
    appliance.state.close()
    expect(page.locator("#link")).to_contain_text("no connection since", timeout=12000)
    expect(page.locator("html")).to_have_attribute("data-stale", "true")


@pytest.mark.parametrize("kind", ["energy", "fault"])
def test_nothing_sticks_out_and_everything_asked_for_stays_small(appliance: Appliance, page: Page, kind: str) -> None:
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())) if "stream" not in response.url else None)
    appliance.feed(state=kind, faults=["late_insulation_test"] if kind == "fault" else [], reason="x" * 120)
    page.goto(appliance.url)
    expect(page.locator("#link")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = page.evaluate("""() => [...document.querySelectorAll(".card button, .card input, .steps li")]
        .filter(e => e.getBoundingClientRect().right > e.closest(".card").getBoundingClientRect().right)
        .map(e => e.outerHTML)""")
    assert outside == []
    assert 5_000 < sum(sizes) < 60_000
