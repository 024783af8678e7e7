"""The owner deletes our device in Home Assistant: the charger goes on, and the device is back at the next start."""

from tests.support.hasshouse import CONFIG, House

SOC = "sensor.v2h_soc_pct"


def test_a_deleted_device_is_gone_and_comes_back_when_home_assistant_starts(house: House) -> None:
    rows = house.hass.ask("config/device_registry/list")
    (device,) = [row for row in rows if ["mqtt", "v2h"] in row["identifiers"]]
    (entry,) = device["config_entries"]
    _, before = house.tree.processes()["gateway"]
    house.hass.ask("config/device_registry/remove_config_entry", device_id=device["id"], config_entry_id=entry)
    house.hass.until("it is gone", lambda: house.hass.state(SOC) == "", 30)
    assert CONFIG not in house.reader.heard, "Home Assistant deletes what the broker keeps"
    house.reader.say("v2h/mode/set", "solar")
    house.tree.until(lambda: house.manager("mode") == "solar", 15, "a command of another client")
    house.reader.say("homeassistant/status", "online")
    house.hass.until("it is back", lambda: house.hass.state(SOC) not in ("", "unavailable", "unknown"), 60)
    house.hass.until_state("select.v2h_mode", "solar", 15)
    assert house.tree.processes()["gateway"][1] == before
    house.tree.command("mode", mode="v2h")
