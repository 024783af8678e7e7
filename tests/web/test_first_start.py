"""The assistant of the first start, and the page of v2h.toml behind it, in a browser."""

from playwright.sync_api import Page, expect

from tests.support.messages import manager
from tests.support.serving import Appliance
from v2h.config.loading import load
from v2h.config.page_edits import read_edits


def test_an_owner_goes_through_the_first_start(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    page.get_by_role("link", name="First start").click()
    live = page.locator("#meter [data-t=grid]")
    for grid_w, text in ((385.0, "385 W"), (2385.0, "2.38 kW")):
        appliance.state.put_manager(manager(grid_w=grid_w))
        expect(live).to_have_text(text)
    page.get_by_role("textbox", name="Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Set the time zone").click()
    expect(page.get_by_role("heading", name="First start")).to_be_visible()
    assert appliance.orders == [("settings", {"time_zone": "Europe/Berlin"})]
    page.get_by_text("Change [limits] of v2h.toml").click()
    page.get_by_label("limits.max_charge_a").fill("6")
    page.locator("#limits").get_by_role("button", name="Keep for the next start").click()
    expect(page.get_by_role("heading", name="Limits: waits for the next start")).to_be_visible()
    edits = read_edits(appliance.folder / "site" / "v2h-toml.json")
    assert load([appliance.card], edits).limits.max_charge_a == 6 and not appliance.card.exists()
    page.get_by_role("link", name="v2h.toml").first.click()
    expect(page.get_by_role("row", name="limits.max_charge_a")).to_contain_text("6 at the next start")


def test_the_step_of_the_clock_is_done_after_the_device_has_set_it(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    wrong = {"trusted": False, "source": "none", "age_s": None, "zone": "UTC", "local": "2026-11-22T12:00:00+00:00"}
    appliance.state.put_manager(manager(clock=wrong))
    page.goto(f"{appliance.url}start")
    expect(page.get_by_role("heading", name="Clock and time zone: to do")).to_be_visible()
    page.get_by_role("button", name="Use this device’s time").click()
    appliance.state.put_manager(manager())
    expect(page.get_by_role("heading", name="Clock and time zone: done")).to_be_visible()
    assert [name for name, _ in appliance.orders] == ["clock"]


def test_a_refused_edit_keeps_what_was_typed(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("400",)  # type: ignore[attr-defined]
    appliance.live_in()
    page.goto(f"{appliance.url}site")
    page.get_by_text("Change [cable]").click()
    page.get_by_label("cable.scale_v_per_v").fill("2000")
    page.locator("details[open]").get_by_role("button", name="Keep for the next start").click()
    expect(page.get_by_role("alert")).to_contain_text("cable.scale_v_per_v = 2000 is not a number from -1000 to 1000")
    typed = page.get_by_label("cable.scale_v_per_v")
    expect(typed).to_be_visible()
    expect(typed).to_have_value("2000")
