"""The page with the whole running tree: every control is used, at phone and at desktop width."""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from v2h.ports.rig import RigLink
from v2h.rig.desk import Desk, desk_tree

SIZES = {"phone": (390, 844, "dark"), "desktop": (1280, 900, "light")}
SESSION_MS = 45_000
"""From idle to energy takes 20 s with the simulated car."""
CLOCK_MS = 13_000
"""Setting the clock may take 10 s."""
STALL = re.compile("The guard (made the charger safe|of the relays does not answer)")
QUIET = ("409", "503")
"""Refusals that the test provokes; Chromium writes each one to its console."""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_tree() as running:
        yield running


def rig(desk: Desk, **order: str) -> None:
    """Change values of the simulated world."""
    link = RigLink(f"{desk.run / 'rig.sock'}/control")
    answer = json.loads(link.transact(json.dumps(order).encode()))
    assert "error" not in answer, answer


def answered(page: Page, place: str, within_ms: int = 8000) -> str:
    """Wait for the answer at `place` and return it; fail when it is a refusal."""
    answer = page.locator(f"{place} .answer")
    expect(answer).to_have_attribute("data-ok", "true", timeout=within_ms)
    return answer.inner_text()


def test_from_log_in_to_log_out(desk: Desk, browser: Browser) -> None:
    """One owner, on a desktop and on a phone."""
    said: list[str] = []
    pages = {}
    for name, (width, height, scheme) in SIZES.items():
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        pages[name] = context.new_page()
        pages[name].on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        pages[name].on("pageerror", lambda error: said.append(str(error)))
    phone, desktop = pages["phone"], pages["desktop"]
    for page in (desktop, phone):
        log_in(desk, page)
        settings(desk, page)
        clock_and_backup(desk, page)  # before the schedule: without a trusted clock it has no preview
        schedule(desk, page)
        try:
            energy(desk, page)
        except AssertionError:
            if not stalled(desk, page):
                raise
            energy(desk, page)
        log_and_health(desk, page)
    log_out(desk, phone)
    assert [line for line in said if not any(part in line for part in QUIET)] == []


