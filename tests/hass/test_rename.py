"""Other names of the topics, and the end: what Home Assistant keeps of our device, and that nothing stays behind."""

import contextlib
import os
import signal
from typing import Any

from tests.support.gatewayhome import Reader
from tests.support.hasshouse import House


def restart_with(house: House, keys: str) -> None:
    """The gateway starts again, as after an edit of v2h.toml. keys: more of [gateway.mqtt]."""
    config = house.tree.desk.run / "v2h.toml"
    config.write_text(config.read_text() + keys)
    os.kill(house.tree.processes()["gateway"][1], signal.SIGTERM)


def entries(house: House) -> dict[str, dict[str, Any]]:
    """Home Assistant's register of our entities, by entity id."""
    rows = house.hass.ask("config/entity_registry/list")
    return {row["entity_id"]: row for row in rows if row["platform"] == "mqtt"}


def retained(house: House) -> set[str]:
    """The topics that the broker keeps: what a new client hears, up to a message of its own."""
    reader = Reader(house.broker.port)
    with contextlib.closing(reader):
        house.hass.until("the retained ones", lambda: "shed/car/status" in reader.heard, 10)
        reader.say("all", "heard")
        house.hass.until("its own", lambda: "all" in reader.heard, 10)
        return set(reader.heard)


def test_another_base_keeps_every_entity_and_what_the_owner_made_of_it(house: House) -> None:
    house.hass.ask("config/entity_registry/update", entity_id="sensor.v2h_soc_pct", new_entity_id="sensor.my_leaf")
    before = {name: row["id"] for name, row in entries(house).items()}
    restart_with(house, 'topic = "shed/car"\n')
    house.hass.until("the new base", lambda: "shed/car/soc_pct" in house.reader.heard, 60)
    house.hass.until("a state", lambda: house.hass.state("sensor.my_leaf") not in ("unavailable", "unknown"), 60)
    assert {name: row["id"] for name, row in entries(house).items()} == before
    assert not [topic for topic in retained(house) if topic.startswith("v2h/")]
    house.hass.call("select.select_option", entity_id="select.v2h_mode", option="solar")
    house.tree.until(lambda: house.manager("mode") == "solar", 15, "a command on the new base")


def test_another_prefix_hands_the_device_over(house: House) -> None:
    """Home Assistant reads one prefix. While it still reads the old one it forgets nothing; it finds the device again
    when it reads the new one."""
    before = {name: row["id"] for name, row in entries(house).items()}
    restart_with(house, 'discovery_topic = "ha"\n')
    house.hass.until("the new prefix", lambda: "ha/device/v2h/config" in house.reader.heard, 60)
    assert "homeassistant/device/v2h/config" not in house.reader.heard
    house.hass.until("unloaded", lambda: house.hass.state("sensor.my_leaf") in ("", "unavailable"), 30)
    assert {name: row["id"] for name, row in entries(house).items()} == before
    house.hass.read_prefix("ha")
    house.hass.until("a state", lambda: house.hass.state("sensor.my_leaf") not in ("", "unavailable", "unknown"), 60)
    assert {name: row["id"] for name, row in entries(house).items()} == before


def test_without_discovery_nothing_of_us_is_left(house: House) -> None:
    restart_with(house, "discovery = false\n")
    house.hass.until("no entity", lambda: not entries(house), 60)
    assert "ha/device/v2h/config" not in house.reader.heard
    devices = house.hass.ask("config/device_registry/list")
    assert not [row for row in devices if ["mqtt", "v2h"] in row["identifiers"]]
