"""What a program does with its events while the broker or the log is away; the test plays paho."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import v2h.bus.client
from v2h.bus.client import LOG, LOG_HANGS_S, UNSENT, BusClient
from v2h.bus.messages import MOST_MESSAGE_B, Alive, Event, Reply

LOG_ALIVE = Alive.TOPIC.format(LOG)


class Broker:
    """Replaces paho's client. said: what was published, as (topic, code) of each event."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.said: list[tuple[str, str]] = []
        self.sizes: list[int] = []
        self.filters: list[str] = []
        self._callbacks: dict[str, Any] = {}

    def will_set(self, *args: Any, **options: Any) -> None: ...

    def message_callback_add(self, topic: str, callback: Any) -> None:
        self._callbacks[topic] = callback

    def subscribe(self, topic: str) -> None:
        self.filters.append(topic)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.sizes.append(len(payload))
        if topic.startswith("v2h/event/"):
            self.said.append((topic, Event.from_json(payload).code))

    def tell(self, topic: str, payload: bytes) -> None:
        if topic in self.filters:
            self._callbacks[topic](self, None, SimpleNamespace(topic=topic, payload=payload, retain=True))


class Wire:
    """A program's bus client, and a log that is sometimes away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str = "guard") -> None:
        self.now = 1000.0
        monkeypatch.setattr(v2h.bus.client, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(v2h.bus.client.mqtt, "Client", Broker)
        self.client = BusClient(name, Path("/nowhere"), logging.getLogger("test"))
        self.broker: Broker = self.client._client  # type: ignore[assignment]

    def connect(self) -> None:
        self.client._on_connect(self.broker, None, None, SimpleNamespace(is_failure=False), None)  # type: ignore[arg-type]

    def disconnect(self) -> None:
        gone = SimpleNamespace(is_failure=True)
        self.client._on_disconnect(self.broker, None, None, gone, None)  # type: ignore[arg-type]
        self.broker.filters.clear()

    def log(self, alive: bool) -> None:
        self.broker.tell(LOG_ALIVE, Alive(alive, 1, "1").to_json())

    def event(self, code: str) -> None:
        self.now += 1.0
        self.client.event("info", code, "text")

    def said(self) -> list[str]:
        """The codes published since the last call; a + marks a code that was published again."""
        codes = [f"+{code}" if topic.endswith("/again") else code for topic, code in self.broker.said]
        self.broker.said.clear()
        return codes


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def test_events_of_a_start_are_told_again_when_the_log_listens(wire: Wire) -> None:
    wire.event("before the broker")
    wire.connect()
    wire.event("before the log")
    assert wire.said() == ["before the broker", "before the log"]
    wire.log(alive=True)
    assert wire.said() == ["+before the broker", "+before the log"]
    wire.log(alive=True)
    wire.event("heard")
    assert wire.said() == ["heard"]


def test_a_log_that_comes_back_is_told_what_it_may_have_missed_and_no_more(wire: Wire) -> None:
    wire.connect()
    wire.log(alive=True)
    wire.event("long before")
    wire.now += LOG_HANGS_S
    wire.event("while it hung")
    wire.log(alive=False)
    wire.event("while it was dead")
    wire.said()
    wire.log(alive=True)
    assert wire.said() == ["+while it hung", "+while it was dead"]


def test_a_broker_that_comes_back_without_the_log(wire: Wire) -> None:
    wire.connect()
    wire.log(alive=True)
    wire.now += 60.0
    wire.disconnect()
    wire.event("nobody there")
    wire.connect()
    assert wire.said() == ["nobody there"]
    wire.log(alive=True)
    assert wire.said() == ["+nobody there"]


def test_what_the_broker_would_not_take_is_not_sent_and_said(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.connect()
    wire.client.event("info", "small", "x")
    wire.client.event("info", "large", "x" * MOST_MESSAGE_B, more="y")
    assert [code for _, code in wire.broker.said] == ["small", "large"]
    assert max(wire.broker.sizes) < 2000, "an event is cut"
    wire.client.publish(Reply("id", False, "x" * MOST_MESSAGE_B), "id")
    assert f"at most {MOST_MESSAGE_B} are allowed" in caplog.text
    assert max(wire.broker.sizes) < 2000, "anything else is not sent"
    wire.log(True)
    assert max(wire.broker.sizes) < 2000, "not for a log that comes back either"


def test_a_bounded_number_is_kept(wire: Wire) -> None:
    wire.connect()
    for number in range(UNSENT + 10):
        wire.event(str(number))
    wire.said()
    wire.log(alive=True)
    assert wire.said() == [f"+{number}" for number in range(10, UNSENT + 10)]


def test_the_log_does_not_tell_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, LOG)
    wire.connect()
    wire.event("its own")
    wire.log(alive=True)
    assert wire.said() == ["its own"] and wire.broker.filters == []
