"""A served application whose state a test sets, and how Chromium is started."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import BrowserContext

from tests.support import lived_in
from tests.support.messages import charger, manager
from tests.support.servedapp import serving
from tests.support.webapp import WebApp
from v2h.bus.messages import Alive, MeterStatus
from v2h.web.auth import SESSION_COOKIE
from v2h.web.log_source import Archive
from v2h.web.state import LiveState
from v2h.web.view import labels

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
    """A served application whose state a test sets."""

    state: LiveState = field(default_factory=lambda: LiveState(site="Garage"))
    archive: Archive | None = None
    url: str = ""

    def feed(self, **changes: Any) -> None:
        """Set a new charger state with `changes`; everything else is normal."""
        self.state.put_bus(True)
        for name in labels.PROGRAMS:
            self.state.put_alive(name, Alive(True, 1, "0.1.0"))
        now = time.monotonic()  # the page shows when the programs fall silent
        self.state.put_manager(manager(t=now))
        self.state.put_charger(charger(**{"t": now, **changes}))

    def live_in(self) -> None:
        """Fill in everything: settings, schedule, a week of log."""
        now = time.monotonic()
        self.archive = lived_in.Week(NOW)
        self.state.put_settings(lived_in.settings(now))
        self.state.put_plan(lived_in.plan(now, NOW))
        self.state.put_meter("grid", MeterStatus(now, "good", "", "STPM3x", 0.1, 0.06, True))
        self.state.put_today(lived_in.Week(NOW).days(1)[-1])
        self.feed()


@contextmanager
def served(made: Appliance, **options: Any) -> Iterator[Appliance]:
    """Serve the application on a port of the loopback; it looks up its archive at each request."""
    app = made.make(archive=Late(made), **options)
    with serving(app, made.state.close) as port:
        made.url = f"http://127.0.0.1:{port}/"
        yield made


class Late:
    """The archive that the appliance has at this moment."""

    def __init__(self, made: Appliance) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if self._made.archive is None:
            raise OSError("there is no log yet")
        return getattr(self._made.archive, name)  # type: ignore[no-any-return]


def log_in(context: BrowserContext, appliance: Appliance) -> None:
    context.add_cookies([{"name": SESSION_COOKIE, "value": appliance.session(), "url": appliance.url}])
