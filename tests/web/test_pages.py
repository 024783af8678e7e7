"""Schedule, settings, log, health, the chart and the permissions, in Chromium at phone and desktop width."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Dialog, Page, expect

from tests.support import lived_in
from tests.support.messages import manager
from tests.support.servedapp import serving
from tests.support.serving import Appliance
from v2h.bus.messages import ManagerSchedule, Reply
from v2h.config.site import Limits
from v2h.energy.schedule_json import revision
from v2h.energy.schedulefile import read_schedule
from v2h.energy.walltime import DAYS

PAGES = ("", "schedule", "settings", "log", "health", "login", "pair", "tokens", "account", "nowhere")


def test_the_chart_is_drawn_and_changes_its_span(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#chart-text")).to_contain_text("means over 5 minutes")
    expect(page.locator("#chart canvas").first).to_be_visible()
    hours = page.locator(".dygraph-axis-label-x").filter(has_text=re.compile(r"^\d\d:\d\d$"))
    # There is a label every six hours, and one of the four is a date. At 18:10 the label 18:00 has no room at the edge.
    assert hours.count() >= 2, page.locator(".dygraph-axis-label-x").all_inner_texts()
    drawn = page.locator("#chart").screenshot()
    page.get_by_role("button", name="7 days").click()
    expect(page.locator("#chart-text")).to_contain_text("means over 30 minutes")
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    assert page.locator("#chart").screenshot() != drawn
    page.get_by_role("button", name="24 hours").click()
    expect(page.locator("#chart-text")).to_contain_text("means over 5 minutes")


def test_the_chart_ends_now_by_the_appliances_clock(appliance: Appliance, page: Page) -> None:
    """The clock of the device that shows the page may be wrong, and may stand still while the device sleeps."""
    appliance.live_in()
    page.clock.install(time=datetime(2020, 1, 1, tzinfo=UTC))
    asked: list[float] = []
    page.on("request", lambda r: asked.extend(map(float, re.findall(r"samples\?.*to_s=([\d.]+)", r.url))))
    page.goto(appliance.url)
    page.clock.run_for(1000)
    expect(page.locator("#chart-text")).to_contain_text("means over 5 minutes")
    assert abs(asked[-1] - time.time()) < 60
    page.clock.set_system_time(datetime(2020, 1, 1, 8, tzinfo=UTC))
    page.get_by_role("button", name="7 days").click()
    expect(page.locator("#chart-text")).to_contain_text("means over 30 minutes")
    assert abs(asked[-1] - time.time() - 8 * 3600) < 60, "eight hours slept, as far as this device knows"
    page.get_by_role("button", name="24 hours").click()
    expect(page.locator("#chart-text")).to_contain_text("means over 5 minutes")
    assert abs(asked[-1] - time.time()) < 60, "put right by the last answer"


def test_an_until_goes_with_the_mode(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    page.get_by_label("Until").fill("23:45")
    page.get_by_role("button", name="Solar").click()
    expect(page.locator(".controls .answer")).to_have_text("mode is v2h")
    name, values = appliance.orders[-1]
    assert (name, values["mode"], values["until"][10:19]) == ("mode", "solar", "T23:45:00")


def test_a_stop_by_the_owner_is_told_and_the_schedule_let_go_on(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    resume = page.get_by_role("button", name="Let the schedule go on")
    expect(resume).to_be_hidden()
    appliance.state.put_manager(manager(mode="idle", stopped_by_owner=True))
    resume.click()
    expect(page.locator(".controls .answer")).to_have_text("mode is v2h")
    assert appliance.orders == [("resume", {})]


def test_the_schedule_is_shown_edited_and_sent_whole(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}schedule")
    expect(page.locator(".day")).to_have_count(7)
    assert "00:30 to 05:30 Charge with 10 A to 80 %" in (
        page.locator("#preview svg").nth(1).get_attribute("aria-label") or ""
    )
    page.get_by_text("As a list, with reasons").click()
    expect(page.locator("#preview li", has_text="Every week: cheap night").first).to_be_visible()
    first = page.locator(".entry[data-kind=weekly]").first
    first.get_by_label("Amps").fill("12")
    first.locator(".days label", has_text="Sun").click()
    page.locator(".entry[data-kind=prices]").first.get_by_role("button", name="Remove this entry").click()
    page.get_by_role("button", name="Add a single time").click()
    once = page.locator(".entry[data-kind=overrides]")
    once.get_by_label("From").fill("2026-12-24T18:00")
    once.get_by_label("To", exact=True).fill("2026-12-25T02:00")
    once.get_by_label("Mode").select_option("discharge")
    once.get_by_label("To %").fill("45")
    once.get_by_label("Name").fill("party")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#schedule .answer")).to_have_text("mode is v2h")
    ((name, values),) = appliance.orders
    document = values["schedule"]
    assert name == "schedule"
    assert document["weekly"][0] == {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat"], "start": "00:30", "end": "05:30", "mode": "charge",
        "amps": 12, "soc_limit_pct": 80, "name": "cheap night",
    }  # fmt: skip
    assert document["weekly"][1] == {**lived_in.DOCUMENT["weekly"][1]}  # type: ignore[index]
    assert document["overrides"] == [
        {
            "start": "2026-12-24T18:00",
            "end": "2026-12-25T02:00",
            "mode": "discharge",
            "soc_limit_pct": 45,
            "name": "party",
        }
    ]
    assert [price["import_price"] for price in document["prices"]] == [0.28]
    assert (document["version"], document["otherwise"]) == (1, "v2h")


def test_hours_that_nobody_planned_do_not_look_idle(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}schedule")
    fill = "(part) => getComputedStyle(part).fill"
    rails = {part.evaluate(fill) for part in page.locator(".week .rail").all()}
    parts = {part.evaluate(fill) for part in page.locator(".week rect:not(.rail)").all()}
    assert rails == {"none"} and "none" not in parts
    expect(page.locator("#preview .key")).to_contain_text("Over, or not planned yet")


def test_the_browser_asks_before_an_unsaved_edit_is_lost(appliance: Appliance, page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    appliance.live_in()
    page.goto(f"{appliance.url}schedule")
    page.get_by_role("button", name="Add a price").click()
    page.get_by_role("link", name="Log", exact=True).first.click()
    page.wait_for_timeout(200)
    assert (asked, page.url) == (["beforeunload"], f"{appliance.url}schedule")
    page.locator(".entry[data-kind=prices]").last.get_by_role("button", name="Remove this entry").click()
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#schedule .answer")).to_have_attribute("data-ok", "true")
    page.goto(f"{appliance.url}settings")
    reserve = page.locator("[data-setting=idle_end_min]")
    before = reserve.input_value()
    for value in ("45", before):
        reserve.fill(value)
    page.goto(f"{appliance.url}log")
    assert asked == ["beforeunload"], "saved, and put back by hand"


def test_a_schedule_that_was_changed_elsewhere_is_told_and_the_next_save_replaces_it(
    appliance: Appliance, page: Page
) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}schedule")
    page.expected_console = ("409",)  # type: ignore[attr-defined]
    appliance.reply = Reply("1", False, "Not applied: changed elsewhere", {"revision": "other"})
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#schedule .answer")).to_have_text("Not applied: changed elsewhere")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#schedule .answer")).to_have_attribute("data-ok", "false")
    page.wait_for_timeout(200)
    assert [values["replaces"] for _, values in appliance.orders] == [revision(lived_in.DOCUMENT), "other"]


def test_a_whole_day_and_an_instant_come_back_as_they_were(appliance: Appliance, page: Page) -> None:
    kept = {
        "version": 1,
        "otherwise": "idle",
        "weekly": [{"days": ["sat"], "start": "00:00", "end": "24:00", "mode": "solar"}],
        "ready_by": [{"date": "2026-12-24", "time": "05:00", "soc_pct": 80, "name": "airport"}],
        "trips": [{"at": "2026-12-24T05:00:00+05:30", "soc_pct": 80}],
        "overrides": [{"start": "2026-10-25T01:30:00+00:00", "end": "2026-12-25T02:00+05:30", "mode": "idle"}],
        "prices": [{"days": list(DAYS), "start": "00:00", "end": "24:00", "import_price": 0.3}],
    }
    appliance.live_in()
    appliance.state.put_plan(ManagerSchedule(0.0, kept))
    page.goto(f"{appliance.url}schedule")
    once = page.locator(".entry[data-kind=overrides]")
    expect(once.get_by_label("To", exact=True)).to_have_value("2026-12-24T20:30")
    save = page.get_by_role("button", name="Save the schedule")
    save.click()
    expect(page.locator("#schedule .answer")).to_have_text("mode is v2h")
    sent = {"schedule": kept, "replaces": revision(kept)}
    assert appliance.orders.pop() == ("schedule", sent), "nothing was touched"
    page.get_by_role("button", name="Add a weekly time").click()
    entry = page.locator(".entry[data-kind=weekly]").last
    entry.get_by_label("From").fill("00:00")
    entry.get_by_label("To", exact=True).fill("00:00")
    once.get_by_label("To", exact=True).fill("2026-10-25T04:00")
    save.click()
    expect(page.locator("#schedule .answer")).to_have_attribute("data-ok", "true")
    ((_, values),) = appliance.orders
    assert values["schedule"]["weekly"][1]["end"] == "24:00"
    assert values["schedule"]["overrides"][0]["end"] == "2026-10-25T04:00"
    assert values["schedule"]["overrides"][0]["start"] == kept["overrides"][0]["start"]  # type: ignore[index]
    read_schedule(values["schedule"], Limits(), "Europe/London")


def test_a_calendar_is_loaded_on_the_page(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}schedule")
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    event = f"BEGIN:VEVENT\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nSUMMARY:Airport\nEND:VEVENT"
    text = f"BEGIN:VCALENDAR\n{event}\nEND:VCALENDAR"
    page.get_by_label("Calendar file (.ics)").set_input_files(
        {"name": "trips.ics", "mimeType": "text/calendar", "buffer": text.encode()}
    )
    page.get_by_label("% where an event names none").fill("85")
    page.get_by_role("button", name="Load the calendar").click()
    expect(page.locator("#calendar .answer")).to_have_text("mode is v2h")
    ((name, values),) = appliance.orders
    (trip,) = values["trips"]
    assert (name, trip["name"], trip["soc_pct"]) == ("trips", "Airport", 85)
    assert datetime.fromisoformat(trip["at"]) == start


def test_a_refused_schedule_is_told_and_stays_in_the_form(appliance: Appliance, page: Page) -> None:
    page.expected_console = ("409",)  # type: ignore[attr-defined]
    appliance.live_in()
    appliance.reply = Reply("1", False, "weekly 1: start = '25:00' is no time")
    page.goto(f"{appliance.url}schedule")
    page.get_by_role("button", name="Add a weekly time").click()
    expect(page.locator(".entry[data-kind=weekly]").last.locator("input").first).to_be_focused()
    page.locator(".entry[data-kind=weekly]").last.get_by_label("From").fill("10:00")
    page.locator(".entry[data-kind=weekly]").last.get_by_label("To", exact=True).fill("11:00")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#schedule .answer")).to_have_text("weekly 1: start = '25:00' is no time")
    expect(page.locator(".entry[data-kind=weekly]")).to_have_count(3)


def test_only_changed_settings_are_sent(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}settings")
    save = page.get_by_role("button", name="Save the settings")
    save.click()
    expect(page.locator("#settings .answer")).to_have_text("Nothing was changed.")
    page.get_by_label("Discharge down to").fill("25")
    page.get_by_label("Export at most").fill("0")
    page.get_by_label("Currency").fill("EUR")
    save.click()
    expect(page.locator("#settings .answer")).to_have_text("mode is v2h")
    assert appliance.orders == [("settings", {"soc_min_pct": 25, "export_limit_w": 0, "currency": "EUR"})]
    page.get_by_label("Export at most").fill("")
    save.click()
    expect(page.locator("#settings .answer")).to_have_text("mode is v2h")
    assert appliance.orders[1:] == [("settings", {"export_limit_w": None})]


def test_a_setting_out_of_its_bounds_is_not_sent(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}settings")
    page.get_by_label("Charge with at most", exact=True).fill("40")
    page.get_by_role("button", name="Save the settings").click()
    assert page.evaluate("document.querySelector('#settings :invalid') !== null")
    assert appliance.orders == []


def test_the_clock_is_set_from_this_device(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}settings")
    page.get_by_role("button", name="Use this device’s time").click()
    expect(page.locator("#clock .answer")).to_have_text("mode is v2h")
    name, values = appliance.orders[-1]
    assert name == "clock"
    assert page.evaluate("at => Math.abs(Date.now() - new Date(at)) < 60000", values["at"])


def test_backup_and_restore(appliance: Appliance, page: Page, tmp_path: Path) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}settings")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save a backup").click()
    kept = tmp_path / "kept.json"
    download.value.save_as(kept)
    content = json.loads(kept.read_text())
    assert content["schedule"] == lived_in.DOCUMENT
    page.get_by_label("Backup to restore").set_input_files(kept)
    page.get_by_role("button", name="Restore it").click()
    expect(page.locator("#restore .answer")).to_have_attribute("data-ok", "true")
    assert appliance.orders == [("settings", content["settings"]), ("schedule", {"schedule": content["schedule"]})]
    kept.write_text("no json")
    page.get_by_label("Backup to restore").set_input_files(kept)
    page.get_by_role("button", name="Restore it").click()
    expect(page.locator("#restore .answer")).to_contain_text("This file cannot be read")
    assert len(appliance.orders) == 2


def test_the_log_is_browsed_by_gravity_and_age(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    (appliance.data / "captures").mkdir()
    (appliance.data / "captures" / "2026-11-22-car_lost.log").write_text("(0.0) can0 100#00\n")
    page.goto(f"{appliance.url}log")
    rows = page.locator("#events > li")
    expect(rows.first).to_contain_text("The week before this line is made up")
    night = rows.nth(1)
    expect(night).to_contain_text("stopped;")
    expect(night).to_contain_text("kWh into the car")
    expect(night.get_by_text("Waking the car")).to_be_hidden()
    night.locator("summary").press("Enter")
    expect(night.get_by_text("Waking the car")).to_be_visible()
    newest = rows.nth(1).inner_text()
    page.goto(f"{appliance.url}log?before=60")
    assert rows.first.inner_text() != newest
    page.get_by_role("link", name="Faults only").click()
    expect(rows.first).to_contain_text("Fault.")
    expect(page.get_by_role("link", name="Faults only")).to_have_attribute("aria-current", "true")
    expect(page.locator("#days table.totals tbody tr")).to_have_count(9)
    with page.expect_download() as download:
        page.get_by_role("link", name="2026-11-22-car_lost.log").click()
    assert download.value.suggested_filename == "2026-11-22-car_lost.log"
    with page.expect_download() as download:
        page.get_by_role("link", name="The log as CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_day_is_deleted_by_a_second_word(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}log")
    page.get_by_text("Delete a day").click()
    day = page.locator("select[name=day]").input_value()
    page.get_by_role("button", name="Delete its totals").click()
    expect(page.locator("form[data-command=delete-day] .answer")).to_have_attribute("data-ok", "true")
    assert appliance.orders == [("delete-day", {"day": day})]


def test_health_is_live(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(f"{appliance.url}health")
    plus = page.get_by_role("listitem").filter(has_text="DC contactor +")
    expect(plus).to_contain_text("closed")
    appliance.feed(outputs=["master"], checks={"lock": "assumed"})
    expect(plus).to_contain_text("open")
    expect(page.get_by_role("listitem").filter(has_text="Plug lock").first).to_contain_text("assumed")
    appliance.state.put_manager(manager(tracking={"mean_w": 31.0}))
    expect(page.get_by_role("listitem").filter(has_text="Grid off its target")).to_contain_text("31 W")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_without_any_data(appliance: Appliance, page: Page, path: str) -> None:
    page.expected_console = ("503", "404") if path == "nowhere" else ("503",)  # type: ignore[attr-defined]
    page.goto(f"{appliance.url}{path}")
    expect(page.locator("main")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_token_is_revoked_by_a_second_word_and_fits_a_narrow_page(appliance: Appliance, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    appliance.token()
    page.goto(f"{appliance.url}tokens")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    now = page.get_by_role("button", name="Revoke test now")
    expect(now).to_be_hidden()
    page.locator("summary", has_text="Revoke").press("Enter")
    now.click()
    expect(page.locator(".key-row")).to_have_count(0)
    assert appliance.keys.tokens() == []


def test_what_is_touched_in_headings_and_at_the_foot_is_large_enough(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    small = page.evaluate("""() => [...document.querySelectorAll("header a, .between > a, footer a, summary, button")]
        .filter(e => e.offsetHeight > 0 && e.offsetHeight < 38).map(e => e.outerHTML)""")
    assert small == []


@pytest.mark.stranger
def test_a_stranger_reads_but_changes_nothing(appliance: Appliance, page: Page) -> None:
    appliance.live_in()
    page.goto(appliance.url)
    expect(page.locator("#read-only")).to_contain_text("No password is set yet")
    appliance.keys.set_password("a good long password")
    for path in ("", "schedule", "settings"):
        page.goto(f"{appliance.url}{path}")
        expect(page.locator("#read-only")).to_contain_text("Only the owner may change things.")
        allowed = page.evaluate("""() => [...document.querySelectorAll("main button, main input, main select")]
            .filter(e => !e.matches(":disabled, [data-hours], .dygraph-roller")).map(e => e.outerHTML)""")
        assert allowed == []
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_label("Password").fill("a good long password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{appliance.url}settings")
    expect(page.locator("#read-only")).to_have_count(0)
    page.goto(appliance.url)
    page.get_by_role("button", name="Solar").click()
    expect(page.locator(".controls .answer")).to_have_text("mode is v2h")
    assert appliance.orders == [("mode", {"mode": "solar"})]


@pytest.mark.stranger
def test_only_a_browser_that_was_brought_here_by_its_owner_takes_the_pairing_window(
    appliance: Appliance, page: Page
) -> None:
    """Over plain HTTP no header says which site caused a browser's request; the cookies show it."""
    page.expected_console = ("ERR_BLOCKED_BY_RESPONSE", "frame-ancestors", "404")  # type: ignore[attr-defined]
    evil, address = Flask("evil"), f"{appliance.url}pair"
    content = f'<img src="{address}"><iframe src="{address}"></iframe><a href="{address}">a kitten</a>'
    evil.add_url_rule("/", view_func=lambda: content)
    with serving(evil) as port:
        now = time.monotonic()
        appliance.window.open(now, 120, now)
        page.goto(f"http://localhost:{port}/")
        page.wait_for_load_state("networkidle")
        page.get_by_text("a kitten").click()
        expect(page.get_by_text("another site sent this browser here")).to_be_visible()
        assert appliance.window.claim(now) == "", "nobody has asked yet"
        page.get_by_role("link", name="Set the password from this browser").click()
        expect(page.get_by_text("Now press on/off")).to_be_visible()
        page.goto(f"{appliance.url}pair")
        now = time.monotonic()
        assert appliance.window.confirm(appliance.window.claim(now), now, now)
        expect(page.get_by_text("The window is yours")).to_be_visible()
        page.get_by_label("New password").fill("a brand new one")
        page.get_by_label("Once more").fill("a brand new one")
        page.get_by_role("button", name="Set it").click()
        expect(page.locator("#read-only")).to_have_count(0)
        assert appliance.keys.has_password
