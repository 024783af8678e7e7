"""Measures how well the grid is kept at its target, for the page; pure."""

from dataclasses import dataclass, replace
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Tracking:
    """The grid's mean distance from its target over the time that was matched; newer time counts more (a memory of
    MEMORY_S)."""

    mean_w: float = 0.0
    over_s: float = 0.0
    last_t: float | None = None

    MEMORY_S: ClassVar[float] = 900.0

    def update(self, now: float, off_w: float) -> "Tracking":
        """off_w: |grid - target| since the value before; a gap of more than 30 s is left out."""
        if self.last_t is None or not 0 < now - self.last_t <= 30.0:
            return replace(self, last_t=now)
        elapsed_s = now - self.last_t
        over_s = min(self.over_s + elapsed_s, self.MEMORY_S)
        return Tracking(self.mean_w + (off_w - self.mean_w) * elapsed_s / over_s, over_s, now)

    def as_json(self) -> dict[str, float]:
        return {"mean_w": round(self.mean_w, 1), "over_s": round(self.over_s)} if self.over_s else {}
