"""The car's battery: open-circuit voltage over state of charge, internal resistance, energy balance. Pure."""

from bisect import bisect_right

CAPACITY_WH = 22_400.0
"""A 24 kWh Leaf's usable energy as sent in 0x101 of CAP1."""
RESISTANCE_OHM = 0.2
"""From CAP1: 384 V at rest, 386 to 387 V at 14 A."""
OCV_SOC_PCT = (0.0, 10.0, 30.0, 50.0, 73.0, 86.0, 100.0)
OCV_V = (340.0, 358.0, 365.0, 369.0, 374.5, 384.0, 395.0)
"""Open-circuit voltage; 73 % and 86 % are captures CAP2 and CAP1, the rest is drawn between plausible ends."""


class Battery:
    """State of charge in percent, kept by integrating power. Current + charges."""

    __slots__ = ("soc_pct",)

    def __init__(self, soc_pct: float) -> None:
        self.soc_pct = soc_pct

    def ocv_v(self) -> float:
        """Open-circuit voltage now."""
        soc = self.soc_pct
        i = min(max(bisect_right(OCV_SOC_PCT, soc), 1), len(OCV_V) - 1)
        x0, y0 = OCV_SOC_PCT[i - 1], OCV_V[i - 1]
        return y0 + (soc - x0) * (OCV_V[i] - y0) / (OCV_SOC_PCT[i] - x0)

    def flow(self, current_a: float, volts_v: float, dt_s: float) -> None:
        """Take or give energy for dt_s."""
        soc = self.soc_pct + current_a * volts_v * dt_s / (CAPACITY_WH * 36.0)
        self.soc_pct = 0.0 if soc < 0.0 else min(soc, 100.0)
