"""The owner's commands to manager: what is refused, and whether the values or the moment are the reason."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.home import TRUSTED
from tests.support.messages import charger
from v2h.config.site import Config
from v2h.energy.controller import EnergyController
from v2h.energy.schedule_json import revision
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
        ("setpoint", {"power_w": 1500}, "lifetime_s is missing: a setpoint must end by itself"),
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


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"mode": "charge", "soc_limit_pct": 62}, "the car has 62 % already, 62 % are asked for"),
        ({"mode": "charge", "soc_limit_pct": 50}, "the car has 62 % already, 50 % are asked for"),
        ({"mode": "discharge", "soc_limit_pct": 70}, "the car has only 62 %, 70 % are asked for"),
        ({"mode": "charge", "soc_limit_pct": 63}, ""),
        ({"mode": "discharge"}, ""),
        ({"mode": "v2h"}, ""),
    ],
)
def test_a_charge_that_would_be_over_at_once_is_refused_and_ends_no_stop(
    orders: OwnerCommands, controller: EnergyController, values: dict[str, Any], why: str
) -> None:
    orders.stop({}, 9.0, WALL)
    controller.on_charger(10.0, charger(soc_pct=62.0))
    if why:
        with pytest.raises(OrderRefusedError, match=why) as caught:
            orders.mode(values, 10.0, WALL)
        assert not caught.value.bad_input
    else:
        assert orders.mode(values, 10.0, WALL).applied["mode"] == values["mode"]
    assert controller.stopped is bool(why)
    controller.on_charger(11.0, charger(state="idle", soc_pct=None))  # nobody knows what it has by now
    assert orders.mode(values, 11.0, WALL).applied["mode"] == values["mode"]


def test_a_car_that_is_silent_since_its_session_may_have_been_driven(
    orders: OwnerCommands, controller: EnergyController
) -> None:
    awake = charger(state="idle", soc_pct=90.0, ages_s={"car": 0.1})
    controller.on_charger(10.0, awake)
    with pytest.raises(OrderRefusedError, match="the car has 90 % already"):
        orders.mode({"mode": "charge", "soc_limit_pct": 80}, 10.0, WALL)
    controller.on_charger(60.0, replace(awake, ages_s={"car": 50.0}))
    assert orders.mode({"mode": "charge", "soc_limit_pct": 80}, 60.0, WALL).applied["mode"] == "charge"


def test_the_second_of_two_editors_is_told_and_may_insist(orders: OwnerCommands) -> None:
    first, second = {"version": 1, "otherwise": "v2h"}, {"version": 1, "otherwise": "solar"}
    began = revision({"version": 1})
    saved = orders.schedule({"schedule": first, "replaces": began}, 10.0, WALL).applied
    assert saved == {"schedule": first, "revision": revision(first)}
    with pytest.raises(OrderRefusedError, match="was changed elsewhere since you opened it") as caught:
        orders.schedule({"schedule": second, "replaces": began}, 11.0, WALL)
    assert (caught.value.applied, caught.value.bad_input) == ({"revision": revision(first)}, False)
    again = {"schedule": second, "replaces": caught.value.applied["revision"]}
    assert orders.schedule(again, 12.0, WALL).applied["schedule"] == second
    assert orders.schedule({"schedule": first}, 13.0, WALL).applied["schedule"] == first


def test_an_order_and_a_schedule_are_answered_in_words(orders: OwnerCommands) -> None:
    def answer(**values: Any) -> str:
        return orders.mode(values, 10.0, WALL).text

    assert answer(mode="v2h") == "In force: V2H."
    assert answer(mode="charge", amps=10, soc_limit_pct=80) == "In force: charge, 10 A at most, up to 80 %."
    assert answer(mode="discharge", soc_limit_pct=40) == "In force: discharge, down to 40 %."
    day = {"start": "00:00", "end": "24:00"}
    document = {"version": 1, "prices": [{**day, "import_price": 0.245}], "weekly": [{**day, "mode": "v2h"}]}
    counts = "Weekly windows: 1, one-offs: 0, ready-by times: 0, prices: 1."
    assert orders.schedule({"schedule": document}, 10.0, WALL).text == f"The schedule is in force. {counts}"
    document["prices"] = [{**day, "import_price": 7.5}]
    text = orders.schedule({"schedule": document}, 10.0, WALL).text
    assert text.endswith("A price of 7.5 GBP a kWh: is that in hundredths? 24.5 are written 0.245.")
    orders.settings({"currency": "NOK"}, 10.0, WALL)
    assert "hundredths" not in orders.schedule({"schedule": document}, 10.0, WALL).text


def test_trips_of_a_calendar_replace_those_before_within_the_owners_window(
    orders: OwnerCommands, controller: EnergyController
) -> None:
    def trip(day: int, soc_pct: float) -> dict[str, Any]:
        return {"at": f"2026-11-{day}T06:00:00+00:00", "soc_pct": soc_pct, "name": "x"}

    with pytest.raises(OrderRefusedError, match="trips of a calendar need the time of day"):
        orders.trips({"trips": []}, 10.0, WALL)
    controller.trust = TRUSTED
    orders.schedule(
        {"schedule": {"version": 1, "otherwise": "v2h", "ready_by": [{"time": "07:30", "soc_pct": 50}]}}, 10.0, WALL
    )
    first = orders.trips({"trips": [trip(20, 60), trip(24, 60), trip(25, 150), trip(26, 1)]}, 10.0, WALL)
    assert (first.text, first.changed) == ("3 trips of the calendar are in force.", True)
    assert first.applied == {"trips": [trip(24, 60), trip(25, 90.0), trip(26, 30.0)]}
    again = orders.trips({"trips": first.applied["trips"]}, 10.0, WALL)
    assert not again.news and not again.changed
    with pytest.raises(OrderRefusedError, match="trips entry 1: at = 'soon' is not a date and time"):
        orders.trips({"trips": [{"at": "soon", "soc_pct": 50}]}, 10.0, WALL)
    with pytest.raises(OrderRefusedError, match="trips = None is not a list"):
        orders.trips({}, 10.0, WALL)
    assert orders.trips({"trips": []}, 10.0, WALL).applied == {"trips": []}


def test_a_setpoint_of_another_program_never_goes_over_the_owners_hand(
    orders: OwnerCommands, controller: EnergyController
) -> None:
    values = {"power_w": 1500, "lifetime_s": 60, "by": "Predbat"}
    first, second = orders.setpoint(values, 10.0, WALL), orders.setpoint({**values, "power_w": 900}, 40.0, WALL)
    assert (first.text, first.news) == ("In force: held at 1500 W by Predbat.", True)
    assert (second.applied, second.news) == ({"power_w": 900.0, "by": "Predbat"}, False)
    other = orders.setpoint({**values, "by": "evcc"}, 41.0, WALL)
    assert other.news, "another program took over"
    orders.mode({"mode": "solar"}, 42.0, WALL)
    with pytest.raises(OrderRefusedError, match="the owner chose solar") as caught:
        orders.setpoint(values, 43.0, WALL)
    assert not caught.value.bad_input
    orders.stop({}, 44.0, WALL)
    with pytest.raises(OrderRefusedError, match="the owner stopped the charger"):
        orders.setpoint(values, 45.0, WALL)
    assert orders.setpoint({"power_w": None}, 46.0, WALL).text == "No setpoint of another program is in force."
    orders.resume({}, 47.0, WALL)
    assert orders.setpoint(values, 48.0, WALL).applied["power_w"] == 1500.0


def test_of_two_controllers_the_newest_order_with_a_lifetime_counts(
    orders: OwnerCommands, controller: EnergyController
) -> None:
    orders.mode({"mode": "v2h", "lifetime_s": 90, "by": "evcc"}, 10.0, WALL)
    assert (controller.order.by, controller.order.whose) == ("owner", "evcc")
    orders.setpoint({"power_w": 1500, "lifetime_s": 60, "by": "Predbat"}, 20.0, WALL)
    assert (controller.order.by, controller.order.whose) == ("setpoint", "Predbat")
    orders.mode({"mode": "v2h", "lifetime_s": 90, "by": "evcc"}, 30.0, WALL)
    assert controller.order.whose == "Predbat", "to repeat an order does not make it newer"
    orders.mode({"mode": "solar", "lifetime_s": 90, "by": "evcc"}, 31.0, WALL)
    assert (controller.order.by, controller.order.whose) == ("owner", "evcc") and controller.external is None
    orders.setpoint({"power_w": None, "by": "Predbat"}, 32.0, WALL)
    assert controller.order.whose == "evcc"
