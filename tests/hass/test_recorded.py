"""What Home Assistant records: statistics, and an Energy dashboard that takes the car as a home battery.

Home Assistant makes its first statistics at the first five minutes of the clock after its start; this file runs late,
so that there is little left to wait for.
"""

import pytest

from tests.support.hasshouse import House

FIRST_S = 330.0
"""Until the first statistics of the energies: the next five minutes of the clock, and their making."""
BATTERY = {
    "type": "battery",
    "stat_energy_from": "sensor.v2h_discharged_kwh",
    "stat_energy_to": "sensor.v2h_charged_kwh",
    "stat_rate": "sensor.v2h_battery_power_w",
    "stat_soc": "sensor.v2h_soc_pct",
}


@pytest.mark.timeout(400)
def test_the_energy_dashboard_has_no_issue_with_the_battery(house: House) -> None:
    capacity_kwh = float(house.hass.state("sensor.v2h_capacity_kwh"))
    source = {**BATTERY, "capacity": capacity_kwh}
    kept = house.hass.ask("energy/save_prefs", energy_sources=[source], device_consumption=[])
    assert kept["energy_sources"] == [source]

    def issues() -> set[str]:
        (found,) = house.hass.ask("energy/validate")["energy_sources"]
        return {row["type"] for row in found}

    assert issues() <= {"statistics_not_defined"}, "all that may be missing are the first statistics"
    house.hass.until("the first statistics", lambda: issues() == set(), FIRST_S)


def test_the_statistics_have_no_issue(house: House) -> None:
    issues = house.hass.ask("recorder/validate_statistics")
    assert {name: rows for name, rows in issues.items() if ".v2h_" in name} == {}


def test_an_entity_of_the_wrong_kind_is_an_issue(house: House) -> None:
    """The check above finds something: Home Assistant does judge these entities."""
    source = {**BATTERY, "stat_energy_from": "sensor.v2h_grid_power_w"}
    house.hass.ask("energy/save_prefs", energy_sources=[source], device_consumption=[])
    (issues,) = house.hass.ask("energy/validate")["energy_sources"]
    assert {row["type"] for row in issues} & {"entity_unexpected_unit_energy", "entity_unexpected_device_class"}
