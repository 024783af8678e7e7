"""The voltage on the cable side of c1/c2, and how it is known. Pure.

Three sources, best first:
- the calibrated ADC: "verified";
- the converter's own output (2107) while c1 and c2 are commanded closed, and after they opened its last value of at
  most 10 V for as long as the car's contactors stay open and d2 does not rise: "assumed", for nothing proves that the
  contactors followed their coils;
- none: unknown.
What nobody measures is never passed on as a number.
"""

from bisect import bisect_right
from enum import StrEnum

from v2h.chademo import limits
from v2h.chademo.car import Car
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, Output

FRESH_S = 0.5
SETTLE_S = 0.1
"""A value of 2107 counts when it was measured this long after c1/c2 closed: one poll."""

CELL_SOC_PCT = (0.0, 10.0, 50.0, 73.0, 86.0, 100.0)
CELL_V = (3.50, 3.68, 3.84, 3.896, 4.000, 4.11)
"""Rest voltage of one cell of a Leaf. 73 and 86 % are captures (374 and 384 V of 96 cells), the rest is drawn between
plausible ends: good for +-20 V on such a pack and for no other."""


class Source(StrEnum):
    """How a cable voltage is known; the first two are words of the page."""

    VERIFIED = "verified"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


def assumed_battery_v(cells_in_series: int, soc_pct: float | None) -> float | None:
    """Voltage of a battery at rest, guessed from its state of charge; None without cells or SOC."""
    if not cells_in_series or soc_pct is None:
        return None
    n = min(max(bisect_right(CELL_SOC_PCT, soc_pct), 1), len(CELL_V) - 1)
    low_pct, low_v = CELL_SOC_PCT[n - 1], CELL_V[n - 1]
    slope = (CELL_V[n] - low_v) / (CELL_SOC_PCT[n] - low_pct)
    return cells_in_series * (low_v + (soc_pct - low_pct) * slope)


class Cable:
    """Remembers what the sources said. All times monotonic seconds."""

    def __init__(self) -> None:
        self._adc_v = 0.0
        self._adc_t = float("-inf")
        self._closed_t: float | None = None
        self._left_v: float | None = None
        """2107 when c1/c2 were last closed, while it may still be believed."""
        self._d2 = False

    def sample(self, volts_v: float, now: float) -> None:
        """A reading of the calibrated ADC."""
        self._adc_v, self._adc_t = volts_v, now

    def look(
        self, now: float, outputs: Output | None, pre: PreTelemetry, car: Car, *, doubted: bool = False
    ) -> tuple[float | None, Source]:
        """outputs: guard's read-back, None while guard is silent. doubted: ADC and converter or car disagreed, and one
        of them is wrong: then only what both say to be empty is known. Call at least at every step of the session."""
        assumed_v = self._follow(now, outputs, pre, car)
        measured = now - self._adc_t <= FRESH_S
        if doubted:
            low_v = limits.CABLE_UNLOCK_V.value
            agreed = measured and assumed_v is not None and max(self._adc_v, assumed_v) <= low_v
            return (self._adc_v, Source.ASSUMED) if agreed else (None, Source.UNKNOWN)
        if measured:
            return self._adc_v, Source.VERIFIED
        return (None, Source.UNKNOWN) if assumed_v is None else (assumed_v, Source.ASSUMED)

    def _follow(self, now: float, outputs: Output | None, pre: PreTelemetry, car: Car) -> float | None:
        if outputs is None:
            self._closed_t = self._left_v = None
            return None
        d2_rose, self._d2 = Output.D2 in outputs and not self._d2, Output.D2 in outputs
        if CONTACTORS in outputs:
            self._closed_t = now if self._closed_t is None else self._closed_t
            fresh = now - pre.volts_t <= FRESH_S and pre.volts_t >= self._closed_t + SETTLE_S
            self._left_v = pre.volts_v if fresh else None
            return self._left_v
        self._closed_t = None
        car_joins = d2_rose or (car.x102 is not None and car.x102.protocol >= 2 and not car.x102.contactors_open)
        if car_joins or outputs & CONTACTORS or (self._left_v or 0.0) > limits.CABLE_UNLOCK_V.value:
            self._left_v = None
        return self._left_v
