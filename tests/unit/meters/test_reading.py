"""Which values of a fast meter are published on the bus."""

from dataclasses import replace

import pytest

from v2h.bus.messages import MeterReading
from v2h.meters.reading import is_news

SAID = MeterReading(
    t=100.0, power_w=300.0, interval_s=0.1, lag_s=0.05, source="chip", phases=[{"power_w": 100.0}, {"power_w": 200.0}]
)


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({"t": 100.1}, False),
        ({"t": 100.1, "power_w": 309.0}, False),
        ({"t": 100.1, "power_w": 311.0}, True),
        ({"t": 100.1, "power_w": 289.0}, True),
        ({"t": 100.5}, True),
        ({"t": 100.1, "source": "fallback"}, True),
        ({"t": 100.1, "fresh": False}, True),
        ({"t": 100.1, "phases": [{"power_w": 0.0}, {"power_w": 300.0}]}, True),
        ({"t": 100.1, "phases": []}, True),
    ],
)
def test_what_differs_is_told_at_once_and_the_rest_twice_a_second(change: dict[str, object], is_told: bool) -> None:
    assert is_news(replace(SAID, **change), SAID) is is_told  # type: ignore[arg-type]


def test_a_slow_drift_is_told_in_small_steps() -> None:
    published, most_w = SAID, 0.0
    for step in range(100):
        value = replace(SAID, t=100.0 + step * 0.1, power_w=300.0 + 3 * step, phases=[])
        if is_news(value, published):
            published = value
        most_w = max(most_w, abs(value.power_w - published.power_w))
    assert 0 < most_w < 10.0
