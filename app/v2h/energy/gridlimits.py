"""What the grid connection allows the charger: export limit and main fuses; pure.

The charger is connected to one phase, and it is not known which one. So where the meter reports each phase, every phase
must have room for the charger's power: for the charger's own phase that is right, and another phase limits the charger
only when it is at its fuse.
"""

from dataclasses import dataclass

PHASE_V = 230.0
FUSE_SHARE = 0.95
"""Share of the fuse's current that is used: the fuse carries that permanently, and the meter may be a little wrong."""


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
    """The grid's power without the charger's own, W, import +. phases_w: each phase's power minus all of the charger's
    power, () where the meter reports only the sum."""

    net_w: float
    phases_w: tuple[float, ...] = ()


def own_bounds(house: House, limits: GridLimits) -> tuple[float, float]:
    """(low, high) of the charger's own power, W, + charging, low <= 0 <= high: the range without overload and without
    export above its limit. When the house alone is over a limit, the bound in that direction is 0: the charger does not
    compensate the house."""
    low_w, high_w = float("-inf"), float("inf")
    if limits.export_limit_w is not None:
        low_w = -limits.export_limit_w - house.net_w
    if limits.fuse_a is not None:
        fuse_w = limits.fuse_a * PHASE_V * FUSE_SHARE
        phases_w = house.phases_w or (house.net_w,)
        low_w, high_w = max(low_w, -fuse_w - min(phases_w)), fuse_w - max(phases_w)
    return min(0.0, low_w), max(0.0, high_w)
