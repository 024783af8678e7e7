"""Predbat drives the charger through a real Home Assistant, from the committed docs/predbat/apps.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.hasshouse import House
from tests.support.simulatedpredbat import CHARGE, DEMAND, EXPORT, FREEZE_CHARGE, FREEZE_EXPORT, Predbat

APPS: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/predbat/apps.yaml").read_text())
READ = ("soc_percent", "soc_max", "battery_min_soc", "battery_power", "grid_power")
SLOT = "select.v2h_slot"


def test_every_entity_that_it_reads_is_there_and_is_a_number(house: House) -> None:
    states = house.hass.states()
    for key in READ:
        (entity,) = APPS["pred_bat"][key]
        assert float(states[entity]["state"]) >= -20_000, key
    units = {key: states[APPS["pred_bat"][key][0]]["attributes"]["unit_of_measurement"] for key in READ}
    assert units == {
        "soc_percent": "%", "soc_max": "kWh", "battery_min_soc": "%", "battery_power": "W", "grid_power": "W",
    }  # fmt: skip


@pytest.fixture
def predbat(house: House) -> Iterator[Predbat]:
    house.tree.command("mode", mode="v2h")
    house.tree.until(lambda: house.manager("mode") == "v2h", 15, "the owner's V2H")
    yield Predbat(APPS, house.hass.call)
    house.hass.call("select.select_option", entity_id=SLOT, option="normal")


def follows(house: House, slot: str, mode: str) -> None:
    """Until Home Assistant shows the slot, and manager the mode that it asks for."""
    house.hass.until_state(SLOT, slot, 15)
    house.tree.until(lambda: house.manager("mode") == mode, 15, f"mode {mode}")


def test_our_mode_follows_each_of_its_decisions(house: House, predbat: Predbat) -> None:
    assert predbat.run(CHARGE) == ["charge_start_service"]
    follows(house, "charge", "charge")
    assert (house.manager("chosen_by"), house.manager("by")) == ("slot", "Home Assistant")
    assert predbat.run(EXPORT, target_soc=40) == ["charge_stop_service", "discharge_start_service"]
    follows(house, "discharge", "discharge")
    assert predbat.run(FREEZE_EXPORT) == ["discharge_freeze_service"]
    follows(house, "cover", "cover")
    assert predbat.run(FREEZE_CHARGE) == ["discharge_stop_service", "charge_freeze_service"]
    follows(house, "hold", "v2h")
    assert house.manager("by") == "Home Assistant", "V2H, held from discharging"
    assert predbat.run(DEMAND) == ["charge_stop_service"]
    follows(house, "normal", "v2h")


def test_each_run_repeats_its_order_and_so_makes_it_last(house: House, predbat: Predbat) -> None:
    predbat.run(CHARGE)
    follows(house, "charge", "charge")
    first = house.manager("until")

    def lasts_longer() -> bool:
        """The message gives the end in whole seconds, so a repetition within the same second changes nothing."""
        assert predbat.run(CHARGE) == ["charge_start_service"]
        return bool(house.manager("until") > first)

    house.tree.until(lasts_longer, 15, "a later end")
    predbat.run(DEMAND)
    follows(house, "normal", "v2h")


def test_the_owners_hand_is_stronger(house: House, predbat: Predbat) -> None:
    house.tree.command("mode", mode="charge", amps=6)
    house.tree.until(lambda: house.manager("mode") == "charge", 15, "the owner's charge")
    predbat.run(EXPORT)
    house.hass.until_state(SLOT, "discharge", 15)
    assert (house.manager("mode"), house.manager("chosen_by")) == ("charge", "owner")
    predbat.run(DEMAND)
    house.tree.command("mode", mode="v2h")
    follows(house, "normal", "v2h")
