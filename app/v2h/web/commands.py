"""Orders from the page: checked here in form, carried to the bus by the bus loop, answered within two seconds.

Request threads never touch the bus connection, which belongs to the bus loop alone: they leave the order in a queue,
wake the loop through a socket pair and wait for the reply with their id.
"""

import socket
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from v2h.bus import MODES, Command, Reply

ANSWER_WITHIN_S = 2.0


class BadCommandError(ValueError):
    """The order is malformed: the text says which key, its value and what is allowed."""


class Number(NamedTuple):
    """A bounded number in an order."""

    low: float
    high: float
    unit: str


COMMANDS: dict[str, dict[str, Number | tuple[str, ...]]] = {
    "mode": {"mode": MODES, "amps": Number(1, 16, "A"), "soc_limit_pct": Number(5, 100, "%")},
    "stop": {},
    "clear-fault": {},
}
"""Orders that the page may give, and their keys. Whether they fit the moment is for manager and charger to say."""
NEEDED = {"mode": ("mode",)}


def check(name: str, values: Mapping[str, Any]) -> None:
    """Raises BadCommandError unless every key is known and every value allowed."""
    allowed = COMMANDS[name]
    for key, value in values.items():
        if key not in allowed:
            known = ", ".join(allowed) or "none"
            raise BadCommandError(f"unknown key {key!r} in command {name!r}; known: {known}")
        rule = allowed[key]
        if isinstance(rule, Number):
            good = isinstance(value, int | float) and not isinstance(value, bool) and rule.low <= value <= rule.high
            if not good:
                raise BadCommandError(f"{key} = {value!r} is not a number from {rule.low} to {rule.high} {rule.unit}")
        elif value not in rule:
            raise BadCommandError(f"{key} = {value!r} is not one of {', '.join(rule)}")
    for key in NEEDED.get(name, ()):
        if key not in values:
            raise BadCommandError(f"command {name!r} needs the key {key!r}")


class Commands(Protocol):
    """What the application needs: send an order, get its reply or None when nobody answered in time."""

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None: ...


class CommandDoor:
    """The door between request threads (send) and the bus loop (fileno, take, answer)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: deque[tuple[str, Command]] = deque()
        self._waiting: dict[str, tuple[threading.Event, list[Reply]]] = {}
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        """Request thread: publish and wait; None when nobody answered within ANSWER_WITHIN_S."""
        command = Command(uuid.uuid4().hex, "web", dict(values))
        event, replies = threading.Event(), list[Reply]()
        with self._lock:
            self._waiting[command.id] = event, replies
            self._orders.append((name, command))
        self._wake_w.send(b"!")
        event.wait(ANSWER_WITHIN_S)
        with self._lock:
            self._waiting.pop(command.id, None)
            if not replies and (name, command) in self._orders:
                self._orders.remove((name, command))  # nobody asks for it any more: never send it late
        return replies[0] if replies else None

    def fileno(self) -> int:
        return self._wake_r.fileno()

    def take(self) -> list[tuple[str, Command]]:
        """Bus loop: the orders to publish now."""
        self._wake_r.recv(64)
        with self._lock:
            orders = list(self._orders)
            self._orders.clear()
        return orders

    def answer(self, reply: Reply) -> None:
        """Bus loop: a reply arrived; the first one for an id counts."""
        with self._lock:
            event, replies = self._waiting.get(reply.id, (None, []))
            if event is not None:
                replies.append(reply)
                event.set()
