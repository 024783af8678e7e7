"""How long a value holds of a meter that speaks only on change."""

import pytest

from v2h.bus.messages import SILENCE_MOST_S
from v2h.meters import Measurement
from v2h.meters.health import Health, MeterHealth
from v2h.meters.patience import FORGET_S, Patience


def heard(patience: Patience, *gaps_s: float, interval_s: float = 1.0, begin: float = 100.0) -> list[bool]:
    """Whether each value after these gaps ends a silence."""
    times = [begin]
    for gap_s in gaps_s:
        times.append(times[-1] + gap_s)
    return [patience.value(t, interval_s) for t in times]


CYCLE = (1, 1, 6, 1, 1, 6, 1, 1, 6)


def test_three_silences_that_end_within_a_minute_are_a_cycle() -> None:
    patience = Patience(None, learns=True)
    heard(patience, *CYCLE[:-1])
    assert (patience.silence_s, patience.learned) == (0.0, False)
    patience = Patience(None, learns=True)
    heard(patience, *CYCLE)
    assert (patience.silence_s, patience.learned) == (SILENCE_MOST_S, True)


@pytest.mark.parametrize(
    ("told_s", "learns", "gaps", "silence_s"),
    [
        (None, True, (40, 1, 40, 1, 40), 0.0),
        (None, True, (3.9,) * 20, 0.0),
        (None, False, CYCLE, 0.0),
        (8.0, True, CYCLE, 8.0),
    ],
    ids=["seldom", "usual gaps", "another kind of meter", "told"],
)
def test_nothing_else_is(told_s: float | None, learns: bool, gaps: tuple[float, ...], silence_s: float) -> None:
    patience = Patience(told_s, learns=learns)
    heard(patience, *gaps)
    assert (patience.silence_s, patience.learned) == (silence_s, False)


def test_it_is_forgotten_when_the_meter_speaks_regularly() -> None:
    patience = Patience(None, learns=True)
    heard(patience, *CYCLE)
    heard(patience, *[1.0] * int(FORGET_S - 1), begin=125.0)
    assert patience.learned
    heard(patience, 1, 1, begin=125.0 + FORGET_S)
    assert (patience.silence_s, patience.learned) == (0.0, False)


def test_silences_say_nothing_of_the_interval_and_the_health_names_cause_and_remedy() -> None:
    """With its silences this meter would have an interval of 17 s, and a dead one would be believed for 52 s."""
    health, t = Health(1.0, learns=True), 100.0
    for n in range(60):
        t += 17.0 if n > 12 else (6.0 if n % 3 == 0 else 1.0)
        health.measured(Measurement(t, 10.0 * n))
    assert health.interval_s == 1.0
    assert health.word(t + 29) is MeterHealth.ON_CHANGE
    assert health.word(t + 31) is MeterHealth.SILENT
    text = health.words(t, "")
    assert "speaks only when its value changes" in text and "silence_s" in text and "repeat its value" in text


def test_a_told_silence_is_no_reason_for_a_warning() -> None:
    health = Health(1.0, silence_s=20.0)
    for n, t in enumerate((100.0, 101.0, 102.0, 118.0, 119.0)):
        health.measured(Measurement(t, 10.0 * n))
    assert health.word(138.0) is MeterHealth.GOOD
    assert health.word(139.5) is MeterHealth.SILENT
