"""Judges a meter's health from the times of its values and from repeated values; pure. Times are monotonic seconds."""

from enum import StrEnum

from v2h.bus.sentences import say
from v2h.meters import Measurement
from v2h.meters.pace import Pace
from v2h.meters.patience import Patience

SLOW_S = 2.5
"""With new values further apart the car follows the house later than a good home battery does (2.7 to 3.8 s)."""
FROZEN_S = 60.0
FROZEN_INTERVALS = 10
"""A repeated value is used for FROZEN_S or FROZEN_INTERVALS intervals, whichever is longer."""
SILENT_S = 0.5
SILENT_INTERVALS = 2
"""After 2 intervals + 0.5 s without a value the fallback takes over: before the reading is old for `manager`
(3 intervals + 1 s)."""


class MeterHealth(StrEnum):
    """The name of a meter's health."""

    WAITING = "waiting"
    """No value since it was opened."""
    GOOD = "good"
    SLOW = "slow"
    ON_CHANGE = "on-change"
    """It falls silent when nothing changes, and nobody has told how long a value holds."""
    FROZEN = "frozen"
    """It repeats one value and seems not to measure."""
    SILENT = "silent"


USABLE = (MeterHealth.GOOD, MeterHealth.SLOW, MeterHealth.ON_CHANGE)


class Health:
    """What is known about one meter. always_new: a repeated value is new as well (a chip that measures when asked).
    silence_s: how long a value holds, as the owner tells. learns: it is learned where the owner tells nothing."""

    def __init__(
        self, expected_s: float, always_new: bool = False, *, silence_s: float | None = None, learns: bool = False
    ) -> None:
        self._pace, self._patience = Pace(expected_s), Patience(silence_s, learns=learns)
        self.always_new = always_new
        self._last: tuple[object, ...] | None = None
        self._t = self._new_t = float("-inf")

    @property
    def interval_s(self) -> float:
        """Measured time between two new values; the expected one until enough were seen."""
        return self._pace.interval_s

    @property
    def silence_s(self) -> float:
        """How long a value holds without a new one; 0: as long as its interval says."""
        return self._patience.silence_s

    def measured(self, value: Measurement) -> bool:
        """Record a value; returns whether it is new."""
        said = (
            value.power_w, value.voltage_v, value.current_a, value.frequency_hz,
            value.import_wh, value.export_wh, value.phases,
        )  # fmt: skip
        fresh = self.always_new or said != self._last
        self._t, self._last = value.t, said
        silent = self._patience.value(value.t, self.interval_s)
        if fresh:
            self._pace.reading(value.t, after_silence=silent)
            self._new_t = value.t
        return fresh

    def word(self, now: float) -> MeterHealth:
        """The health now."""
        if self._last is None:
            return MeterHealth.WAITING
        if now - self._t > max(SILENT_INTERVALS * self.interval_s + SILENT_S, self.silence_s):
            return MeterHealth.SILENT
        if now - self._new_t > max(FROZEN_S, FROZEN_INTERVALS * self.interval_s):
            return MeterHealth.FROZEN
        if self._patience.learned:
            return MeterHealth.ON_CHANGE
        return MeterHealth.SLOW if self.interval_s > SLOW_S else MeterHealth.GOOD

    def words(self, now: float, why: str) -> str:
        """The health as sentences for the owner; `why`: the last failure, "" without one."""
        because = say("meter.because", why=why) if why else ""
        match self.word(now):
            case MeterHealth.WAITING:
                return say("meter.waiting", because=because)
            case MeterHealth.SILENT:
                return say("meter.silent", age_s=now - self._t, because=because)
            case MeterHealth.FROZEN:
                return say("meter.frozen", age_s=now - self._new_t)
            case MeterHealth.ON_CHANGE:
                return say("meter.on_change", silence_s=self.silence_s)
            case MeterHealth.SLOW:
                return say("meter.slow", interval_s=self.interval_s)
            case _:
                return say("meter.good", interval_s=self.interval_s)
