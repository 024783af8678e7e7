"""meter: reads the configured meters and publishes v2h/meter/ROLE, and v2h/meter/ROLE/status for people.

Owns the metering chip's SPI port. An old value is never published as a new one: a meter that does not answer is
silent on the bus, and so is one that repeats itself. A dead meter is opened anew by itself; meanwhile the role's
fallback speaks, where there is one. Networks are waited for in threads; the chip is read in the loop.
Dies or hangs: manager notices by the readings' age (3 measured intervals + 1 s) and orders 0 W until they come back.
"""

import sys
import time
from dataclasses import replace

from v2h.bus import RESTING, ChargerState, MeterReading, MeterStatus
from v2h.meterconfig import Meter
from v2h.meters import Measurement
from v2h.meters.choice import Choice
from v2h.meters.health import USABLE, Word
from v2h.meters.line import Line
from v2h.meters.reading import is_news, reading
from v2h.program import SLACK_S, Program

LOOK_S = 0.25
STATUS_S = 10.0
REST_S = 0.5
"""With no session nobody follows the house: the chip is read at this pace. Silence at its usual interval is longer."""
LASTED_S = 1.0
"""So long a new word of health must last before it is an event: one lost answer is none."""
EVENTS = {
    Word.GOOD: ("info", "meter-ok"),
    Word.SLOW: ("warning", "meter-slow"),
    Word.FROZEN: ("warning", "meter-frozen"),
    Word.SILENT: ("warning", "meter-dead"),
    Word.WAITING: ("warning", "meter-dead"),
}


class Station:
    """One role: its meter, the fallback if any, and which of them is believed."""

    def __init__(self, role: str, spec: Meter, program: Program) -> None:
        self._role, self._bus = role, program.bus
        hardware = program.config.hardware
        specs = [replace(spec, fallback=None), *([spec.fallback] if spec.fallback is not None else [])]
        self._lines = [Line(each, hardware, program, self._on_value) for each in specs]
        self._choice = Choice()
        self._told: MeterStatus | None = None
        self._said: tuple[object, ...] = ()
        self._words: tuple[object, ...] = ()
        self._published: MeterReading | None = None
        self._words_t = 0.0
        self._in_log: tuple[object, ...] = ()
        self._timers = [program.every(min(line.spec.interval_s, 1.0), line.tick) for line in self._lines]
        program.every(LOOK_S, self._look, slack_s=SLACK_S)

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def pace(self, now: float, resting: bool) -> None:
        """Read slowly while nothing is matched, at once and as configured when a session begins."""
        for line, timer in zip(self._lines, self._timers, strict=True):
            timer.period_s = max(min(line.spec.interval_s, 1.0), REST_S if resting else 0.0)
            timer.due = min(timer.due, now + timer.period_s)

    def _on_value(self, line: Line, value: Measurement, fresh: bool) -> None:
        if line is not self._lines[self._choice.using] or line.word(value.t) not in USABLE:
            return
        message = reading(
            value,
            sign=line.spec.sign,
            interval_s=line.health.interval_s,
            lag_s=line.lag_s,
            lag_known=line.spec.lag_s is not None,
            source=line.title,
            fresh=fresh,
        )
        if is_news(message, self._published):
            self._published = message
            self._bus.publish(message, self._role)

    def _look(self, now: float) -> None:
        """Who is believed, and what people are told."""
        words = [line.word(now) for line in self._lines]
        using = self._choice.choose(now, words[0], words[1] if len(words) > 1 else None)
        # The first meter's ups and downs while the fallback speaks are no news.
        state = (using, words[1]) if using else (using, words[0], *(word in USABLE for word in words[1:]))
        if state != self._words:
            self._words, self._words_t = state, now
        self._log(now, using, words)
        said = (using, *words, *(line.failure for line in self._lines if line.word(now) not in USABLE))
        if said == self._said and self._told is not None and now - self._told.t < STATUS_S:
            return
        line, self._said = self._lines[using], said
        self._told = MeterStatus(
            now, str(words[using]), self._text(now, using), line.title, round(line.health.interval_s, 3), line.lag_s,
            line.spec.lag_s is not None, using == 1, str(words[1 - using]) if len(words) > 1 else "",
        )  # fmt: skip
        self._bus.publish(self._told, self._role)

    def _text(self, now: float, using: int) -> str:
        """Sentences for the owner: the meter in use, and the other one when it does badly."""
        which = ("meter", "fallback meter")
        said = []
        for n in sorted(range(len(self._lines)), key=lambda n: n != using):
            line = self._lines[n]
            if n == using or line.word(now) not in USABLE:
                said.append(f"The {self._role} {which[n]} ({line.title}) {line.health.words(now, line.why())}")
        if using == 1:
            said.append("The fallback is used until the first meter has done well for 10 s.")
        return " ".join(said)

    def _log(self, now: float, using: int, words: list[Word]) -> None:
        """An event for a change that has lasted. The first word good is none: that is how it should be."""
        if self._words == self._in_log or now - self._words_t < LASTED_S:
            return
        untold = all(word is Word.WAITING for word in words) and not any(line.why() for line in self._lines)
        if not self._in_log and untold:
            return
        self._in_log = self._words
        level, code = ("warning", "meter-fallback") if using == 1 else EVENTS[words[0]]
        if using == 0 and len(words) > 1 and words[0] is Word.GOOD and words[1] not in USABLE:
            level, code = "warning", "meter-fallback-dead"
        self._bus.event(level, code, self._text(now, using), role=self._role)


def main() -> int:
    program = Program("meter")
    stations = [Station(role, spec, program) for role, spec in program.config.meter.items()]

    def on_charger(topic: str, payload: bytes) -> None:
        resting = ChargerState.from_json(payload).state in RESTING
        for station in stations:
            station.pace(time.monotonic(), resting)

    def close_all() -> None:
        for station in stations:
            station.close()

    program.bus.subscribe(ChargerState.TOPIC, on_charger)
    program.at_exit(close_all)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
