"""What grid meter and charger tell of the house, and the law that follows it; pure.

Keeps the last reading, the house it shows (grid less own power at the moment of measuring), the matching law and how
well it has done. Powers in W, grid + import, own + charging; times are monotonic seconds.
"""

from v2h.bus import ChargerState, MeterReading
from v2h.energy import policy
from v2h.energy.gridlimits import House
from v2h.energy.lag import LagLearner
from v2h.energy.matching import Matcher
from v2h.energy.tracking import Tracking

REPEAT_W = 60.0
"""Own power may differ by so much (0.15 A of telemetry's noise) between a meter's value and the same value again."""
OWN_POWER_OLD_S = 1.0
"""Telemetry older than this says that nothing flows."""


class Following:
    """reading: the last one heard. matcher: the law; its command_w is the order that would bring the grid to target."""

    def __init__(self, target_w: float) -> None:
        self.reading: MeterReading | None = None
        self.matcher = Matcher(target_w)
        self._house: House | None = None
        self._own_when_fresh_w = 0.0
        self._source = ""
        self._power_t = float("-inf")
        self._tracking = Tracking()

    def meter(self, now: float, reading: MeterReading) -> House | None:
        """The house that a value of the grid meter shows, None when it shows none: too old, or only said again."""
        self.reading = reading
        if policy.meter_stale(now, reading):
            return None
        if now - self._power_t > OWN_POWER_OLD_S:
            self.matcher.reset()
        if reading.source != self._source:
            self._source = reading.source
            self.matcher.lag = LagLearner(reading.lag_s)
        own_w = self.matcher.own_at(reading.t - self.matcher.lag.span(_told_s(reading)).best_s)
        if reading.fresh:
            self._own_when_fresh_w = own_w
        elif abs(own_w - self._own_when_fresh_w) > REPEAT_W:
            return None  # we have moved since, and the same value again can only be an old one
        phases_w = tuple(phase["power_w"] - own_w for phase in reading.phases if "power_w" in phase)
        self._house = House(reading.power_w - own_w, phases_w)
        return self._house

    def follow(self, now: float, reading: MeterReading, bounds: policy.Bounds) -> None:
        """Let the law act on a value that meter() has taken."""
        self.matcher.limit(bounds.low_w, bounds.high_w)
        self.matcher.meter(now, reading.t, reading.power_w, _told_s(reading))

    def track(self, now: float, reading: MeterReading) -> None:
        """Count how far the grid is off its target."""
        self._tracking = self._tracking.update(now, abs(reading.power_w - self.matcher.target_w))

    def power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; False: too old to count."""
        if now - t > OWN_POWER_OLD_S:
            return False
        self._power_t = max(self._power_t, t)
        self.matcher.power(now, t, power_w, volts_v)
        return True

    def charger(self, now: float, state: ChargerState) -> None:
        """The same in the words of charger's state, where it has any."""
        if state.power_w is not None and state.t_power is not None and state.volts_v is not None:
            self.power(now, state.t_power, state.power_w, state.volts_v)

    def house(self, now: float) -> House | None:
        """The house as last seen, None when that is too long ago."""
        return None if policy.meter_stale(now, self.reading) else self._house

    def told(self) -> dict[str, float]:
        """ManagerState.tracking."""
        told_s = None if self.reading is None else _told_s(self.reading)
        lag_s = self.matcher.lag.span(told_s).best_s
        refuted = {} if told_s in (None, lag_s) else {"lag_s": round(lag_s, 2)}
        return self._tracking.as_json() | refuted


def _told_s(reading: MeterReading) -> float | None:
    return reading.lag_s if reading.lag_known else None
