"""The live page in Chromium at phone and desktop width: rendering, updates, commands, faults, missing answers."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.support.messages import manager
from tests.support.serving import Appliance
from v2h.bus.messages import Event, Reply


def test_live_updates_without_a_reload(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    headline = page.locator("#headline")
    expect(headline).to_have_text("Charging the car with 3.81 kW")
    expect(page.locator("#link-text")).to_have_text("live")
    expect(page.get_by_role("listitem").filter(has_text="Energy")).to_have_attribute("aria-current", "step")
    expect(page.locator("[data-t=soc]").last).to_have_text("62 %")
    appliance.feed(power_w=-1523.0, outputs=["d1", "master"], soc_pct=61.0)
    expect(headline).to_have_text("The car supplies 1.52 kW")
    expect(page.locator(".flow")).to_have_attribute("data-car", "left")
    expect(page.locator(".soc")).to_have_attribute("stroke-dasharray", "61 100")
    assert page.title() == "Garage: The car supplies 1.52 kW"


def test_each_button_sends_its_command(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.get_by_role("button", name="Charge", exact=True)).to_have_attribute("aria-pressed", "true")
    answer = page.locator(".controls .answer")
    for name, order in (
        ("V2H", ("mode", {"mode": "v2h"})),
        ("Solar", ("mode", {"mode": "solar"})),
        ("Cover", ("mode", {"mode": "cover"})),
        ("Stop", ("stop", {})),
        ("Charge", ("mode", {"mode": "charge", "amps": 12, "soc_limit_pct": 90})),
        ("Discharge", ("mode", {"mode": "discharge", "amps": 6, "soc_limit_pct": 35})),
    ):
        page.get_by_label("Charge with amps", exact=True).fill("12")
        page.get_by_label("Charge up to percent", exact=True).fill("90")
        page.get_by_label("Discharge with amps", exact=True).fill("6")
        page.get_by_label("Discharge down to percent", exact=True).fill("35")
        page.get_by_role("button", name=re.compile(rf"^{name}\b")).click()
        expect(answer).to_have_text("mode is v2h")
        assert appliance.orders.pop() == order
        assert appliance.orders == []
        page.evaluate("document.querySelector('.controls .answer').textContent = ''")


def test_a_refusal_and_silence_are_told(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("409", "504")  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(appliance.url)
    appliance.reply = Reply("1", False, "no car is plugged in")
    page.get_by_role("button", name="V2H").click()
    expect(page.locator(".controls .answer")).to_have_text("no car is plugged in")
    appliance.reply = None
    page.get_by_role("button", name="V2H").click()
    expect(page.locator(".controls .answer")).to_contain_text("o answer in time")


def test_amps_out_of_range_are_not_sent(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    page.get_by_label("Charge with amps", exact=True).fill("40")
    page.get_by_role("button", name="Charge", exact=True).click()
    assert page.evaluate("document.querySelector('form :invalid') !== null")
    assert appliance.orders == []


def test_everything_works_by_keyboard(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(5):  # the first is the link to the steps of the first start
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button.stop')"):
            break
    expect(page.locator("button.stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".controls .answer")).to_have_text("mode is v2h")
    assert appliance.orders == [("stop", {})]


def test_faults_and_configuration_errors_appear_and_can_be_cleared(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    clear = page.locator("summary", has_text="Clear the fault")
    expect(clear).to_be_hidden()
    appliance.state.put_event(Event(time.monotonic(), "fault", "late_bleed", "cable still at 80 V", "charger"))
    appliance.feed(state="fault", faults=["late_bleed", "over_temperature"])
    appliance.state.put_manager(manager(config_errors=["v2h.toml: limits.max_charge_a = 40 is not a number"]))
    expect(page.get_by_role("alert")).to_contain_text("The cable does not empty after the insulation test.")
    expect(page.get_by_role("alert")).to_contain_text("limits.max_charge_a = 40")
    expect(page.locator(".events")).to_contain_text("Cable still at 80 V")
    clear.press("Enter")
    page.get_by_role("button", name="clear it").click()
    expect(page.locator("#trouble .answer").first).to_have_text("mode is v2h")
    assert appliance.orders == [("clear-fault", {})]


def test_a_locked_plug_is_explained_and_has_no_button(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    told = page.locator(".unlock")
    appliance.feed(state="fault", faults=["late_unlock"], outputs=["master"])
    clear = page.locator("summary", has_text="Clear the fault")
    expect(clear).to_be_visible()
    expect(told).to_be_hidden()
    appliance.feed(state="fault", faults=["late_unlock"], outputs=["master", "plug-lock"], cable_v=None)
    expect(told).to_contain_text("counts in 1:")
    expect(told).to_contain_text("hold on/off at the charger’s panel for 10 s")
    expect(told.locator("button, input, a")).to_have_count(0)
    clear.click()
    assert appliance.orders == [], "one touch clears nothing"
    page.get_by_role("button", name="clear it").click()
    expect(page.locator("#trouble .answer").first).to_have_text("mode is v2h")
    assert appliance.orders == [("clear-fault", {})]
    appliance.feed(state="idle", outputs=[])
    expect(clear).to_be_hidden()
    appliance.feed(state="fault", faults=["car_lost"], outputs=[])
    expect(clear).to_be_visible()
    expect(page.get_by_role("button", name="clear it")).to_be_hidden()


def test_nothing_known_yet(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("503",)  # type: ignore[attr-defined]
    page.goto(appliance.url)
    expect(page.locator("#link-text")).to_have_text("live")
    expect(page.locator("#headline")).to_have_text("No connection to the charger’s programs")
    expect(page.get_by_text("The window in use is not known yet.")).to_be_visible()
    expect(page.get_by_text("Nothing planned")).to_be_visible()
    expect(page.locator("#chart-text")).to_contain_text("No chart: the log cannot be read: there is no log yet")
    expect(page.get_by_text("Nothing since this page’s program started.")).to_be_visible()


def test_data_that_stop_coming_are_shown_as_old(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#headline")).to_have_text("Charging the car with 3.81 kW")
    expect(page.locator("#headline")).to_contain_text("No news from the charger for")
    expect(page.locator("[data-t='flow.car.power']")).to_have_text("–")


@pytest.mark.parametrize("appliance", [{"reading_open": False}], indirect=True)
def test_a_page_whose_session_was_revoked_asks_to_log_in_again(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("401",)  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#link-text")).to_have_text("live")
    again = page.locator("#link").get_by_role("link", name="Log in again")
    expect(again).to_be_hidden()
    appliance.keys.set_password("another long one")
    expect(again).to_be_visible(timeout=12000)
    expect(page.locator("#link-text")).to_have_text("logged out")
    expect(page.locator("html")).to_have_attribute("data-stale", "true")
    page.wait_for_timeout(5000)
    expect(page.locator("#link-text")).to_have_text("logged out")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    again.click()
    page.get_by_label("Password").fill("another long one")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#link-text")).to_have_text("live")


@pytest.mark.parametrize("appliance", [{"streams": 0}], indirect=True)
def test_a_page_without_a_seat_polls(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("503",)  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#link-text")).to_have_text("live, every 2 s")
    appliance.feed(power_w=-1523.0)
    expect(page.locator("#headline")).to_have_text("The car supplies 1.52 kW")


def test_a_server_that_is_gone_is_told(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("ERR_",)  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#link-text")).to_have_text("live")
    page.context.set_offline(True)
    appliance.state.close()
    expect(page.locator("#link")).to_contain_text("no connection since", timeout=12000)
    expect(page.locator("html")).to_have_attribute("data-stale", "true")
    expect(page.locator("#gone")).to_contain_text("press the button at the charger")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".controls .answer")).to_contain_text("press the button at the charger")
    page.context.set_offline(False)
    expect(page.locator("#gone")).to_be_visible()


@pytest.mark.parametrize("kind", ["energy", "fault"])
def test_nothing_sticks_out(appliance: Appliance, page: Page, kind: str) -> None:
    appliance.live_in()
    appliance.feed(state=kind, faults=["late_insulation_test"] if kind == "fault" else [], reason="x" * 120)
    page.goto(appliance.url)
    expect(page.locator("#link-text")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = page.evaluate("""() => [...document.querySelectorAll(".card button, .card input, .steps li")]
        .filter(e => e.getBoundingClientRect().right > e.closest(".card").getBoundingClientRect().right)
        .map(e => e.outerHTML)""")
    assert outside == []
