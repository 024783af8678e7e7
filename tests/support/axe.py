"""The grave violations of accessibility on a page, and the sizes that the pages are looked at."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SIZES = {"phone": (390, 844, "dark"), "desktop": (1280, 900, "light")}
GRAVE = ("serious", "critical")
ALSO = ("landmark-unique",)


def grave(page: Page) -> list[str]:
    """Return the grave violations, each with its element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE or violation["id"] in ALSO
        for node in violation["nodes"]
    ]
