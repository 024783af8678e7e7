"""Which connections to the page are kept: few for each address, far more for all, and none that sends too slowly.

A new connection is always accepted. If its address or the whole server has too many, an old one is closed for it. So
silent connections keep nobody out: not another address, and not a second browser on the same computer.
"""

import time
from collections import Counter
from collections.abc import Collection
from typing import Any, Protocol, TypeVar

from waitress.channel import HTTPChannel

from v2h.web.attempts import place_of

FOR_ONE = 12
"""A browser opens six connections to one host. Fewer than the server's threads, so that one address cannot hold all."""
FOR_ALL = 400
"""An open one costs about 10 kB of memory. Thirty addresses may use all that they may have."""


class Held(Protocol):
    """An open connection. place: the address that it counts for. begun_t: when it was accepted, monotonic."""

    place: str
    begun_t: float

    def is_waiting(self) -> bool:
        """Whether it has no whole request that is answered now."""


Some = TypeVar("Some", bound=Held)


def to_close(held: Collection[Some], place: str, for_one: int = FOR_ONE, for_all: int = FOR_ALL) -> Some | None:
    """The connection to close before a new one from `place` is added; None if there is room.

    Of the same address if that has too many, else of the address that has most: the oldest that waits for a request,
    or the oldest of all."""
    counts = Counter(one.place for one in held)
    if counts[place] < for_one:
        if len(held) < for_all:
            return None
        place = max(counts, key=lambda name: counts[name])
    return min((one for one in held if one.place == place), key=lambda one: (not one.is_waiting(), one.begun_t))


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection of the HTTP server, which waitress makes when it has accepted one."""

    def __init__(self, server: Any, sock: Any, address: tuple[Any, ...], adj: Any, map: Any = None) -> None:
        self.place, self.begun_t = place_of(str(address[0])), time.monotonic()
        self._first_byte_t: float | None = None
        held = [one for one in map.values() if isinstance(one, Connection) and not one.will_close]
        oldest = to_close(held, self.place)
        if oldest is not None:
            oldest.will_close = True  # the server's loop closes it in its next round
        super().__init__(server, sock, address, adj, map=map)

    def is_waiting(self) -> bool:
        return not self.requests

    def received(self, data: bytes) -> bool:
        was_whole = self.request is None
        taken = bool(super().received(data))
        if self.request is None:
            self._first_byte_t = None
        elif was_whole or self._first_byte_t is None:
            self._first_byte_t = time.monotonic()
        return taken

    def readable(self) -> bool:
        """Called in every round of the server's loop. waitress closes a connection that sends nothing for the time
        channel_timeout; a request of which only a part has arrived after this time is given up here."""
        begun_t = self._first_byte_t
        if begun_t is not None and self.is_waiting() and time.monotonic() - begun_t > self.adj.channel_timeout:
            self.will_close = True
        return bool(super().readable())
