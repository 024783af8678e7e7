"""Limits attempts to log in: a few for each address of the network, and far more for all together.

One guesser on the network must not lock the owner out, and a thousand addresses must not guess without a limit either.
A browser that has logged in before has a limit of its own, which no guesser can use up.
All `now` are monotonic seconds.
"""

import threading
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

ADDRESSES = 500
"""At most this many callers have a limit of their own; all others share one."""
REPORT_S = 3600.0
"""After so long without a wrong password from an address its count begins again."""


@dataclass(slots=True)
class Bucket:
    """`burst` attempts at once, then one every pause_s."""

    burst: int
    pause_s: float
    spent: float = 0.0
    counted_t: float = 0.0
    failed: int = 0
    failed_t: float = field(default=float("-inf"))

    def wait_s(self, now: float) -> float:
        """Seconds until an attempt is free; 0 when one is free now."""
        self.spent = max(0.0, self.spent - (now - self.counted_t) / self.pause_s)
        self.counted_t = now
        return max(0.0, (self.spent - (self.burst - 1)) * self.pause_s)

    def take(self, share: float) -> None:
        self.spent = max(0.0, self.spent + share)

    def is_idle(self, now: float) -> bool:
        return self.wait_s(now) == 0.0 and self.spent == 0.0 and now - self.failed_t >= REPORT_S


def for_one() -> Bucket:
    return Bucket(burst=5, pause_s=30.0)


def for_all() -> Bucket:
    """A hash takes about a second on the board: ten addresses may guess, and the page still answers."""
    return Bucket(burst=50, pause_s=10.0)


class Attempts:
    """Safe to use from several threads. address: as the socket names it. Of an IPv6 address its /64 counts, because
    each device has many of them. device: the id of a browser that has logged in before, "" for any other; its attempts
    count for itself alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all, self._each = for_all(), dict[str, Bucket]()
        self._devices = dict[str, Bucket]()

    def wait_s(self, now: float, address: str = "", device: str = "") -> float:
        """Take one attempt: 0 when it is granted, else the seconds until the next one will be granted."""
        with self._lock:
            limits = self._limits(now, address, device)
            wait_s = max(limit.wait_s(now) for limit in limits)
            if wait_s == 0.0:
                for limit in limits:
                    limit.take(1.0)
            return wait_s

    def give_back(self, now: float, address: str = "", device: str = "") -> None:
        """Do not count the last attempt: the password was right, or it was not checked."""
        with self._lock:
            for limit in self._limits(now, address, device):
                limit.take(-1.0)

    def failed(self, now: float, address: str = "") -> int:
        """Count a wrong password. Returns how many this address has sent, at the first, the tenth, the hundredth and so
        on, so that the log stays short; 0: no report now. After REPORT_S without one the count begins again."""
        with self._lock:
            one = self._one(now, address)
            if now - one.failed_t >= REPORT_S:
                one.failed = 0
            one.failed, one.failed_t = one.failed + 1, now
            return one.failed if str(one.failed).strip("0") == "1" else 0

    def _limits(self, now: float, address: str, device: str) -> tuple[Bucket, ...]:
        if device:
            return (self._devices.setdefault(device, for_one()),)
        return self._one(now, address), self._all

    def _one(self, now: float, address: str) -> Bucket:
        place = place_of(address)
        if place not in self._each and len(self._each) >= ADDRESSES:
            self._each = {name: bucket for name, bucket in self._each.items() if not bucket.is_idle(now)}
            place = place if len(self._each) < ADDRESSES else ""
        return self._each.setdefault(place, for_one())


def place_of(address: str) -> str:
    """What an address counts as; "" for a text that is no address."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    wide = known.version == 6 and not known.is_link_local  # on the link a /64 would be the whole home
    return str(ip_network((known, 64), strict=False)) if wide else str(known)
