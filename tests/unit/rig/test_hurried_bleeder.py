"""cable_v=0 empties the rig's cable quickly, and still as a cable does: `charger` must not take its sensor for dead."""

import math

from v2h.chademo import limits
from v2h.chademo.cable import FALL_S
from v2h.rig.cable import CABLE_BLEED_SIEMENS, CABLE_FARAD, HURRY


def test_a_hurried_bleeder_is_slower_than_a_dead_sensor() -> None:
    tau_s = CABLE_FARAD / CABLE_BLEED_SIEMENS / HURRY
    fall_s = tau_s * math.log(limits.BATTERY_PRESENT_V.value / limits.CABLE_UNLOCK_V.value)
    assert fall_s > 1.3 * FALL_S
