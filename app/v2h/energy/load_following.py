"""Computes the house from grid meter and own power, and runs the law that follows it; pure.

Keeps the last reading, the house that it shows (grid minus own power at the moment of measuring), the matching law and
how well the law has tracked. Powers in W, grid + import, own + charging; times are monotonic seconds.
"""

from v2h.bus.messages import QUIET_S, ChargerState, MeterReading
from v2h.energy import policy
from v2h.energy.gridlimits import House
from v2h.energy.lag import LagLearner
from v2h.energy.matching import Matcher
from v2h.energy.tracking import Tracking

REPEAT_W = 60.0
"""Own power may differ by this much (0.15 A, the telemetry's noise) between a meter's value and its repetition."""
SILENT_INTERVALS = 2.0
"""A meter that speaks only on change has to be silent for so long before its last value is used again. It would have
reported the rest of a movement by then, unless it lags by more than one of its intervals; and the value is not old
yet (three intervals)."""
OWN_POWER_OLD_S = 1.0
"""When the last telemetry is older than this, own power counts as 0."""


class LoadFollower:
    """reading: the last one received. matcher: the law; its command_w is the order that would bring the grid to its
    target."""

    def __init__(self, target_w: float) -> None:
        self.reading: MeterReading | None = None
        self.matcher = Matcher(target_w)
        self._house: House | None = None
        self._own_when_fresh_w = 0.0
        self._source = ""
        self._power_t = float("-inf")
        self._tracking = Tracking()

    def meter(self, now: float, reading: MeterReading) -> House | None:
        """The house that a value of the grid meter shows; None when it is too old, or only an old value repeated."""
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
            return None  # own power has moved since, so the same value again can only be an old one
        phases_w = tuple(phase["power_w"] - own_w for phase in reading.phases if "power_w" in phase)
        self._house = House(reading.power_w - own_w, phases_w)
        return self._house

    def follow(self, now: float, reading: MeterReading, bounds: policy.Bounds, *, matching: bool) -> None:
        """Let the law act on a value that meter() has accepted. matching: the law controls the current now, so the
        grid's distance from its target counts in the statistics."""
        self.matcher.limit(bounds.low_w, bounds.high_w)
        self.matcher.meter(now, reading.t, reading.power_w, _told_s(reading))
        if matching:
            self._tracking = self._tracking.update(now, abs(reading.power_w - self.matcher.target_w))

    def power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; False: it is too old and not used."""
        if now - t > OWN_POWER_OLD_S:
            return False
        self._power_t = max(self._power_t, t)
        self.matcher.power(now, t, power_w, volts_v)
        return True

    def is_silent(self, now: float) -> bool:
        """The meter speaks only on change and is silent, and its value is still fresh."""
        reading = self.reading
        if reading is None or not reading.silence_s or reading.is_ageing(now):
            return False
        return now - reading.t >= SILENT_INTERVALS * max(reading.interval_s, QUIET_S)

    def silent(self, now: float, bounds: policy.Bounds) -> None:
        """Let the law use the last value again; call only while is_silent()."""
        assert self.reading is not None
        self.matcher.limit(bounds.low_w, bounds.high_w)
        self.matcher.silent(now, self.reading.t, self.reading.power_w)

    def charger(self, now: float, state: ChargerState) -> None:
        """The same from the state that `charger` reports, where it contains the power."""
        if state.power_w is not None and state.t_power is not None and state.volts_v is not None:
            self.power(now, state.t_power, state.power_w, state.volts_v)

    def house(self, now: float, *, limited: bool) -> House | None:
        """The last known house, None when it is too old. limited: see policy.meter_stale()."""
        return None if policy.meter_stale(now, self.reading, limited=limited) else self._house

    def hold(self, power_w: float) -> None:
        """The meter is silent: until its next value, no order lies beyond this one."""
        self.matcher.limit(min(0.0, power_w), max(0.0, power_w))

    def told(self) -> dict[str, float]:
        """ManagerState.tracking."""
        told_s = None if self.reading is None else _told_s(self.reading)
        lag_s = self.matcher.lag.span(told_s).best_s
        refuted = {} if told_s in (None, lag_s) else {"lag_s": round(lag_s, 2)}
        return self._tracking.as_json() | refuted


def _told_s(reading: MeterReading) -> float | None:
    return reading.lag_s if reading.lag_known else None
