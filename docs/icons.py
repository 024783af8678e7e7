"""Draws the page's icons and writes its manifest. Run docs/icons.py after a change of app/v2h/web/static/icon.svg.

The source is icon.svg. The PNGs fill the whole square with the icon's own colour, because telephones cut the corners by
themselves. The manifest names each icon by its content, as the pages do; tests/unit/web/test_icons.py compares.
"""

import hashlib
import json
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parents[1] / "app/v2h/web/static"
CHROMIUM = "/usr/bin/chromium"
COLOUR = "#12805c"
SIZES = (180, 192, 512)
"""px: an iPhone's home screen; Android's, small and as the start picture."""


def draw() -> None:
    """Write icon-SIZE.png beside icon.svg."""
    svg = (STATIC / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        for size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body{{margin:0;background:{COLOUR}}}svg{{display:block}}</style>{svg}")
            page.screenshot(path=STATIC / f"icon-{size}.png")
            page.close()
        browser.close()


def manifest() -> str:
    """The manifest for the icons as they are now."""
    icons = [{"src": _address("icon.svg"), "sizes": "any", "type": "image/svg+xml"}]
    for size in (192, 512):
        src = _address(f"icon-{size}.png")
        icons.append({"src": src, "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"})
    said = {"name": "V2H charger", "short_name": "V2H", "id": "/", "start_url": "/", "scope": "/"}
    look = {"display": "standalone", "background_color": "#f2f4f6", "theme_color": "#f2f4f6"}
    return json.dumps({**said, **look, "icons": icons}, indent=1) + "\n"


def _address(name: str) -> str:
    return f"{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


if __name__ == "__main__":
    draw()
    (STATIC / "app.webmanifest").write_text(manifest(), encoding="utf-8")
    sys.exit(0)
