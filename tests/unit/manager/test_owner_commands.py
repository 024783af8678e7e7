"""The owner's commands to manager: what is refused, and whether the values or the moment are the reason."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.messages import charger
from v2h.config.site import Config
from v2h.energy.controller import EnergyController
from v2h.manager.owner_commands import OrderRefusedError, OwnerCommands
from v2h.manager.owner_files import OwnerStore

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def controller(tmp_path: Path) -> EnergyController:
    store = OwnerStore(tmp_path, Config(), lambda code, text: None)
    return EnergyController((), store.settings, store.schedule, False, lambda *_, **__: None)


@pytest.fixture
def orders(controller: EnergyController, tmp_path: Path) -> OwnerCommands:
    return OwnerCommands(controller, OwnerStore(tmp_path, Config(), lambda code, text: None), (), lambda now: None)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("mode", {"mode": "charge", "amps": 16}, "amps = 16 is not a number from 0 to 15 A"),
        ("mode", {"mode": "idle", "amps": 5}, "amps = 5 does not fit mode idle"),
        ("mode", {"mode": "charge", "soc_limit_pct": 95}, "soc_limit_pct = 95 is not a number from 30 to 90 %"),
        ("slot", {"slot": "charge"}, "until is missing"),
        ("settings", {"soc_min_pct": 200}, "soc_min_pct = 200 is not a number from 30 to 90 %"),
        ("settings", {"foo": 3}, "unknown setting foo"),
        ("schedule", {"schedule": {"version": 7}}, "version = 7 is not 1"),
    ],
)
def test_bad_values_are_told_from_a_bad_moment(
    orders: OwnerCommands, name: str, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(OrderRefusedError, match=says) as caught:
        getattr(orders, name)(values, 10.0, WALL)
    assert caught.value.bad_input


@pytest.mark.parametrize("values", [{"mode": "charge"}, {"mode": "v2h", "until": "2026-11-22T13:00:00+00:00"}])
def test_what_is_good_another_time_is_no_bad_input(
    orders: OwnerCommands, controller: EnergyController, values: dict[str, Any]
) -> None:
    controller.on_charger(10.0, replace(charger(), faults=["cable-voltage"]))
    with pytest.raises(OrderRefusedError) as caught:
        orders.mode(values, 10.0, WALL)
    assert not caught.value.bad_input
