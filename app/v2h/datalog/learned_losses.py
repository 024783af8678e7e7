"""What datalog knows of the converter's losses: it learns them from the grid meter's steps, and keeps them in a file.

The file holds the steps themselves (energy/loss_learning). It is written at most once an hour, so a power cut loses the
steps of that hour, one or two of them. A file that cannot be read is moved aside, and learning begins again.
"""

from pathlib import Path

from v2h.bus.messages import ChargerState, ConverterLosses, MeterReading
from v2h.energy.loss_learning import Figures, LossLearner
from v2h.energy.loss_steps import StepFinder
from v2h.runtime import atomic_file

FILE_NAME = "losses.json"
WRITTEN_S = 3600.0
AT_KW = 3.0
"""The efficiency that people read is the one at this power, half of what the converter can."""


class LearnedLosses:
    """Call read() once, as soon as the card is there, and look() once a second."""

    def __init__(self, folder: Path) -> None:
        self._path, self._finder, self._learner = folder / FILE_NAME, StepFinder(), LossLearner()
        self._is_read, self._unwritten, self._written_t = False, False, float("-inf")

    def read(self) -> str:
        """Go on with the steps of the file. Returns what is wrong with the file, "" when it is good or not there."""
        if self._is_read:
            return ""
        self._is_read = True
        try:
            self._learner = LossLearner.from_json(atomic_file.read_json(self._path))
        except atomic_file.BadFileError as error:
            return str(error)
        except ValueError as error:
            atomic_file.set_aside(self._path)
            return f"{self._path}: {error}"
        return ""

    @property
    def figures(self) -> Figures:
        return self._learner.figures

    def look(self, charger: ChargerState | None, grid: MeterReading | None) -> bool:
        """Take the last state of the charger and the last value of the grid meter, None where it is too old. True:
        something was learned."""
        if charger is None or grid is None:
            return False
        on = is_on(charger)
        if charger.power_w is not None and charger.t_power is not None:
            self._finder.own(charger.t_power, charger.power_w, on=on)
        elif not on:
            self._finder.own(charger.t, 0.0, on=False)
        step = self._finder.grid(grid.t - grid.lag_s, grid.power_w, grid.interval_s)
        if step is None:
            return False
        self._learner.add(step)
        self._unwritten = True
        return True

    def message(self, now: float) -> ConverterLosses:
        """For the bus."""
        figures = self.figures
        return ConverterLosses(
            now,
            round(figures.own_w, 1),
            round(figures.share, 4),
            round(figures.full_share, 4),
            figures.steps,
            round(figures.efficiency_pct(1000 * AT_KW), 1),
        )

    def write(self, now: float, *, at_once: bool = False) -> None:
        """Write what is not written yet, if the last write is WRITTEN_S old. Raises OSError. at_once: the program
        ends."""
        if self._is_read and self._unwritten and (at_once or now - self._written_t >= WRITTEN_S):
            self._written_t = now
            atomic_file.write_json(self._path, self._learner.as_json())
            self._unwritten = False


def is_on(charger: ChargerState) -> bool:
    """Whether the converter is connected to the mains, so that it draws its own use."""
    return "pre-ac" in charger.outputs
