"""What a schedule consists of, and what a plan made from it contains (energy/planning); pure.

A schedule consists of weekly windows, one-off overrides, ready-by targets, prices, and a mode for the rest of the time.
Instants are aware UTC times; walltime converts wall-clock times to instants.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from v2h.bus.states import Mode
from v2h.energy.prices import Dated
from v2h.energy.readyby import Span

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Want:
    """What an entry asks for. amps, soc_limit_pct: as in a mode command, None: all that is allowed. max_price: it
    charges only while a kWh costs at most that, and not while its price is unknown; None: at any price. low_w, high_w:
    the plan's bounds of the power at the battery, + charging."""

    mode: str = "idle"
    amps: float | None = None
    soc_limit_pct: float | None = None
    max_price: float | None = None
    low_w: float = -inf
    high_w: float = inf


@dataclass(frozen=True, slots=True)
class Weekly:
    """days: 0 is Monday. start_s, end_s: seconds of the wall clock's day; an end above 86400 lies on the next day."""

    name: str
    days: frozenset[int]
    start_s: int
    end_s: int
    want: Want


@dataclass(frozen=True, slots=True)
class Override:
    """A one-off: start and end are instants."""

    name: str
    start: datetime
    end: datetime
    want: Want


@dataclass(frozen=True, slots=True)
class ReadyBy:
    """The car is to have soc_pct at time_s of the wall clock's day. amps: the most to charge with. at: the instant of
    one with a date, or of a trip; then days and time_s say nothing. max_price: as in Want; the target
    may be missed for it."""

    name: str
    days: frozenset[int]
    time_s: int
    soc_pct: float
    amps: float | None
    at: datetime | None = None
    max_price: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a kWh in a weekly window, in the owner's currency. The first one listed counts where two overlap. An
    hour without a price counts as dearer than any hour with one."""

    name: str
    days: frozenset[int]
    start_s: int
    end_s: int
    import_price: float
    export_price: float


class Rate(NamedTuple):
    """What a kWh costs and earns at a moment, dated prices first; None where no price is given."""

    import_price: float | None
    export_price: float | None


PriceSpan = tuple[datetime, datetime, Rate | None]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A checked schedule. document: as it was read, for showing and editing. dated: prices that were pushed; they count
    before those of the week."""

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    overrides: tuple[Override, ...] = ()
    ready_by: tuple[ReadyBy, ...] = ()
    prices: tuple[Price, ...] = ()
    otherwise: Want = Want()
    document: dict[str, Any] = field(default_factory=dict)
    dated: Dated = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """True when the schedule never asks for anything."""
        return not (self.weekly or self.overrides or self.ready_by) and self.otherwise.mode == Mode.IDLE


@dataclass(frozen=True, slots=True)
class Part:
    """A span of time with one reason. entry: kind and name of its entry, "" for the rest of the time. key: identifies
    this occurrence of the entry. keep_soc_pct: the car is not discharged below it, for a ready-by target. target: the
    ready-by time for which it charges. planned: it is of the plan in money (energy/plan)."""

    start: datetime
    end: datetime
    want: Want
    entry: str = ""
    key: str = ""
    why: str = ""
    keep_soc_pct: float | None = None
    target: datetime | None = None
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One occurrence of a ready-by entry. charge: when the car is charged for it; empty when the SoC is enough."""

    entry: ReadyBy
    at: datetime
    charge: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """parts: from its start to its end, without gaps; neighbours differ. targets: the ready-by targets in this time and
    in PLAN_AHEAD (energy/planning) after it, in order. prices: of the same longer time, without gaps; None where no
    price is given."""

    parts: list[Part]
    targets: list[Target]
    prices: list[PriceSpan]


def local_iso(at: datetime, tz: ZoneInfo) -> str:
    """An instant as people in that zone write it, with the offset, so that it cannot be misread."""
    return at.astimezone(tz).isoformat(timespec="seconds")
