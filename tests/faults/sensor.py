"""The sensor of the cable's voltage, an ADC behind its sense path, with faults in it."""

import math

from tests.faults.numbers import DEAD_AFTER_S, EMPTY_V, FALL_MAY_BE_SEEN_FROM_V
from tests.faults.quick import QuickPlant

GAP_S = 0.5
"""`charger` uses no reading that is older (FRESH_S of chademo/cable.py; written again here, for the judge)."""


class FaultySensor:
    """how: its lasting fault, "" for none; broke_t: since when; joined: whether c1 and c2 were closed then. shown_v:
    the last reading that `charger` took for the cable's voltage, None without one. gives_up: an odd sample was a sudden
    0 V of a live cable with c1 and c2 open, so the sensor is taken as dead (SAFETY.md)."""

    def __init__(self, plant: QuickPlant, *, calibrated: bool) -> None:
        """calibrated: its readings are used as the cable's voltage."""
        self._plant, self._calibrated = plant, calibrated
        self.how, self.broke_t, self.joined = "", 0.0, False
        self._broke_v = 0.0
        self.odd_samples: tuple[float | None, ...] = ()
        """The next readings instead of the true ones; None: a missing reading."""
        self.shown_v = 0.0 if calibrated else None
        self.gives_up = False

    def fail(self, now: float, how: str) -> None:
        """A lasting fault begins; "" repairs it."""
        self.how, self.broke_t, self.joined = how, now, self._plant.circuit.joined
        self._broke_v = self._plant.sensed_v

    def read(self, now: float) -> float | None:
        """A reading, V; None when it is missing."""
        volts_v: float | None = self._plant.sensed_v
        if self.odd_samples:
            volts_v = self._odd()
        elif self.how == "lost" or (self.how == "zero after a gap" and now - self.broke_t < DEAD_AFTER_S[self.how]):
            volts_v = None
            if now - self.broke_t > GAP_S:
                self.shown_v = None
        elif self.how:
            volts_v = self._wrong(now, self._plant.sensed_v)
        if volts_v is not None and self._calibrated:
            self.shown_v = volts_v
        return volts_v

    def _odd(self) -> float | None:
        volts_v, *others = self.odd_samples
        self.odd_samples = tuple(others)
        circuit = self._plant.circuit
        fallen = volts_v is not None and volts_v < EMPTY_V < FALL_MAY_BE_SEEN_FROM_V < circuit.cable_v
        self.gives_up = self.gives_up or (fallen and not circuit.joined)
        return volts_v

    def _wrong(self, now: float, volts_v: float) -> float:
        if self.how == "zero before the filter":
            return self._broke_v * math.exp((self.broke_t - now) / DEAD_AFTER_S[self.how])
        if self.how in DEAD_AFTER_S:
            return 0.0
        if self.how == "high":
            return 600.0
        if self.how == "stuck":
            return self._stuck_v(volts_v)
        if self.how == "drift":
            return volts_v + 5.0 * (now - self.broke_t)
        if self.how == "drift down":
            return volts_v - 5.0 * (now - self.broke_t)
        return volts_v + 3.0 * math.sin(now * 977.0)  # noise

    def _stuck_v(self, volts_v: float) -> float:
        if not self._calibrated:
            return self._broke_v
        return volts_v if self.shown_v is None else self.shown_v
