"""The connection to the broker of the house: encrypted, refused, lost for long, and back without flapping."""

import gc
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.faces import wait_for
from tests.support.homebroker import Broker
from v2h.config.neighbours import HouseBroker
from v2h.gateway.shell.house_broker import BrokerError, Connected, Connection, Heard, Lost
from v2h.gateway.topics import Publication

ONLINE, OFFLINE = Publication("v2h/status", "online"), Publication("v2h/status", "offline")
MANY = 20_000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path, tls=True)
    yield made
    made.close()


class Link:
    """A connection and what it has heard so far."""

    def __init__(self, certificate: Path | None = None, **keys: Any) -> None:
        spec = HouseBroker(**({"host": "127.0.0.1", "user": "me", "password": "right"} | keys))
        self.connection = Connection(spec, "v2h", OFFLINE, ["v2h/+/set"], certificate)
        self.heard: list[Any] = []

    def until(self, what: str, kind: type) -> Any:
        def found() -> bool:
            self.heard += self.connection.heard.take()
            return any(isinstance(item, kind) for item in self.heard)

        wait_for(what, found)
        return next(item for item in self.heard if isinstance(item, kind))

    def close(self) -> None:
        self.connection.close(OFFLINE)


def test_encrypted_with_the_certificate_that_proves_it(broker: Broker, tmp_path: Path) -> None:
    link = Link(tmp_path / "broker.pem", port=broker.tls_port, tls=True)
    link.until("connected", Connected)
    link.close()


def test_another_certificate_is_refused(broker: Broker) -> None:
    link = Link(port=broker.tls_port, tls=True)
    link.until("refused", Lost)
    assert not any(isinstance(item, Connected) for item in link.heard)
    link.close()


def test_a_certificate_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"absent\.pem"):
        Link(tmp_path / "absent.pem", tls=True)


def test_a_wrong_password_is_told_in_words(broker: Broker) -> None:
    link = Link(port=broker.port, password="wrong")
    assert "uthorized" in link.until("refused", Lost).why
    link.close()


def test_the_broker_keeps_a_huge_message_to_itself_and_our_own_words_do_not_come_back(broker: Broker) -> None:
    """paho would hold a message of any size in memory before we can look at it."""
    link = Link(port=broker.port)
    link.until("connected", Connected)
    link.connection.publish([Publication("v2h/mode/set", "of our own", retain=False)])
    broker.client.publish("v2h/mode/set", b"x" * 5_000_000).wait_for_publish(10)
    broker.client.publish("v2h/mode/set", "after it").wait_for_publish(10)
    link.until("a message", Heard)
    link.close()
    assert [(len(item.payload), item.payload[:8]) for item in link.heard if isinstance(item, Heard)] == [
        (8, b"after it")
    ]


def test_nothing_is_kept_while_the_broker_is_away() -> None:
    """More messages than of a day: a state every 10 s, with all its single values."""
    link = Link(port=9)

    def publish(count: int) -> None:
        for number in range(count):
            link.connection.publish([Publication(f"v2h/{number}", "x" * 100)])
            if number % 100 == 0:
                link.connection.heard.take()

    publish(1000)
    gc.collect()
    tracemalloc.start()
    publish(MANY)
    gc.collect()
    held_b, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    link.close()
    assert held_b < 100_000


def test_the_last_word_is_offline(broker: Broker) -> None:
    said: list[str] = []
    broker.client.on_message = lambda client, userdata, message: said.append(message.payload.decode())
    broker.client.subscribe("v2h/status")
    link = Link(port=broker.port)
    link.until("connected", Connected)
    link.connection.publish([ONLINE])
    wait_for("online", lambda: said == ["online"])
    begun = time.monotonic()
    link.close()
    assert time.monotonic() - begun < 3.0
    wait_for("offline", lambda: said == ["online", "offline"])
