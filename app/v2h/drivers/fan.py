"""The converter's fan: duty by temperature. There is no tachometer: that the fan turns is assumed, not measured.

Curve and thresholds are the predecessor's (0 % at 50 degC, 100 % at 70 degC, below 20 % the fan stands still). The
hysteresis, full speed while the temperature is unknown, and cooling after the converter's AC went off are additions.
"""

from typing import Protocol

COLD_C, HOT_C = 50.0, 70.0
LEAST = 0.2
"""Below this duty the fan does not turn."""
HYSTERESIS_C = 3.0
"""A running fan slows down only when the temperature is this much lower than the curve asks."""
STEP = 0.05
"""A smaller change is not worth a write."""
OVERRUN_S = 120.0
"""With the converter off the fan keeps its duty for this long after the last temperature; then it stops."""


class PwmPort(Protocol):
    """The fan's pulse width output: a fraction from 0 to 1. Raises OSError."""

    def write_duty(self, fraction: float) -> None: ...


def duty(temperature_c: float | None, last: float) -> float:
    """Duty for a temperature, 0 or LEAST to 1; `last`: the duty before. An unknown temperature gives full speed."""
    if temperature_c is None:
        return 1.0
    rising, falling = _curve(temperature_c), _curve(temperature_c + HYSTERESIS_C)
    return min(max(last, rising), falling)


def _curve(temperature_c: float) -> float:
    share = (temperature_c - COLD_C) / (HOT_C - COLD_C)
    return 0.0 if share <= 0.0 else min(1.0, LEAST + (1.0 - LEAST) * share)


class Fan:
    """One fan. Call care() about once a second."""

    def __init__(self, port: PwmPort) -> None:
        self._port = port
        self.duty = 0.0
        self._written = -1.0
        self._heard_t = float("-inf")

    def care(self, now: float, converter_on: bool, temperature_c: float | None) -> None:
        """temperature_c: None when there is no fresh value. Raises OSError when the port is gone."""
        if temperature_c is not None:
            self._heard_t = now
        if converter_on or temperature_c is not None:
            self.duty = duty(temperature_c, self.duty)
        elif now - self._heard_t > OVERRUN_S:
            self.duty = 0.0
        if abs(self.duty - self._written) >= STEP or (self.duty in (0.0, 1.0) and self.duty != self._written):
            self._port.write_duty(self.duty)
            self._written = self.duty
