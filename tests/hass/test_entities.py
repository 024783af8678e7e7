"""Every entity in a real Home Assistant, and its commands, which reach the charger."""

import time

from tests.support.hasshouse import House

MODE, SLOT, FLOOR = "select.v2h_mode", "select.v2h_slot", "number.v2h_reserve_soc_pct"
NEVER_PRESSED = ("button.v2h_stop", "button.v2h_resume", "button.v2h_clear_fault")
EMPTY = ("sensor.v2h_by", "sensor.v2h_faults")
"""Texts that are empty while nobody commands and nothing is broken."""


def test_every_entity_appears_with_its_state(house: House) -> None:
    components = house.device()["components"]
    wanted = {part["default_entity_id"] for part in components.values()}
    assert len(wanted) == len(components) > 30
    house.hass.until("all entities", lambda: wanted <= house.hass.states().keys())

    def without() -> set[str]:
        states = house.hass.states()
        return {name for name in wanted if states[name]["state"] in ("unknown", "unavailable", "")}

    house.hass.until("all states", lambda: without() <= {*NEVER_PRESSED, *EMPTY}, 30)
    assert without() >= set(NEVER_PRESSED), "a button that nobody has pressed has no state"


def test_each_entity_is_what_the_page_says(house: House) -> None:
    states = house.hass.states()
    for key, part in house.device()["components"].items():
        attributes = states[part["default_entity_id"]]["attributes"]
        for name in ("device_class", "unit_of_measurement", "state_class", "options"):
            assert attributes.get(name) == part.get(name), (key, name)
    page = house.tree.state()
    assert float(states["sensor.v2h_soc_pct"]["state"]) == page["charger"]["soc_pct"]
    assert states["binary_sensor.v2h_flowing"]["state"] == "on"
    assert states[MODE]["state"] == page["manager"]["mode"]
    assert states["sensor.v2h_soc_pct"]["attributes"]["friendly_name"] == "Garage State of charge"


def test_home_assistant_has_nothing_to_complain_about(house: House) -> None:
    assert house.hass.complaints() == []
    issues = house.hass.ask("repairs/list_issues")["issues"]
    assert [issue for issue in issues if issue["domain"] == "mqtt"] == []


def test_the_mode_works_both_ways(house: House) -> None:
    house.hass.call("select.select_option", entity_id=MODE, option="solar")
    house.tree.until(lambda: house.manager("mode") == "solar", 10, "the mode of Home Assistant")
    house.hass.until_state(MODE, "solar", 10)
    assert house.manager("by") == "Home Assistant"
    house.tree.command("mode", mode="v2h")
    house.hass.until_state(MODE, "v2h", 10)


def test_a_number_works_both_ways_within_its_bounds(house: House) -> None:
    bounds = house.hass.states()[FLOOR]["attributes"]
    wanted = bounds["min"] + 3
    house.hass.call("number.set_value", entity_id=FLOOR, value=wanted)
    house.hass.until_state(FLOOR, str(wanted), 15)
    assert house.tree.settings()["reserve_soc_pct"] == wanted
    house.tree.command("settings", reserve_soc_pct=wanted + 2)
    house.hass.until_state(FLOOR, str(wanted + 2), 15)


def test_a_button_stops_and_another_one_resumes(house: House) -> None:
    house.hass.call("button.press", entity_id="button.v2h_stop")
    house.hass.until_state("binary_sensor.v2h_stopped", "on", 15)
    house.hass.call("button.press", entity_id="button.v2h_resume")
    house.hass.until_state("binary_sensor.v2h_stopped", "off", 15)
    house.tree.command("mode", mode="v2h")
    house.hass.until_state("binary_sensor.v2h_flowing", "on", 90)


def test_home_assistant_speaks_of_slots_that_end_by_themselves(house: House) -> None:
    began = time.time()
    house.hass.call("select.select_option", entity_id=SLOT, option="hold")
    house.hass.until_state(SLOT, "hold", 15)
    house.tree.until(lambda: house.manager("by") == "Home Assistant", 10, "who holds the car")
    assert house.manager("mode") == "v2h", "it holds within the owner's mode"
    house.hass.call("select.select_option", entity_id=SLOT, option="normal")
    house.hass.until_state(SLOT, "normal", 15)
    assert time.time() - began < 900
