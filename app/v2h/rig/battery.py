"""The car's battery: open-circuit voltage by state of charge, internal resistance, energy balance. Pure."""

from bisect import bisect_right
from dataclasses import dataclass

RESISTANCE_OHM = 0.2
"""From CAP1: 384 V at rest, 386 to 387 V at 14 A."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A kind of battery. nominal_kwh: the maker's figure; usable_wh: energy between 0 and 100 %; ocv_v: voltage at rest
    at each of soc_pct, which rises from 0 to 100."""

    nominal_kwh: float
    usable_wh: float
    soc_pct: tuple[float, ...]
    ocv_v: tuple[float, ...]

    def volts_at(self, soc_pct: float) -> float:
        """Open-circuit voltage at a state of charge."""
        known = self.soc_pct
        i = min(max(bisect_right(known, soc_pct), 1), len(known) - 1)
        x0, y0 = known[i - 1], self.ocv_v[i - 1]
        return y0 + (soc_pct - x0) * (self.ocv_v[i] - y0) / (known[i] - x0)


LEAF_24 = Pack(
    24.0,
    22_400.0,
    (0.0, 10.0, 30.0, 50.0, 73.0, 86.0, 100.0),
    (340.0, 358.0, 365.0, 369.0, 374.5, 384.0, 395.0),
)
"""The usable energy is the value sent in 0x101 of CAP1. The voltages at 73 % and 86 % are from captures CAP2 and CAP1;
the rest is drawn between plausible ends."""
LEAF_40 = Pack(
    40.0,
    37_000.0,
    (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0),
    (324.0, 336.0, 341.0, 343.0, 345.0, 356.0, 360.0, 366.0, 377.0, 387.0, 403.0),
)
"""Voltages at rest as owners of such cars have read them; the usable energy is ours, between their figures."""
PACKS = {24: LEAF_24, 40: LEAF_40}
"""Packs by nominal kWh."""


class Battery:
    """State of charge in percent, kept by integrating power. Current + charges."""

    __slots__ = ("pack", "soc_pct")

    def __init__(self, soc_pct: float, pack: Pack = LEAF_24) -> None:
        self.soc_pct = soc_pct
        self.pack = pack

    def ocv_v(self) -> float:
        """Open-circuit voltage now."""
        return self.pack.volts_at(self.soc_pct)

    def flow(self, current_a: float, volts_v: float, dt_s: float) -> None:
        """Add or remove the energy of dt_s."""
        soc = self.soc_pct + current_a * volts_v * dt_s / (self.pack.usable_wh * 36.0)
        self.soc_pct = 0.0 if soc < 0.0 else min(soc, 100.0)
