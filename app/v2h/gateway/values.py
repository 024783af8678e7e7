"""The values that every face shows, in one table: the key, the unit, the sign, and where the value comes from.

A key carries its unit. Its value is a number, a text, a bool, or None while nobody knows it: then a face says nothing
rather than an old value or 0.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from v2h.bus.states import RESTING, State
from v2h.gateway.house import House

SETTING_KEYS = {
    "soc_min_pct": ("%", "The owner's floor of the state of charge"),
    "soc_max_pct": ("%", "Where V2H, solar and a charge without its own limit stop"),
    "reserve_soc_pct": ("%", "What V2H leaves in the car for driving"),
    "max_charge_a": ("A", "The owner's limit of the charging current, at the battery"),
    "max_discharge_a": ("A", "The owner's limit of the discharging current, at the battery"),
    "grid_target_w": ("W", "What V2H holds the grid at; + is import"),
}
"""The owner's settings that another controller may see and set, with unit and meaning. Bounds: those of the page."""


class Value(NamedTuple):
    """of(house, now): the value, None while unknown."""

    key: str
    unit: str
    about: str
    of: Callable[[House, float], Any]


def _charger(name: str) -> Callable[[House, float], Any]:
    return lambda house, now: getattr(house.fresh_charger(now), name, None)


def _manager(name: str) -> Callable[[House, float], Any]:
    return lambda house, now: getattr(house.fresh_manager(now), name, None)


def _text(name: str) -> Callable[[House, float], Any]:
    def of(house: House, now: float) -> str | None:
        value = getattr(house.fresh_manager(now), name, None)
        return None if value is None else str(value)

    return of


def _slot(house: House, now: float) -> str | None:
    manager = house.fresh_manager(now)
    return None if manager is None else manager.slot or "none"


def _setting(key: str) -> Callable[[House, float], Any]:
    return lambda house, now: house.setting(key)


def _battery_w(house: House, now: float) -> float | None:
    power_w = house.car_w(now)
    return None if power_w is None else 0.0 - power_w


def _energy(which: int) -> Callable[[House, float], float | None]:
    return lambda house, now: None if house.totals_wh is None else round(house.totals_wh[which] / 1000, 3)


def _tracking_w(house: House, now: float) -> float | None:
    manager = house.fresh_manager(now)
    return None if manager is None else manager.tracking.get("mean_w")


def _meter_ok(house: House, now: float) -> bool | None:
    manager = house.fresh_manager(now)
    return None if manager is None else manager.grid_w is not None


def _connected(house: House, now: float) -> bool | None:
    charger = house.fresh_charger(now)
    return None if charger is None else charger.state not in RESTING


def _flowing(house: House, now: float) -> bool | None:
    charger = house.fresh_charger(now)
    return None if charger is None else charger.state == State.ENERGY


def _faulty(house: House, now: float) -> bool | None:
    charger = house.fresh_charger(now)
    return None if charger is None else bool(charger.faults)


def _faults(house: House, now: float) -> str | None:
    charger = house.fresh_charger(now)
    return None if charger is None else ", ".join(charger.faults)


def _capacity(house: House, now: float) -> float | None:
    return house.charger.battery_kwh if house.charger else None


VALUES = (
    Value("mode", "", "idle, v2h, solar, charge or discharge: what the charger does now", _text("mode")),
    Value("why", "", "What it does, why, and what comes next, as a sentence", _text("why")),
    Value("chosen_by", "", "Who chose the mode: owner, schedule, slot or nobody", _manager("chosen_by")),
    Value("by", "", "The other controller whose order is in force, empty without one", _manager("by")),
    Value("slot", "", "The slot that a controller announced last and that has not ended, or none", _slot),
    Value("until", "", "ISO time at which the mode ends", _manager("until")),
    Value("session", "", "State of the session with the car", _charger("state")),
    Value("grid_power_w", "W", "Power from the grid; + is import", lambda house, now: house.grid_w(now)),
    Value("ev_power_w", "W", "Power of the car; + is charging", lambda house, now: house.car_w(now)),
    Value("battery_power_w", "W", "The same as a home battery sees it: + is discharging", _battery_w),
    Value("soc_pct", "%", "State of charge of the car", _charger("soc_pct")),
    Value("capacity_kwh", "kWh", "Capacity of the car's battery, as the car reports it", _capacity),
    Value("charged_kwh", "kWh", "Energy into the car since the log began; never falls", _energy(0)),
    Value("discharged_kwh", "kWh", "Energy out of the car since the log began; never falls", _energy(1)),
    Value("dc_voltage_v", "V", "Voltage at the battery", _charger("volts_v")),
    Value("dc_current_a", "A", "Current at the battery; + is charging", _charger("amps_a")),
    Value("temperature_c", "°C", "Temperature of the converter", _charger("temperature_c")),
    Value("meter_age_s", "s", "Age of the grid's power", lambda house, now: house.grid_age_s(now)),
    Value("tracking_w", "W", "Mean distance of the grid from its target in V2H", _tracking_w),
    Value("connected", "", "A session with the car runs", _connected),
    Value("flowing", "", "Energy can flow", _flowing),
    Value("plugged", "", "The car answers; unknown at rest", lambda house, now: house.car_answers(now)),
    Value("fault", "", "A fault has stopped the charger", _faulty),
    Value("faults", "", "Ids of the faults, separated by commas", _faults),
    Value("meter_ok", "", "The grid meter has sent a value in time", _meter_ok),
    Value("stopped", "", "The owner has stopped the charger", _manager("stopped_by_owner")),
    *(Value(key, unit, about, _setting(key)) for key, (unit, about) in SETTING_KEYS.items()),
)


def values(house: House, now: float) -> dict[str, Any]:
    """Every value by its key; numbers are rounded to what a reader can use."""
    return {value.key: _rounded(value.of(house, now)) for value in VALUES}


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
