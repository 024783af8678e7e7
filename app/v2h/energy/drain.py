"""Keeps large loads of others, such as another car or a heater, from emptying this car; pure."""

from dataclasses import dataclass, replace

PROTECT_AFTER_S = 30.0
"""A kettle has finished by then; another car has not."""
RELEASE_AFTER_S = 60.0
RELEASE_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class DrainGuard:
    """While the house draws more than the owner allows the car to feed (another car, a heater), the car is not
    discharged. since: the moment from which the load has been on the other side of the threshold."""

    protecting: bool = False
    since: float | None = None

    def update(self, now: float, house_w: float, threshold_w: float | None) -> "DrainGuard":
        """The guard after this value of the house's load."""
        if threshold_w is None:
            return DrainGuard()
        over = house_w > threshold_w * (RELEASE_SHARE if self.protecting else 1.0)
        if over is self.protecting:
            return replace(self, since=None)
        since = now if self.since is None else self.since
        if now - since >= (RELEASE_AFTER_S if self.protecting else PROTECT_AFTER_S):
            return DrainGuard(not self.protecting)
        return replace(self, since=since)
