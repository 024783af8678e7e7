"""evcc drives the charger as one of its chargers, or as a home battery; the same over HTTP and MQTT.

evcc writes a value when it changes, and its `watchdog` repeats it every 30 s. A command of evcc ends LIFE_S after its
last sign of life; then the mode of before goes on. Its commands are slots: they act within the owner's V2H or solar
mode, within the schedule and from rest, and not against a charge, a discharge or a stop of the owner.

Charger face: enable and maxcurrent (A at 230 V, as of an AC charger) charge the car; disabled, it rests at 0 W.
Battery face: 1 normal (our own mode), 2 hold (no discharge), 3 charge. Use only one of the two.
evcc takes 0 for "not available" where a value cannot be 0, so energy, state of charge and capacity are left out then.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from v2h.bus.states import State
from v2h.checks import shown
from v2h.gateway.house import FLOWING_W, House
from v2h.gateway.orders import BadOrderError, Order, number
from v2h.gateway.values import values

NAME = "evcc"
NAMES = ("enable", "maxcurrent", "batterymode")
"""What evcc writes."""
LIFE_S = 90.0
"""evcc's watchdog repeats a value after 30 s; two repetitions may be lost."""
MAINS_V, DC_V = 230.0, 385.0
"""DC_V: of a battery whose voltage is not known yet."""
MOST_A = 63.0
"""What evcc may ask of an AC charger; the owner's limit is lower."""
NORMAL, HOLD, CHARGE = 1, 2, 3
TRUE, FALSE = ("true", "1", "on"), ("false", "0", "off")
NUMBERS = ("soc_pct", "capacity_kwh", "charged_kwh", "discharged_kwh")
READ = ("status", "enabled", "power_w", "battery_power_w", *NUMBERS)
"""What evcc reads."""


@dataclass(frozen=True, slots=True)
class Evcc:
    """What evcc has asked for. t: its last sign of life, monotonic s."""

    enabled: bool = False
    amps_ac: float = 0.0
    t: float = float("-inf")

    def is_alive(self, now: float) -> bool:
        return now - self.t < LIFE_S


class Asked(NamedTuple):
    """What evcc has asked for now, and the command for it."""

    evcc: Evcc
    order: Order


def asked(evcc: Evcc, name: str, text: str, house: House, now: float) -> Asked:
    """What a message of evcc asks for. name: enable, maxcurrent or batterymode. Raises BadOrderError."""
    text = text.strip()
    if name == "batterymode":
        return Asked(evcc, _battery(text))
    if name == "enable":
        if text.lower() not in (*TRUE, *FALSE):
            raise BadOrderError(f"enable = {shown(text)} is not true or false")
        new = replace(evcc, enabled=text.lower() in TRUE, t=now)
    elif name == "maxcurrent":
        amps_ac = number(text)
        if not 0 <= amps_ac <= MOST_A:
            raise BadOrderError(f"maxcurrent = {shown(text)} is not a number from 0 to {MOST_A:g} A")
        new = replace(evcc, enabled=evcc.enabled and evcc.is_alive(now), amps_ac=amps_ac, t=now)
    else:
        raise BadOrderError(f"{shown(name)} is not one of {', '.join(NAMES)}")
    return Asked(new, _charge(new, house))


def _charge(evcc: Evcc, house: House) -> Order:
    amps = 0.0
    if evcc.enabled:
        volts_v = (house.charger.volts_v if house.charger else None) or DC_V
        amps = min(evcc.amps_ac * MAINS_V / max(volts_v, 1.0), house.most_charge_a())
    return Order("slot", {"slot": "charge", "amps": round(amps, 1), "lifetime_s": LIFE_S, "by": NAME})


def _battery(text: str) -> Order:
    kinds = {NORMAL: "none", HOLD: "hold", CHARGE: "charge"}
    mode = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
    if mode not in kinds:
        raise BadOrderError(f"batterymode = {shown(text)} is not one of 1 (normal), 2 (hold), 3 (charge)")
    end = {} if mode == NORMAL else {"lifetime_s": LIFE_S}
    return Order("slot", {"slot": kinds[mode], **end, "by": NAME})


def status(house: House, now: float) -> str:
    """A: no car; B: connected; C: charging; F: a fault. At rest nobody knows whether a car is there: B, unless the last
    car did not answer, so that evcc may start a session."""
    charger = house.fresh_charger(now)
    if charger is None or charger.faults:
        return "F"
    if charger.state == State.ENERGY and (charger.power_w or 0.0) >= FLOWING_W:
        return "C"
    return "A" if house.car_answers(now) is False else "B"


def is_enabled(evcc: Evcc, house: House, now: float) -> bool:
    """The last command at once, else whether the car charges: evcc compares this with what it asked for."""
    return evcc.enabled if evcc.is_alive(now) else status(house, now) == "C"


def reading(evcc: Evcc, house: House, now: float) -> dict[str, Any]:
    """What evcc reads: power_w (+ charging), battery_power_w (+ discharging), and the rest; unknown values are left
    out, and 0 where evcc would take it for unknown."""
    known = values(house, now)
    numbers = {key: known[key] for key in NUMBERS if known[key]}
    powers = {"power_w": known["ev_power_w"], "battery_power_w": known["battery_power_w"]}
    said = {"status": status(house, now), "enabled": is_enabled(evcc, house, now)}
    return {**said, **{key: value for key, value in powers.items() if value is not None}, **numbers}
