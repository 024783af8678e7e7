"""How a meter does, from the times and sameness of its values; pure. Times are monotonic seconds."""

from enum import StrEnum

from v2h.meters import Measurement
from v2h.meters.pace import Pace

SLOW_S = 2.5
"""New values further apart than this: the car follows the house later than a good home battery does (2.7 to 3.8 s)."""
FROZEN_S = 60.0
FROZEN_INTERVALS = 10
"""As long as FROZEN_S, and as many intervals, one and the same value is believed."""
SILENT_S = 0.5
SILENT_INTERVALS = 2
"""After so long without a value the fallback takes over: before manager calls the reading old (3 intervals + 1 s)."""


class Word(StrEnum):
    """The word of a meter's health."""

    WAITING = "waiting"
    """No value since it was opened."""
    GOOD = "good"
    SLOW = "slow"
    FROZEN = "frozen"
    """It repeats one value and seems not to measure."""
    SILENT = "silent"


USABLE = (Word.GOOD, Word.SLOW)


class Health:
    """What is known of one meter. always_new: the same value again is news (a chip that measures when asked)."""

    def __init__(self, expected_s: float, always_new: bool = False) -> None:
        self._pace = Pace(expected_s)
        self.always_new = always_new
        self._last: tuple[object, ...] | None = None
        self._t = self._new_t = float("-inf")

    @property
    def interval_s(self) -> float:
        """Measured time between two new values; the expected one until enough were seen."""
        return self._pace.interval_s

    def measured(self, value: Measurement) -> bool:
        """Take note; returns whether it is news."""
        said = (
            value.power_w, value.voltage_v, value.current_a, value.frequency_hz,
            value.import_wh, value.export_wh, value.phases,
        )  # fmt: skip
        fresh = self.always_new or said != self._last
        self._t, self._last = value.t, said
        if fresh:
            self._pace.reading(value.t)
            self._new_t = value.t
        return fresh

    def word(self, now: float) -> Word:
        """The health now."""
        if self._last is None:
            return Word.WAITING
        if now - self._t > SILENT_INTERVALS * self.interval_s + SILENT_S:
            return Word.SILENT
        if now - self._new_t > max(FROZEN_S, FROZEN_INTERVALS * self.interval_s):
            return Word.FROZEN
        return Word.SLOW if self.interval_s > SLOW_S else Word.GOOD

    def words(self, now: float, why: str) -> str:
        """The health as sentences for the owner; `why`: the last failure, "" if none."""
        because = f": {why}" if why else ""
        match self.word(now):
            case Word.WAITING:
                return f"has not told a value yet{because}."
            case Word.SILENT:
                return f"has been silent for {now - self._t:.0f} s{because}. It is tried again by itself."
            case Word.FROZEN:
                return (
                    f"has told exactly the same value for {now - self._new_t:.0f} s and seems not to measure any more."
                    " It is not used. Restart the meter or its gateway."
                )
            case Word.SLOW:
                return (
                    f"tells a new value only every {self.interval_s:.0f} s, and the car follows the house that late."
                    " A meter that tells one every second or faster leaks less to and from the grid."
                )
            case _:
                return f"tells a new value every {self.interval_s:.2g} s."
