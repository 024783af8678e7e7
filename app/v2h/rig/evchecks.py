"""What a car checks while energy flows: the charger's reported values against the car's measured values. Pure.

The Leaf's limits are those quoted by open implementations of IEEE 2030.1.1.
"""

from v2h.chademo.frames import X109, X208
from v2h.rig.cable import Circuit

DEVIATION_A = 10.0
DEVIATION_V = 10.0
DEVIATION_S = 5.0
OVERVOLTAGE_V = 5.0
"""Above the target."""
MIN_V = 250
MISMATCH_SHARE = 1 / 8
MISMATCH_A = 3.0


class Checks:
    """The checks of one car. Each check returns the name of a fault bit of 0x102, or "" if it finds no fault."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._frames = 0

    def forget(self) -> None:
        """Reset at the start and at the end of a session."""
        self._since = {}
        self._frames = 0

    def look(
        self,
        now: float,
        circuit: Circuit,
        x109: X109,
        x208: X208,
        request_a: float,
        discharge_a: float,
        target_v: float,
    ) -> str:
        """Check as the Leaf does: deviations that last, and the battery's own limits. request_a, discharge_a: the
        currents that the car allows now. target_v: 102.1-2."""
        over_v = target_v + OVERVOLTAGE_V
        current_a, volts_v = circuit.battery_a, circuit.cable_v
        shown_a = x109.present_a - x208.present_discharge_current_a
        over_a = max(current_a - request_a, -current_a - discharge_a)
        wrong_a = abs(shown_a - current_a) >= DEVIATION_A or over_a >= DEVIATION_A
        timers = self._since
        if not timers and not wrong_a and abs(x109.present_v - volts_v) <= DEVIATION_V and MIN_V < volts_v < over_v:
            return ""
        for fault, wrong in (
            ("battery_current_deviation", wrong_a),
            ("battery_voltage_deviation", abs(x109.present_v - volts_v) > DEVIATION_V),
            ("battery_overvoltage", volts_v >= over_v),
            ("battery_undervoltage", volts_v <= MIN_V),
        ):
            if not wrong:
                timers.pop(fault, None)
            elif now - timers.setdefault(fault, now) >= DEVIATION_S:
                return fault
        return ""

    def mismatch(self, circuit: Circuit, x109: X109, frames: int) -> str:
        """Check as some conversions do, once a frame: reported against measured values, `frames` times in a row."""
        volts_v, current_a = circuit.cable_v, max(0.0, circuit.battery_a)
        wrong_v = abs(x109.present_v - volts_v) > volts_v * MISMATCH_SHARE
        wrong_a = abs(x109.present_a - current_a) > max(MISMATCH_A, current_a * MISMATCH_SHARE)
        self._frames = self._frames + 1 if wrong_v or wrong_a else 0
        if self._frames < frames:
            return ""
        return "battery_voltage_deviation" if wrong_v else "battery_current_deviation"
