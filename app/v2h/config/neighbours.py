"""[gateway.NAME] of v2h.toml: one table for each face to the outside. A face without its address is off; while all are
off, the program `gateway` is not started.

The keys `password`, `token` and `webhook` are secrets: only root, `meter` and `gateway` read them.
"""

import re
from dataclasses import dataclass, field

from v2h.bus.messages import LEVELS
from v2h.config.fields import choice, secret, text, whole
from v2h.config.meter_kinds import MQTT_LONGEST, read_file

LEVELS_OR_NONE = ("none", *LEVELS)
ADDRESS = re.compile(r"\[?[\w.:%-]+\]?")


def read_topic(words: str) -> None:
    """The beginning of a topic. Raises ValueError."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", words):
        raise ValueError('the beginning of a topic, such as "v2h" or "house/charger": letters, digits, - _ . and /')


def read_listen(words: str) -> None:
    """An address and a port, or nothing. Raises ValueError."""
    host, _, port = words.rpartition(":")
    good = re.fullmatch(r"[\w.-]+|\[[0-9a-fA-F:.]+\]", host) and re.fullmatch(r"[1-9]\d{0,4}", port, re.ASCII)
    if words and not (good and int(port) <= 65535):
        raise ValueError('an address and a port such as "0.0.0.0:5555", or empty')


def read_clients(words: str) -> None:
    """Addresses, separated by commas, or nothing. Raises ValueError."""
    if words and not all(ADDRESS.fullmatch(word.strip()) for word in words.split(",")):
        raise ValueError('addresses, separated by commas, such as "192.168.1.20, 192.168.1.21"')


@dataclass(frozen=True, slots=True)
class HouseBroker:
    """[gateway.mqtt] The broker of the house, for Home Assistant, evcc and others."""

    host: str = text()
    """Empty: this face is off."""
    port: float = whole(1883, 1, 65535, "TCP port")
    user: str = text()
    password: str = secret(0, MQTT_LONGEST)
    tls: bool = False
    """Encrypt the connection and check the broker's certificate; most brokers then listen on port 8883."""
    ca: str = text(read=read_file)
    """The certificate that proves the broker's, a PEM file in the folder `meters` beside v2h.toml; empty: those of the
    system."""
    topic: str = text("v2h", read=read_topic)
    """The beginning of all topics. Two chargers on one broker need two."""
    discovery: bool = True
    """Show the charger in Home Assistant by itself; false removes it there."""
    discovery_topic: str = text("homeassistant", read=read_topic)
    """Where Home Assistant looks for devices."""
    events: str = choice("warning", *LEVELS_OR_NONE)
    """Events from this level up go to the topic `event`."""


@dataclass(frozen=True, slots=True)
class OldPage:
    """[gateway.websocket] The WebSocket of the predecessor's software, for its own web page."""

    listen: str = text("", read=read_listen)
    """Where it listens, usually "0.0.0.0:5555". Empty: this face is off."""
    clients: str = text("", read=read_clients)
    """Addresses that may command, separated by commas. All others only look."""
    token: str = secret(16, 200)
    """Whoever connects to ws://ADDRESS:5555/?token=... may command as well."""


@dataclass(frozen=True, slots=True)
class Notices:
    """[gateway.notify] Where events go."""

    webhook: str = secret(0, 1000)
    """An http or https address; each event is sent there as JSON. A secret, because whoever knows it can send there.
    Empty: this face is off."""
    token: str = secret(0, 1000)
    """Sent as "Authorization: Bearer ..."."""
    level: str = choice("fault", *LEVELS)
    """Events from this level up are sent."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """[gateway]"""

    mqtt: HouseBroker = field(default_factory=HouseBroker)
    websocket: OldPage = field(default_factory=OldPage)
    notify: Notices = field(default_factory=Notices)

    @property
    def is_on(self) -> bool:
        """Whether any face is configured."""
        return bool(self.mqtt.host or self.websocket.listen or self.notify.webhook)
