"""The chip as a meter: calibrated values, energy both ways, measured pace, and kinds that are imported when asked."""

import subprocess
import sys

import pytest
from stpm_wire import Wire

from v2h.config import Meter
from v2h.drivers.stpm3x import Stpm3x
from v2h.meters.pace import Pace
from v2h.meters.stpm3x import Stpm3xMeter
from v2h.rig.stpm3x import Mains
from v2h.rig.stpm3x import Stpm3x as Chip


class House:
    """Constant power; energy is its integral over the test's own time."""

    def __init__(self) -> None:
        self.power_w, self.wh, self.at = 0.0, 0.0, 100.0

    def advance(self, seconds: float) -> float:
        self.wh += self.power_w * seconds / 3600
        self.at += seconds
        return self.at

    def mains(self) -> Mains:
        return Mains(231.0, 49.98, (self.power_w, 0.0), (self.wh, 0.0))


def meter(house: House, spec: Meter | None = None) -> Stpm3xMeter:
    return Stpm3xMeter("grid", spec or Meter(), Stpm3x(Wire(Chip(house.mains))))


def test_a_reading_in_units() -> None:
    house = House()
    house.power_w = 1234.5
    (reading,) = meter(house).read(100.0)
    assert reading.power_w == pytest.approx(1234.5, rel=1e-3)
    assert reading.voltage_v == pytest.approx(231.0, abs=0.05)
    assert reading.current_a == pytest.approx(1234.5 / 231.0, rel=1e-3)
    assert reading.frequency_hz == pytest.approx(49.98, abs=0.01)
    assert (reading.t, reading.interval_s, reading.lag_s, reading.source) == (100.0, 0.1, 0.05, "stpm3x grid")


def test_a_clamp_the_wrong_way_round_is_turned() -> None:
    house = House()
    house.power_w = 500.0
    (reading,) = meter(house, Meter(sign=-1)).read(100.0)
    assert reading.power_w == pytest.approx(-500.0, rel=1e-3)


def test_energy_both_ways_across_the_counters_wrap() -> None:
    house = House()
    source = meter(house)
    source.read(house.at)
    for power_w, seconds in ((7000.0, 300), (-3000.0, 400)):
        house.power_w = power_w
        for _ in range(seconds):
            (reading,) = source.read(house.advance(1.0))
    assert reading.import_wh == pytest.approx(7000 * 300 / 3600, rel=1e-3)  # 583 Wh: the counter wraps every 351 Wh
    assert reading.export_wh == pytest.approx(3000 * 400 / 3600, rel=1e-3)


def test_a_gap_in_which_the_counter_may_have_wrapped_is_filled_from_power() -> None:
    house = House()
    house.power_w = 6000.0
    source = meter(house)
    source.read(house.at)
    (reading,) = source.read(house.advance(600.0))
    assert reading.import_wh == pytest.approx(1000.0, rel=1e-3)


def test_power_is_fresh_in_every_reading() -> None:
    house = House()
    source = meter(house)
    for step in range(25):
        house.power_w = 10.0 * step
        (reading,) = source.read(house.advance(0.1))
        assert reading.power_w == pytest.approx(10.0 * step, abs=0.01)
        assert reading.t == house.at


def test_the_interval_is_measured_and_an_outage_is_none() -> None:
    pace = Pace(0.1)
    t = 0.0
    for _ in range(100):
        t += 0.2
        interval_s = pace.reading(t)
    assert interval_s == pytest.approx(0.2, rel=0.01)
    assert pace.reading(t + 60) == pytest.approx(0.2, rel=0.01)
    assert pace.reading(t + 60.2) == pytest.approx(0.2, rel=0.01)


def test_a_kind_is_imported_only_when_it_is_configured() -> None:
    program = "import sys, v2h.programs.meter; print([name for name in sys.modules if name.startswith('v2h.meters')])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['v2h.meters']"
