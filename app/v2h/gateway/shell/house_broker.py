"""The connection to the broker of the house (paho, MQTT v5, in paho's own thread).

Why not mosquitto's own bridge: it passes on the topics of the inner bus as they are, while the outside has its own
words; a wrong certificate or name in its configuration would keep the inner broker from starting, and a slow name
server would make it deaf: without that broker no session lasts. Here the loss of the broker of the house, for a second
or a day, touches nothing else. While there is no connection nothing is queued, and after it everything is told again.
"""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from v2h.bus.paho_lazy import CallbackAPIVersion, mqtt
from v2h.config.neighbours import HouseBroker
from v2h.gateway.shell.mailbox import Mailbox
from v2h.gateway.topics import Publication

KEEPALIVE_S = 5
"""The broker publishes our last will after one and a half of it."""
WILL_AFTER_S, SESSION_S = 2, 4
"""The last will waits so long for us to come back: a connection that breaks for a moment, or a program that is
restarted, shows nothing. The session must last longer than that (MQTT v5)."""
TIMEOUT_S = 3.0
SLOWEST_S = 30
"""Longest time between two tries to connect."""
MOST_B = 60_000
MOST_PACKET_B = 131_072
"""The broker passes nothing longer on (MQTT v5); paho would hold it in memory whole."""
END_S = 1.5


class Heard(NamedTuple):
    """A message. lifetime_s: the rest of its expiry, None without one."""

    topic: str
    payload: bytes
    retained: bool
    lifetime_s: float | None


class Connected(NamedTuple):
    """A new connection."""


class Lost(NamedTuple):
    """No connection, and why."""

    why: str


class BrokerError(OSError):
    """The connection cannot be set up as it is configured."""


class Connection:
    """One connection. heard: what came, in order; readable when there is something."""

    def __init__(
        self, spec: HouseBroker, client_id: str, will: Publication, topics: Iterable[str], certificate: Path | None
    ) -> None:
        """topics: subscribed at each connect. Raises BrokerError for a certificate that cannot be read."""
        self.heard: Mailbox[Heard | Connected | Lost] = Mailbox()
        self._topics = list(topics)
        self.connected = False
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=True
        )
        client.connect_timeout = TIMEOUT_S
        client.reconnect_delay_set(1, SLOWEST_S)
        client.max_queued_messages_set(1)
        delay = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        delay.WillDelayInterval, session.SessionExpiryInterval = WILL_AFTER_S, SESSION_S
        session.MaximumPacketSize = MOST_PACKET_B
        client.will_set(will.topic, will.payload, qos=1, retain=will.retain, properties=delay)
        if spec.user:
            client.username_pw_set(spec.user, spec.password)
        if spec.tls:
            try:
                client.tls_set(ca_certs=None if certificate is None else str(certificate))
            except (OSError, ValueError) as error:
                raise BrokerError(f"{certificate}: {error}") from error
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.connect_async(spec.host, int(spec.port), KEEPALIVE_S, clean_start=False, properties=session)
        client.loop_start()

    def publish(self, publications: Iterable[Publication]) -> None:
        """Send now; without a connection the messages are dropped."""
        for topic, payload, retain in publications:
            if self.connected:
                self._client.publish(topic, payload, retain=retain)

    def close(self, last: Publication) -> None:
        """Publish the last word and disconnect. Never waits longer than END_S."""
        self.publish([last])
        self._client.disconnect()
        ending = threading.Thread(target=self._client.loop_stop, daemon=True)
        ending.start()
        ending.join(END_S)
        self.heard.close()

    # In paho's thread.

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.heard.put(Lost(str(reason)))
            return
        client.subscribe([(topic, SubscribeOptions(qos=0, noLocal=True)) for topic in self._topics])
        self.connected = True
        self.heard.put(Connected())

    def _on_connect_fail(self, client: mqtt.Client, userdata: Any) -> None:
        self.heard.put(Lost("no connection"))

    def _on_disconnect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self.connected = False
        self.heard.put(Lost(str(reason)))

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        payload = bytes(message.payload[: MOST_B + 1])
        lifetime_s = None if expiry is None else float(max(1, expiry))
        self.heard.put(Heard(topic, payload, message.retain, lifetime_s))
