"""The page's cost for a phone: bytes over the wire, and the time to the first paint on a slow processor.

`python -m tests.support.weight` prints both as `make bench` does.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

MOST_BYTES = 100_000
MOST_PAINT_S = 2.0
THROTTLING = 6
PAINTS = 5


def measure(browser: Browser, url: str, cookies: list[Any]) -> list[dict[str, Any]]:
    """Both measurements of the page at url, under the names of build/bench.json."""
    bytes_sent = bytes_received(browser, url, cookies)
    paint_s = statistics.median(_paint_s(browser, url, cookies) for _ in range(PAINTS))
    return [
        _row("page, over the wire, everything it loads", sum(bytes_sent.values()), "bytes", MOST_BYTES),
        _row(f"page, first paint at {THROTTLING} x CPU throttling", round(paint_s, 3), "s", MOST_PAINT_S),
    ]


def _row(name: str, value: float, unit: str, against: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "against": against, "ratio": round(value / against, 3)}


def bytes_received(browser: Browser, url: str, cookies: list[Any]) -> Mapping[str, int]:
    """Bytes received, including headers, by address; the live stream counts for its first second."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}
    wire.on("Network.requestWillBeSent", lambda e: addresses.setdefault(e["requestId"], e["request"]["url"]))
    wire.on("Network.responseReceived", lambda e: _add(sizes, addresses, e, e["response"]["encodedDataLength"]))
    wire.on("Network.dataReceived", lambda e: _add(sizes, addresses, e, e["encodedDataLength"]))
    page.goto(url)
    page.wait_for_selector("#chart canvas")
    page.wait_for_timeout(1000)
    context.close()
    return sizes


def _add(sizes: dict[str, int], addresses: Mapping[str, str], event: Mapping[str, Any], count: int) -> None:
    address = addresses.get(event["requestId"], "?")
    sizes[address] = sizes.get(address, 0) + count


def _paint_s(browser: Browser, url: str, cookies: list[Any]) -> float:
    """Time in s to the first contentful paint of a browser with an empty cache."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLING})
    page.goto(url)
    found = page.evaluate("""() => new Promise(resolve => {
        const look = () => {
            const [paint] = performance.getEntriesByName("first-contentful-paint");
            paint ? resolve(paint.startTime) : setTimeout(look, 50);
        };
        look();
    })""")
    context.close()
    return float(found) / 1000


def main() -> int:
    from tests.support.serving import CHROMIUM, SWITCHES, Appliance, served
    from v2h.web.auth import SESSION_COOKIE

    with (
        tempfile.TemporaryDirectory() as folder,
        served(Appliance(Path(folder))) as made,
        sync_playwright() as driver,
    ):
        made.live_in()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        cookies = [{"name": SESSION_COOKIE, "value": made.session(), "url": made.url}]
        for row in measure(browser, made.url, cookies):
            print(json.dumps(row))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
