"""web: the status page, the REST API and the live stream.

Two parts in one process: the bus loop of `Program` in the main thread, and waitress with its request threads. They
share only `LiveState` (bus -> pages) and `CommandQueue` (pages -> bus).
When it dies or hangs, nothing else changes: supervisor or pulse restarts it, the page says "no connection" and
reconnects by itself. When the server's thread ends, the program ends with 1.
"""

import os
import sys
import threading
import time

from v2h.bus.messages import (
    PASSWORD_SET,
    Alive,
    CableCalibration,
    CcsState,
    ChargerState,
    ConverterLosses,
    Event,
    LogState,
    ManagerPlan,
    ManagerPrices,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterReading,
    MeterStatus,
    Pairing,
    PairingClaim,
    PairingPress,
    Reply,
)
from v2h.bus.sentences import say
from v2h.config.files import config_paths
from v2h.datalog.reader import LogError, LogReader
from v2h.datalog.schema import DAMAGED
from v2h.runtime.paths import DATA, SITE_EDITS, WEB_DATA
from v2h.runtime.program import SLACK_S, Program
from v2h.runtime.realtime import NICE
from v2h.web.app import create_app
from v2h.web.auth_store import AuthStore
from v2h.web.commands import CommandQueue
from v2h.web.pages import owners_zone
from v2h.web.pairing import Window
from v2h.web.server import make_server
from v2h.web.site_edits import SiteEdits
from v2h.web.state import LiveState
from v2h.web.view.today import of_today

BUS_LOOK_S = 0.5
COUNT_S = 60.0
"""datalog writes the day's counters once a minute."""


class ServerGoneError(RuntimeError):
    """The HTTP server's thread has ended."""


