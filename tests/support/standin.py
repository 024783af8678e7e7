"""A Program and its bus without sockets and in virtual time, for tests of the connections inside a program."""

import logging
from collections.abc import Callable
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub

from v2h.bus.coding import Message, MessageError
from v2h.bus.messages import Event
from v2h.config.site import Config
from v2h.runtime.program import Program, Timer

WALL_OFFSET_S = 1_795_348_800.0
"""Wall clock minus monotonic clock: this machine was started at 2026-11-22 12:00 UTC."""
matches = cache(topic_matches_sub)


class StandIn:
    """Program and BusClient in one; `modules` see its clock. published: (topic, message), in order."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        self.name, self.config, self.log, self.bus = name, Config(), logging.getLogger("test"), self
        self.now, self.wall_offset_s = 1000.0, WALL_OFFSET_S
        self.published: list[tuple[str, Message]] = []
        self.end: Callable[[], None] = lambda: None
        self._stop: Callable[[float], bool] = lambda now: True
        self.connected = True
        self._last_said: dict[str, str] = {}
        self._handlers: dict[str, Callable[[str, bytes], None]] = {}
        self._takes_retained: dict[str, bool] = {}
        self._timers: list[Timer] = []
        self._echoes: list[Event] = []
        clock = SimpleNamespace(
            monotonic=lambda: self.now,
            monotonic_ns=lambda: int(self.now * 1e9),
            time=lambda: self.now + self.wall_offset_s,
        )
        for module in modules:
            monkeypatch.setattr(module, "time", clock)

    # The interface of Program.

    def every(self, period_s: float, action: Callable[[float], None], *, slack_s: float = 0.0) -> Timer:
        self._timers.append(Timer(period_s, slack_s, action, self.now))
        return self._timers[-1]

    def watch(self, readable: object, action: Callable[[float], None]) -> None: ...

    def unwatch(self, fileno: int) -> None: ...

    def on_stop(self, done: Callable[[float], bool]) -> None:
        self._stop = done

    is_news = Program.is_news

    def at_exit(self, go_safe: Callable[[], None]) -> None:
        self.end = go_safe

    # The interface of its bus.

    def subscribe(self, topic: str, handler: Callable[[str, bytes], None], *, retained: bool = True) -> None:
        self._handlers[topic], self._takes_retained[topic] = handler, retained

    def publish(self, message: Message, *parts: str) -> None:
        self.published.append((message.TOPIC.format(*parts), message))

    def event(self, level: str, code: str, text: str, **values: Any) -> Event:
        """Publish an event; it also returns from the broker, as it does to every subscriber."""
        event = Event(self.now, level, code, text, self.name, values)
        self.publish(event, self.name)
        self._echoes.append(event)
        return event

    # For the test.

    def hear(self, message: Message, *parts: str) -> bool:
        """Deliver a message from the broker; False: it was dropped as unreadable."""
        return self.hear_raw(message.TOPIC.format(*parts), message.to_json())

    def hear_raw(self, topic: str, payload: bytes, *, retained: bool = False) -> bool:
        for subscribed, handler in self._handlers.items():
            if matches(subscribed, topic) and (self._takes_retained[subscribed] or not retained):
                try:
                    handler(topic, payload)
                except MessageError:
                    return False
        return True

    def run(self, seconds: float, each: Callable[[], None] = lambda: None, step_s: float = 0.5) -> None:
        """Advance the time. each: called before every step, for example to deliver a repeated message."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += step_s
            each()
            while self._echoes:
                self.hear(self._echoes.pop(0), self.name)
            for timer in self._timers:
                if self.now >= timer.due:
                    timer.due += timer.period_s
                    timer.action(self.now)

    def terminate(self) -> bool:
        """SIGTERM; True: the program may end now."""
        return self._stop(self.now)

    def events(self) -> list[tuple[str, str]]:
        """Code and text of the published events."""
        return [(message.code, message.text) for _, message in self.published if isinstance(message, Event)]
