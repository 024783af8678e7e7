"""Batteries whose voltage may be guessed from their state of charge, where the cable has no calibrated ADC. Pure.

The table has only packs whose figures were found. A guess for another pack is wrong by tens of volts, and c1 and c2
would close with that voltage difference.
"""

from bisect import bisect_right
from dataclasses import dataclass

from v2h.bus.sentences import say


@dataclass(frozen=True, slots=True)
class Pack:
    """One battery. soc_pct, volts_v: its voltage at rest by state of charge. told_kwh: the range of capacity that the
    car may report in 101.5-6, from worn out to new. source: where the figures come from."""

    name: str
    cells_in_series: int
    kwh: int
    soc_pct: tuple[float, ...]
    volts_v: tuple[float, ...]
    told_kwh: tuple[float, float]
    source: str

    def unlike(self, told_kwh: float | None) -> str:
        """Why a car that reports this capacity (None: it reports none) has another battery, or ""."""
        least_kwh, most_kwh = self.told_kwh
        if told_kwh is None or least_kwh <= told_kwh <= most_kwh:
            return ""
        return say("incompatible.pack_unlike", capacity_kwh=told_kwh, named=self.name)

    def rest_v(self, soc_pct: float) -> float:
        """Voltage at rest, V, at a state of charge in percent."""
        n = min(max(bisect_right(self.soc_pct, soc_pct), 1), len(self.volts_v) - 1)
        low_pct, low_v = self.soc_pct[n - 1], self.volts_v[n - 1]
        return low_v + (soc_pct - low_pct) * (self.volts_v[n] - low_v) / (self.soc_pct[n] - low_pct)


PACKS = (
    Pack(
        "Nissan Leaf 24 kWh",
        96,
        24,
        (0.0, 10.0, 50.0, 73.0, 86.0, 100.0),
        (336.0, 353.3, 368.6, 374.0, 384.0, 394.6),
        (12.0, 24.5),
        "73 and 86 % are captures of the vendor's charger (374 and 384 V), the rest is drawn between plausible ends",
    ),
    Pack(
        "Nissan Leaf 40 kWh",
        96,
        40,
        (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0),
        (324.0, 336.0, 341.0, 343.0, 345.0, 356.0, 360.0, 366.0, 377.0, 387.0, 403.0),
        (25.0, 40.5),
        "read by owners with a diagnosis tool; a capture of such a car tells 35.4 kWh",
    ),
)
GUESS_WITHIN_V = 10.0
"""How far a pack may differ from its table. With the converter matched to the guess, c1 and c2 then close at less than
the 20 V that they bear."""


def pack(cells_in_series: int, kwh: int) -> Pack | None:
    """The pack with so many cells in series and this nominal kWh; None when no figures are known for it."""
    return next((one for one in PACKS if (one.cells_in_series, one.kwh) == (cells_in_series, kwh)), None)


def known_packs() -> str:
    """'96 cells and 24 kWh (Nissan Leaf 24 kWh), ...' for messages."""
    return ", ".join(f"{one.cells_in_series} cells and {one.kwh} kWh ({one.name})" for one in PACKS)
