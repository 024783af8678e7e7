"""The insulation monitor's registers, and what its readings mean."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.ccs import limits
from v2h.ccs.insulation import (
    SETTINGS,
    Alarm,
    Channel,
    InsulationError,
    Monitor,
    Range,
    judge,
    read_channel,
)
from v2h.ccs.record import Isolation

OHM = 2


def words(value: float, kind: int = 0, unit: int = OHM, description: int = 71) -> list[int]:
    return [*struct.unpack(">HH", struct.pack(">f", value)), kind << 8 | unit, description]


def test_a_channel_is_a_float_an_alarm_and_a_unit() -> None:
    assert words(1e6) == [0x4974, 0x2400, 0x0002, 71]
    assert read_channel([0x4974, 0x2400, 0x0002, 71]) == Channel(1e6, Alarm.NONE, False, Range.TRUE, OHM)
    assert read_channel([0x4974, 0x2400, 0x8582, 1]) == Channel(1e6, Alarm.ALARM, True, Range.HIGHER, OHM)


@pytest.mark.parametrize(
    ("value", "kind", "unit", "word"),
    [
        (1e6, 0, OHM, Isolation.VALID),
        (1e6, 0, OHM | 0x80, Isolation.VALID),  # more than that
        (500_000.0, 0, OHM, Isolation.VALID),
        (499_000.0, 0, OHM, Isolation.WARNING),
        (1e6, 1, OHM, Isolation.WARNING),
        (1e6, 4, OHM, Isolation.WARNING),
        (100_000.0, 0, OHM, Isolation.WARNING),
        (99_000.0, 0, OHM, Isolation.FAULT),
        (1e6, 0, OHM | 0x40, Isolation.FAULT),  # less than that
        (1e6, 5, OHM, Isolation.FAULT),
        (1e6, 2, OHM, Isolation.FAULT),
        (1e6, 7, OHM, Isolation.FAULT),  # reserved
        (1e6, 0, OHM | 0xC0, Isolation.INVALID),
        (1e6, 0x40, OHM, Isolation.INVALID),
        (1e6, 0x80, OHM, Isolation.INVALID),
        (1e6, 0x85, OHM, Isolation.FAULT),
        (1e6, 0, 4, Isolation.INVALID),  # volts
        (1e6, 0, 0, Isolation.INVALID),
        (float("nan"), 0, OHM, Isolation.INVALID),
        (float("inf"), 0, OHM, Isolation.INVALID),
    ],
)
def test_what_a_reading_means(value: float, kind: int, unit: int, word: Isolation) -> None:
    assert judge(read_channel(words(value, kind, unit))) is word


@pytest.mark.parametrize("bad", [[], [1, 2, 3], [1, 2, 3, 4, 5], [0x10000, 0, 2, 71], [-1, 0, 2, 71]])
def test_another_answer_is_refused(bad: list[int]) -> None:
    with pytest.raises(InsulationError, match="4 words of 16 bits"):
        read_channel(bad)


@pytest.mark.slow
@given(st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4))
def test_any_four_words_have_a_meaning_and_valid_is_only_a_high_resistance_without_alarm(found: list[int]) -> None:
    channel = read_channel(found)
    if judge(channel) is Isolation.VALID:
        assert channel.value >= limits.WARNING_OHM.value
        assert (channel.alarm, channel.testing, channel.unit) == (Alarm.NONE, False, OHM)


def test_one_reading_is_not_valid_and_two_are() -> None:
    monitor = Monitor()
    assert monitor.look(0.0)[0] is Isolation.INVALID
    monitor.take(Isolation.VALID, 1.0)
    assert monitor.look(1.0)[0] is Isolation.INVALID
    monitor.take(Isolation.VALID, 2.0)
    assert monitor.look(2.5) == (Isolation.VALID, 2.0)


def test_one_reading_is_a_fault_at_once() -> None:
    monitor = Monitor()
    monitor.take(Isolation.FAULT, 1.0)
    assert monitor.look(1.0)[0] is Isolation.FAULT
    monitor.take(Isolation.VALID, 2.0)
    assert monitor.look(2.0)[0] is Isolation.FAULT, "the better of two readings does not count"
    monitor.take(Isolation.INVALID, 3.0)
    assert monitor.look(3.0)[0] is Isolation.INVALID


def test_a_silent_monitor_measures_nothing() -> None:
    monitor = Monitor()
    monitor.take(Isolation.VALID, 1.0)
    monitor.take(Isolation.VALID, 2.0)
    assert monitor.look(5.0)[0] is Isolation.VALID
    assert monitor.look(5.1)[0] is Isolation.INVALID
    monitor.take(Isolation.VALID, 6.0)
    assert monitor.look(6.0)[0] is Isolation.INVALID, "the reading before the gap does not count"


def test_the_device_alarms_at_our_own_limits() -> None:
    values = {register: value for register, value, _ in SETTINGS}
    assert values[3005] * 1000 == limits.WARNING_OHM.value
    assert values[3007] * 1000 == limits.FAULT_OHM.value
    assert all(0 <= value <= 0xFFFF and why for _, value, why in SETTINGS)
