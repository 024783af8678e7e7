"""Home Assistant finds the charger by itself: one retained message describes the device and all its entities.

Source: Home Assistant's MQTT integration, device discovery, as read for 2026.11. `default_entity_id` names the entity
with its domain; the older `object_id` is ignored. `connections` is left out, because Home Assistant merges devices that
share one. The device is unavailable as soon as our last will says `offline`.
"""

import json
import re
from typing import Any, NamedTuple

from v2h.bus.states import MODES
from v2h.gateway.house import House
from v2h.gateway.topics import OFFLINE, ONLINE, SET, Publication
from v2h.gateway.values import SETTING_KEYS, VALUES

NAME = "Home Assistant"
MAKER_MODEL = ("Indra", "V2G 6 kW")
SUPPORT = "http://v2h.local/"
LONGEST = 255
"""Letters of a state in Home Assistant; a longer text is refused there."""
SHOWN = {"none": "normal", "export": "discharge"}
"""Slot -> option, where they differ: an export, which needs a power, cannot be chosen there."""
MIGRATE = '{"migrate_discovery":true}'
SLOT_S = 900
"""A slot that was chosen in Home Assistant ends after so long, unless it is chosen again. Predbat repeats it every
5 minutes and may miss two of them."""
SLOTS = {"normal": "none", "charge": "charge", "discharge": "discharge", "cover": "cover", "hold": "hold"}
"""Option in Home Assistant -> slot, of those that need no further value. An option "none" would be no state there."""
EXPIRES_S = 60
"""A number that is not repeated for so long is unknown: we repeat every 10 s."""


class Sensor(NamedTuple):
    """device_class, state_class: of Home Assistant; "" for none. diagnostic: not on the first page."""

    name: str
    device_class: str = ""
    state_class: str = "measurement"
    diagnostic: bool = False


SENSORS = {
    "grid_power_w": Sensor("Grid power", "power"),
    "ev_power_w": Sensor("Car power", "power"),
    "battery_power_w": Sensor("Battery power", "power"),
    "soc_pct": Sensor("State of charge", "battery"),
    "capacity_kwh": Sensor("Battery capacity", "energy_storage"),
    "charged_kwh": Sensor("Energy into the car", "energy", "total_increasing"),
    "discharged_kwh": Sensor("Energy out of the car", "energy", "total_increasing"),
    "dc_voltage_v": Sensor("Battery voltage", "voltage", diagnostic=True),
    "dc_current_a": Sensor("Battery current", "current", diagnostic=True),
    "temperature_c": Sensor("Converter temperature", "temperature", diagnostic=True),
    "meter_age_s": Sensor("Age of the grid power", "duration", diagnostic=True),
    "tracking_w": Sensor("Distance from the grid target", "power", diagnostic=True),
    "session": Sensor("Session", "", ""),
    "why": Sensor("Reason", "", ""),
    "by": Sensor("Controlled by", "", "", diagnostic=True),
    "faults": Sensor("Faults", "", "", diagnostic=True),
}
BINARY = {
    "plugged": Sensor("Car plugged in", "plug"),
    "flowing": Sensor("Connected to the battery", "connectivity"),
    "fault": Sensor("Fault", "problem"),
    "meter_ok": Sensor("Grid meter", "connectivity", diagnostic=True),
    "stopped": Sensor("Stopped by the owner"),
}
NUMBERS = {
    "soc_min_pct": "Discharge down to",
    "soc_max_pct": "Charge up to",
    "reserve_soc_pct": "Reserve",
    "max_charge_a": "Charge with at most",
    "max_discharge_a": "Discharge with at most",
    "grid_target_w": "Grid target",
}
BUTTONS = {"stop": "Stop", "resume": "Resume the schedule", "clear-fault": "Clear the fault"}

UNITS = {value.key: value.unit for value in VALUES}


def node(base: str) -> str:
    """The id of a new device: of the topic, so that two chargers on one broker differ."""
    slug = re.sub(r"\W+", "_", base.lower()).strip("_")
    return slug if slug.startswith("v2h") else f"v2h_{slug}"


def config_topic(prefix: str, own: str) -> str:
    return f"{prefix}/device/{own}/config"


def birth_topic(prefix: str) -> str:
    """Home Assistant says `online` there when it has started."""
    return f"{prefix}/status"


def removal(prefix: str, own: str) -> Publication:
    """Takes the device and all its entities away."""
    return Publication(config_topic(prefix, own), "")


