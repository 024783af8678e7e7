"""What a face knows of the house: the newest message of each kind, and what may still be said of it."""

from dataclasses import dataclass, field

from v2h.bus.messages import (
    STATE_OLD_S,
    ChargerState,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterStatus,
)
from v2h.bus.states import RESTING, State

FLOWING_W = 50.0
"""Less is the converter's own noise."""
NO_ANSWER_S = 900.0
"""A car that did not answer may have been plugged in since; it is asked again after so long."""
NO_ANSWER = "late.wake"
"""Id of the reason of a session that ended because the car sent nothing."""


@dataclass(slots=True)
class House:
    """All times are monotonic seconds. totals_wh: energy into and out of the car since the log began, None while it is
    not known. site: the name of the charger; version: of this software."""

    site: str = "V2H"
    version: str = ""
    charger: ChargerState | None = None
    manager: ManagerState | None = None
    settings: ManagerSettings | None = None
    schedule: ManagerSchedule | None = None
    meters: dict[str, MeterStatus] = field(default_factory=dict)
    totals_wh: tuple[float, float] | None = None

    def fresh_charger(self, now: float) -> ChargerState | None:
        return self.charger if self.charger and now - self.charger.t <= STATE_OLD_S else None

    def fresh_manager(self, now: float) -> ManagerState | None:
        return self.manager if self.manager and now - self.manager.t <= STATE_OLD_S else None

    def grid_w(self, now: float) -> float | None:
        """Power from the grid, W, + import; None while the meter or manager is silent."""
        manager = self.fresh_manager(now)
        return None if manager is None else manager.grid_w

    def grid_age_s(self, now: float) -> float | None:
        """Age of the grid's power, s."""
        manager = self.manager
        return None if manager is None or manager.grid_age_s is None else manager.grid_age_s + now - manager.t

    def car_w(self, now: float) -> float | None:
        """Power into the car, W, - out of it; 0 at rest."""
        charger = self.fresh_charger(now)
        if charger is None:
            return None
        return 0.0 if charger.power_w is None and charger.state in RESTING else charger.power_w

    def car_answers(self, now: float) -> bool | None:
        """Whether the car is plugged in; None at rest, when only a new session would show it."""
        charger = self.fresh_charger(now)
        if charger is None:
            return None
        age_s = charger.ages_s.get("car")
        if age_s is not None and now - charger.t + age_s <= STATE_OLD_S:
            return True
        silent = charger.state == State.IDLE and getattr(charger.reason, "id", "") == NO_ANSWER
        return False if silent and now - charger.since_t < NO_ANSWER_S else None

    def setting(self, key: str) -> float | None:
        """A number of the owner's settings in force."""
        value = self.settings.settings.get(key) if self.settings else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def most_charge_a(self) -> float:
        """The owner's limit of the charging current, A at the battery; 0 while it is not known."""
        return self.setting("max_charge_a") or 0.0
