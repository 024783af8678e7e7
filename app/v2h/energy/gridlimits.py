"""What the grid connection allows the charger: export limit and main fuses; pure.

The charger sits on one phase. Which one nobody tells, so where the meter tells them apart every phase must have room
for the charger's power: for its own phase that is right, and another one holds it back only when it is at its fuse.
"""

from dataclasses import dataclass

PHASE_V = 230.0
FUSE_SHARE = 0.95
"""Of the fuse's current; it carries that for ever, and the meter may be a little wrong."""


@dataclass(frozen=True, slots=True)
class GridLimits:
    """None: no limit."""

    export_limit_w: float | None = None
    fuse_a: float | None = None

    @property
    def any(self) -> bool:
        return self.export_limit_w is not None or self.fuse_a is not None


@dataclass(frozen=True, slots=True)
class House:
    """The grid's power without the charger's own, W, import +. phases_w: of each phase less all of the charger's power,
    () where the meter tells only their sum."""

    net_w: float
    phases_w: tuple[float, ...] = ()


def own_bounds(house: House, limits: GridLimits) -> tuple[float, float]:
    """(low, high) of the charger's own power, + charging, low <= 0 <= high: what would overload or export is left out.
    A house that alone is over a limit leaves 0 that way; it is not the charger's to mend."""
    low_w, high_w = float("-inf"), float("inf")
    if limits.export_limit_w is not None:
        low_w = -limits.export_limit_w - house.net_w
    if limits.fuse_a is not None:
        fuse_w = limits.fuse_a * PHASE_V * FUSE_SHARE
        phases_w = house.phases_w or (house.net_w,)
        low_w, high_w = max(low_w, -fuse_w - min(phases_w)), fuse_w - max(phases_w)
    return min(0.0, low_w), max(0.0, high_w)