def departure(prefix: str, own: str) -> list[Publication]:
    """Takes the device away from a prefix that is not used any more. At the first message a Home Assistant that still
    reads there unloads the entities and keeps their names and history, until it finds them under the new prefix."""
    return [Publication(config_topic(prefix, own), MIGRATE, retain=False), removal(prefix, own)]


def discovery(prefix: str, base: str, own: str, house: House) -> Publication:
    """The whole device. own: its id, which stays when the base of the topics is renamed, so that the entities stay.
    Numbers have the owner's bounds of now; publish it again when they change."""
    parts = {**_sensors(), **_binary(), **_numbers(base, house), **_buttons(base), **_selects(base)}
    components = {
        key: {
            **part,
            "unique_id": f"{own}_{key}",
            "default_entity_id": f"{part['platform']}.{own}_{key}".replace("-", "_"),
        }
        for key, part in parts.items()
    }
    maker, model = MAKER_MODEL
    said = {
        "device": {
            "identifiers": [own],
            "name": house.site,
            "manufacturer": maker,
            "model": model,
            "sw_version": house.version,
            "configuration_url": SUPPORT,
        },
        "origin": {"name": "v2h", "sw_version": house.version, "support_url": SUPPORT},
        "availability": [{"topic": f"{base}/status", "payload_available": ONLINE, "payload_not_available": OFFLINE}],
        "state_topic": f"{base}/state",
        "components": components,
    }
    return Publication(config_topic(prefix, own), json.dumps(said, separators=(",", ":")))


def _sensor(platform: str, row: Sensor) -> dict[str, Any]:
    part: dict[str, Any] = {"platform": platform, "name": row.name}
    if row.device_class:
        part["device_class"] = row.device_class
    if row.diagnostic:
        part["entity_category"] = "diagnostic"
    return part


def _sensors() -> dict[str, dict[str, Any]]:
    found = {}
    for key, row in SENSORS.items():
        part = _sensor("sensor", row) | {"value_template": f"{{{{ value_json.{key} }}}}"}
        if UNITS[key]:
            part |= {"unit_of_measurement": UNITS[key], "state_class": row.state_class, "expire_after": EXPIRES_S}
        else:
            part["value_template"] = f"{{{{ (value_json.{key} or '') [:{LONGEST}] }}}}"
        found[key] = part
    return found


def _binary() -> dict[str, dict[str, Any]]:
    template = "{{{{ 'None' if value_json.{0} is none else ('ON' if value_json.{0} else 'OFF') }}}}"
    return {
        key: _sensor("binary_sensor", row) | {"value_template": template.format(key)} for key, row in BINARY.items()
    }


def _numbers(base: str, house: House) -> dict[str, dict[str, Any]]:
    bounds = house.settings.bounds if house.settings else {}
    found = {}
    for key, name in NUMBERS.items():
        row = bounds.get(key)
        if row is None:
            continue
        unit, _ = SETTING_KEYS[key]
        found[key] = {
            "platform": "number",
            "name": name,
            "entity_category": "config",
            "command_topic": f"{base}/{key}{SET}",
            "value_template": f"{{{{ value_json.{key} }}}}",
            "min": row["low"],
            "max": row["high"],
            "step": 50 if unit == "W" else 1,
            "mode": "box",
            "unit_of_measurement": unit,
        }
    return found


def _buttons(base: str) -> dict[str, dict[str, Any]]:
    return {
        key: {"platform": "button", "name": name, "command_topic": f"{base}/{key}{SET}"}
        for key, name in BUTTONS.items()
    }


def _selects(base: str) -> dict[str, dict[str, Any]]:
    """A mode chosen there is the owner's own hand. A slot is a request of an automation and ends by itself."""
    ends = '{"slot": "none", "by": "' + NAME + '"}'
    slot = '{"slot": "{{ value }}", "by": "' + NAME + f'", "lifetime_s": {SLOT_S}}}'
    rows = {
        "mode": ("Mode", list(MODES), '{"mode": "{{ value }}", "by": "' + NAME + '"}'),
        "slot": ("For now", list(SLOTS), f"{{% if value == 'normal' %}}{ends}{{% else %}}{slot}{{% endif %}}"),
    }
    return {
        key: {
            "platform": "select",
            "name": name,
            "options": options,
            "command_topic": f"{base}/{key}{SET}",
            "command_template": template,
            "value_template": f"{{{{ {SHOWN}.get(value_json.{key}, value_json.{key}) }}}}",
        }
        for key, (name, options, template) in rows.items()
    }
