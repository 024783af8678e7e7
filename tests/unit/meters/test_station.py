"""One role of the meter program in virtual time: what it publishes when meters send, fail or repeat their values."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from v2h.bus.coding import Message
from v2h.bus.messages import MeterReading, MeterStatus
from v2h.config.meter_kinds import HttpMeter, Meter, MqttMeter
from v2h.meters import Measurement, MeterError, MeterSource
from v2h.meters.reading import implausible
from v2h.programs.meter import Station

Script = Callable[[float], float]
"""The power that a meter reports at a time; raises MeterError when the meter is dead then."""


class Scripted:
    """A source that returns the value of its script at each read."""

    guess_s, always_new, wakes, note = 0.5, False, None, ""

    def __init__(self, title: str, script: Script) -> None:
        self.title, self._script = title, script

    def read(self, now: float) -> list[Measurement]:
        return [Measurement(now, self._script(now))]

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


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(first: Script, second: Script | None = None, **keys: Any) -> World:
        scripts = {"http": first, "mqtt": second}
        world = World()

        def open_meter(spec: Meter, hardware: object) -> MeterSource:
            script = scripts[spec.kind]
            assert script is not None
            script(world.now)  # a dead meter fails already when it is opened
            return Scripted(spec.kind, script)

        monkeypatch.setattr("v2h.meters.line.open_meter", open_meter)
        fallback = MqttMeter() if second is not None else None
        Station("grid", HttpMeter(fallback=fallback, **keys), world)  # type: ignore[arg-type]
        return world

    return make


def alive(now: float) -> float:
    return now


def dead(now: float) -> float:
    raise MeterError("nobody there")


def between(begin: float, end: float) -> Script:
    return lambda now: now if begin <= now < end else dead(now)


def test_a_good_meter_is_told_with_everything_known(station: Callable[..., World]) -> None:
    world = station(alive, sign=-1)
    world.run(20)
    last = world.readings()[-1]
    assert (last.power_w, last.source, last.interval_s) == (-last.t, "http", pytest.approx(1.0))
    assert (last.lag_s, last.lag_known, last.fresh) == (0.5, False, True)
    assert len(world.readings()) == 21
    assert (world.codes(), world.status().word) == (["meter-ok"], "good")
    assert world.status().text == "The grid meter (http) sends a new value every 1 s."


def test_a_lag_that_the_owner_says_is_known(station: Callable[..., World]) -> None:
    world = station(alive, lag_s=0.2)
    world.run(2)
    assert (world.readings()[-1].lag_s, world.readings()[-1].lag_known) == (0.2, True)


def test_a_dead_meter_is_silent_told_once_and_comes_back(station: Callable[..., World]) -> None:
    count = iter(range(1000))

    def moody(now: float) -> float:
        if now > 1020 and now < 1060:
            raise MeterError(f"reason {next(count)}")  # a changed text alone makes no new event
        return now

    world = station(moody)
    world.run(55)
    assert [code for code in world.codes() if code == "meter-dead"] == ["meter-dead"]
    assert world.readings()[-1].t <= 1020
    assert world.status().word == "silent"
    assert "has sent no usable value for" in world.status().text
    assert "reason" in world.status().text
    world.run(20)
    assert world.codes() == ["meter-ok", "meter-dead", "meter-ok"]
    assert world.readings()[-1].t > 1070


@pytest.mark.parametrize("mad_w", [150_001.0, -1e300, 3.4e38, 1e9, float("inf"), float("nan")])
def test_a_power_that_no_house_has_is_not_used_and_the_fallback_takes_over(
    station: Callable[..., World], mad_w: float
) -> None:
    world = station(lambda now: mad_w if now > 1010 else now, alive)
    world.run(30)
    assert all(abs(one.power_w) <= 150_000 for one in world.readings())
    last = world.readings()[-1]
    assert (last.source, last.t > 1025) == ("mqtt", True)
    assert "no house has more than 150 kW" in world.status().text


def test_one_mad_value_of_a_meter_costs_no_more_than_itself(station: Callable[..., World]) -> None:
    world = station(lambda now: 3e38 if 1010 < now < 1011.5 else now)
    world.run(20)
    assert [code for code in world.codes() if code == "meter-dead"] == []
    assert len(world.readings()) == 20, "21 without the mad one"
    assert world.status().word == "good"


def test_one_mad_phase_is_as_bad_as_a_mad_sum() -> None:
    good, mad = ({"power_w": 1000.0}, {"voltage_v": 230.0}), ({"power_w": 1000.0}, {"power_w": -2e5})
    assert implausible(Measurement(0.0, 1000.0, phases=good)) == ""
    assert implausible(Measurement(0.0, 1000.0, phases=mad)).startswith("it reports -2e+05 W")


def test_one_lost_answer_is_no_event(station: Callable[..., World]) -> None:
    world = station(lambda now: dead(now) if 1020 < now < 1021.2 else now)
    world.run(60)
    assert world.codes() == ["meter-ok"]


def test_the_fallback_speaks_until_the_first_has_proved_itself(station: Callable[..., World]) -> None:
    world = station(lambda now: dead(now) if 1020 < now < 1030 else now, alive)
    world.run(19)
    assert {reading.source for reading in world.readings()} == {"http"}
    world.run(30)
    sources = [reading.source for reading in world.readings(1010)]
    assert sources == sorted(sources, key=["http", "mqtt"].index) or sources[-1] == "http"
    took_over = next(reading.t for reading in world.readings(1020) if reading.source == "mqtt")
    assert took_over - max(r.t for r in world.readings() if r.source == "http" and r.t < 1021) < 4.0
    given_back = max(reading.t for reading in world.readings() if reading.source == "mqtt")
    assert 1040 <= given_back <= 1044
    assert world.codes() == ["meter-ok", "meter-fallback", "meter-ok"]


def test_a_fallback_that_is_dead_is_told_before_it_is_needed(station: Callable[..., World]) -> None:
    world = station(alive, dead)
    world.run(10)
    assert world.codes() == ["meter-fallback-dead"]
    assert "The grid fallback meter (mqtt) has not sent a value yet: nobody there." in world.events[0][2]
    assert world.status().other == "waiting"


def test_a_meter_that_repeats_itself_is_marked_then_slow_then_dropped(station: Callable[..., World]) -> None:
    world = station(lambda now: now // 5 if now < 1100 else 7.0)
    world.run(60)
    assert [reading.t for reading in world.readings(1030) if reading.fresh] == [1030 + 5 * n for n in range(7)]
    assert world.status().word == "slow"
    assert world.codes()[-1] == "meter-slow"
    world.run(70)
    before = len(world.readings())
    world.run(50)
    assert world.status().word == "frozen"
    assert len(world.readings()) < before + 40
    assert world.readings()[-1].t < 1165
    assert world.codes()[-1] == "meter-frozen"
