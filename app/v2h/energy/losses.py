"""What the converter loses at each power, and the way from the battery's side to the mains' side and back; pure.

Power + is charging, on both sides: the mains deliver more than the battery gets, the battery delivers more than the
mains get. A converter that moves nothing is switched off and loses nothing.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

OWN_W, SHARE, FULL_SHARE, FULL_W = 40.0, 0.03, 0.03, 6000.0
"""A converter of this kind: 40 W, and 3 % of the power, and up to 3 % more at full load: about 94 % there."""
PIECE_W = 1000.0
"""Between two points of the curve the loss is linear: with 1 kW between them it is at most 1.3 W too high."""


@dataclass(frozen=True, slots=True)
class Losses:
    """points: (power at the battery, loss), both in W and at least 0, in order. The first is at 0 W: the converter's
    own use while it runs. The curve is linear between two points and goes on with its last slope; a slope is below 1.
    """

    points: tuple[tuple[float, float], ...]

    def loss_w(self, dc_w: float) -> float:
        """The loss at a power at the battery, either direction."""
        return 0.0 if dc_w == 0 else _linear(self.points, abs(dc_w))

    def ac_w(self, dc_w: float) -> float:
        """The power at the mains for a power at the battery. A discharge of less than the own use draws from both."""
        return dc_w + self.loss_w(dc_w)

    def dc_w(self, ac_w: float) -> float:
        """The power at the battery for a power at the mains; 0 when charging with less than the own use."""
        if ac_w < 0:
            return -_linear([(dc - loss, dc) for dc, loss in self.points], -ac_w)
        return max(0.0, _linear([(dc + loss, dc) for dc, loss in self.points], ac_w)) if ac_w > 0 else 0.0


def usual(own_w: float = OWN_W, share: float = SHARE, full_share: float = FULL_SHARE, full_w: float = FULL_W) -> Losses:
    """own_w, `share` of the power, and `full_share` more of it at full_w, less in proportion below."""
    pieces = max(1, round(full_w / PIECE_W))
    powers_w = [full_w * n / pieces for n in range(pieces + 1)]
    return Losses(tuple((dc_w, own_w + dc_w * (share + full_share * dc_w / full_w)) for dc_w in powers_w))


def _linear(points: Sequence[tuple[float, float]], x: float) -> float:
    """The line through the points at x, prolonged at both ends."""
    n = min(max(bisect_right(points, (x, float("inf"))), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[n - 1], points[n]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
