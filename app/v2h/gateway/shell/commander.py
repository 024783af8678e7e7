"""Gives the orders of the faces on the bus, and brings each answer back to the face that asked."""

import itertools
from collections.abc import Callable

from v2h.bus.client import BusClient
from v2h.bus.messages import Command, Reply
from v2h.energy.orders import LONGEST_NAME
from v2h.gateway.notices import Limiter
from v2h.gateway.orders import Order

ANSWER_WITHIN_S = 3.0
MOST_WAITING = 50
BURST, EACH_S = 30, 1.0
"""Orders that may come at once, and afterwards one in so long: a controller that has gone wild must not fill the log.
A stop is never left out."""
TO_CARD, TO_CARD_BURST, TO_CARD_EACH_S = ("settings", "schedule"), 20, 60.0
"""Commands that are written to the card, and how often they may come: a card wears out."""

Done = Callable[[Reply | None, str], None]
"""Called with the reply, or with None and why there is none."""
Give = Callable[[Order, float, Done], None]
"""How a face gives an order: Commander.give."""
NO_ANSWER = "no answer in time"
NO_BUS = "the charger's own bus does not answer; try again later"
TOO_MANY = "too many orders; try again later"


class Commander:
    """Orders that wait for their reply. All `now` are monotonic seconds."""

    def __init__(self, bus: BusClient) -> None:
        self._bus = bus
        self._numbers = itertools.count()
        self._waiting: dict[str, tuple[float, Done]] = {}
        self._limiter = Limiter(BURST, EACH_S)
        self._to_card = Limiter(TO_CARD_BURST, TO_CARD_EACH_S)
        bus.subscribe(Reply.TOPIC.format("+"), self._on_reply, retained=False)

    def give(self, order: Order, now: float, done: Done) -> None:
        """Publish the order; `done` is called once, at the latest after ANSWER_WITHIN_S. An order that would be lost
        is refused at once."""
        if not self._bus.connected:
            done(None, NO_BUS)
            return
        if not self._may(order.name, now):
            done(None, TOO_MANY)
            return
        number = f"gateway-{next(self._numbers)}"
        self._waiting[number] = now + ANSWER_WITHIN_S, done
        source = str(order.values.get("by", "gateway"))[:LONGEST_NAME]  # it stands in the log, also of a refusal
        self._bus.publish(Command(number, source, order.values), order.name)

    def _may(self, name: str, now: float) -> bool:
        if name == "stop":
            return True
        if len(self._waiting) >= MOST_WAITING or not self._limiter.may(now):
            return False
        return name not in TO_CARD or self._to_card.may(now)

    def look(self, now: float) -> None:
        """Call every second: give up the orders that nobody answered."""
        for number in [number for number, (until, _) in self._waiting.items() if now >= until]:
            _, done = self._waiting.pop(number)
            done(None, NO_ANSWER)

    def _on_reply(self, topic: str, payload: bytes) -> None:
        reply = Reply.from_json(payload)
        _, done = self._waiting.pop(reply.id, (0.0, None))
        if done is not None:
            done(reply, "")
