"""meter: reads the configured meters and publishes v2h/meter/ROLE, and v2h/meter/ROLE/status for people.

It owns the metering chip's SPI port. An old value is never published as a new one: nothing is published for a meter
that does not answer, or that is frozen because it repeats one value. A dead meter is opened again; meanwhile the role's
fallback is used, where there is one. Threads wait for networks; the chip is read in the loop.
If meter dies or hangs: manager notices it by the age of the readings (3 measured intervals + 1 s, or their silence_s)
and orders 0 W until they come back.
"""

import sys
import time
from dataclasses import replace
from functools import reduce

from v2h.bus.messages import ChargerState, MeterReading, MeterStatus
from v2h.bus.sentences import say
from v2h.bus.states import RESTING
from v2h.config.meter_kinds import Meter
from v2h.meters import Measurement
from v2h.meters.choice import MeterFailover
from v2h.meters.health import USABLE, MeterHealth
from v2h.meters.line import Line
from v2h.meters.reading import is_news, reading
from v2h.runtime.program import SLACK_S, Program

LOOK_S = 0.25
STATUS_S = 10.0
REST_S = 0.5
"""Without a session manager does not follow the house's load, and the chip is read only at this period. It is shorter
than the silence that counts as a failure at the chip's usual interval."""
TOLD_AGAIN_S = 86_400.0
"""A refused value is an event the first time, and then at most once a day for each reason: a meter that says every
second that it has no value must not fill the log."""
LASTED_S = 1.0
"""A change of health becomes an event only after this time: one lost answer is not reported."""
EVENTS = {
    MeterHealth.GOOD: ("info", "meter-ok"),
    MeterHealth.SLOW: ("warning", "meter-slow"),
    MeterHealth.ON_CHANGE: ("warning", "meter-on-change"),
    MeterHealth.FROZEN: ("warning", "meter-frozen"),
    MeterHealth.SILENT: ("warning", "meter-dead"),
    MeterHealth.WAITING: ("warning", "meter-dead"),
}


class Station:
    """One role: its meter, the fallback if any, and which of them is used."""

    def __init__(self, role: str, spec: Meter, program: Program) -> None:
        self._role, self._bus = role, program.bus
        hardware = program.config.hardware
        specs = [replace(spec, fallback=None), *([spec.fallback] if spec.fallback is not None else [])]
        learns = spec.fallback is None  # a fallback takes over in a silence, which is better than to wait
        self._lines = [Line(each, hardware, program, self._on_value, learns=learns) for each in specs]
        self._choice = MeterFailover()
        self._told: MeterStatus | None = None
        self._said: tuple[object, ...] = ()
        self._words: tuple[object, ...] = ()
        self._published: MeterReading | None = None
        self._words_t = 0.0
        self._in_log: tuple[object, ...] = ()
        self._refused_t: dict[tuple[int, str], float] = {}
        self._timers = [program.every(min(line.spec.interval_s, 1.0), line.tick) for line in self._lines]
        program.every(LOOK_S, self._look, slack_s=SLACK_S)

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def pace(self, now: float, resting: bool) -> None:
        """Read slowly while resting; read at the configured interval again as soon as a session begins."""
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
            silence_s=line.health.silence_s,
        )
        if is_news(message, self._published):
            self._published = message
            self._bus.publish(message, self._role)

    def _look(self, now: float) -> None:
        """Choose the meter in use, and publish the status for people."""
        words = [line.word(now) for line in self._lines]
        using = self._choice.choose(now, words[0], words[1] if len(words) > 1 else None)
        # Changes of the first meter are not reported while the fallback is in use.
        state = (using, words[1]) if using else (using, words[0], *(word in USABLE for word in words[1:]))
        if state != self._words:
            self._words, self._words_t = state, now
        self._log(now, using, words)
        self._log_refused(now)
        said = (using, *words, *(line.failure for line in self._lines if line.word(now) not in USABLE))
        said += tuple(bool(line.remark) for line in self._lines)
        if said == self._said and self._told is not None and now - self._told.t < STATUS_S:
            return
        line, self._said = self._lines[using], said
        self._told = MeterStatus(
            now, str(words[using]), self._text(now, using), line.title, round(line.health.interval_s, 3), line.lag_s,
            line.spec.lag_s is not None, using == 1, str(words[1 - using]) if len(words) > 1 else "",
        )  # fmt: skip
        self._bus.publish(self._told, self._role)

    def _text(self, now: float, using: int) -> str:
        """Sentences for the owner: about the meter in use, and about the other one when it is not usable."""
        said = []
        for n in sorted(range(len(self._lines)), key=lambda n: n != using):
            line = self._lines[n]
            if n == using or line.word(now) not in USABLE:
                health = line.health.words(now, line.why())
                one = say("meter.fallback" if n else "meter.first", role=self._role, title=line.title, health=health)
                said.append(one)
                if n == using and line.remark and line.word(now) in USABLE:
                    said.append(say("meter.remark", remark=line.remark))
        if using == 1:
            said.append(say("meter.fallback_in_use"))
        return reduce(lambda text, more: say("meter.more", said=text, more=more), said)

    def _log(self, now: float, using: int, words: list[MeterHealth]) -> None:
        """An event for a change that has lasted. The first change to GOOD is not reported."""
        if self._words == self._in_log or now - self._words_t < LASTED_S:
            return
        untold = all(word is MeterHealth.WAITING for word in words) and not any(line.why() for line in self._lines)
        if not self._in_log and untold:
            return
        self._in_log = self._words
        level, code = ("warning", "meter-fallback") if using == 1 else EVENTS[words[0]]
        if using == 0 and len(words) > 1 and words[0] is MeterHealth.GOOD and words[1] not in USABLE:
            level, code = "warning", "meter-fallback-dead"
        self._bus.event(level, code, self._text(now, using), role=self._role)

    def _log_refused(self, now: float) -> None:
        for n, line in enumerate(self._lines):
            for why in filter(None, (line.refused, line.remark)):
                key = (n, getattr(why, "id", why))
                if now - self._refused_t.get(key, float("-inf")) >= TOLD_AGAIN_S:
                    self._refused_t[key] = now
                    text = say("meter.refused", role=self._role, title=line.title, why=why)
                    self._bus.event("warning", "meter-value", text, role=self._role)
            line.refused = ""


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
