"""gateway: the faces to other controllers in the house, each of which v2h.toml switches on.

It runs only when at least one is configured. It reads the bus, gives the same commands as the page, and holds no
policy: manager bounds every order by the owner's limits. When it dies or hangs, nothing else changes: supervisor or
pulse restarts it; the orders of other controllers end with their lifetimes, and on the broker of the house our last
will says "offline".
"""

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from v2h import version
from v2h.bus.messages import (
    ChargerState,
    Event,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterStatus,
)
from v2h.config.files import config_paths
from v2h.config.neighbours import Gateway as Spec
from v2h.config.presets import own_folders
from v2h.datalog.reader import LogError, LogReader
from v2h.gateway.house import House
from v2h.gateway.old_records import MOST, Wanted, records
from v2h.gateway.shell.commander import Commander
from v2h.gateway.shell.house_broker import BrokerError
from v2h.gateway.shell.mqtt_face import MqttFace
from v2h.gateway.shell.old_page import OldPageServer
from v2h.gateway.shell.webhook import Webhook, WebhookError
from v2h.runtime.paths import DATA, OUTSIDE_SECRETS, RUN
from v2h.runtime.program import SLACK_S, Program
from v2h.runtime.realtime import NICE

LOOK_S = 0.5
LISTEN_S = 5.0
COUNT_S = 60.0
"""datalog writes the day's counters once a minute."""
KEPT = "gateway.json"


def with_secrets(spec: Spec, path: Path) -> Spec:
    """The configuration with its passwords and tokens, which its copy in /run does not have. Raises nothing: without
    the file the secrets are those of the configuration."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return spec
    return replace(
        spec,
        mqtt=replace(spec.mqtt, **known["mqtt"]),
        websocket=replace(spec.websocket, **known["websocket"]),
        notify=replace(spec.notify, **known["notify"]),
    )


class Gateway:
    """Wiring of one program; every handler runs in the one loop."""

    def __init__(self, program: Program) -> None:
        self._program, self._bus = program, program.bus
        self._house = house = House(program.config.site.name, version())
        self._log = LogReader(DATA)
        self._spec = with_secrets(program.config.gateway, RUN / OUTSIDE_SECRETS)
        self._commander = Commander(program.bus)
        self._subscribe(house)
        self._mqtt: MqttFace | None = None
        self._mqtt_tried = False
        self._old_page: OldPageServer | None = None
        self._listen(time.monotonic())
        self._webhook = self._open_webhook()
        program.every(LOOK_S, self._look, slack_s=SLACK_S)
        program.every(COUNT_S, self._count, slack_s=SLACK_S)
        program.every(LISTEN_S, self._listen, slack_s=SLACK_S)
        program.at_exit(self.close)

    def _open_mqtt(self) -> MqttFace | None:
        """Call it when this program is on its own bus: `online` on the broker of the house says that orders arrive."""
        spec = self._spec.mqtt
        if not spec.host:
            return None
        places = [folder / spec.ca for folder in own_folders(config_paths())]
        certificate = next((place for place in places if place.is_file()), places[0]) if spec.ca else None
        try:
            return MqttFace(spec, self._house, self._commander.give, self._say, DATA / KEPT, certificate)
        except BrokerError as error:
            self._say("the broker of the house", str(error))
            return None

    def _listen(self, now: float) -> None:
        """Open the predecessor's WebSocket, if it is not open: its address may come later than this program."""
        spec, reading_open = self._spec.websocket, self._program.config.web.reading == "open"
        if not spec.listen or self._old_page is not None:
            return
        try:
            give = self._commander.give
            self._old_page = OldPageServer(
                self._program, spec, self._house, give, self._records, reading_open=reading_open
            )
            self._say("the predecessor's WebSocket", "")
        except OSError as error:
            self._say("the predecessor's WebSocket", f"{spec.listen}: {error}")

    def _records(self, wanted: Wanted) -> str:
        """Raises LogError."""
        if wanted.newest:
            return records(self._log.newest_flow(wanted.newest))
        now = time.time()
        return records(self._log.flow(*(wanted.between or (now - wanted.hours * 3600, now)), MOST))

    def _open_webhook(self) -> Webhook | None:
        if not self._spec.notify.webhook:
            return None
        try:
            return Webhook(self._spec.notify, self._house.site, self._say)
        except WebhookError as error:
            self._say("the webhook", str(error))
            return None

    def _subscribe(self, house: House) -> None:
        def keep(name: str, kind: Any) -> Any:
            return lambda topic, payload: setattr(house, name, kind.from_json(payload))

        subscribe = self._bus.subscribe
        subscribe(ChargerState.TOPIC, keep("charger", ChargerState))
        subscribe(ManagerState.TOPIC, keep("manager", ManagerState))
        subscribe(ManagerSettings.TOPIC, keep("settings", ManagerSettings))
        subscribe(ManagerSchedule.TOPIC, keep("schedule", ManagerSchedule))
        subscribe(MeterStatus.TOPIC.format("+"), self._on_meter)
        subscribe(Event.TOPIC.format("+"), self._on_event, retained=False)

    def _on_meter(self, topic: str, payload: bytes) -> None:
        self._house.meters[topic.split("/")[2]] = MeterStatus.from_json(payload)

    def _on_event(self, topic: str, payload: bytes) -> None:
        event = Event.heard(topic, payload)
        if self._mqtt is not None:
            self._mqtt.notice(event, self._at())
        if self._webhook is not None:
            self._webhook.notice(event, self._at(), time.monotonic())

    def _at(self) -> str:
        """The time of day, "" while it is not known."""
        manager = self._house.manager
        return str(manager.clock.get("local", "")) if manager and manager.clock.get("trusted") else ""

    def _look(self, now: float) -> None:
        self._commander.look(now)
        if self._bus.connected and not self._mqtt_tried:
            self._mqtt, self._mqtt_tried = self._open_mqtt(), True
            if self._mqtt is not None:
                self._program.watch(self._mqtt, self._mqtt.read)
        if self._mqtt is not None:
            self._mqtt.look(now)
        if self._old_page is not None:
            self._old_page.look(now)

    def _count(self, now: float) -> None:
        try:
            self._house.totals_wh = self._log.totals_wh()
        except LogError as error:
            self._say("the log", str(error))

    def _say(self, about: str, text: str) -> None:
        """Log each change of a lasting state once; "" means that it is well again."""
        if self._program.is_news(about, text):
            self._program.log.warning("%s: %s", about, text or "works")

    def close(self) -> None:
        if self._mqtt is not None:
            self._mqtt.close()
        if self._old_page is not None:
            self._old_page.close()
        if self._webhook is not None:
            self._webhook.close()


def main() -> int:
    os.nice(NICE)
    program = Program("gateway")
    Gateway(program)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
