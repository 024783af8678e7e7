"""One program's connection to the broker, driven by the program's own loop: no thread.

Reconnects every second after a failure; after each connect it subscribes again and publishes the retained state again.
A broker that is gone or hangs never blocks the caller for longer than one local connect.

An event reaches only the programs that listen at that moment, and a program that starts before the log publishes events
that the log does not receive. So each program keeps its last events and sends them to the log again when the log
becomes alive (again); the log drops the events that it already has.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from v2h import version
from v2h.bus.coding import Message, MessageError
from v2h.bus.messages import MOST_MESSAGE_B, Alive, Event
from v2h.bus.paho_lazy import CallbackAPIVersion, mqtt

KEEPALIVE_S = 5
SHOWN = 1000
"""Letters that are left of the text of an event that would be too large for the bus."""
UNSENT = 50
"""At most this many events wait for the broker, and as many are kept for the log."""
LOG = "datalog"
"""The program that writes the events down."""
LOG_HANGS_S = 10.0
"""The broker notices a dead log after 1.5 KEEPALIVE_S; events of that time may be lost and are sent again."""
PORT = int(os.environ.get("V2H_BUS_PORT", "1883"))

Handler = Callable[[str, bytes], None]


class BusClient:
    """MQTT 3.1.1 client of the local broker. connections: how often it was connected."""

    def __init__(self, name: str, run: Path, log: logging.Logger) -> None:
        self._name, self._log = name, log
        self._secret = run / "secrets" / name
        self._handlers: dict[str, Handler] = {}
        self._retained: dict[str, bytes] = {}
        self._unsent: deque[Event] = deque(maxlen=UNSENT)
        self._kept: deque[Event] = deque(maxlen=UNSENT)
        self._log_lives, self._log_heard_t = False, float("-inf")
        self._next_try = 0.0
        self.connected, self.connections = False, 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"v2h-{name}",
            protocol=mqtt.MQTTv311,
            clean_session=True,
        )
        self._client.connect_timeout = 1.0
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        topic = Alive.TOPIC.format(name)
        dead = Alive(False, os.getpid(), version())
        self._client.will_set(topic, dead.to_json(), retain=True)
        self._retained[topic] = Alive(True, os.getpid(), version()).to_json()
        if name != LOG:
            self.subscribe(Alive.TOPIC.format(LOG), self._on_log)

    def subscribe(self, topic: str, handler: Handler, *, retained: bool = True) -> None:
        """Call handler(topic, payload) for each message; retained=False drops retained ones (commands, setpoints)."""

        def guarded(actual: str, payload: bytes) -> None:
            try:
                handler(actual, payload)
            except MessageError as error:
                self._log.warning("dropped message on %s: %s", actual, error)

        self._handlers[topic] = guarded
        self._client.message_callback_add(topic, self._dispatcher(topic, retained))
        if self.connected:
            self._client.subscribe(topic)

    def publish(self, message: Message, *topic_parts: str) -> None:
        """Send now if connected; a retained message is also kept and sent again after every reconnect."""
        topic = message.TOPIC.format(*topic_parts)
        payload = message.to_json()
        if len(payload) > MOST_MESSAGE_B:  # the broker would disconnect us, again after each reconnect
            self._log.error("not sent on %s: %d bytes, at most %d are allowed", topic, len(payload), MOST_MESSAGE_B)
            return
        if message.RETAIN:
            self._retained[topic] = payload
        if self.connected:
            self._client.publish(topic, payload, retain=message.RETAIN)

    def event(self, level: str, code: str, text: str, **values: Any) -> Event:
        """Log a line and publish the event; without a broker the last UNSENT events wait for the next connect."""
        self._log.log({"info": 20, "warning": 30, "fault": 40}[level], "%s: %s", code, text)
        event = Event(time.monotonic(), level, code, text, self._name, values)
        if len(event.to_json()) > MOST_MESSAGE_B:
            event = Event(event.t, level, code, f"{text[:SHOWN]}...", self._name)
        self._kept.append(event)
        if self.connected:
            self.publish(event, self._name)
        else:
            self._unsent.append(event)
        return event

    def maintain(self, now: float) -> None:
        """Send the keep-alive, and reconnect when due. Call at least every second."""
        if self._client.socket() is None:
            if now >= self._next_try:
                self._next_try = now + 1.0
                self._connect()
        else:
            self._client.loop_misc()

    def socket(self) -> Any:
        """The socket to the broker, another object after each connect; None without a connection."""
        return self._client.socket()

    def fileno(self) -> int | None:
        """The number of that socket."""
        connection = self.socket()
        return None if connection is None else int(connection.fileno())

    def wants_write(self) -> bool:
        return bool(self._client.want_write())

    def read(self) -> None:
        self._client.loop_read()

    def write(self) -> None:
        self._client.loop_write()

    def close(self) -> None:
        """Publish alive = false and disconnect."""
        if self.connected:
            self._client.publish(
                Alive.TOPIC.format(self._name), Alive(False, os.getpid(), version()).to_json(), retain=True
            )
            self._client.disconnect()

    def _connect(self) -> None:
        try:
            self._client.username_pw_set(self._name, self._secret.read_text().strip())
            self._client.connect("127.0.0.1", PORT, keepalive=KEEPALIVE_S)
        except OSError as error:
            self._log.debug("broker: %s", error)

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._log.warning("broker refused us: %s", reason)
            return
        self.connected, self.connections = True, self.connections + 1
        for topic in self._handlers:
            client.subscribe(topic)
        for topic, payload in self._retained.items():
            client.publish(topic, payload, retain=True)
        while self._unsent:
            self.publish(self._unsent.popleft(), self._name)
        self._log.info("on the bus")

    def _on_disconnect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if self.connected:
            level = logging.WARNING if reason.is_failure else logging.INFO  # our own disconnect is no failure
            self._log.log(level, "off the bus: %s", reason)
        self.connected = False
        self._log_is(False)

    def _on_log(self, topic: str, payload: bytes) -> None:
        self._log_is(Alive.from_json(payload).alive)

    def _log_is(self, alive: bool) -> None:
        """alive: False when the log is dead, or when this program has no connection to the broker."""
        if self._log_lives and not alive:
            self._log_heard_t = time.monotonic() - LOG_HANGS_S
        elif alive and not self._log_lives:
            for event in self._kept:
                if event.t > self._log_heard_t:
                    self._client.publish(Event.AGAIN.format(self._name), event.to_json())
        self._log_lives = alive

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._log.debug("unexpected message on %s", message.topic)

    def _dispatcher(self, topic: str, retained: bool) -> Callable[[mqtt.Client, Any, mqtt.MQTTMessage], None]:
        def dispatch(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
            if retained or not message.retain:
                self._handlers[topic](message.topic, bytes(message.payload))

        return dispatch
