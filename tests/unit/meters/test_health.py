"""A meter's interval, repeated values and silence, which of two meters is used, and the texts for people."""

import pytest

from v2h.meters import Measurement
from v2h.meters.choice import PROVEN_S, MeterFailover
from v2h.meters.health import Health, MeterHealth
from v2h.meters.pace import Pace
from v2h.meters.reading import reading


def told(health: Health, values: list[float], *, start: float = 0.0, every: float = 1.0) -> list[bool]:
    return [health.measured(Measurement(start + n * every, value)) for n, value in enumerate(values)]


def test_the_interval_is_measured_and_an_outage_is_none() -> None:
    pace = Pace(0.1)
    t = 0.0
    for _ in range(100):
        t += 0.2
        interval_s = pace.reading(t)
    assert interval_s == pytest.approx(0.2, rel=0.01)
    assert pace.reading(t + 60) == pytest.approx(0.2, rel=0.01)
    assert pace.reading(t + 60.2) == pytest.approx(0.2, rel=0.01)


def test_a_meter_asked_every_second_that_measures_every_ten_is_found_out() -> None:
    health = Health(1.0)
    fresh = told(health, [float(n // 10) for n in range(100)])
    assert fresh == [n % 10 == 0 for n in range(100)]
    assert health.interval_s == pytest.approx(10.0)
    assert health.word(99.0) is MeterHealth.SLOW
    assert health.words(99.0, "").startswith("sends a new value only every 10 s")


def test_a_quiet_house_does_not_make_a_meter_slow() -> None:
    health = Health(1.0)
    told(health, [300, 300, 300, 301, 302, 302, 301, 300, 302, 303, 303, 303, 303, 304, 300, 301, 302, 303])
    assert health.interval_s == pytest.approx(1.0)
    assert health.word(17.0) is MeterHealth.GOOD


def test_a_chip_that_measures_when_asked_is_always_news() -> None:
    health = Health(0.1)
    health.always_new = True
    assert all(told(health, [300.0] * 1000, every=0.1))
    assert health.word(99.9) is MeterHealth.GOOD


def test_from_waiting_to_good_silent_and_back() -> None:
    health = Health(0.5)
    assert health.word(5.0) is MeterHealth.WAITING
    assert (
        health.words(5.0, "no connection to 10.0.0.7:502") == "has not sent a value yet: no connection to 10.0.0.7:502."
    )
    told(health, [1, 2, 3, 4, 5, 6], start=5.0, every=0.5)
    assert health.word(7.6) is MeterHealth.GOOD
    assert health.word(7.5 + 2 * 0.5 + 0.51) is MeterHealth.SILENT
    assert health.words(17.5, "") == "has sent no usable value for 10 s. It is used again when it does."
    told(health, [7], start=20.0)
    assert health.word(20.1) is MeterHealth.GOOD


def test_silence_is_noticed_before_manager_calls_a_reading_old() -> None:
    for interval_s in (0.1, 0.5, 1.0, 10.0):
        health = Health(interval_s)
        told(health, [float(n) for n in range(10)], every=interval_s)
        last = 9 * interval_s
        assert health.word(last + 3 * interval_s + 1.0 - 0.3) is MeterHealth.SILENT


def test_a_meter_that_repeats_itself_for_a_minute_is_frozen() -> None:
    health = Health(1.0)
    told(health, [1, 2, 3, 4, 5, 6] + [7] * 70)
    assert health.word(6 + 60) is MeterHealth.GOOD
    assert health.word(6 + 61) is MeterHealth.FROZEN
    assert "exactly the same value for 65 s" in health.words(71.0, "")
    told(health, [8], start=76.0)
    assert health.word(76.0) is MeterHealth.GOOD


def test_the_fallback_takes_over_and_gives_back_only_after_proof() -> None:
    choice = MeterFailover()
    good, silent = MeterHealth.GOOD, MeterHealth.SILENT
    assert choice.choose(0.0, MeterHealth.WAITING, MeterHealth.WAITING) == 0
    assert choice.choose(1.0, good, good) == 0
    assert choice.choose(2.0, silent, good) == 1
    assert choice.choose(3.0, good, good) == 1
    assert choice.choose(3.0 + PROVEN_S - 0.1, good, good) == 1
    assert choice.choose(3.0 + PROVEN_S, good, good) == 0
    assert choice.choose(20.0, MeterHealth.FROZEN, MeterHealth.SLOW) == 1
    assert choice.choose(21.0, silent, silent) == 1, "nobody is better: no change"
    assert choice.choose(22.0, good, silent) == 0, "the only one that speaks"


def test_without_a_fallback_there_is_no_choice() -> None:
    choice = MeterFailover()
    assert [choice.choose(t, MeterHealth.SILENT, None) for t in (0.0, 1.0)] == [0, 0]


def test_a_meter_the_wrong_way_round_is_turned_whole() -> None:
    phases = ({"power_w": 100.0, "current_a": 0.5}, {"power_w": -300.0, "voltage_v": 230.0})
    value = Measurement(5.0, -200.0, import_wh=10.0, export_wh=20.0, phases=phases)
    said = {"interval_s": 1.0, "lag_s": 0.5, "lag_known": False, "source": "x", "fresh": True}
    turned = reading(value, sign=-1, **said)  # type: ignore[arg-type]
    assert (turned.power_w, turned.import_wh, turned.export_wh) == (200.0, 20.0, 10.0)
    assert turned.phases == [{"power_w": -100.0, "current_a": 0.5}, {"power_w": 300.0, "voltage_v": 230.0}]
    straight = reading(value, sign=1, **said)  # type: ignore[arg-type]
    assert (straight.power_w, straight.import_wh, straight.phases) == (-200.0, 10.0, list(phases))
    assert type(straight).from_json(straight.to_json()) == straight
