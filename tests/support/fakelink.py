"""Stands for the connection to the broker of the house, so that a test hears what the face on it publishes."""

from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.gatewayhouse import house
from v2h.config.neighbours import HouseBroker
from v2h.gateway.shell import mqtt_face
from v2h.gateway.shell.commander import Give
from v2h.gateway.shell.house_broker import Connected, Heard, Lost
from v2h.gateway.shell.mailbox import Mailbox
from v2h.gateway.shell.mqtt_face import MqttFace, Say
from v2h.gateway.topics import Publication


class FakeLink:
    """A connection that is always there. sent: the newest publications; counts: how many by topic."""

    def __init__(self, *words: Any) -> None:
        self.heard: Mailbox[Heard | Connected | Lost] = Mailbox()
        self.connected = True
        self.sent: deque[Publication] = deque(maxlen=100)
        self.counts: Counter[str] = Counter()

    def publish(self, publications: Iterable[Publication]) -> None:
        for one in publications:
            assert isinstance(one.topic, str) and isinstance(one.payload, str)
            self.counts[one.topic] += 1
            self.sent.append(one)

    def close(self, last: Publication) -> None:
        self.heard.close()


def face(
    folder: Path, monkeypatch: pytest.MonkeyPatch, give: Give, say: Say = lambda about, text: None, **keys: Any
) -> tuple[MqttFace, FakeLink]:
    """A face of a house with a car. keys: of [gateway.mqtt]."""
    monkeypatch.setattr(mqtt_face, "Connection", FakeLink)
    made = MqttFace(HouseBroker(host="h", **keys), house(), give, say, folder / "kept", None)
    link = made._link
    assert isinstance(link, FakeLink)
    return made, link