def log_in(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/")
    expect(page.locator("#read-only")).to_contain_text("Only the owner may change things.")
    expect(page.get_by_role("button", name="Solar")).to_be_disabled()
    page.goto(f"{desk.page}/login")
    page.get_by_label("Password").fill(desk.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#read-only")).to_have_count(0)


def settings(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/settings")
    page.get_by_label("Discharge down to").fill("35")
    page.get_by_label("Reserve").fill("40")
    page.get_by_label("Time zone").fill("Europe/London")
    page.get_by_role("button", name="Save the settings").click()
    answered(page, "#settings")
    page.get_by_label("Discharge down to").fill("30")
    page.get_by_role("button", name="Save the settings").click()
    answered(page, "#settings")
    page.reload()
    expect(page.get_by_label("Discharge down to")).to_have_value("30")
    expect(page.get_by_label("Reserve")).to_have_value("40")


def hours_from_now(hours: int) -> str:
    """Return the time of day `hours` from now, so that it is not now at any time that the test runs."""
    return (datetime.now(ZoneInfo("Europe/London")) + timedelta(hours=hours)).strftime("%H:%M")


def schedule(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/schedule")
    while page.locator(".remove").count():
        page.locator(".remove").first.click()
    page.get_by_role("button", name="Add a weekly time").click()
    entry = page.locator(".entry[data-kind=weekly]")
    entry.get_by_label("From").fill(hours_from_now(6))
    entry.get_by_label("To", exact=True).fill(hours_from_now(7))
    entry.get_by_label("Mode").select_option("charge")
    entry.get_by_label("Amps").fill("10")
    entry.get_by_label("Name").fill("cheap night")
    page.get_by_role("button", name="Save the schedule").click()
    answered(page, "#schedule")
    expect(page.locator("#preview rect.m-charge").first).to_be_attached(timeout=8000)
    page.reload()
    expect(page.locator(".entry[data-kind=weekly]").get_by_label("Name")).to_have_value("cheap night")


def clock_and_backup(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/settings")
    kept_by = page.locator("[data-t='clock.text']")
    by_server = "(NTP)" in kept_by.inner_text()
    page.get_by_role("button", name="Use this device’s time").click()
    if by_server:
        expect(page.locator("#clock .answer")).to_contain_text("time server keeps the clock", timeout=CLOCK_MS)
    else:
        assert "The clock is set and trusted" in answered(page, "#clock", within_ms=CLOCK_MS)
    expect(kept_by).to_contain_text("The clock is trusted")
    shown = datetime.now(ZoneInfo("Europe/London")).strftime("%a %-d %b, %H:")
    expect(page.locator("[data-t='clock.local']")).to_have_text(re.compile(rf"{shown}\d\d in Europe/London"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Save a backup").click()
    page.get_by_label("Backup to restore").set_input_files(download.value.path())
    page.get_by_role("button", name="Restore it").click()
    answered(page, "#restore")


def energy(desk: Desk, page: Page) -> None:
    """Choose each mode with its button, let energy flow, stop, check that the stop stays, and resume the schedule."""
    page.goto(f"{desk.page}/")
    for name in ("Solar", "V2H"):
        page.get_by_role("button", name=name).first.click()
        answered(page, ".controls")
        expect(page.get_by_role("button", name=name).first).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Charge with amps", exact=True).fill("8")
    page.get_by_label("Charge up to percent", exact=True).fill("85")
    page.get_by_label("Until").fill(hours_from_now(3))
    page.get_by_role("button", name="Charge", exact=True).click()
    answered(page, ".controls")
    expect(page.locator("#headline")).to_contain_text("Charging the car with", timeout=SESSION_MS)
    page.get_by_label("Discharge with amps", exact=True).fill("6")
    page.get_by_label("Discharge down to percent", exact=True).fill("40")
    page.get_by_label("Until").fill("")
    page.get_by_role("button", name="Discharge", exact=True).click()
    answered(page, ".controls")
    expect(page.locator("#headline")).to_contain_text("The car supplies", timeout=SESSION_MS)
    page.get_by_role("button", name="Stop").click()
    answered(page, ".controls")
    resume = page.get_by_role("button", name="Let the schedule go on")
    expect(resume).to_be_visible(timeout=8000)
    expect(page.locator("#headline")).to_have_text("Idle", timeout=SESSION_MS)
    resume.click()
    answered(page, ".controls")
    expect(resume).to_be_hidden(timeout=8000)


def stalled(desk: Desk, page: Page) -> bool:
    """Return whether this machine stood still for 0.3 s, so that `guard` had to make safe. If so, clear the fault on
    the page."""
    page.goto(f"{desk.page}/")
    if page.locator("#trouble").get_by_text(STALL).count() == 0:
        return False
    for _ in range(30):  # until the cable is empty and the plug is unlocked
        if not page.get_by_role("button", name="clear it").is_visible():
            page.locator("summary", has_text="Clear the fault").click()
        page.get_by_role("button", name="clear it").click()
        page.wait_for_timeout(2000)
        if page.locator("#headline").inner_text() == "Idle":
            return True
    return False


def log_and_health(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/log")
    expect(page.locator("#events > li").first).to_be_visible()
    page.get_by_role("link", name="Warnings and faults").click()
    expect(page.get_by_role("link", name="Warnings and faults")).to_have_attribute("aria-current", "true")
    with page.expect_download() as download:
        page.get_by_role("link", name="The whole database").click()
    assert download.value.path().read_bytes().startswith(b"SQLite format 3")
    page.get_by_role("button", name="Keep the last ten minutes").click()
    expect(page.locator("form[data-command=capture] .answer")).to_have_attribute("data-ok", "true")
    kept, deadline = page.get_by_role("link", name="asked-for.log"), time.monotonic() + 30
    while not kept.count():
        assert time.monotonic() < deadline, "the capture is not listed"
        page.wait_for_timeout(500)
        page.reload()
    with page.expect_download() as download:
        kept.click()
    assert b"can0 " in download.value.path().read_bytes()
    page.goto(f"{desk.page}/health")
    expect(page.get_by_role("listitem").filter(has_text="Guard: relays")).to_contain_text("running")
    expect(page.locator("#link-text")).to_have_text("live")


def log_out(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.page}/logout")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#read-only")).to_contain_text("Only the owner may change things.")


def test_pairing_at_the_panel_gives_this_browser_a_new_password(desk: Desk, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{desk.page}/")
    expect(page.locator("#headline")).to_have_text("Idle", timeout=60_000)  # the last session has ended
    for button in ("on_off", "boost"):
        rig(desk, hold=button)
    page.wait_for_timeout(5600)
    for button in ("boost", "on_off"):
        rig(desk, release=button)
    page.goto(f"{desk.page}/pair")
    expect(page.get_by_text("Now press on/off at the charger")).to_be_visible()
    page.wait_for_timeout(1500)  # web says it to panel twice a second
    rig(desk, hold="on_off")
    rig(desk, release="on_off")
    expect(page.get_by_text("The window is yours")).to_be_visible()  # without a touch of the page
    page.get_by_label("New password").fill("correct horse battery")
    page.get_by_label("Once more").fill("correct horse battery")
    page.get_by_role("button", name="Set it").click()
    expect(page.locator("#headline")).to_be_visible()
    expect(page.locator("#read-only")).to_have_count(0)
    page.context.close()
