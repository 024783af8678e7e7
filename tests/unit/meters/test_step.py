"""The step of a load through a meter whose lag, average, filter and noise are known."""

from random import Random

import pytest

from v2h.energy.bench.metering import METERS, REAL
from v2h.meters.step import AFTER_S, StepError, measured

SWITCHED_T = 1000.0


def readings(
    interval_s: float,
    age_s: float,
    *,
    average_s: float = 0.0,
    filter_s: float = 0.0,
    noise_w: float = 0.0,
    step_w: float = 2000.0,
    phase_s: float = 0.03,
) -> list[tuple[float, float]]:
    """(t, W) of a meter from 8 s before the step to the end of the measurement."""
    from math import exp

    chance, found = Random(7), []
    for n in range(int((8 + AFTER_S) / interval_s)):
        t = SWITCHED_T - 8 + phase_s + n * interval_s
        since_s = t - age_s - SWITCHED_T
        share = 0.0 if since_s < 0 else 1.0
        if average_s and since_s >= 0:
            share = min(1.0, since_s / average_s)
        if filter_s and since_s >= 0:
            share = 1 - exp(-since_s / filter_s)
        found.append((t, 300.0 + step_w * share + chance.gauss(0, noise_w)))
    return found


def test_the_chip_shows_the_step_as_it_is() -> None:
    found = measured(readings(0.1, 0.05), SWITCHED_T)
    assert found.least_s <= 0.05 <= found.most_s
    assert found.most_s - found.least_s < 0.2
    assert (found.step_w, found.noise_w, found.interval_s) == (2000.0, 0.0, 0.1)


@pytest.mark.parametrize(("average_s", "age_s"), [(0.5, 0.2), (1.0, 0.3), (2.0, 0.1)])
@pytest.mark.parametrize("noise_w", [0.0, 10.0])
def test_an_average_is_found_with_its_time(average_s: float, age_s: float, noise_w: float) -> None:
    found = measured(readings(0.1, age_s, average_s=average_s, noise_w=noise_w), SWITCHED_T)
    assert (found.shape, found.time_s) == ("average", pytest.approx(average_s, rel=0.45))
    assert found.least_s <= age_s + average_s / 2 <= found.most_s
    assert found.lag_s == pytest.approx(age_s + average_s / 2, abs=0.06)
    assert found.noise_w == pytest.approx(noise_w, abs=3)


@pytest.mark.parametrize(("filter_s", "age_s"), [(0.5, 0.1), (1.0, 0.3)])
def test_a_filter_is_told_from_an_average(filter_s: float, age_s: float) -> None:
    found = measured(readings(0.1, age_s, filter_s=filter_s, noise_w=5.0), SWITCHED_T)
    assert (found.shape, found.time_s) == ("filter", pytest.approx(filter_s, rel=0.45))
    assert found.lag_s == pytest.approx(age_s + filter_s, abs=0.12)


def test_the_models_of_the_bench_are_measured_within_the_span_that_is_told() -> None:
    for name in ("stpm3x", "sdm230", "1hz"):
        for model in (METERS[name], REAL[name]):
            values = readings(
                model.interval_s,
                model.age_s,
                average_s=model.average_s,
                filter_s=model.filter_s,
                noise_w=model.noise_w,
                phase_s=0.011,
            )
            found = measured(values, SWITCHED_T)
            true_s = model.age_s + model.average_s / 2 + model.filter_s
            assert found.least_s - 0.1 <= true_s <= found.most_s + 0.1, (name, model, found)


def test_a_meter_with_a_value_each_second_cannot_tell_a_short_average() -> None:
    found = measured(readings(1.0, 0.5, average_s=0.3), SWITCHED_T)
    assert found.shape == ""
    assert found.most_s - found.least_s >= 0.5


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (readings(0.5, 0.3, step_w=100.0), "the power changed by 100 W only, with 0 W of noise"),
        (readings(0.5, 0.3, step_w=600.0, noise_w=200.0), "switch on a load of 1 kW or more"),
        (readings(10.0, 1.0), "this meter is too slow for this measurement"),
        ([], "0 readings before the step"),
        (
            [(t, w + (3000.0 if t > SWITCHED_T + 12 else 0.0)) for t, w in readings(0.5, 0.3)],
            "something else was switched too",
        ),
    ],
)
def test_no_result_says_why(values: list[tuple[float, float]], says: str) -> None:
    with pytest.raises(StepError) as caught:
        measured(values, SWITCHED_T)
    assert says in str(caught.value)
