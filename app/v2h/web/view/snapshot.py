"""The data at one moment: the newest message of each kind, and how old each may be."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from v2h.bus.messages import (
    STATE_OLD_S,
    Alive,
    CcsState,
    ChargerState,
    Event,
    LogState,
    ManagerPlan,
    ManagerPrices,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterReading,
    MeterStatus,
    reading_old_after_s,
)


def old_after_s(interval_s: float) -> float:
    """Age (s) above which a value that comes every interval_s is stale: as for `manager`, but at least STATE_OLD_S."""
    return max(STATE_OLD_S, reading_old_after_s(interval_s))


def zone_of(settings: Mapping[str, Any]) -> ZoneInfo:
    """The time zone in the owner's settings; UTC while it is unknown."""
    try:
        return ZoneInfo(str(settings.get("time_zone") or "UTC"))
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


class Snapshot(NamedTuple):
    """Everything that is known at `now` (monotonic s), which is `wall_s` on the wall clock (s since 1970).

    charger, manager, settings, plan: newest message or None. solar: newest reading of the meter named "solar" (+ is
    generation), or None. today: the counters of this day, Wh by name, or None. meters: status of each role's meter.
    log: what datalog last reported of the log and the card. prices: the dated prices by direction.
    money_plan: the plan by prices, or None. version, built_s: of this software; its date in s since 1970, or None.
    ccs: the newest message of ccs, None where it does not run.
    """

    now: float
    charger: ChargerState | None
    manager: ManagerState | None
    programs: Mapping[str, Alive]
    events: tuple[Event, ...]
    bus_up: bool
    config_errors: tuple[str, ...]
    site: str
    solar: MeterReading | None = None
    settings: ManagerSettings | None = None
    plan: ManagerSchedule | None = None
    today: Mapping[str, Any] | None = None
    wall_s: float = 0.0
    meters: Mapping[str, MeterStatus] = MappingProxyType({})
    log: LogState | None = None
    prices: Mapping[str, ManagerPrices] = MappingProxyType({})
    money_plan: ManagerPlan | None = None
    version: str = "unknown"
    built_s: float | None = None
    ccs: CcsState | None = None

    def fresh_charger(self) -> ChargerState | None:
        return self.charger if self.charger and self.now - self.charger.t <= STATE_OLD_S else None

    def fresh_manager(self) -> ManagerState | None:
        return self.manager if self.manager and self.now - self.manager.t <= STATE_OLD_S else None

    def owner(self) -> Mapping[str, Any]:
        """The owner's settings in force, empty while unknown."""
        return self.settings.settings if self.settings else {}

    def solar_w(self) -> float | None:
        """Power from the sun, W, never negative; None when nothing measures it or the reading is stale."""
        if self.solar is None or self.now - self.solar.t > old_after_s(self.solar.interval_s):
            return None
        return max(self.solar.power_w, 0.0)

    def grid_age_s(self) -> float | None:
        """Age of the grid's power now, s: the age that `manager` reported, plus the age of that report."""
        if self.manager is None or self.manager.grid_age_s is None:
            return None
        return self.manager.grid_age_s + self.now - self.manager.t

    def grid_old_s(self) -> float:
        """Age above which the grid's power is stale, s."""
        status = self.meters.get("grid")
        return STATE_OLD_S if status is None else old_after_s(status.interval_s)

    def grid_w(self) -> float | None:
        """Power from the grid, W; None when the meter's reading or the report of `manager` is stale."""
        manager, age_s = self.fresh_manager(), self.grid_age_s()
        return manager.grid_w if manager is not None and age_s is not None and age_s <= self.grid_old_s() else None

    def all_config_errors(self) -> tuple[str, ...]:
        """The errors of this program and of `manager`, each once."""
        others = self.manager.config_errors if self.manager else []
        return tuple(dict.fromkeys((*self.config_errors, *others)))


def trusted_clock(seen: Snapshot) -> datetime | None:
    """The owner's time of day now, as `manager` reports it; None while it is not trusted."""
    manager = seen.fresh_manager()
    if manager is None or not manager.clock.get("trusted"):
        return None
    try:
        return datetime.fromisoformat(str(manager.clock.get("local"))) + timedelta(seconds=seen.now - manager.t)
    except ValueError:
        return None
