"""A served application whose state the test feeds, and how Chromium is started."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import BrowserContext

import lived_in
from messages import charger, manager
from v2h.bus import Alive, MeterStatus
from v2h.web import words
from v2h.web.archive import Archive
from v2h.web.gate import SESSION_COOKIE
from v2h.web.server import make_server
from v2h.web.state import LiveState
from webapp import WebApp

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
ZONE = ZoneInfo("Europe/London")
NOW = datetime.now(ZONE)


@dataclass
class Appliance(WebApp):
    """A served application whose state the test feeds."""

    state: LiveState = field(default_factory=lambda: LiveState(site="Garage"))
    archive: Archive | None = None
    url: str = ""

    def feed(self, **changes: Any) -> None:
        """A new charger state with `changes`, everything else well."""
        self.state.put_bus(True)
        for name in words.PROGRAMS:
            self.state.put_alive(name, Alive(True, 1, "0.1.0"))
        self.state.put_manager(manager())
        self.state.put_charger(charger(**changes))

    def live_in(self) -> None:
        """All there is to know: settings, schedule, a week of log."""
        now = time.monotonic()
        self.archive = lived_in.Week(NOW)
        self.state.put_settings(lived_in.settings(now))
        self.state.put_plan(lived_in.plan(now, NOW))
        self.state.put_meter("grid", MeterStatus(now, "good", "", "STPM3x", 0.1, 0.06, True))
        self.state.put_today(lived_in.Week(NOW).days(1)[-1])
        self.feed()


@contextmanager
def served(made: Appliance, **options: Any) -> Iterator[Appliance]:
    """The application on a port of the loopback, with its archive looked up at each request."""
    app = made.make(archive=Late(made), **options)
    server = make_server(app, "127.0.0.1:0")
    made.url = f"http://127.0.0.1:{server.effective_port}/"
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield made
    finally:
        made.state.close()


class Late:
    """The appliance's archive of the moment."""

    def __init__(self, made: Appliance) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if self._made.archive is None:
            raise OSError("there is no log yet")
        return getattr(self._made.archive, name)  # type: ignore[no-any-return]


def log_in(context: BrowserContext, appliance: Appliance) -> None:
    context.add_cookies([{"name": SESSION_COOKIE, "value": appliance.session(), "url": appliance.url}])
