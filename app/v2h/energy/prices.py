"""Prices with dates, of one direction: a start, a step, and a price for each step; pure.

Whoever knows a tariff pushes it (energy/price_shapes reads what they send). A push replaces the range from its first
start to its last end, with the gaps in it; outside of that range the prices before stay. A moment without a dated
price has the weekly price of the schedule. All instants are aware UTC times on a quarter of an hour, so a change of the
clocks means nothing here; the offset of every zone is a multiple of that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

QUARTER_S = 900
STEPS_S = (3600, 1800, QUARTER_S)
"""The steps that a series may have; the longest one that loses nothing is taken."""
AHEAD = timedelta(days=15)
"""No price may be for later: fourteen whole days that begin tomorrow end within it."""
KEPT = timedelta(days=2)
"""Prices that ended earlier are dropped. Until then a day's money can be counted after its end."""


@dataclass(frozen=True, slots=True)
class Prices:
    """values: the price of a kWh in the owner's currency in each step from start on, None where there is no price.
    pushed: when the last push came. 17 days of quarters are 1,632 values: 16 kB of JSON."""

    start: datetime
    step_s: int
    values: tuple[float | None, ...]
    pushed: datetime

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.step_s * len(self.values))

    def at(self, moment: datetime) -> float | None:
        """The price at an instant; None where there is no dated price."""
        step = int((moment - self.start).total_seconds() // self.step_s)
        return self.values[step] if 0 <= step < len(self.values) else None

    def changes(self) -> Iterator[datetime]:
        """Each instant at which the price changes, from the start to the end."""
        step = 0
        for _, same in groupby(self.values):
            yield self.start + timedelta(seconds=self.step_s * step)
            step += len(list(same))
        yield self.end

    def as_json(self) -> dict[str, Any]:
        """The form of the file, the bus and the API, which price_shapes.read() takes."""
        return {
            "start": self.start.isoformat(),
            "step_min": self.step_s // 60,
            "values": list(self.values),
            "pushed": self.pushed.isoformat(timespec="seconds"),
        }


Dated = Mapping[str, Prices]
"""Direction, "import" or "export", -> its prices; "sun" -> the forecast of the sun in W. One that nobody has pushed is
missing."""


def dated_price(dated: Dated, direction: str, at: datetime) -> float | None:
    prices = dated.get(direction)
    return None if prices is None else prices.at(at)


def of_quarters(quarters: Mapping[int, float | None], pushed: datetime) -> Prices:
    """Prices from {quarter hours since 1970: price}, at least one; a quarter that is missing has no price."""
    first, last = min(quarters), max(quarters)
    values = [quarters.get(n) for n in range(first, last + 1)]
    for step_s in STEPS_S:
        size = step_s // QUARTER_S
        steps = [values[n : n + size] for n in range(0, len(values), size)]
        if all(len(step) == size and len(set(step)) == 1 for step in steps):
            break
    start = datetime.fromtimestamp(first * QUARTER_S, UTC)
    return Prices(start, step_s, tuple(step[0] for step in steps), pushed)


def quarters_of(prices: Prices) -> dict[int, float | None]:
    """The inverse of of_quarters()."""
    first, size = quarter(prices.start), prices.step_s // QUARTER_S
    return {first + n: prices.values[n // size] for n in range(len(prices.values) * size)}


def quarter(at: datetime) -> int:
    """The quarter hour since 1970 that contains an instant."""
    return int(at.timestamp() // QUARTER_S)


def merged(before: Prices | None, push: Prices, now: datetime) -> Prices:
    """The prices after a push. What has ended KEPT before `now` is dropped, unless nothing else is left."""
    if before is None:
        return push
    quarters = quarters_of(before) | quarters_of(push)
    kept = {n: price for n, price in quarters.items() if n >= quarter(now - KEPT)}
    return of_quarters(kept or quarters, push.pushed)
