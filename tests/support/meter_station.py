"""One role of the meter program in virtual time: scripted meters, and a program and bus that keep what is published."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from v2h.bus.coding import Message
from v2h.bus.messages import MeterReading, MeterStatus
from v2h.meters import Measurement, NoMeasurementError, Refusal

Script = Callable[[float], float | Measurement]
"""What a meter reports at a time, or its power alone; raises MeterError when the meter is dead then,
NoMeasurementError for an answer without a value."""


class Scripted:
    """A source that returns the answer of its script at each read."""

    guess_s, always_new, wakes, note = 0.5, False, None, ""

    def __init__(self, title: str, script: Script) -> None:
        self.title, self._script = title, script

    def read(self, now: float) -> list[Measurement | Refusal]:
        try:
            found = self._script(now)
        except NoMeasurementError as error:
            return [Refusal(now, error.args[0])]
        return [found if isinstance(found, Measurement) else Measurement(now, found)]

    def close(self) -> None: ...


class World:
    """Replaces Program and its bus; run() advances time in steps of 50 ms."""

    def __init__(self) -> None:
        self.config, self.bus = SimpleNamespace(hardware=None), self
        self.now = 1000.0
        self.sent: list[Message] = []
        self.events: list[tuple[str, str, str]] = []
        self._timers: list[list[Any]] = []

    def every(self, period_s: float, action: Callable[[float], None], *, slack_s: float = 0.0) -> None:
        self._timers.append([self.now, period_s, action])

    def publish(self, message: Message, role: str) -> None:
        assert role == "grid"
        self.sent.append(message)

    def event(self, level: str, code: str, text: str, **values: object) -> None:
        self.events.append((level, code, text))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = round(self.now + 0.05, 3)
            for timer in self._timers:
                if self.now >= timer[0]:
                    timer[0] += timer[1]
                    timer[2](self.now)

    def readings(self, since: float = 0.0) -> list[MeterReading]:
        return [m for m in self.sent if isinstance(m, MeterReading) and m.t >= since]

    def status(self) -> MeterStatus:
        return [m for m in self.sent if isinstance(m, MeterStatus)][-1]

    def codes(self) -> list[str]:
        return [code for _, code, _ in self.events]
