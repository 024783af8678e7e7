"""The plant of `v2h match` where it is not ideal: flicker, losses, and meters that average, filter, lose and delay."""

from collections import Counter
from dataclasses import replace
from math import exp

import pytest

from v2h.energy.bench.laws import LAWS, Clamped
from v2h.energy.bench.metering import METERS, REAL, MeterModel
from v2h.energy.bench.plant import REAL_NOISE_A, Plant, run
from v2h.energy.matching import NOMINAL_V

STEP = [(0.0, 0.0), (10.0, 1000.0), (20.0, 1000.0)]


class Heard(Clamped):
    """A law that only orders a constant power, and remembers what it was told and when."""

    def __init__(self, power_w: float = 0.0) -> None:
        super().__init__()
        self.wish_w = power_w
        self.powers: list[tuple[float, float]] = []
        self.meters: list[tuple[float, float]] = []

    def power(self, now: float, t: float, power_w: float) -> float:
        self.powers.append((now, power_w))
        return self.order(self.wish_w)

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        self.meters.append((now, grid_w))
        return self.order(self.wish_w)


def heard(meter: MeterModel) -> Heard:
    law = Heard()
    run(STEP, law, meter, Plant())
    return law


def test_a_steady_current_flickers_as_recorded() -> None:
    law = Heard(14.0 * NOMINAL_V)
    run([(0.0, 0.0), (1000.0, 0.0)], law, METERS["1hz"], Plant(telemetry_noise_a=REAL_NOISE_A))
    counts = Counter(round(watts / NOMINAL_V, 1) for now, watts in law.powers if now > 5)
    shares = [counts[amps] / sum(counts.values()) for amps in (13.9, 14.0, 14.1)]
    assert shares == pytest.approx([0.26, 0.48, 0.26], abs=0.05)
    assert sum(shares) > 0.93


def test_the_mains_sees_the_losses() -> None:
    plant = Plant().real()
    for own_w, ac_w in ((0.0, 40.0), (6000.0, 6400.0), (-6000.0, -5600.0), (-3000.0, -2825.0)):
        assert plant.ac_w(own_w) == pytest.approx(ac_w)
        assert plant.dc_w(ac_w) == pytest.approx(own_w, abs=0.1)
    assert run([(0.0, 0.0), (30.0, 0.0)], Heard(-3000.0), METERS["1hz"], plant, skip_s=5).mean_w == pytest.approx(
        2825, rel=0.01
    )
    held = run(
        [(0.0, 900.0), (60.0, 900.0)], LAWS["oracle"]([(0.0, 900.0)], METERS["1hz"], plant), METERS["1hz"], plant
    )
    assert held.export_wh_h < 20


def test_a_meter_that_averages_shows_the_mean_of_its_window() -> None:
    told = {round(now, 2): watts for now, watts in heard(MeterModel(1.0, 0.4, average_s=1.0)).meters}
    assert (told[10.0], told[12.0]) == (0.0, 1000.0)
    assert told[11.0] == pytest.approx(600, abs=21)


def test_a_meter_that_filters_shows_a_first_order_rise() -> None:
    told = {round(now, 2): watts for now, watts in heard(MeterModel(0.5, 0.0, filter_s=0.5)).meters}
    assert told[10.5] == pytest.approx(1000 * (1 - exp(-1)), abs=16)
    assert told[11.5] == pytest.approx(1000 * (1 - exp(-3)), abs=3)
    assert told[10.0] < 50


def test_lost_and_late_values() -> None:
    trace = [(0.0, 0.0), (2000.0, 0.0)]
    law = Heard()
    run(trace, law, MeterModel(1.0, 0.0, lost_share=0.2, late_s=0.3), Plant())
    assert len(law.meters) == pytest.approx(1600, abs=60)
    delays = [now % 1.0 for now, _ in law.meters]
    assert sum(delays) / len(delays) == pytest.approx(0.28, abs=0.05)
    assert [now for now, _ in law.meters] == sorted(now for now, _ in law.meters)


def test_meter_noise_has_the_deviation_that_was_asked_for() -> None:
    law = Heard()
    run([(0.0, 0.0), (500.0, 0.0)], law, MeterModel(0.1, 0.05, noise_w=30.0), Plant())
    assert (sum(watts**2 for _, watts in law.meters) / len(law.meters)) ** 0.5 == pytest.approx(30, rel=0.1)


def test_the_faults_do_not_depend_on_the_law() -> None:
    first, second = Heard(), Heard()
    for law in (first, second):
        run(STEP, law, replace(REAL["sdm230"], lost_share=0.3), Plant().real())
    assert first.meters == second.meters
    assert first.powers == second.powers


@pytest.mark.parametrize("meter", METERS)
def test_the_real_meters_are_the_ideal_ones_with_faults(meter: str) -> None:
    assert REAL[meter].interval_s == METERS[meter].interval_s
    assert REAL[meter].noise_w > 0
