"""Orders from the page and the API: their form is checked here, the bus loop publishes them, and a late reply is lost.

Only the bus loop uses the bus connection. A request thread puts its order into a queue, wakes the loop through a socket
pair and waits, for a limited time, for the reply with its id.
"""

import contextlib
import socket
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol

from v2h.bus.messages import Command, Reply, UnlockWord
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import MODES
from v2h.checks import Range, is_day, shown
from v2h.config.bounds import AMPS, POWER, SETPOINT_LIFE, SOC
from v2h.energy.orders import LIFETIME, SLOT_POWER, SLOTS

ANSWER_WITHIN_S = 2.0
LONGER_S = {"clock": 10.0, "plan": 10.0}
"""A separate program sets the clock, and it has to start first. A plan takes the board some seconds beside its work."""


class BadCommandError(ValueError):
    """The order is malformed. The sentence names the key, its value and what is allowed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Kind(Enum):
    """What an order's value must be, when it is neither a number nor an item of a fixed list."""

    MOMENT = auto()
    DAY = auto()
    OBJECT = auto()
    TEXT = auto()
    VALUE = auto()


KINDS = {
    Kind.MOMENT: say("allowed.moment"),
    Kind.DAY: say("allowed.day"),
    Kind.OBJECT: say("allowed.object"),
    Kind.TEXT: say("allowed.text"),
    Kind.VALUE: say("allowed.value"),
}

Rule = Range | tuple[str, ...] | Kind
ANY_KEY = "*"
"""Stands for every key. The program that carries out the order checks which keys exist."""

ENDS: dict[str, Rule] = {"until": Kind.MOMENT, "lifetime_s": LIFETIME, "by": Kind.TEXT}
"""The end of an order, by the clock or from now on, and the name of the controller that gives it."""
COMMANDS: dict[str, dict[str, Rule]] = {
    "mode": {"mode": MODES, "amps": AMPS, "soc_limit_pct": SOC, **ENDS},
    "stop": {},
    "clear-fault": {},
    "capture": {},
    "calibrate": {},
    "resume": {},
    "plan": {},
    "delete-day": {"day": Kind.DAY},
    "settings": {ANY_KEY: Kind.VALUE},
    "schedule": {"schedule": Kind.OBJECT, "replaces": Kind.TEXT},
    "clock": {"at": Kind.MOMENT},
    "slot": {"slot": tuple(SLOTS), "amps": AMPS, "soc_limit_pct": SOC, "power_w": SLOT_POWER, **ENDS},
    "setpoint": {"power_w": replace(POWER, null=True), "lifetime_s": SETPOINT_LIFE, "by": Kind.TEXT},
}
"""Orders that the page and the API may give, and their keys. `manager` and `charger` decide whether an order is
possible at the moment."""
NEEDED: dict[str, tuple[str, ...]] = {
    "mode": ("mode",),
    "delete-day": ("day",),
    "schedule": ("schedule",),
    "clock": ("at",),
    "slot": ("slot",),
    "setpoint": ("power_w",),
}
OPERATE = ("mode", "stop", "clear-fault", "capture", "resume", "slot", "setpoint", "plan")
"""Orders for which a token that may operate is enough; every other order configures."""
ELSEWHERE = {("clear-fault", "unlock_confirmed"): UnlockWord.GIVEN_AT_THE_PANEL}
"""Keys of orders that must be given at another place, and the sentence that names the place."""


def check(name: str, values: Mapping[str, Any]) -> None:
    """Raises BadCommandError unless every key is known, every value is allowed and no needed key is missing."""
    allowed = COMMANDS[name]
    for key, value in values.items():
        rule = allowed.get(key, allowed.get(ANY_KEY))
        if rule is None:
            if (name, key) in ELSEWHERE:
                raise BadCommandError(ELSEWHERE[name, key])
            known = ", ".join(allowed) or "none"
            raise BadCommandError(say("command.unknown_key", key=repr(key), command=name, known=known))
        if not _fits(value, rule):
            raise BadCommandError(say("command.bad_value", key=key, value=shown(value), allowed=_words(rule)))
    for key in NEEDED.get(name, ()):
        if key not in values:
            raise BadCommandError(say("command.missing_key", command=name, key=key))


def _fits(value: object, rule: Rule) -> bool:
    if isinstance(rule, Range):
        return rule.fits(value)
    if isinstance(rule, tuple):
        return value in rule
    if rule is Kind.MOMENT:
        return isinstance(value, str) and _is_moment(value)
    if rule is Kind.DAY:
        return is_day(value)
    if rule is Kind.TEXT:
        return isinstance(value, str)
    return rule is Kind.VALUE or isinstance(value, dict)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _words(rule: Rule) -> Sentence:
    if isinstance(rule, Range):
        return say("allowed.range", low=rule.low, high=rule.high, unit=rule.unit)
    return KINDS[rule] if isinstance(rule, Kind) else say("allowed.one_of", words=list(rule))


class Commands(Protocol):
    """What the application needs: it sends an order and gets the reply, or None when no reply came in time."""

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None: ...


class CommandQueue:
    """The queue between request threads (send, tell) and the bus loop (fileno, take, take_events, answer)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: deque[tuple[str, Command]] = deque()
        self._events: deque[tuple[str, str, str]] = deque()
        self._waiting: dict[str, tuple[threading.Event, list[Reply]]] = {}
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        """Request thread: publish the order and wait for the reply; None when no reply came in time."""
        command = Command(uuid.uuid4().hex, "web", dict(values))
        event, replies = threading.Event(), list[Reply]()
        with self._lock:
            self._waiting[command.id] = event, replies
            self._orders.append((name, command))
        self._wake()
        event.wait(LONGER_S.get(name, ANSWER_WITHIN_S))
        with self._lock:
            self._waiting.pop(command.id, None)
            if not replies and (name, command) in self._orders:
                self._orders.remove((name, command))  # nobody waits for it any more: never send it late
        return replies[0] if replies else None

    def tell(self, level: str, code: str, text: str) -> None:
        """Request thread: publish an event."""
        with self._lock:
            self._events.append((level, code, text))
        self._wake()

    def fileno(self) -> int:
        return self._wake_r.fileno()

    def take(self) -> list[tuple[str, Command]]:
        """Bus loop: the orders to publish now."""
        with contextlib.suppress(BlockingIOError):
            self._wake_r.recv(64)
        with self._lock:
            orders = list(self._orders)
            self._orders.clear()
        return orders

    def take_events(self) -> list[tuple[str, str, str]]:
        """Bus loop: level, code and text of the events to publish now."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events

    def answer(self, reply: Reply) -> None:
        """Bus loop: a reply arrived. The request thread uses the first one for its id."""
        with self._lock:
            event, replies = self._waiting.get(reply.id, (None, []))
            if event is not None:
                replies.append(reply)
                event.set()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the socket is full: the loop is awake already
            self._wake_w.send(b"!")
