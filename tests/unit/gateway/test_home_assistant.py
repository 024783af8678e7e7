"""The device that Home Assistant finds: what its MQTT integration demands of each entity, and what the owner needs."""

import json
import re
import time
from typing import Any

import pytest

from tests.support.gatewayhouse import house
from tests.support.messages import FRESH_S
from v2h.energy.orders import SLOTS as KINDS
from v2h.gateway.home_assistant import SHOWN, SLOTS, config_topic, departure, discovery, node, removal
from v2h.gateway.house import House
from v2h.gateway.orders import WISHES
from v2h.gateway.values import VALUES, values

UNITS = {
    "power": {"W", "kW"},
    "battery": {"%"},
    "energy": {"Wh", "kWh"},
    "energy_storage": {"Wh", "kWh"},
    "voltage": {"V"},
    "current": {"A"},
    "temperature": {"°C"},
    "duration": {"s"},
}
"""Units that Home Assistant allows for a device class; another one is refused together with the state class."""
STATE_CLASSES = {"energy": {"total", "total_increasing"}}
PLATFORMS = {"sensor", "binary_sensor", "select", "number", "button"}


@pytest.fixture
def device() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(discovery("homeassistant", "v2h", "v2h", house()).payload)
    return made


def test_the_message_is_retained_on_its_topic_and_an_empty_one_removes_it() -> None:
    made = discovery("homeassistant", "v2h", "v2h", house())
    assert (made.topic, made.retain) == ("homeassistant/device/v2h/config", True)
    gone = removal("homeassistant", "v2h")
    assert (gone.topic, gone.payload, gone.retain) == (made.topic, "", True)
    assert config_topic("ha", node("house/car-2")) == "ha/device/v2h_house_car_2/config"
    assert node("v2h") == "v2h" and node("shed/V2H") == "v2h_shed_v2h"


def test_another_base_keeps_the_entities_and_another_prefix_hands_them_over() -> None:
    before = json.loads(discovery("homeassistant", "v2h", "v2h", house()).payload)["components"]
    after = discovery("homeassistant", "shed/car", "v2h", house())
    renamed = json.loads(after.payload)["components"]
    assert after.topic == "homeassistant/device/v2h/config"
    assert {key: part["unique_id"] for key, part in renamed.items()} == {
        key: part["unique_id"] for key, part in before.items()
    }
    assert renamed["mode"]["command_topic"] == "shed/car/mode/set"
    asked, gone = departure("old", "v2h")
    assert (asked.topic, json.loads(asked.payload), asked.retain) == (
        "old/device/v2h/config", {"migrate_discovery": True}, False,
    )  # fmt: skip
    assert gone == removal("old", "v2h")


def test_slots_that_need_no_further_value(device: dict[str, Any]) -> None:
    part = device["components"]["slot"]
    assert part["options"] == list(SLOTS) and set(SLOTS.values()) <= KINDS.keys()
    assert "none" not in part["options"], "Home Assistant takes that word for no state"
    assert "lifetime_s" in part["command_template"]
    assert {SHOWN.get(kind, kind) for kind in KINDS} == set(SLOTS), "each announced slot can be shown"


def test_the_device_itself(device: dict[str, Any]) -> None:
    assert device["origin"]["name"] and device["device"]["identifiers"] == ["v2h"]
    assert "connections" not in device["device"], "Home Assistant merges devices that share one"
    assert device["availability"] == [
        {"topic": "v2h/status", "payload_available": "online", "payload_not_available": "offline"}
    ]


def test_each_entity_has_what_the_integration_demands(device: dict[str, Any]) -> None:
    ids = [part["unique_id"] for part in device["components"].values()]
    assert len(set(ids)) == len(ids)
    for key, part in device["components"].items():
        assert part["platform"] in PLATFORMS
        assert "object_id" not in part and "device" not in part
        assert re.fullmatch(rf"{part['platform']}\.v2h_[a-z0-9_]+", part["default_entity_id"]), key
        if part["platform"] == "sensor" and "device_class" in part:
            assert part["unit_of_measurement"] in UNITS[part["device_class"]], key
            assert part["state_class"] in STATE_CLASSES.get(part["device_class"], {"measurement"}), key


def test_every_value_that_is_shown_exists_and_every_command_is_known(device: dict[str, Any]) -> None:
    known = {value.key for value in VALUES}
    for part in device["components"].values():
        assert set(re.findall(r"value_json\.(\w+)", part.get("value_template", ""))) <= known
        if "command_topic" in part:
            assert part["command_topic"].removeprefix("v2h/").removesuffix("/set") in WISHES


def test_a_home_battery_for_the_energy_dashboard(device: dict[str, Any]) -> None:
    parts = device["components"]
    assert (parts["charged_kwh"]["device_class"], parts["charged_kwh"]["state_class"]) == ("energy", "total_increasing")
    assert (parts["discharged_kwh"]["unit_of_measurement"]) == "kWh"
    assert parts["battery_power_w"]["device_class"] == "power"
    said = values(house(), time.monotonic())
    assert (said["battery_power_w"], said["charged_kwh"], said["discharged_kwh"]) == (-3807.0, 12.345, 6.789)


def test_numbers_have_the_owners_bounds_and_wait_for_them(device: dict[str, Any]) -> None:
    floor = device["components"]["soc_min_pct"]
    assert (floor["platform"], floor["min"], floor["max"], floor["unit_of_measurement"]) == ("number", 30, 90, "%")
    assert "number" not in discovery("homeassistant", "v2h", "v2h", House()).payload


def test_what_nobody_knows_is_not_0() -> None:
    silent = values(House(), 1000.0)
    assert {value for key, value in silent.items()} == {None}
    old = values(house(), time.monotonic() + FRESH_S + 60)
    assert old["ev_power_w"] is None and old["soc_pct"] is None and old["grid_power_w"] is None
