"""Orders from page and API: checked here in form, carried to the bus by the bus loop, answered in time or not at all.

Request threads never touch the bus connection, which belongs to the bus loop alone: they leave the order in a queue,
wake the loop through a socket pair and wait for the reply with their id.
"""

import contextlib
import socket
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol

from v2h.bus import MODES, Command, Reply

ANSWER_WITHIN_S = 2.0
LONGER_S = {"clock": 10.0}
"""The clock is set by a program of its own, which has to start first."""


class BadCommandError(ValueError):
    """The order is malformed: the text says which key, its value and what is allowed."""


class Number(NamedTuple):
    """A bounded number in an order."""

    low: float
    high: float
    unit: str


class Kind(Enum):
    """What an order's value must be, in words, where it is no number and no word of a list."""

    MOMENT = "an ISO time with its offset, such as 2026-11-22T18:00:00+01:00"
    OBJECT = "a JSON object"
    YES = "true"
    VALUE = "a text, a number, true, false, null, a list or an object"


Rule = Number | tuple[str, ...] | Kind
ANY_KEY = "*"
"""Stands for every key: which there are is for the one who carries the order out to say."""

AMPS, SOC = Number(1, 16, "A"), Number(5, 100, "%")
COMMANDS: dict[str, dict[str, Rule]] = {
    "mode": {"mode": MODES, "amps": AMPS, "soc_limit_pct": SOC, "until": Kind.MOMENT},
    "stop": {},
    "clear-fault": {"unlock_confirmed": Kind.YES},
    "capture": {},
    "resume": {},
    "settings": {ANY_KEY: Kind.VALUE},
    "schedule": {"schedule": Kind.OBJECT},
    "clock": {"at": Kind.MOMENT},
    "slot": {"slot": ("charge", "hold", "none"), "until": Kind.MOMENT, "amps": AMPS, "soc_limit_pct": SOC},
}
"""Orders that page and API may give, and their keys. Whether they fit the moment is for manager and charger to say."""
NEEDED: dict[str, tuple[str, ...]] = {"mode": ("mode",), "schedule": ("schedule",), "clock": ("at",), "slot": ("slot",)}


def check(name: str, values: Mapping[str, Any]) -> None:
    """Raises BadCommandError unless every key is known and every value allowed."""
    allowed = COMMANDS[name]
    for key, value in values.items():
        rule = allowed.get(key, allowed.get(ANY_KEY))
        if rule is None:
            known = ", ".join(allowed) or "none"
            raise BadCommandError(f"unknown key {key!r} in command {name!r}; known: {known}")
        if not _fits(value, rule):
            raise BadCommandError(f"{key} = {value!r:.80} is not {_words(rule)}")
    for key in NEEDED.get(name, ()):
        if key not in values:
            raise BadCommandError(f"command {name!r} needs the key {key!r}")


def _fits(value: object, rule: Rule) -> bool:
    if isinstance(rule, Number):
        return isinstance(value, int | float) and not isinstance(value, bool) and rule.low <= value <= rule.high
    if isinstance(rule, tuple):
        return value in rule
    if rule is Kind.MOMENT:
        return isinstance(value, str) and _is_moment(value)
    if rule is Kind.YES:
        return value is True
    return rule is Kind.VALUE or isinstance(value, dict)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _words(rule: Rule) -> str:
    if isinstance(rule, Number):
        return f"a number from {rule.low} to {rule.high} {rule.unit}"
    return rule.value if isinstance(rule, Kind) else f"one of {', '.join(rule)}"


class Commands(Protocol):
    """What the application needs: send an order, get its reply or None when nobody answered in time."""

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None: ...


class CommandDoor:
    """The door between request threads (send, tell) and the bus loop (fileno, take, answer)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: deque[tuple[str, Command]] = deque()
        self._events: deque[tuple[str, str, str]] = deque()
        self._waiting: dict[str, tuple[threading.Event, list[Reply]]] = {}
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        """Request thread: publish and wait; None when nobody answered in time."""
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
                self._orders.remove((name, command))  # nobody asks for it any more: never send it late
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
        """Bus loop: a reply arrived; the first one for an id counts."""
        with self._lock:
            event, replies = self._waiting.get(reply.id, (None, []))
            if event is not None:
                replies.append(reply)
                event.set()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: the loop is awake already
            self._wake_w.send(b"!")
