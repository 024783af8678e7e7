"""One role of the meter program in virtual time: what it publishes when meters send, fail or repeat their values."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.meter_station import Script, Scripted, World
from v2h.bus.sentences import say
from v2h.config.meter_kinds import HttpMeter, Meter, MqttMeter
from v2h.config.presets import find
from v2h.energy.gridlimits import GridLimits, own_bounds
from v2h.energy.load_following import LoadFollower
from v2h.meters import Measurement, MeterError, MeterSource, NoMeasurementError
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.reading import implausible
from v2h.programs.meter import Station

DATA = Path(__file__).resolve().parents[2] / "data" / "meters"


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(first: Script, second: Script | None = None, **keys: Any) -> World:
        scripts = {"http": first, "mqtt": second}
        world = World()

        def open_meter(spec: Meter, hardware: object) -> MeterSource:
            script = scripts[spec.kind]
            assert script is not None
            with contextlib.suppress(NoMeasurementError):
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


@pytest.mark.parametrize("mad_w", [100_001.0, -1e300, 3.4e38, 1e9, float("inf"), float("nan")])
def test_a_power_that_no_house_has_is_not_used_and_the_fallback_takes_over(
    station: Callable[..., World], mad_w: float
) -> None:
    world = station(lambda now: mad_w if now > 1010 else now, alive)
    world.run(30)
    assert all(abs(one.power_w) <= 100_000 for one in world.readings())
    last = world.readings()[-1]
    assert (last.source, last.t > 1025) == ("mqtt", True)
    assert "no house has more than 100 kW" in world.status().text


def test_an_answer_that_is_not_used_is_an_event_once_and_the_fallback_takes_over(station: Callable[..., World]) -> None:
    def none(now: float) -> float:
        if now > 1010:
            raise NoMeasurementError(say("meter.not_valid", channel="second "))
        return now

    world = station(none, alive)
    world.run(600)
    assert world.codes().count("meter-value") == 1
    (text,) = [text for _, code, text in world.events if code == "meter-value"]
    assert text.startswith("An answer of the grid meter (http) is not used")
    assert text.endswith("its second clamp says that it is not valid.")
    assert (world.readings()[-1].source, world.readings()[-1].t > 1590) == ("mqtt", True)
    assert "has sent no usable value for" in world.status().text and "second clamp" in world.status().text
    world.now += 86_400
    world.run(5)
    assert world.codes().count("meter-value") == 2, "again after a day"


def test_phases_that_are_not_the_total_are_said_once_and_not_used(station: Callable[..., World]) -> None:
    """A house of three wires without neutral: the meter reports the right total and 0 W for each phase."""
    document = (DATA / "homewizard-three-wires.json").read_bytes()
    layout = find("http", "homewizard", ()).layout
    world = station(lambda now: measurement(parse(document), layout, now))
    world.run(60)
    last = world.readings()[-1]
    assert (last.power_w, world.status().word) == (9000, "good")
    assert [phase.keys() for phase in last.phases] == [{"voltage_v", "current_a"}] * 3
    assert "its phases add up to 0 W beside a total of 9000 W, so only the total is used" in world.status().text
    assert world.codes().count("meter-value") == 1
    net = LoadFollower(0.0).meter(1060.0, last)
    assert net is not None
    assert own_bounds(net, GridLimits(fuse_a=25))[1] == 0.0, "at 9 kW and 25 A the charger takes nothing"


def test_one_mad_value_of_a_meter_costs_no_more_than_itself(station: Callable[..., World]) -> None:
    world = station(lambda now: 3e38 if 1010 < now < 1011.5 else now)
    world.run(20)
    assert [code for code in world.codes() if code == "meter-dead"] == []
    assert len(world.readings()) == 20, "21 without the mad one"
    assert world.status().word == "good"


def test_one_mad_phase_is_as_bad_as_a_mad_sum() -> None:
    good, mad = ({"power_w": 1000.0}, {"voltage_v": 230.0}), ({"power_w": 1000.0}, {"power_w": -2e5})
    assert implausible(Measurement(0.0, 1000.0, phases=good)) == ""
    assert implausible(Measurement(0.0, 1000.0, phases=mad)).startswith("it reports -200000 W")


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
