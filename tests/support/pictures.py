"""The pictures of the page in docs/, from an application with a week of data: `python -m tests.support.pictures`."""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from v2h.bus.messages import Event
from v2h.bus.states import STATE_EVENT
from v2h.energy.clock_trust import Trust
from v2h.energy.explain import clock_json

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = (
    ("page-light", "", 1280, 1330, "light"),
    ("page-dark", "", 1280, 900, "dark"),
    ("page-phone", "", 390, 844, "light"),
    ("page-phone-schedule", "schedule", 390, 844, "dark"),
)
"""File in docs/, path of the page, width, height, colours."""
EVENTS = (
    (30000.0, "warning", "meter-silent", "The grid meter was silent for 4 s: 0 A until it spoke again", {}),
    (8000.0, "info", "command", "Applied: mode v2h.", {}),
    (7900.0, "info", STATE_EVENT, "energy may flow", {"state": "energy"}),
)


def main() -> int:
    from tests.support.messages import charger, manager
    from tests.support.serving import CHROMIUM, NOW, SWITCHES, ZONE, Appliance, log_in, served

    with (
        tempfile.TemporaryDirectory() as folder,
        served(Appliance(Path(folder))) as made,
        sync_playwright() as driver,
    ):
        made.live_in()
        for ago_s, level, code, text, values in EVENTS:
            made.state.put_event(Event(time.monotonic() - ago_s, level, code, text, "manager", values))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        for name, path, width, height, scheme in PICTURES:
            now = time.monotonic()
            clock = clock_json(Trust(True, "ntp", 1200.0), NOW, ZONE)
            why = "Covering the house: 1.1 kW from the car. From 00:30 it charges at the night price."
            made.state.put_manager(manager(mode="v2h", why=why, grid_w=12.0, clock=clock, starts=1))
            made.state.put_charger(charger(power_w=-1080.0, amps_a=-2.9, setpoint_a=-2.9, soc_pct=64.0, t=now))
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            log_in(context, made)
            _picture(context.new_page(), made.url + path, DOCS / f"{name}.png", path == "")
            context.close()
        browser.close()
    return 0


def _picture(page: Page, url: str, file: Path, has_chart: bool) -> None:
    page.goto(url)
    if has_chart:
        page.wait_for_selector("#chart canvas")
    page.wait_for_timeout(400)
    page.screenshot(path=file)
    print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    sys.exit(main())
