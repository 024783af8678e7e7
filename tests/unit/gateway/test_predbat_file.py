"""docs/predbat/apps.yaml beside our own device: each entity and option in it exists. tests/hass runs it for real."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.support.gatewayhouse import house
from tests.support.simulatedpredbat import CHARGE, DEMAND, EXPORT, FREEZE_CHARGE, FREEZE_EXPORT, Predbat
from v2h.gateway.home_assistant import SLOT_S, discovery

APPS: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/predbat/apps.yaml").read_text())
RUN_S = 60 * APPS["pred_bat"]["run_every"]
OURS = {
    part["default_entity_id"]: part
    for part in json.loads(discovery("homeassistant", "v2h", "v2h", house()).payload)["components"].values()
}


def test_every_entity_of_ours_that_it_names_exists() -> None:
    lists = (value for value in APPS["pred_bat"].values() if isinstance(value, list))
    named = {one for values in lists for one in values if isinstance(one, str) and ".MY_" not in one}
    assert len(named) == 5 and named <= OURS.keys()


def test_each_decision_is_an_option_of_our_slots() -> None:
    called: list[tuple[str, dict[str, Any]]] = []
    predbat = Predbat(APPS, lambda service, **data: called.append((service, data)))
    for decision in (CHARGE, FREEZE_CHARGE, EXPORT, FREEZE_EXPORT, DEMAND):
        predbat.run(decision)
    assert {service for service, _ in called} == {"select.select_option"}
    assert [data["option"] for _, data in called] == ["charge", "hold", "normal", "discharge", "cover", "normal"]
    for _, data in called:
        assert data.keys() == {"entity_id", "option"}
        assert data["option"] in OURS[data["entity_id"]]["options"]


def test_a_slot_lasts_longer_than_two_runs_that_are_missed() -> None:
    called: list[str] = []
    predbat = Predbat(APPS, lambda service, **data: called.append(data["option"]))
    for _ in range(3):
        predbat.run(CHARGE)
    assert called == ["charge"] * 3, "an order that is not repeated ends"
    assert SLOT_S >= 3 * RUN_S
