"""A million reads over a wire that flips one bit in one of a thousand bytes: the driver returns no wrong value.

The power changes before each read, so that an old value would count as a wrong one. Ten parts with fixed seeds, so that
a run shows its progress; every tenth read reads everything.
"""

import pytest

from tests.support.stpm_wire import Wire
from v2h.drivers.stpm3x import Stpm3x, Stpm3xError
from v2h.rig.stpm3x import E_LSB_WH, P_LSB_W, Mains
from v2h.rig.stpm3x import Stpm3x as Chip

READS = 1_000_000
PARTS = 10
RATE = 1e-3
WH_PER_READ = 1.3


class House:
    """The test sets power_w, and raises wh at each read, so that the chip's counter wraps."""

    def __init__(self) -> None:
        self.power_w = self.wh = 0.0

    def mains(self) -> Mains:
        return Mains(230.0, 50.0, (self.power_w, -self.power_w), (self.wh, 0.0))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_flipped_bits_never_make_a_wrong_value(part: int) -> None:
    house = House()
    wire = Wire(Chip(house.mains), seed=part)
    wire.sent = None
    chip = Stpm3x(wire)
    assert chip.everything().energy == 0
    wire.rate = RATE
    lost, frames, right = 0, wire.frames, 0
    for count in range(READS // PARTS):
        house.power_w = house.power_w % 9000 + 7.0
        expected = round(house.power_w / P_LSB_W)
        try:
            if count % 10:
                right += chip.power() == expected
            else:
                house.wh += WH_PER_READ
                raw = chip.everything()
                energy = int(house.wh / E_LSB_WH) & 0xFFFF_FFFF
                amps = round(house.power_w / 230.0 / 1.97861e-3)
                right += (raw.power, raw.v_rms, raw.i_rms, raw.period) == (expected, 6482, amps, 2500) and (
                    abs(raw.energy - energy) <= 2 or abs(raw.energy - energy) >= 0xFFFF_FFFE
                )
        except Stpm3xError:
            lost += 1
    assert right == READS // PARTS, f"{READS // PARTS - right - lost} wrong, {lost} lost"
    assert wire.flips == pytest.approx((wire.frames - frames) * 10 * RATE, rel=0.05)  # the wire did flip bits