class Web:
    """State of the program. Every handler runs in the one loop; the HTTP server's threads reach it through the
    queue."""

    def __init__(self, program: Program) -> None:
        self._program, self._bus, config = program, program.bus, program.config
        self._state = LiveState(config.errors, config.site.name)
        self._queue, self._window, self._pairs = CommandQueue(), Window(), False
        self._archive = LogReader(DATA, self._on_damage, copies=WEB_DATA)
        self._archive.clear_leftovers()
        self._keys = keys = AuthStore(WEB_DATA)
        self._site = site = SiteEdits(config_paths(), SITE_EDITS, config)
        app = create_app(
            self._state,
            self._queue,
            keys,
            window=self._window,
            tell=self._queue.tell,
            site=site,
            data=DATA,
            archive=self._archive,
            host_names=tuple(name.strip() for name in config.web.host_names.split(",") if name.strip()),
            reading_open=config.web.reading == "open",
        )
        self._serving = threading.Thread(target=make_server(app, config.web.listen).run, name="http", daemon=True)
        self._subscribe()
        program.watch(self._queue, self._carry_orders)
        self._warn_of_owner(keys)
        for sentence in site.settle():
            self._bus.event("warning", "site-edit-dropped", sentence)
        self._serving.start()
        program.every(BUS_LOOK_S, self._look)
        program.every(PairingClaim.REPEAT_S, self._show_pairing)
        program.every(COUNT_S, self._count, slack_s=SLACK_S)
        program.at_exit(self._state.close)

    def _subscribe(self) -> None:
        state, subscribe = self._state, self._bus.subscribe
        subscribe(ChargerState.TOPIC, lambda topic, data: state.put_charger(ChargerState.from_json(data)))
        subscribe(ManagerState.TOPIC, lambda topic, data: state.put_manager(ManagerState.from_json(data)))
        subscribe(ManagerSettings.TOPIC, lambda topic, data: state.put_settings(ManagerSettings.from_json(data)))
        subscribe(ManagerSchedule.TOPIC, lambda topic, data: state.put_plan(ManagerSchedule.from_json(data)))
        subscribe(ManagerPrices.TOPIC.format("+"), self._on_prices)
        subscribe(ManagerPlan.TOPIC, lambda topic, data: state.put_money_plan(ManagerPlan.from_json(data)))
        subscribe(LogState.TOPIC, lambda topic, data: state.put_log(LogState.from_json(data)))
        subscribe(ConverterLosses.TOPIC, lambda topic, data: state.put_losses(ConverterLosses.from_json(data)))
        subscribe(MeterStatus.TOPIC.format("+"), self._on_meter)
        subscribe(CcsState.TOPIC, lambda topic, data: state.put_ccs(CcsState.from_json(data)))
        subscribe(MeterReading.TOPIC.format("solar"), lambda topic, data: state.put_solar(MeterReading.from_json(data)))
        subscribe(CableCalibration.TOPIC, self._on_calibration, retained=False)
        subscribe(Pairing.TOPIC, self._on_pairing, retained=False)
        subscribe(PairingPress.TOPIC, self._on_pairing_press, retained=False)
        subscribe(Alive.TOPIC.format("+"), self._on_alive)
        subscribe(Event.TOPIC.format("+"), lambda *heard: state.put_event(Event.heard(*heard)), retained=False)
        subscribe(
            Reply.TOPIC.format("+"), lambda topic, data: self._queue.answer(Reply.from_json(data)), retained=False
        )

    def _on_meter(self, topic: str, payload: bytes) -> None:
        self._state.put_meter(topic.split("/")[2], MeterStatus.from_json(payload))

    def _on_prices(self, topic: str, payload: bytes) -> None:
        self._state.put_prices(topic.split("/")[3], ManagerPrices.from_json(payload))

    def _on_calibration(self, topic: str, payload: bytes) -> None:
        """Keep a calibration of the cable for the next start, and show what became of it."""
        found = CableCalibration.from_json(payload)
        outcome = self._site.keep_calibration(found)
        self._state.put_calibration(found.t, outcome)
        if found.scale_v_per_v is not None:
            kept = outcome.id == "calibration.kept"
            self._bus.event("info" if kept else "warning", "calibration-kept", outcome)

    def _on_alive(self, topic: str, payload: bytes) -> None:
        self._state.put_connection(self._bus.connections)
        self._state.put_alive(topic.split("/")[1], Alive.from_json(payload))

    def _on_reply(self, topic: str, payload: bytes) -> None:
        self._queue.answer(Reply.from_json(payload))

    def _on_pairing(self, topic: str, payload: bytes) -> None:
        said = Pairing.from_json(payload)
        if self._window.open(said.t, said.open_s, time.monotonic()):
            self._program.log.info("pairing window open")
            self._pairs = True

    def _on_pairing_press(self, topic: str, payload: bytes) -> None:
        said = PairingPress.from_json(payload)
        if self._window.confirm(said.claim, said.t, time.monotonic()):
            self._bus.event("warning", "pairing", say("owner.pairing_confirmed"))

    def _show_pairing(self, now: float) -> None:
        """Tell `panel` that a browser waits for the press, or once that the window is over."""
        claim, over = self._window.claim(now), self._window.is_over(now)
        if self._pairs and (claim or over):
            self._bus.publish(PairingClaim(now, claim))
        self._pairs = self._pairs and not over

    def _on_damage(self, why: str) -> None:
        """Report a damaged log. Called in a thread of the HTTP server."""
        self._queue.tell("warning", DAMAGED, say("log.damaged", why=why))

    def _carry_orders(self, now: float) -> None:
        for name, order in self._queue.take():
            self._program.log.info("command %s %.200s", name, order.values)
            self._bus.publish(order, name)
        for level, code, text in self._queue.take_events():
            self._bus.event(level, code, text)

    def _count(self, now: float) -> None:
        """Once a minute: read the day's counters for the page, write the last use of the owner's credentials to the
        card, and free a copy of the log that is not served any more."""
        totals_wh = None
        try:
            days = self._archive.days(1)
            totals_wh = self._archive.totals_wh()
        except LogError:
            days = []
        self._state.put_totals(totals_wh)
        self._keys.write_used()
        self._archive.drop_old_copy()
        self._state.put_today(of_today(days, owners_zone(self._state), time.time()))

    def _look(self, now: float) -> None:
        """Publish the state of the bus to the pages. Raises ServerGoneError when the server's thread has ended;
        supervisor then starts the program again."""
        self._state.put_bus(self._bus.connected)
        self._state.put_connection(self._bus.connections)
        if not self._serving.is_alive():
            raise ServerGoneError("the HTTP server's thread has ended")

    def _warn_of_owner(self, keys: AuthStore) -> None:
        news = keys.take_news()
        if news is not None:
            self._bus.event("warning", PASSWORD_SET, say("owner.password_news", news=news))
        if keys.trouble is not None:
            text = keys.trouble if keys.has_password else say("owner.no_password", trouble=keys.trouble)
            self._bus.event("warning", "owner_file", text)
        if self._program.config.web.password:
            self._bus.event("warning", "password_left", say("owner.password_left"))


def main() -> int:
    os.nice(NICE)
    program = Program("web")
    Web(program)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
