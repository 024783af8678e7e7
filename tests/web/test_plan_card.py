"""The plan by prices on the page: picture, words, money, at both widths, light and dark, and it follows manager."""

from playwright.sync_api import Browser, Page, expect

from tests.support.axe import grave
from tests.support.knownweb import Log
from tests.support.moneyplan import money_plan
from tests.support.serving import Appliance
from tests.support.weight import MOST_BYTES, bytes_received
from v2h.bus.messages import ManagerPlan
from v2h.web.auth import SESSION_COOKIE


def test_the_plan_is_drawn_and_told(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    appliance.state.put_money_plan(ManagerPlan.from_json(money_plan(t=5.0).to_json()))
    page.goto(appliance.url)
    card = page.locator("#plan")
    expect(card).to_contain_text("With the plan")
    expect(card).to_contain_text("As without a plan")
    expect(page.get_by_role("img", name="The plan: ")).to_be_visible()
    drawing = card.locator("svg").first
    box, room = drawing.bounding_box(), card.bounding_box()
    assert box is not None and room is not None and box["height"] > 150
    assert room["x"] <= box["x"] and box["x"] + box["width"] <= room["x"] + room["width"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    card.get_by_text("As a list, with reasons").click()
    expect(card.locator(".facts")).to_contain_text("a kWh in the battery is worth")
    assert grave(page) == []


def test_a_newer_plan_takes_its_place_and_none_goes_away(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    card = page.locator("#plan")
    expect(card).to_be_hidden()
    appliance.state.put_money_plan(ManagerPlan.from_json(money_plan(t=6.0, on=False).to_json()))
    expect(card).to_contain_text("The plan is off: this is what it would do.")
    trouble = ManagerPlan(7.0, True, trouble="There is no plan: no price is known.")
    appliance.state.put_money_plan(ManagerPlan.from_json(trouble.to_json()))
    expect(card).to_contain_text("There is no plan: no price is known.")
    expect(card.locator("svg")).to_have_count(0)
    appliance.state.put_money_plan(ManagerPlan(8.0, False))
    expect(card).to_be_hidden()


def test_it_fits_a_narrow_phone(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    appliance.state.put_money_plan(ManagerPlan.from_json(money_plan(t=5.0).to_json()))
    page.set_viewport_size({"width": 360, "height": 780})
    page.goto(appliance.url)
    expect(page.locator("#plan svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_page_with_a_plan_is_light(appliance: Appliance, browser: Browser) -> None:
    appliance.live_in()
    appliance.state.put_money_plan(ManagerPlan.from_json(money_plan(t=5.0).to_json()))
    cookies = [{"name": SESSION_COOKIE, "value": appliance.session(), "url": appliance.url}]
    size = sum(bytes_received(browser, appliance.url, cookies).values())
    print(size, "bytes")
    assert size <= MOST_BYTES


def test_what_it_saved_is_told_and_marked(appliance: Appliance, page: Page) -> None:
    appliance.archive = Log()  # type: ignore[assignment]
    appliance.feed()
    appliance.state.put_money_plan(ManagerPlan.from_json(money_plan(t=5.0).to_json()))
    page.goto(appliance.url)
    card = page.locator("#plan")
    expect(card).to_contain_text("Sun 22 Nov")
    expect(card).to_contain_text("saved 1.30 : 2.10, simulated without a plan 3.40")
    assert grave(page) == []
