"""The face on the broker of the house: what it does not carry out, what it repeats, and which events it tells."""

import json
import time
from pathlib import Path

import pytest

from tests.support.fakelink import FakeLink, face
from v2h.bus.messages import Event
from v2h.gateway.orders import Order
from v2h.gateway.shell.house_broker import Connected, Heard, Lost
from v2h.gateway.shell.mqtt_face import MqttFace


class Neighbour:
    """The face, the orders that came out of it, and what it logged."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **keys: object) -> None:
        self.orders: list[Order] = []
        self.said: list[tuple[str, str]] = []
        made: tuple[MqttFace, FakeLink] = face(
            folder,
            monkeypatch,
            lambda order, now, done: self.orders.append(order),
            lambda about, text: self.said.append((about, text)),
            **keys,
        )
        self.face, self.link = made

    def hear(self, *items: Heard | Connected | Lost) -> None:
        for item in items:
            self.link.heard.put(item)
        self.face.read(time.monotonic())


def test_a_retained_command_is_ignored_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Neighbour(tmp_path, monkeypatch)
    one.hear(
        Heard("v2h/mode/set", b"charge", True, None),
        Heard("v2h/evcc/enable/set", b"true", True, None),
        Heard("v2h/stop/set", b"PRESS", True, None),
    )
    assert one.orders == []
    assert [text.partition(":")[0] for _, text in one.said] == ["v2h/mode/set", "v2h/evcc/enable/set", "v2h/stop/set"]
    assert all("ignored; publish commands without retain" in text for _, text in one.said)
    one.hear(Heard("v2h/mode/set", b"charge", False, None))
    assert [order.name for order in one.orders] == ["mode"]


def test_that_we_are_there_is_repeated_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may write to our topic, or take what is retained away from the broker."""
    one, began = Neighbour(tmp_path, monkeypatch), time.monotonic()
    one.hear(Connected())
    before = one.link.counts["v2h/status"]
    for second in range(1, 62):
        one.face.look(began + second)
    assert one.link.counts["v2h/status"] - before == 6
    assert {payload for topic, payload, _ in one.link.sent if topic == "v2h/status"} == {"online"}


def test_old_entries_go_before_the_first_new_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """paho's thread has connected, and the time for a look comes before this thread has read that."""
    (tmp_path / "kept").write_text(json.dumps({"topic": "old", "discovery_topic": "homeassistant", "id": "x"}))
    one = Neighbour(tmp_path, monkeypatch)
    one.face.look(time.monotonic())
    assert not one.link.counts
    one.hear(Connected())
    topics = [topic.partition("/")[0] for topic, _, _ in one.link.sent]
    assert topics.index("old") < topics.index("v2h") and "old" not in topics[topics.index("v2h") :]
    one.hear(Lost("gone"))
    before = one.link.counts.total()
    one.face.look(time.monotonic() + 100)
    assert one.link.counts.total() == before


@pytest.mark.parametrize("level", ["info", "warning"])
def test_events_are_few_and_many_small_ones_hide_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    one = Neighbour(tmp_path, monkeypatch, events="info")
    for number in range(500):
        one.face.notice(Event(0.0, level, f"code-{number}", "Something happened", "charger"), "")
    one.face.notice(Event(0.0, "fault", "broken", "It is broken", "charger"), "")
    rows = [(json.loads(text), retain) for topic, text, retain in one.link.sent if topic == "v2h/event"]
    assert [row["code"] for row, _ in rows] == [*(f"code-{number}" for number in range(10)), "broken"]
    assert rows[-1][0]["left_out"] == 490
    assert not any(retain for _, retain in rows)
