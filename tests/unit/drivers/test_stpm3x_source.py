"""The chip as a meter: calibrated values, and energy in both directions."""

import pytest

from tests.support.stpm_wire import Wire
from v2h.config.meter_kinds import Stpm3xMeter
from v2h.drivers.stpm3x import Stpm3x
from v2h.meters.stpm3x import Stpm3xSource
from v2h.rig.stpm3x import Mains
from v2h.rig.stpm3x import Stpm3x as Chip


class House:
    """Constant power; the energy is its integral over the time that the test sets."""

    def __init__(self) -> None:
        self.power_w, self.wh, self.at = 0.0, 0.0, 100.0

    def advance(self, seconds: float) -> float:
        self.wh += self.power_w * seconds / 3600
        self.at += seconds
        return self.at

    def mains(self) -> Mains:
        return Mains(231.0, 49.98, (self.power_w, 0.0), (self.wh, 0.0))


def meter(house: House, spec: Stpm3xMeter | None = None) -> Stpm3xSource:
    return Stpm3xSource(spec or Stpm3xMeter(), Stpm3x(Wire(Chip(house.mains))))


def test_a_reading_in_units() -> None:
    house = House()
    house.power_w = 1234.5
    (reading,) = meter(house).read(100.0)
    assert reading.power_w == pytest.approx(1234.5, rel=1e-3)
    assert reading.voltage_v == pytest.approx(231.0, abs=0.05)
    assert reading.current_a == pytest.approx(1234.5 / 231.0, rel=1e-3)
    assert reading.frequency_hz == pytest.approx(49.98, abs=0.01)
    assert reading.t == 100.0


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


def test_a_chip_that_starts_anew_does_not_add_its_whole_counter() -> None:
    house = House()
    house.power_w = 3000.0
    wire = Wire(Chip(house.mains))
    source = Stpm3xSource(Stpm3xMeter(), Stpm3x(wire))
    for _ in range(100):
        source.read(house.advance(1.0))
    wire.chip = Chip(house.mains)  # its counter has lost 83 Wh
    wire.chip.transfer(bytes(5))
    for _ in range(20):
        (reading,) = source.read(house.advance(1.0))
    assert reading.import_wh == pytest.approx(3000 * 119 / 3600, rel=0.01)
    assert reading.export_wh == 0.0
