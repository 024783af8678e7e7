"""Orders of the faces on the bus: each has one answer, a stop always passes, and a wild controller is slowed down."""

import pytest

from tests.support.standin import StandIn
from v2h.bus.messages import Command, Reply
from v2h.gateway.orders import Order
from v2h.gateway.shell.commander import BURST, NO_ANSWER, NO_BUS, TO_CARD_BURST, TOO_MANY, Commander

Answer = tuple[Reply | None, str]


class Desk:
    """A commander on a bus in virtual time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bus = StandIn("gateway", monkeypatch)
        self.commander = Commander(self.bus)  # type: ignore[arg-type]
        self.answers: list[Answer] = []

    def give(self, name: str, now: float, **values: object) -> None:
        self.commander.give(Order(name, values), now, lambda reply, why: self.answers.append((reply, why)))

    def reply_all(self) -> None:
        for _, message in self.bus.published:
            if isinstance(message, Command):
                self.bus.hear(Reply(message.id, True, "done"), message.id)
        self.bus.published.clear()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_the_reply_comes_back_once_and_the_name_is_short(desk: Desk) -> None:
    desk.give("mode", 0.0, mode="v2h", by="x" * 1000)
    ((topic, command),) = desk.bus.published
    assert topic == "v2h/command/mode" and isinstance(command, Command) and command.source == "x" * 32
    desk.bus.hear(Reply("of another", True, ""), "of another")
    desk.reply_all()
    desk.commander.look(100.0)
    assert [(reply and reply.text, why) for reply, why in desk.answers] == [("done", "")]


def test_without_a_reply_it_is_given_up(desk: Desk) -> None:
    desk.give("mode", 0.0, mode="v2h")
    desk.commander.look(2.9)
    assert desk.answers == []
    desk.commander.look(3.0)
    assert desk.answers == [(None, NO_ANSWER)]
    desk.reply_all()
    assert len(desk.answers) == 1, "a late reply is nobody's"


def test_without_the_bus_it_is_refused_at_once(desk: Desk) -> None:
    desk.bus.connected = False
    desk.give("stop", 0.0)
    assert (desk.answers, desk.bus.published) == ([(None, NO_BUS)], [])
    desk.commander.look(100.0)
    assert len(desk.answers) == 1


def test_a_flood_is_refused_and_a_stop_is_not(desk: Desk) -> None:
    for _ in range(BURST + 5):
        desk.give("slot", 0.0, slot="none")
        desk.reply_all()
    assert [why for reply, why in desk.answers if reply is None] == [TOO_MANY] * 5
    desk.give("stop", 0.0)
    desk.reply_all()
    assert desk.answers[-1][0] is not None
    desk.give("slot", 1.0, slot="none")
    desk.reply_all()
    assert desk.answers[-1][0] is not None


def test_the_card_is_spared(desk: Desk) -> None:
    passed = 0
    for minute in range(120):
        for second in range(0, 60, 10):
            desk.give("settings", 60.0 * minute + second, soc_max_pct=80 + second % 3)
            desk.reply_all()
            passed += desk.answers[-1][0] is not None
    assert passed == TO_CARD_BURST + 119
