"""Several things hold at a moment, and the strongest wins: what holds from when to when; pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Layer(NamedTuple, Generic[T]):
    """Something that holds from start to end; the lowest rank is the strongest. A tuple, because a plan makes hundreds
    of them."""

    rank: tuple[float, int]
    start: datetime
    end: datetime
    what: T


def strongest(
    layers: Iterable[Layer[T]], start: datetime, end: datetime, cuts: Iterable[datetime] = ()
) -> Iterator[tuple[datetime, datetime, T | None]]:
    """Yield (begin, finish, the strongest that holds, or None) from start to end without gaps, also cut at `cuts`.
    Neighbours can have the same."""
    coming = sorted([layer for layer in layers if layer.end > start and layer.start < end], key=itemgetter(1))
    edges = [*sorted(cut for cut in cuts if start < cut < end), end]
    holding: list[tuple[tuple[float, int], datetime, int]] = []
    begin, due, next_edge = start, 0, 0
    while begin < end:
        while due < len(coming) and coming[due].start <= begin:
            heappush(holding, (coming[due].rank, coming[due].end, due))
            due += 1
        while holding and holding[0][1] <= begin:
            heappop(holding)
        while edges[next_edge] <= begin:
            next_edge += 1
        finish = edges[next_edge]
        if due < len(coming):
            finish = min(finish, coming[due].start)
        if holding:
            finish = min(finish, holding[0][1])
        yield begin, finish, coming[holding[0][2]].what if holding else None
        begin = finish
